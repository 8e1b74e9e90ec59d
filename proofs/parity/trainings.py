"""The recipes whose weights could not be had, trained from stand-ins that Keras and torch write.

    .venv/bin/python proofs/parity/trainings.py ../shared/data/metu

Keras saves ResNet50 and VGG16 with random weights as .h5, torch saves a ResNet50 under torchvision's names as .pth;
each recipe takes its file and trains one epoch on 60 patches a class. Right when the frozen layers are afterwards those
of the file to the bit, the training loss is a number, and the bundle that was written scores the test patches. What
accuracy random features give says nothing. Writes training_figures.txt beside this file.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from run import HERE, keras_half

from crackscope import evaluate, recipes, train
from crackscope.networks import CrackNetwork, Weights, build
from crackscope.networks.weights import read_file
from crackscope.networks.weights.bundle_file import read_bundle
from crackscope.training import TrainOptions

PATCHES = 60
RECIPES = {"resnet50-gap": "resnet50.h5", "resnet50-dense": "resnet50.h5", "vgg16-gap": "vgg16.h5"}


def few(data: Path, folder: Path) -> Path:
    """A class folder of links to the first patches of each class."""
    for name in ("Positive", "Negative"):
        (folder / name).mkdir(parents=True)
        for path in sorted((data / name).glob("*.jpg"))[:PATCHES]:
            (folder / name / path.name).symlink_to(path.resolve())
    return folder


def torchvision_file(recipe: recipes.Recipe, file: Path) -> Path:
    """A stand-in under torchvision's names: random weights, kept so small that activations stay in range."""
    torch.manual_seed(1)
    network = build(recipe.network, recipe.head)
    state = {}
    for name, layer in network.steps.named_modules():
        stored = network.backbone.file_names(name.rpartition(".")[2])
        for part, tensor in layer.named_parameters(recurse=False) if stored else ():
            state[f"{stored}.{part}"] = tensor.detach().clone()
        for part, tensor in layer.named_buffers(recurse=False) if stored else ():
            state[f"{stored}.{part}"] = tensor.detach().clone()
    torch.save(state, file)
    return file


def trained(name: str, weights: Path, data: Path, folder: Path) -> tuple[str, bool]:
    """Train one recipe for an epoch. Returns a line and whether all is as it should be."""
    recipe = recipes.override(recipes.load(name), ["phases.epochs=1", "input=96", "augmentation.views=1"])
    run = train(data, recipe, folder / name, weights=str(weights), options=TrainOptions(random=True))
    before = build(recipe.network, recipe.head, read_file(weights, recipe.network))
    kept = read_bundle(Path(run.bundle), recipe.network)
    same, frozen = unchanged(before, kept, recipe)
    judged = evaluate(run.bundle, run.split)
    finite = all(np.isfinite([epoch.train_loss, epoch.val_loss]).all() for epoch in run.history)
    loss = run.history[-1].train_loss
    text = f"{name:16} {weights.name:12} {frozen:3} frozen tensors as in the file, loss {loss:6.3f}"
    return f"{text}, {judged.n} test patches scored", same and finite and judged.n > 0


def unchanged(before: CrackNetwork, after: Weights, recipe: recipes.Recipe) -> tuple[bool, int]:
    """Whether the layers that every phase leaves frozen are those of the file, and how many tensors these are."""
    always: frozenset[str] | None = None
    for phase in recipe.phases:
        before.freeze(phase.freeze)
        always = before.frozen_layers if always is None else always & before.frozen_layers
    tensors = {
        path: tensor
        for path, tensor in before.state_dict().items()
        if path.startswith("steps.") and path.split(".")[-2] in (always or ()) and not path.endswith("tracked")
    }
    return all(np.array_equal(tensor.numpy(), after.tensors[path]) for path, tensor in tensors.items()), len(tensors)


def main() -> int:
    lines = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        keras_half(folder, [])
        data = few(Path(sys.argv[1]), folder / "patches")
        linear = torchvision_file(recipes.load("resnet50-linear"), folder / "resnet50.pth")
        files = {name: folder / file for name, file in RECIPES.items()} | {"resnet50-linear": linear}
        for name, file in files.items():
            lines.append(trained(name, file, data, folder))
            print(*lines[-1], flush=True)
    text = "\n".join(f"{'as it should be' if good else 'WRONG'}  {line}" for line, good in lines)
    (HERE / "training_figures.txt").write_text(f"python proofs/parity/trainings.py ../shared/data/metu\n{text}\n")
    return 0 if all(good for _, good in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
