"""What the labels of suggested patches are worth, where most of what is photographed is sound.

    python benchmarks/suggest.py SPLIT.csv --bundle DIR [--surfaces deck,wall,pavement] [--shares 50,10,5]
        [-n 20,40] [--draws 12] [-o FILE]

SPLIT.csv names surfaces and, as groups, source photos: the one that default_bundle.py writes. DIR: a bundle that never
met these surfaces. For each draw two thirds of a surface's photos are the pool, and cracked patches are left out of it
until their share is as asked; the patches of the other photos are judged, as they are. From the pool N patches are
chosen and labelled rightly, the bundle is adapted to them, and judged at its threshold. Where it cannot be adapted, as
there are under five of a label or since `adapt` refuses, it stays as it is.

by lot: N patches at random. doubt alone: without those that are taken for their high score. as it ships: what `suggest`
does. cracked: of the N. enough: how often there were five of each label. adapted: how often a bundle was written.
balanced accuracy, ROC AUC: means over the draws, after, and their differences to doubt alone with the standard error of
these over the draws. Lines are added to FILE, benchmarks/suggest.txt by default.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from crackscope.adaptation import LEAST_A_LABEL, AdaptOptions
from crackscope.adaptation.adapting import measured
from crackscope.adaptation.choosing import choose
from crackscope.adaptation.fitting import changed, learn
from crackscope.adaptation.patches import Patches, remembered, see
from crackscope.bundles import open_bundle
from crackscope.datasets import read_split
from crackscope.errors import AdaptationError
from crackscope.scoring import load

HERE = Path(__file__).resolve().parent
Rule = Callable[[Patches, int, np.random.Generator], NDArray[np.intp]]


def suggested(pool: Patches, count: int, likeliest: int | None = None) -> NDArray[np.intp]:
    """What `suggest` chooses: by scores, which order and part as margins do, and the first kind of features."""
    features = pool.features[:, : pool.sizes[0]]
    if likeliest is None:
        return choose(pool.plain, features, count)
    return choose(pool.plain, features, count, likeliest=likeliest)


RULES: dict[str, Rule] = {
    "by lot": lambda pool, count, rng: rng.permutation(len(pool))[:count],
    "doubt alone": lambda pool, count, rng: suggested(pool, count, likeliest=0),
    "as it ships": lambda pool, count, rng: suggested(pool, count),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One setting: the share of cracked patches in the pool, and how many are labelled."""

    share: float
    count: int


class Outcome(NamedTuple):
    """cracked: of the labelled. balanced_accuracy, roc_auc: on the other photos afterwards."""

    cracked: int
    enough: bool
    adapted: bool
    balanced_accuracy: float
    roc_auc: float


def dealt(surface: Patches, share: float, rng: np.random.Generator) -> tuple[Patches, Patches]:
    """The pool, in which every patch is a group of its own, and the patches of the other photos."""
    photos = rng.permutation(np.unique(surface.group))
    inside = np.isin(surface.group, photos[: round(len(photos) * 2 / 3)])
    cracked, sound = (np.flatnonzero(inside & (surface.crack == crack)) for crack in (True, False))
    most = round(len(sound) * share / (1 - share))
    kept = np.sort(np.concatenate([rng.permutation(cracked)[:most], sound]))
    return replace(surface.at(kept), group=np.arange(len(kept))), surface.at(~inside)


def outcome(labelled: Patches, test: Patches, old: Patches | None) -> Outcome:
    cracked = int(labelled.crack.sum())
    enough = min(cracked, len(labelled) - cracked) >= LEAST_A_LABEL
    margin, adapted = test.margin, False
    if enough:
        try:
            facts = measured(labelled, old, AdaptOptions())
            margin, adapted = changed(facts.prior, learn(facts.prior, labelled), test), True
        except AdaptationError:
            pass
    balanced = ((margin[test.crack] >= 0).mean() + (margin[~test.crack] < 0).mean()) / 2
    return Outcome(cracked, enough, adapted, float(balanced), float(roc_auc_score(test.crack, margin)))


