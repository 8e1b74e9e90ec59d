"""Make docs/one-picture.jpg: a photo beside what `inspect` finds in it.

python docs/one_picture.py PICTURE [-o FILE.jpg] [--mm-per-px X] [--bundle DIR]
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

import crackscope
from crackscope import images
from crackscope.inspection import InspectOptions, Scaling, inspect_photo, open_photo
from crackscope.reports import write_overlay


def main() -> None:
    """Inspect the picture and write it twice: as it is, and with the cracks marked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture")
    parser.add_argument("-o", "--out", default=Path(__file__).with_name("one-picture.jpg"))
    parser.add_argument("--mm-per-px", type=float, default=None)
    parser.add_argument("--bundle", default=None)
    arguments = parser.parse_args()
    options = InspectOptions(scaling=Scaling(mm_per_px=arguments.mm_per_px))
    found = inspect_photo(crackscope.load(arguments.bundle), open_photo(arguments.picture), options)
    pixels = found.photo.upright()
    with tempfile.TemporaryDirectory() as folder:
        marked = Path(folder) / "marked.jpg"
        write_overlay(pixels, found.record, found.mask, arguments.picture, marked)
        overlay = images.read(marked).pixels
    gap = np.full((pixels.shape[0], 12, 3), 255, np.uint8)
    both = np.concatenate([pixels, gap, overlay], axis=1)
    images.write_jpeg(both, arguments.out, quality=85)


if __name__ == "__main__":
    main()
