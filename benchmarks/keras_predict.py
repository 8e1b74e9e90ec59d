"""The rival of predict.py, run by the environment that it makes: Keras reading and judging a folder of patches.

Waits for lines on standard input and answers each with the seconds that one pass over the patches took.
The network is MobileNetV2 with global pooling and one unit, its weights drawn at random, which time does not depend on.
"""

import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf


def network(side: int) -> tf.keras.Model:
    """As published: the backbone at the patches' own size, global pooling, one sigmoid unit."""
    inputs = tf.keras.Input((side, side, 3))
    backbone = tf.keras.applications.MobileNetV2(input_shape=(side, side, 3), include_top=False, weights=None)
    pooled = tf.keras.layers.GlobalAveragePooling2D()(backbone(tf.keras.layers.Rescaling(1 / 127.5, -1)(inputs)))
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1, activation="sigmoid")(pooled))


def main() -> None:
    names, side, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    with open(names, encoding="utf-8") as file:
        paths = file.read().split("\n")
    model = network(side)

    def load(path: tf.Tensor) -> tf.Tensor:
        pixels = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
        return tf.ensure_shape(pixels, (side, side, 3))

    patches = tf.data.Dataset.from_tensor_slices(paths).map(load, num_parallel_calls=tf.data.AUTOTUNE)
    patches = patches.batch(32).prefetch(tf.data.AUTOTUNE)
    model.predict(patches.take(2), verbose=0)
    print("ready", flush=True)
    for _ in sys.stdin:
        begin = time.perf_counter()
        model.predict(patches, verbose=0)
        print(time.perf_counter() - begin, flush=True)


if __name__ == "__main__":
    main()
