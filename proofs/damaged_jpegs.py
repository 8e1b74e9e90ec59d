"""Counts how much damage in the middle of JPEGs is noticed.

    python proofs/damaged_jpegs.py DATA --count 200

DATA is a folder of whole JPEGs, searched to the bottom; of each of its folders as many are drawn. Each is read as it
is, then spoilt in the middle third of its bytes in three ways, as it is and encoded anew with restart markers and in
several passes. Plain: no pixel is more than 16 of 255 off, so that nothing is lost by not noticing.
"""

import argparse
import random
import sys
from collections import Counter
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from PIL import Image

import crackscope
from crackscope import images
from crackscope.errors import ImageError

PLAIN = 16
KINDS: dict[str, dict[str, Any] | None] = {
    "as it is": None,
    "restart a row": {"restart_marker_rows": 1},
    "progressive": {"progressive": True},
}


def spoilt(data: bytes, damage: str, rng: random.Random) -> bytes:
    """One or 16 bits flipped, or 512 bytes set to zero."""
    out, begin, end = bytearray(data), len(data) // 3, 2 * len(data) // 3
    if damage == "512 zeros":
        at = rng.randrange(begin, max(begin + 1, end - 512))
        out[at : at + 512] = bytes(len(out[at : at + 512]))
        return bytes(out)
    for _ in range(int(damage.split()[0])):
        out[rng.randrange(begin, end)] ^= 1 << rng.randrange(8)
    return bytes(out)


def outcome(data: bytes, whole: np.ndarray) -> str:
    """`noticed`, `plain` or `unnoticed`."""
    try:
        found = images.read(data).pixels
    except ImageError:
        return "noticed"
    off = np.abs(found.astype(np.int16) - whole).max() if found.shape == whole.shape else 255
    return "plain" if off <= PLAIN else "unnoticed"


def drawn(data: Path, count: int, rng: random.Random) -> list[Path]:
    """As many files of each folder, in all about `count`."""
    folders: dict[Path, list[Path]] = {}
    for path in sorted(data.rglob("*.jpg")):
        folders.setdefault(path.parent, []).append(path)
    return [
        path for paths in folders.values() for path in rng.sample(paths, min(len(paths), -(-count // len(folders))))
    ]


def encoded(path: Path, options: dict[str, Any] | None) -> bytes:
    """The file's own bytes, or its picture encoded anew."""
    if options is None:
        return path.read_bytes()
    file = BytesIO()
    Image.open(path).convert("RGB").save(file, "JPEG", quality=90, **options)
    return file.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--count", type=int, default=200)
    asked = parser.parse_args()
    rng = random.Random(1)
    paths = drawn(asked.data, asked.count, rng)
    print(f"{len(paths)} files, each spoilt once in every way")
    refused = 0
    for kind, options in KINDS.items():
        counts = {damage: Counter[str]() for damage in ("1 bit", "16 bits", "512 zeros")}
        for path in paths:
            data = encoded(path, options)
            try:
                whole = images.read(data).pixels
            except ImageError:
                refused += 1
                continue
            for damage, counted in counts.items():
                counted[outcome(spoilt(data, damage, rng), whole)] += 1
        for damage, counted in counts.items():
            print(
                f"  {kind:14} {damage:10} "
                + ", ".join(f"{counted[one]} {one}" for one in ("noticed", "unnoticed", "plain"))
            )
    print(f"whole files refused: {refused}")
    turbo = f"Pillow {PIL.__version__}, simplejpeg {version('simplejpeg')}"
    print(f"\ncrackscope {crackscope.__version__}, {turbo}, Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
