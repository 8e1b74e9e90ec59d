"""The rival of inspect_speed.py, run by the environment that it makes: Keras sweeping a photo with a patch classifier.

Waits for lines on standard input and answers each with the seconds from the JPEG to a score for every tile: 224 px
tiles at a stride of 112, in batches of 32. The network is MobileNetV2 with global pooling and one unit, its weights
drawn at random, which time does not depend on.
"""

import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
from keras_predict import network

SIDE, STRIDE, BATCH = 224, 112, 32


def starts(length: int) -> list[int]:
    """Where tiles begin along a side; the last one is moved back to the edge."""
    return [*range(0, length - SIDE, STRIDE), length - SIDE]


def sweep(model: tf.keras.Model, path: str) -> int:
    """Score every tile of a photo; gives their number."""
    photo = tf.io.decode_jpeg(tf.io.read_file(path), channels=3).numpy()
    places = [(top, left) for top in starts(photo.shape[0]) for left in starts(photo.shape[1])]
    for first in range(0, len(places), BATCH):
        batch = [photo[top : top + SIDE, left : left + SIDE] for top, left in places[first : first + BATCH]]
        model.predict_on_batch(np.stack(batch))
    return len(places)


def main() -> None:
    path, threads = sys.argv[1], int(sys.argv[2])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    model = network(SIDE)
    model.predict_on_batch(np.zeros((BATCH, SIDE, SIDE, 3), np.uint8))
    print("ready", flush=True)
    for _ in sys.stdin:
        begin = time.perf_counter()
        sweep(model, path)
        print(time.perf_counter() - begin, flush=True)


if __name__ == "__main__":
    main()
