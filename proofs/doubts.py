"""Labels turned over on purpose are found: METU with 3 % of its labels flipped, ranked by how little they are believed.

    python proofs/doubts.py ../shared/data/metu [--bundle DIR] [--share .03] [--seeds 3] [--cache FILE.npz] [--take N]

For each seed other labels are flipped, each by itself, also among copies. Prints what share of them stands among the
first 5 % of the ranking, and how many of those that `scan` counts as wrong are. The embeddings are worked out once (a
minute or two for 8,000); --cache keeps them. --take: the first N pictures a label only. Writes proofs/doubts.txt.
"""

import argparse
import sys
import time
from pathlib import Path

import msgspec
import numpy as np

from crackscope.bundles import default_bundle
from crackscope.datasets import load
from crackscope.judging import label_doubts
from crackscope.records import LABELS, Row
from crackscope.scoring import Described, describe
from crackscope.scoring import load as load_model

FIRST = 0.05


def described(data: str, bundle: Path, cache: Path | None) -> tuple[list[Row], np.ndarray, np.ndarray]:
    """Rows in their groups of copies, scores [n], embeddings [n, d]."""
    rows = list(load(data, parts=(50, 0, 50)).rows)
    if cache is not None and cache.is_file():
        kept = np.load(cache)
        if [row.path for row in rows] == kept["paths"].tolist():
            return rows, kept["scores"], kept["embeddings"]
    answers = [one for one in describe(load_model(bundle), [row.path for row in rows]) if isinstance(one, Described)]
    scores = np.array([one.score for one in answers], np.float64)
    embeddings = np.array([one.embedding for one in answers], np.float64)
    if cache is not None:
        np.savez(cache, paths=np.array([row.path for row in rows]), scores=scores, embeddings=embeddings)
    return rows, scores, embeddings


def flipped(rows: list[Row], share: float, seed: int) -> tuple[list[Row], set[str]]:
    turned = set(np.random.default_rng(seed).permutation(len(rows))[: round(share * len(rows))].tolist())
    after = [
        msgspec.structs.replace(row, label=LABELS[row.label == "sound"]) if place in turned else row
        for place, row in enumerate(rows)
    ]
    return after, {rows[place].path for place in turned}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--bundle", type=Path, default=default_bundle())
    parser.add_argument("--share", type=float, default=0.03)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--take", type=int)
    asked = parser.parse_args()
    rows, scores, embeddings = described(asked.data, asked.bundle, asked.cache)
    if asked.take is not None:
        kept = np.concatenate(
            [[at for at, row in enumerate(rows) if row.label == label][: asked.take] for label in LABELS]
        ).astype(int)
        rows, scores, embeddings = [rows[at] for at in kept], scores[kept], embeddings[kept]
    lines, worst = [f"{asked.data}: {len(rows)} pictures, {asked.share:.1%} of the labels flipped"], 1.0
    for seed in range(asked.seeds):
        given, turned = flipped(rows, asked.share, seed)
        began = time.perf_counter()
        ranked = label_doubts(given, scores, embeddings, seed=seed)
        seconds = time.perf_counter() - began
        first = {one.path for one in ranked[: round(FIRST * len(ranked))]}
        found = len(turned & first) / len(turned)
        doubted = {one.path for one in ranked if one.doubted}
        worst = min(worst, found)
        lines.append(
            f"seed {seed}: {found:.1%} of {len(turned)} among the first {FIRST:.0%}; {len(doubted)} counted as wrong, "
            f"{len(doubted & turned)} of them are; {seconds:.1f} s"
        )
        print(lines[-1], flush=True)
    Path(__file__).with_suffix(".txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0 if worst >= 0.9 else 1


if __name__ == "__main__":
    sys.exit(main())
