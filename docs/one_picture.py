"""Make docs/one-picture.jpg: a photo beside what the bundle in the package says of it.

python docs/one_picture.py PICTURE [--bundle DIR]
"""

import argparse
from pathlib import Path

import numpy as np

import crackscope
from crackscope import images


def main() -> None:
    """Score the picture and write it twice: as it is, and with the map laid over it in red."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture")
    parser.add_argument("--bundle", default=None)
    arguments = parser.parse_args()
    pixels = images.read(arguments.picture).pixels
    model = crackscope.load(arguments.bundle)
    height, width = pixels.shape[:2]
    logits = model.score(pixels).map
    share = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    heat = images.resize((share * 255).astype(np.uint8), width, height)[:, :, None] / np.float32(255)
    lit = pixels * (1 - 0.75 * heat) + np.array([230, 30, 30], np.float32) * 0.75 * heat
    gap = np.full((height, 12, 3), 255, np.uint8)
    both = np.concatenate([pixels, gap, lit.astype(np.uint8)], axis=1)
    images.write_jpeg(both, Path(__file__).with_name("one-picture.jpg"), quality=85)


if __name__ == "__main__":
    main()
