"""The rival of training.py, run by the environment that it makes: Keras training MobileNetV2 the published way.

    python keras_train.py SPLIT.csv WEIGHTS.npz EPOCHS THREADS

Input 227x227, x / 127.5 - 1, random flip and rotation on training rows, the first 150 of the backbone's 154 layers
frozen, global average, dropout, softmax over two, Adam, early stopping with patience 5; then the test part. Starts from
the weights it is given, under Keras' own names, so that both sides start from the same. Prints one line of JSON.
"""

import csv
import json
import os
import sys
import time
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

SIDE, BATCH, FROZEN = 227, 32, 150


def rows(split: Path, part: str) -> tuple[list[str], list[int]]:
    """Paths and labels (1 is crack) of one part."""
    with split.open(newline="", encoding="utf-8") as file:
        found = [row for row in csv.DictReader(file) if row["part"] == part]
    return [str((split.parent / row["path"]).resolve()) for row in found], [
        int(row["label"] == "crack") for row in found
    ]


def pictures(split: Path, part: str) -> tf.data.Dataset:
    """Batches of decoded pictures, read beside the training; training rows in a new order every epoch."""
    paths, labels = rows(split, part)

    def load(path: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.ensure_shape(tf.io.decode_jpeg(tf.io.read_file(path), channels=3), (SIDE, SIDE, 3)), label

    data = tf.data.Dataset.from_tensor_slices((paths, labels))
    if part == "train":
        data = data.shuffle(len(paths), seed=0)
    return data.map(load, num_parallel_calls=tf.data.AUTOTUNE).batch(BATCH).prefetch(tf.data.AUTOTUNE)


def network(weights: Path) -> tf.keras.Model:
    backbone = tf.keras.applications.MobileNetV2(input_shape=(SIDE, SIDE, 3), include_top=False, weights=None)
    given = np.load(weights)
    for layer in backbone.layers:
        if layer.weights:
            layer.set_weights([given[f"{layer.name}/{number}"] for number in range(len(layer.weights))])
    for layer in backbone.layers[:FROZEN]:
        layer.trainable = False
    x = inputs = tf.keras.Input((SIDE, SIDE, 3))
    x = tf.keras.layers.RandomFlip(seed=0)(x)
    x = tf.keras.layers.RandomRotation(0.1, seed=0)(x)
    x = backbone(tf.keras.layers.Rescaling(1 / 127.5, -1)(x))
    x = tf.keras.layers.Dropout(0.2, seed=0)(tf.keras.layers.GlobalAveragePooling2D()(x))
    return tf.keras.Model(inputs, tf.keras.layers.Dense(2, activation="softmax")(x))


def main() -> None:
    split, weights, epochs, threads = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.keras.utils.set_random_seed(0)
    begun = time.perf_counter()
    model = network(weights)
    model.compile(tf.keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    stop = tf.keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
    train, val = pictures(split, "train"), pictures(split, "val")
    fitted = model.fit(train, validation_data=val, epochs=epochs, callbacks=[stop], verbose=0)
    loss, accuracy = model.evaluate(pictures(split, "test"), verbose=0)
    figures = {"seconds": time.perf_counter() - begun, "epochs": len(fitted.epoch), "loss": loss, "accuracy": accuracy}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
