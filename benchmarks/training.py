"""Training `mobilenetv2-freeze150`, all epochs and the judgement, beside a plain Keras script that does the same.

    python benchmarks/training.py [--data ../shared/data/metu] [--weights FILE] [--patches 8000] [--epochs 10]

Both sides take the same split, start from the same weights (folded batch norms set as the training sets them) and stop
by the same rule; seconds are of whole processes, imports included. Keras runs in `.env-keras`, which is made when it is
not there. Without --data the patches are generated; without --weights both sides start from the same random numbers.
Writes what it prints to benchmarks/training.txt.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np
import torch
from keras_environment import keras_python

from crackscope import datasets, images, networks, recipes, surfaces
from crackscope.records import Row

HERE = Path(__file__).resolve().parent
RECIPE, GOAL = "mobilenetv2-freeze150", 6.0
SIDE, CALIBRATED_ON = 227, 512


def draw_patches(folder: Path, count: int) -> Path:
    for label in ("crack", "sound"):
        (folder / label).mkdir(parents=True)
        for number in range(count // 2):
            made = surfaces.generate(number, (SIDE, SIDE), cracked=label == "crack")
            images.write_jpeg(made.pixels, folder / label / f"{number:05d}.jpg")
    return folder


def some_of(split: datasets.Split, count: int) -> datasets.Split:
    """Evenly drawn rows, so that parts and labels keep their shares."""
    ranked = sorted(split.rows, key=lambda row: (row.part or "", row.label, row.path))
    picked = [ranked[i * len(ranked) // count] for i in range(min(count, len(ranked)))]
    return msgspec.structs.replace(split, rows=tuple(sorted(picked, key=lambda row: row.path)))


def keras_weights(weights: str, rows: list[Row], path: Path) -> None:
    """The starting weights under Keras' layer names, its norms as our training calibrates them."""
    recipe = recipes.load(RECIPE)
    wanted = msgspec.structs.replace(recipe.network, weights=weights)
    torch.manual_seed(recipe.seed)
    network = networks.build(wanted, recipe.head, networks.find_weights(wanted))
    network.freeze(recipe.phases[0].freeze)
    step = max(1, len(rows) // CALIBRATED_ON)
    pictures = [images.read(row.path).pixels for row in rows[::step][:CALIBRATED_ON]]
    stacks = [torch.from_numpy(np.stack(pictures[at : at + 32])) for at in range(0, len(pictures), 32)]
    network.calibrate_norms(stacks)
    arrays = {}
    for name, module in network.steps.named_modules():
        layer = name.rpartition(".")[2]
        if isinstance(module, torch.nn.Conv2d):
            depthwise = module.groups > 1
            kernel = module.weight.detach().permute((2, 3, 0, 1) if depthwise else (2, 3, 1, 0))
            arrays[f"{layer}/0"] = kernel.numpy()
        elif isinstance(module, torch.nn.BatchNorm2d):
            four = (module.weight, module.bias, module.running_mean, module.running_var)
            arrays |= {f"{layer}/{number}": tensor.detach().numpy() for number, tensor in enumerate(four)}
    np.savez(path, **arrays)


def ours(split: Path, weights: str, epochs: int, run: Path) -> dict[str, float]:
    words = ["train", split, "--recipe", RECIPE, "--weights", weights, "-o", run, "--set", f"phases.epochs={epochs}"]
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "crackscope", *map(str, words), "--quiet"], check=True)
    seconds = time.perf_counter() - begun
    metrics = json.loads((run / "evaluation" / "metrics.json").read_text())
    history = json.loads((run / "run.json").read_text())["finished"]["history"]
    found = {name: metrics[key]["value"] for name, key in (("loss", "log_loss"), ("accuracy", "accuracy"))}
    return {"seconds": seconds, "epochs": len(history), **found}


def keras(split: Path, weights: Path, epochs: int, threads: int) -> dict[str, float]:
    call = [keras_python(), HERE / "keras_train.py", split, weights, epochs, threads]
    begun = time.perf_counter()
    done = subprocess.run(list(map(str, call)), check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1]) | {"seconds": time.perf_counter() - begun}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--weights", default="none")
    parser.add_argument("--patches", type=int, default=8000)
    parser.add_argument("--epochs", type=int, default=10)
    arguments = parser.parse_args()
    threads = len(os.sched_getaffinity(0))
    keras_python()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = arguments.data or draw_patches(folder / "patches", arguments.patches)
        split = some_of(datasets.split(data, random=True), arguments.patches)
        datasets.write_split(split, folder / "split.csv")
        keras_weights(arguments.weights, split.part("train"), folder / "weights.npz")
        sides = {
            "crackscope": ours(folder / "split.csv", arguments.weights, arguments.epochs, folder / "run"),
            "Keras": keras(folder / "split.csv", folder / "weights.npz", arguments.epochs, threads),
        }
    lines = [f"{len(split.rows)} patches, at most {arguments.epochs} epochs, {threads} threads, {platform.machine()}"]
    lines += ["            seconds  epochs  test accuracy  test loss"]
    for side, found in sides.items():
        cells = f"{found['seconds']:8.1f}  {found['epochs']:6}  {found['accuracy']:13.4f}  {found['loss']:9.5f}"
        lines.append(f"{side:10}  {cells}")
    ratio = sides["Keras"]["seconds"] / sides["crackscope"]["seconds"]
    each = sides["Keras"]["seconds"] / sides["Keras"]["epochs"] / sides["crackscope"]["seconds"]
    per_epoch = each * sides["crackscope"]["epochs"]
    lines.append(f"Keras / crackscope: {ratio:.2f} as they stopped (goal {GOAL:g}), {per_epoch:.2f} by the epoch")
    text = "\n".join([f"$ python benchmarks/training.py {' '.join(sys.argv[1:])}", *lines, ""])
    print(text)
    (HERE / "training.txt").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