def outcomes(surface: Patches, old: Patches | None, asked: Asked, draws: int) -> dict[str, NDArray[np.float64]]:
    """Of every rule its outcomes, a row a draw."""
    found: dict[str, list[Outcome]] = {name: [] for name in RULES}
    for draw in range(draws):
        pool, test = dealt(surface, asked.share, np.random.default_rng(draw))
        for name, rule in RULES.items():
            chosen = rule(pool, asked.count, np.random.default_rng(1000 + draw))
            found[name].append(outcome(pool.at(chosen), test, old))
    return {name: np.array(rows, np.float64) for name, rows in found.items()}


def line(name: str, of: str, rows: Sequence[NDArray[np.float64]], others: Sequence[NDArray[np.float64]]) -> str:
    """rows, others: of every surface the outcomes of a rule, and of doubt alone, a row a draw."""
    cracked, enough, adapted, *after = np.mean([one.mean(axis=0) for one in rows], axis=0)
    gaps = [(one - other)[:, 3:] for one, other in zip(rows, others, strict=True)]
    mean = np.mean([gap.mean(axis=0) for gap in gaps], axis=0)
    error = np.sqrt(np.sum([gap.var(axis=0, ddof=1) / len(gap) for gap in gaps], axis=0)) / len(gaps)
    told = [f"{value:.3f} ({gap:+.3f} ± {spread:.3f})" for value, gap, spread in zip(after, mean, error, strict=True)]
    return f"  {of:10}{name:12} {cracked:5.1f} {enough:7.2f} {adapted:8.2f}   {told[0]}   {told[1]}"


def table(found: dict[str, dict[str, NDArray[np.float64]]]) -> list[str]:
    """found: of every surface, of every rule, the outcomes."""
    lines = ["  surface   rule       cracked  enough  adapted   balanced accuracy          ROC AUC"]
    for of, surfaces in [*((name, [rules]) for name, rules in found.items()), ("all", list(found.values()))]:
        for name in RULES:
            told = ([rules[one] for rules in surfaces] for one in (name, "doubt alone"))
            lines.append(line(name, of, *told))
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("split", type=Path)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--surfaces", default="deck,wall,pavement")
    parser.add_argument("--shares", default="50,10,5", help="per cent")
    parser.add_argument("-n", "--counts", default="20,40")
    parser.add_argument("--draws", type=int, default=12)
    parser.add_argument("-o", "--out", type=Path, default=HERE / "suggest.txt")
    asked = parser.parse_args()
    lines: list[str] = []

    def tell(*more: str) -> None:
        print("\n".join(more), flush=True)
        lines.extend(more)

    tell(f"python benchmarks/{Path(sys.argv[0]).name} {' '.join(sys.argv[1:])}".rstrip())
    bundle = open_bundle(asked.bundle)
    taught = ", ".join(f"{one.name} {one.pictures}" for one in bundle.manifest.trained_on)
    tell(f"bundle {bundle.manifest.name}, taught {taught}; {asked.draws} draws")
    reference, model = bundle.reference(), load(bundle)
    old = None if reference is None else remembered(reference, bundle)
    rows = read_split(asked.split).rows
    seen = {
        name: see(model, [row for row in rows if row.surface == name]).patches for name in asked.surfaces.split(",")
    }
    for name, surface in seen.items():
        margin = surface.margin
        balanced = ((margin[surface.crack] >= 0).mean() + (margin[~surface.crack] < 0).mean()) / 2
        auc = roc_auc_score(surface.crack, margin)
        photos = len(np.unique(surface.group))
        tell(f"{name}: {len(surface)} patches of {photos} photos; as it is {balanced:.3f}, ROC AUC {auc:.3f}")
    for share in asked.shares.split(","):
        for count in asked.counts.split(","):
            setting = Asked(float(share) / 100, int(count))
            tell(f"{share} % of the pool cracked, {count} labels")
            found = {name: outcomes(surface, old, setting, asked.draws) for name, surface in seen.items()}
            tell(*table(found))
    with asked.out.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
