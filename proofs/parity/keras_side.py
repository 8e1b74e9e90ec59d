"""Keras' half of the proof: networks with random weights, saved; what they compute; what they count.

Runs in the environment that `run.py` makes, and knows nothing of crackscope. Arguments: folder, JSON file of tasks.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from keras import applications

MAKERS = {
    "mobilenetv2": (applications.MobileNetV2, applications.mobilenet_v2.preprocess_input),
    "resnet50": (applications.ResNet50, applications.resnet.preprocess_input),
    "resnet50v2": (applications.ResNet50V2, applications.resnet_v2.preprocess_input),
    "vgg16": (applications.VGG16, applications.vgg16.preprocess_input),
}

SMALL = {"block1_conv1": 0.01}
"""VGG16 takes pixels of the order of a hundred and has no norm that would bring them down."""


def randomise(model: keras.Model, seed: int) -> None:
    """Draw every weight, statistics of norms included, so that activations stay of the order of one to ten."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        values = layer.get_weights()
        if isinstance(layer, keras.layers.BatchNormalization):
            channels = values[0].shape[0]
            closing = layer.name.endswith(("_3_bn", "_0_bn", "_project_BN"))
            gamma = rng.uniform(0.5, 1.5, channels) * (0.4 if closing else 1.0)
            values = [gamma, rng.normal(0, 0.2, channels), rng.normal(0, 0.2, channels), rng.uniform(0.5, 2, channels)]
        elif values:
            kernel = values[0].shape
            inputs = np.prod(kernel[:2]) if "Depthwise" in type(layer).__name__ else np.prod(kernel[:3])
            scale = SMALL.get(layer.name, 0.3 if layer.name.endswith(("_3_conv", "_0_conv")) else 1.0)
            values = [
                rng.normal(0, scale * np.sqrt(2 / inputs), kernel),
                *(rng.normal(0, 0.2, v.shape) for v in values[1:]),
            ]
        layer.set_weights(values)


def pictures(model: str, sizes: list[tuple[int, int]], preprocess: Callable, folder: Path) -> None:
    """Save random pictures of each size and the features that the network gives for them."""
    maker, whole = MAKERS[model][0], keras.models.load_model(folder / f"{model}.h5", compile=False)
    arrays = {}
    for height, width in sizes:
        images = np.random.default_rng(height * width).integers(0, 256, (2, height, width, 3), dtype=np.uint8)
        network = maker(include_top=False, weights=None, input_shape=(height, width, 3))
        network.set_weights(whole.get_weights())
        arrays[f"images_{height}x{width}"] = images
        arrays[f"features_{height}x{width}"] = network.predict(preprocess(images.astype("float32")), verbose=0)
    np.savez(folder / f"{model}.npz", **arrays)


def counts(task: dict) -> dict:
    """Parameters of a network with its head, in all and trainable, for one freezing rule of a recipe."""
    base = MAKERS[task["backbone"]][0](include_top=False, weights=None, input_shape=(224, 224, 3))
    names = [layer.name for layer in base.layers]
    end = frozen_count(task["freeze"], names)
    for layer in base.layers[:end]:
        layer.trainable = False
    layers = [keras.layers.GlobalAveragePooling2D()]
    layers += [keras.layers.Dense(units, activation="relu") for units in task["layers"]]
    layers += [keras.layers.Dropout(0.2), keras.layers.Dense(task["outputs"])]
    x = base.output
    for layer in layers:
        x = layer(x)
    model = keras.Model(base.input, x)
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    return {"total": model.count_params(), "trainable": trainable, "backbone layers": len(names)}


def frozen_count(rule: dict, names: list[str]) -> int:
    """How many layers a rule freezes, by Keras' own list."""
    if rule["layers"]:
        return len(names[: rule["layers"]])
    if rule["stage"] == "all":
        return len(names)
    return 1 + max((number for number, name in enumerate(names) if name.startswith(f"{rule['stage']}_")), default=-1)


def main() -> None:
    folder, tasks = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    tables = {}
    for seed, (name, (maker, preprocess)) in enumerate(MAKERS.items()):
        keras.backend.clear_session()
        model = maker(include_top=False, weights=None, input_shape=(224, 224, 3))
        tables[name] = [
            [layer.name, type(layer).__name__, list(layer.output.shape[1:]), layer.count_params()]
            for layer in model.layers
        ]
        randomise(model, seed)
        model.save(folder / f"{name}.h5")
        if name == "mobilenetv2":
            model.save_weights(folder / f"{name}.weights.h5")
            model.save(folder / f"{name}.keras")
        pictures(name, [tuple(size) for size in tasks["sizes"]], preprocess, folder)
    results = {task["name"]: counts(task) for task in tasks["counts"]}
    answer = {"keras": keras.__version__, "tables": tables, "counts": results}
    (folder / "keras.json").write_text(json.dumps(answer))


if __name__ == "__main__":
    main()
