"""Our networks beside `tf.keras.applications`: same weights, same pictures, same outputs, same counts.

    .venv/bin/python proofs/parity/run.py

Makes `.env-parity` with tensorflow-cpu in it when it is not there, lets Keras draw random weights and save them, loads
the files here, and compares features at even and odd sizes, the list of layers, and the parameters that train under
every freezing rule of the recipes. Writes figures.txt beside this file; exit status 1 when anything differs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import numpy as np
import torch

from crackscope import recipes
from crackscope.networks import build, parameter_counts
from crackscope.networks.weights import read_file

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE.parents[1] / ".env-parity"
TENSORFLOW = "tensorflow-cpu==2.19.1"
SIZES = [(224, 224), (227, 227), (192, 161), (97, 130)]
TOLERANCE = 1e-4
NETWORKS = ("mobilenetv2", "resnet50", "resnet50v2", "vgg16")


def environment() -> Path:
    """The interpreter of the environment that holds Keras, made when it is not there."""
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / "ready").exists():
        print(f"making {ENVIRONMENT.name} with {TENSORFLOW}", flush=True)
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", TENSORFLOW], check=True)
        (ENVIRONMENT / "ready").touch()
    return python


def rules() -> list[dict]:
    """One task for each phase of each recipe whose backbone Keras has."""
    tasks = []
    for name in recipes.names():
        recipe = recipes.load(name)
        if recipe.network.family != "keras" or recipe.head.kind != "pooled":
            continue
        for number, phase in enumerate(recipe.phases, start=1):
            tasks.append(
                {
                    "name": f"{name}, phase {number}",
                    "recipe": name,
                    "phase": number - 1,
                    "backbone": recipe.network.backbone,
                    "layers": recipe.head.layers,
                    "outputs": 2 if recipe.head.outputs == "softmax" else 1,
                    "freeze": {"layers": phase.freeze.layers, "stage": phase.freeze.stage},
                }
            )
    return tasks


def keras_half(folder: Path, tasks: list[dict]) -> dict:
    """Run Keras' half and read its answer."""
    (folder / "tasks.json").write_text(json.dumps({"sizes": SIZES, "counts": tasks}))
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "CUDA_VISIBLE_DEVICES": ""}
    command = [environment(), HERE / "keras_side.py", folder, folder / "tasks.json"]
    subprocess.run(command, check=True, env={**os.environ, **quiet}, stderr=subprocess.DEVNULL)
    return json.loads((folder / "keras.json").read_text())


def compare_features(name: str, file: Path, arrays: dict[str, np.ndarray]) -> list[tuple[str, bool]]:
    """Features of one file's weights here and there, largest difference, for every size."""
    network = recipes.Network(backbone=name)
    model = build(network, recipes.Head(), read_file(file, network)).eval()
    lines = []
    for height, width in SIZES:
        images = torch.from_numpy(arrays[f"images_{height}x{width}"])
        with torch.no_grad():
            ours = model.steps(images).permute(0, 2, 3, 1).numpy()
        theirs = arrays[f"features_{height}x{width}"]
        difference = float(np.abs(ours - theirs).max()) if ours.shape == theirs.shape else float("inf")
        text = f"{file.name:24} {height:3} x {width:3}  up to {np.abs(theirs).max():5.2f}  difference {difference:.1e}"
        lines.append((text, difference <= TOLERANCE))
    return lines


def compare_tables(name: str, theirs: list) -> tuple[str, bool]:
    """The list of layers: names, shapes and parameters, in order."""
    model = build(recipes.Network(backbone=name), recipes.Head())
    ours = [(layer.name, layer.output_shape, layer.parameters) for layer in model.layer_table() if layer.name][
        : len(theirs)
    ]
    same = [
        mine == (their[0], tuple(their[2]), their[3])
        for mine, their in zip(ours[1:], theirs[1:], strict=False)  # the input layer has no fixed name in Keras
    ]
    good = all(same) and len(ours) == len(theirs) and sum(row[2] for row in ours) == sum(row[3] for row in theirs)
    first = "" if good else f"; first that differs: {theirs[1:][same.index(False)] if False in same else len(ours)}"
    return f"{name:12} {len(theirs):3} layers, {sum(row[3] for row in theirs):10,} parameters{first}", good


def compare_counts(task: dict, theirs: dict) -> tuple[str, bool]:
    """Parameters in all, trainable and not, under one freezing rule."""
    recipe = recipes.load(task["recipe"])
    model = build(recipe.network, recipe.head)
    model.freeze(recipe.phases[task["phase"]].freeze)
    total, trainable, frozen = parameter_counts(model)
    good = (total, trainable) == (theirs["total"], theirs["trainable"])
    beside = "" if good else f"  Keras: {theirs['total']:,} / {theirs['trainable']:,}"
    return f"{task['name']:32} {total:11,} / {trainable:11,} / {frozen:11,}{beside}", good


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    tasks = rules()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        answer = keras_half(folder, tasks)
        features, tables = [], []
        for name in NETWORKS:
            arrays = dict(np.load(folder / f"{name}.npz"))
            for file in sorted(folder.glob(f"{name}.*")):
                if file.suffix in (".h5", ".keras"):
                    features += compare_features(name, file, arrays)
            tables.append(compare_tables(name, answer["tables"][name]))
    counts = [compare_counts(task, answer["counts"][task["name"]]) for task in tasks]
    parts = {
        f"Features, greatest difference from Keras {answer['keras']} (at most {TOLERANCE:g})": features,
        "Layers: names, order, shapes, parameters": tables,
        "Parameters: all / trainable / not, as Keras counts": counts,
    }
    lines = []
    for title, rows in parts.items():
        lines += [title, *(f"  {'same  ' if good else 'DIFFER'}  {text}" for text, good in rows), ""]
    (HERE / "figures.txt").write_text("\n".join(lines))
    print("\n".join(lines))
    return 0 if all(good for rows in parts.values() for _, good in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
