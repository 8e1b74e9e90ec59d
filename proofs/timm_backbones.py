"""Backbones of timm from weights file to bundle: does each bundle say what timm's own network says?

    pip install ".[timm]"
    python proofs/timm_backbones.py [NAME ...] | tee proofs/timm_backbones.txt

For each name: a network with random weights is saved as timm publishes them, a pooled head is trained on it for two
epochs over generated patches by the command line, and the scores of the bundle are held against torch on other
pictures, and so is the map of a photo where the network runs over it at once. Ends with 1 where anything differs by
more than 1e-3.
"""

import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from crackscope import datasets, networks, recipes
from crackscope.images import write_jpeg
from crackscope.scoring import load
from crackscope.surfaces import generate

NAMES = (
    "resnet18",
    "mobilenetv3_large_100",
    "convnext_atto",
    "efficientnet_b0",
    "vit_tiny_patch16_224",
    "swin_tiny_patch4_window7_224",
    "xcit_nano_12_p16_224",
    "maxvit_tiny_tf_224",
)
MOST = 1e-3
SIDE = 224
PHOTO = (640, 448)
BORDER_PX = 256


def main() -> int:
    print(f"python proofs/{Path(__file__).name}", *sys.argv[1:], flush=True)
    print(", ".join(f"{package} {version(package)}" for package in ("torch", "torchvision", "timm")))
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for number in range(48):
            crack = number % 2 == 0
            patch = generate(number, (SIDE, SIDE), crack).pixels
            write_jpeg(patch, place / "data" / ("crack" if crack else "sound") / f"{number}.jpg")
        split = datasets.load(place / "data")
        datasets.write_split(split, place / "split.csv")
        for name in sys.argv[1:] or NAMES:
            worst = max(worst, proven(name, place))
    return int(worst > MOST)


def proven(name: str, place: Path) -> float:
    """Train a bundle on one backbone, print a line, and give the largest difference."""
    import timm
    from safetensors.torch import save_file

    torch.manual_seed(0)
    whole = timm.create_model(name, pretrained=False)
    save_file({key: tensor.contiguous() for key, tensor in whole.state_dict().items()}, place / "weights.safetensors")
    run, begin = place / name, time.monotonic()
    settings = [f"network.backbone=timm:{name}", "network.family=timm", 'network.cut=""', "phases.0.epochs=2"]
    command = [sys.executable, "-m", "crackscope", "train", place / "split.csv", "--recipe", "probe", "--quiet"]
    command += ["--weights", place / "weights.safetensors", "-o", run]
    command += [word for setting in settings for word in ("--set", setting)]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - begin
    model = load(run / "bundle", threads=1)
    recipe = recipes.override(
        recipes.load("probe"), [*settings, 'head.weights="bundle"', f'network.weights="{run / "bundle"}"']
    )
    network = networks.build(recipe.network, recipe.head, networks.find_weights(recipe.network)).eval()
    pictures = [generate(1000 + number, (SIDE, SIDE), number % 2 == 0).pixels for number in range(8)]
    told = [float(asked(network, pixels).score) for pixels in pictures]
    differs = float(np.abs(np.array(told) - [model.graph.look(pixels)[0] for pixels in pictures]).max())
    photo = generate(7, PHOTO, True).pixels
    heat = model.heatmap(photo)
    seen = "a photo in tiles"
    if not heat.tiled:
        # A photo goes on beyond its borders as its mirror image, where torch would see zeros.
        beyond = np.pad(photo, ((BORDER_PX, BORDER_PX), (BORDER_PX, BORDER_PX), (0, 0)), mode="symmetric")
        cells = BORDER_PX // network.stride
        everywhere = np.asarray(asked(network, beyond).map)[0, 0, cells:-cells, cells:-cells]
        apart = float(np.abs(everywhere - heat.logits).max())
        seen = f"a photo at once, its map differs {apart:.1e}"
        differs = max(differs, apart)
    taken = f"{network.side} px alone" if network.side else "any size"
    print(f"{name:30} takes {taken:13} differs {differs:.1e}; {seen}; trained in {seconds:.0f} s", flush=True)
    return differs


def asked(network: networks.CrackNetwork, pixels: NDArray[np.uint8]) -> Any:
    """What torch says of one picture."""
    with torch.no_grad():
        return network(torch.from_numpy(pixels)[None])


if __name__ == "__main__":
    sys.exit(main())
