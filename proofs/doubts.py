"""Labels turned over on purpose are found: METU with 3 % of its labels flipped, ranked by how little they are believed.

    python proofs/doubts.py ../shared/data/metu [--bundle DIR] [--share .03] [--seeds 3] [--cache FILE.npz] [--take N]

For each seed other labels are flipped, each by itself, also among copies. Prints what share of them stands among the
first 5 % of the ranking, and how many of those that `scan` counts as wrong are. The embeddings are worked out once (a
minute or two for 8,000); --cache keeps them. --take: the first N pictures a label only. Writes proofs/doubts.txt.
"""

import argparse
import hashlib
import sys
import time
from pathlib import Path

import msgspec
import numpy as np

from crackscope.bundles import default_bundle, dump_manifest
from crackscope.datasets import load
from crackscope.judging import label_doubts
from crackscope.records import LABELS, Row
from crackscope.scoring import Described, describe
from crackscope.scoring import load as load_model

FIRST = 0.05


def described(data: str, bundle: Path, cache: Path | None) -> tuple[list[Row], np.ndarray, np.ndarray]:
    """Rows in their groups of copies, scores [n], embeddings [n, d]; of the pictures that the network can look at."""
    rows, model = list(load(data, parts=None).rows), load_model(bundle)
    asked = [hashlib.sha256(dump_manifest(model.manifest)).hexdigest(), *(row.path for row in rows)]
    if cache is not None and cache.is_file():
        kept = np.load(cache)
        if asked == kept["asked"].tolist():
            return [rows[at] for at in kept["seen"]], kept["scores"], kept["embeddings"]
    answers = list(enumerate(describe(model, [row.path for row in rows])))
    told = [(at, one) for at, one in answers if isinstance(one, Described)]
    seen = [at for at, _ in told]
    scores = np.array([one.score for _, one in told], np.float64)
    embeddings = np.array([one.embedding for _, one in told], np.float64)
    if cache is not None:
        np.savez(cache, asked=np.array(asked), seen=np.array(seen), scores=scores, embeddings=embeddings)
    return [rows[at] for at in seen], scores, embeddings


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
    lines, worst = [f"python proofs/{Path(sys.argv[0]).name} {' '.join(sys.argv[1:])}".rstrip()], 1.0
    lines.append(f"{asked.data}: {len(rows)} pictures, {asked.share:.1%} of the labels flipped")
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
