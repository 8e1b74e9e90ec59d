"""Calls of `inspect`: the photos they are given, the words, and what they leave."""

import sys
from pathlib import Path

from crackscope import images, surfaces

COUNT = 10


def drawn_photos(folder: Path) -> Path:
    """COUNT small photos, every other one cracked."""
    folder.mkdir()
    for number in range(COUNT):
        made = surfaces.generate(number, (160, 128), cracked=number % 2 == 0, kind="plaster", width_px=(3.0, 6.0))
        images.write_jpeg(made.pixels, folder / f"{number}.jpg")
    return folder


def findings(out: Path) -> dict[str, bytes]:
    names = ("findings.csv", "findings.jsonl", "photos.geojson", "coco.json", "label-studio.json")
    return {name: (out / name).read_bytes() for name in names}


def call(photos: Path, out: Path, bundle: str) -> list[str]:
    words = ["inspect", str(photos), "-o", str(out), "--bundle", bundle, "--quiet", "--resume"]
    return [sys.executable, "-m", "crackscope", *words]


def one_line(text: str) -> str:
    assert text.startswith("crackscope: ")
    assert text.count("\n") == 1
    return text
