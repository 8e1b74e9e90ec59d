"""Trained on row, judged on column: what each surface teaches of the others.

    python benchmarks/across.py SPLIT.csv WEIGHTS [-o DIR] [--data ../shared/data]

SPLIT.csv is the one that default_bundle.py deals (--split-only). Trains the recipe `probe` (frozen features of a
network that met no crack, a linear head) on METU alone, on SDNET2018 alone and on asphalt alone, and judges these and
the default bundle by `crackscope matrix`: on the test parts of SPLIT.csv, asphalt by 224 px tiles of its test photos,
and on all tiles of walls, which are for measuring only. DIR gets the splits, the runs and the matrix.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from tiles_of import tiles_of
from unseen import source_photo

from crackscope.datasets import Split, read_split, write_split
from crackscope.images import write_png
from crackscope.records import Part, Row

SDNET = ("deck", "wall", "pavement")


def tiled(folder: Path, out: Path, part_of: dict[str, Part | None]) -> Split:
    """Tiles of a folder's pictures, written into `out`: each in the part of its picture, grouped by source photo."""
    rows = []
    for tile in tiles_of(folder):
        path = out / f"{tile.picture}__{tile.left}_{tile.top}.png"
        write_png(tile.pixels, path)
        part = part_of.get(tile.picture, "test")
        rows.append(Row(path=str(path), label=tile.label, part=part, group=source_photo(tile.picture)))
    return Split(rows=tuple(rows))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("split", type=Path)
    parser.add_argument("weights")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/across"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    arguments = parser.parse_args()
    out: Path = arguments.out
    for name in ("asphalt", "walls"):
        (out / name).mkdir(parents=True, exist_ok=True)
    split = read_split(arguments.split)
    parts = {name: tuple(row for row in split.rows if row.surface == name) for name in ("metu", *SDNET)}
    splits = {name: Split(rows=rows) for name, rows in parts.items()}
    splits["sdnet2018"] = Split(rows=tuple(row for name in SDNET for row in parts[name]))
    dealt = {Path(row.path).stem: row.part for row in split.rows if row.surface == "asphalt"}
    for name in ("asphalt", "walls"):
        splits[name] = tiled(arguments.data / name, out / name, dealt)
    for name, one in splits.items():
        write_split(one, out / f"{name}.csv")
    taught = ("metu", "sdnet2018", "asphalt")
    train = ["train", "--recipe", "probe", "--weights", arguments.weights, "--quiet"]
    bundles = [word for name in taught for word in ("--bundle", f"{name} alone={out / name}-run")]
    columns = [word for name in ("metu", *SDNET, "asphalt", "walls") for word in ("--on", f"{name}={out / name}.csv")]
    matrix = ["matrix", *bundles, "--bundle", "default", *columns, "-o", out / "matrix"]
    for command in (*([*train, out / f"{name}.csv", "-o", out / f"{name}-run"] for name in taught), matrix):
        done = subprocess.run([sys.executable, "-m", "crackscope", *map(str, command)])
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
