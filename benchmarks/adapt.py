"""What a few labels of a new surface buy, and whether the interval that `adapt` gives holds.

    python benchmarks/adapt.py --data ../shared/data/walls [--bundle DIR] [--labels 5,10,20,50] [--draws 10]
        [--photos '^(.+)_[0-9]+_[0-9]+$'] [--old SPLIT.csv]

DATA is a folder with images/ and masks/, which is cut into 224 px tiles (see tiles_of.py), or one of class folders, or
a manifest. For each number of labels a class, tiles are drawn, the bundle is adapted to them, and it is judged on all
the others at its threshold: balanced accuracy before and after, mean of the draws; a draw that `adapt` refuses counts
as no change. Tiles of one photo may stand on both sides, as they would for somebody who labels some tiles of every
photo. With --photos, a pattern on the names whose first group (or all of it) is the photo, photos that gave a labelled
tile are not judged on, and the intervals are by photo.

covered: how often the stated interval held what was then found on the rest. old: mean change of the balanced accuracy
on the pictures that the bundle keeps a word of. --old: for a bundle that keeps none, a split whose val part gives some.
seconds: one whole call with 10 labels a class, a bundle from and to disk. A line each to benchmarks/adapt.txt.
"""

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tiles_of import write_tiles

from crackscope.adaptation import AdaptOptions, adapt
from crackscope.adaptation.adapting import Facts, measured
from crackscope.adaptation.fitting import changed, learn
from crackscope.adaptation.patches import Patches, remembered, see
from crackscope.bundles import Bundle, default_bundle, open_bundle
from crackscope.datasets import Split, read_rows, read_split
from crackscope.errors import AdaptationError
from crackscope.records import Row
from crackscope.scoring import keep_reference, load, repack

HERE = Path(__file__).resolve().parent


class Outcome(NamedTuple):
    """Balanced accuracy on the rest before and after; whether the stated interval held it; change on the old ones."""

    before: float
    after: float
    covered: bool | None
    old: float


def rows_of(data: Path, pattern: str | None, scratch: Path) -> list[Row]:
    if (data / "images").is_dir() and (data / "masks").is_dir():
        write_tiles(data, scratch / "tiles")
        data = scratch / "tiles"
    return [Row(path=row.path, label=row.label, group=photo_of(row, pattern)) for row in read_rows(data)]


def photo_of(row: Row, pattern: str | None) -> str:
    if pattern is None:
        return ""
    stem = Path(row.path).stem.partition("__")[0]
    found = re.search(pattern, stem)
    return (found.group(1) if found.groups() else found.group()) if found else stem


def prepared(folder: Path, old: str | None, scratch: Path) -> Bundle:
    """The bundle, with a word on old pictures where it has none and a split is given."""
    bundle = open_bundle(folder)
    if old is None or bundle.reference() is not None:
        return bundle
    copy = repack(scratch / "bundle", bundle, bundle.manifest, model=bundle.model, reference=None)
    return keep_reference(copy, [row for row in read_split(old).part("val") if Path(row.path).is_file()])


def drawn(patches: Patches, count: int, seed: int) -> NDArray[np.bool_]:
    """Which patches are labelled: `count` a class."""
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(patches), np.bool_)
    for crack in (True, False):
        chosen[rng.permutation(np.flatnonzero(patches.crack == crack))[:count]] = True
    return chosen


def balanced(margin: NDArray[np.float64], crack: NDArray[np.bool_]) -> float:
    return float(((margin[crack] >= 0).mean() + (margin[~crack] < 0).mean()) / 2)


def one_draw(patches: Patches, old: Patches | None, chosen: NDArray[np.bool_]) -> Outcome:
    labelled = patches.at(chosen)
    rest = patches.at(~chosen & ~np.isin(patches.group, labelled.group))
    before = balanced(rest.margin, rest.crack)
    try:
        facts = measured(labelled, old, AdaptOptions())
    except AdaptationError:
        return Outcome(before, before, None, 0.0)
    after = balanced(changed(facts.prior, learn(facts.prior, labelled), rest), rest.crack)
    stated = facts.after.balanced_accuracy
    assert stated.low is not None
    assert stated.high is not None
    return Outcome(before, after, stated.low <= after <= stated.high, lost(facts))


def lost(facts: Facts) -> float:
    if facts.old_before is None or facts.old_after is None:
        return float("nan")
    return (facts.old_after.balanced_accuracy.value or 0) - (facts.old_before.balanced_accuracy.value or 0)


def line_of(count: int, found: list[Outcome]) -> str:
    before, after = (np.array([getattr(one, name) for one in found]) for name in ("before", "after"))
    told = [one.covered for one in found if one.covered is not None]
    gain = after - before
    return (
        f"{count:3d} a class: {before.mean():.3f} -> {after.mean():.3f}, gain {gain.mean():+.3f} "
        f"({gain.min():+.3f} to {gain.max():+.3f}), refused {len(found) - len(told)} of {len(found)}, "
        f"covered {sum(told)} of {len(told)}, old {np.mean([one.old for one in found]):+.4f}"
    )


def whole_call(bundle: Bundle, rows: list[Row], chosen: NDArray[np.bool_], scratch: Path) -> str:
    began = time.perf_counter()
    labelled = [rows[place] for place in np.flatnonzero(chosen)]
    try:
        adapt(bundle.path, Split(rows=tuple(labelled), seed=0), scratch / "adapted")
    except AdaptationError as error:
        return f"refused in {time.perf_counter() - began:.1f} s: {error}"
    return f"one whole call with {len(labelled)} patches: {time.perf_counter() - began:.1f} s"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, default=default_bundle())
    parser.add_argument("--labels", default="5,10,20,50")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--photos", metavar="PATTERN")
    parser.add_argument("--old", metavar="SPLIT.csv")
    parser.add_argument("-o", "--out", type=Path, default=HERE / "adapt.txt")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        bundle = prepared(asked.bundle, asked.old, scratch)
        model = load(bundle)
        patches, rows, *_ = see(model, rows_of(asked.data, asked.photos, scratch))
        reference = bundle.reference()
        old = None if reference is None else remembered(reference, bundle)
        cracked = int(patches.crack.sum())
        lines = [
            f"python benchmarks/{Path(sys.argv[0]).name} {' '.join(sys.argv[1:])}".rstrip(),
            f"{asked.data.name}: {cracked} cracked, {len(patches) - cracked} sound, {asked.draws} draws",
        ]
        print("\n".join(lines), flush=True)
        for count in map(int, asked.labels.split(",")):
            found = [one_draw(patches, old, drawn(patches, count, seed)) for seed in range(asked.draws)]
            lines.append(line_of(count, found))
            print(lines[-1], flush=True)
        lines.append(whole_call(bundle, rows, drawn(patches, 10, 0), scratch))
        print(lines[-1])
    with asked.out.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
