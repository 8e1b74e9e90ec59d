"""How the default recipe does on each surface when it has learnt from all the others.

    python benchmarks/leave_one_out.py SPLIT.csv WEIGHTS [-o DIR] [--steps 800] [--surfaces metu,deck,...]

SPLIT.csv is the one that default_bundle.py writes: surfaces metu, deck, pavement, wall and asphalt, and what is no
surface. For each one its rows leave the training and the validation part; all of them are judged (of METU every
eighth). asphalt, whose pictures are all cracked, is judged by 224 px tiles. The schedule is short, so that the figures
are lower bounds. Writes a line a surface to benchmarks/leave_one_out.txt.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from crackscope.datasets import Split, read_split, write_split
from crackscope.records import Row

HERE = Path(__file__).resolve().parent
SURFACES = ("asphalt", "deck", "pavement", "wall", "metu")
FIGURES = ("roc_auc", "balanced_accuracy", "recall", "ece")


def without(split: Split, surface: str) -> Split:
    """The split with one surface in its test part alone, and nothing else there."""

    def moved(row: Row) -> Row:
        return msgspec.structs.replace(row, part="test") if row.surface == surface else row

    rows = [moved(row) for row in split.rows if row.surface == surface or row.part != "test"]
    if surface == "metu":
        rows = [row for place, row in enumerate(rows) if row.surface != surface or place % 8 == 0]
    return msgspec.structs.replace(split, rows=tuple(rows))


def train(split: Path, arguments: argparse.Namespace, run: Path) -> None:
    command = [sys.executable, "-m", "crackscope", "train", split, "--recipe", "default", "--quiet", "-o", run]
    command += ["--weights", arguments.weights, "--set", f"phases.steps={arguments.steps // 2}"]
    command += ["--set", "phases.epochs=2"]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)


def line(surface: str, run: Path, asphalt: Path) -> str:
    """What the run's bundle gives on the surface that it never saw."""
    if surface == "asphalt":
        command = [sys.executable, HERE / "unseen.py", asphalt, "--bundle", run / "bundle"]
        said = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout
        return "\n".join(row.rstrip() for row in said.splitlines()[1:])  # its first line is its own command
    metrics = json.loads((run / "evaluation" / "metrics.json").read_text())
    shown = [f"{name} {m['value']:.3f} ({m['low']:.3f} to {m['high']:.3f})" for name in FIGURES if (m := metrics[name])]
    (_, alarms), _ = metrics["confusion"]
    sound = metrics["support"]["sound"]
    return f"  n {metrics['n']}, groups {metrics['groups']}; {'; '.join(shown)}; false alarms {alarms / sound:.3f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("split", type=Path)
    parser.add_argument("weights")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/leave-one-out"))
    parser.add_argument("--asphalt", type=Path, default=Path("../shared/data/asphalt"))
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--surfaces", default=",".join(SURFACES))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    split = read_split(arguments.split)
    lines = [f"python benchmarks/{Path(sys.argv[0]).name} {' '.join(sys.argv[1:])}".rstrip()]
    lines += [f"default recipe, {arguments.steps} steps, weights {Path(arguments.weights).name}, seed 0"]
    for surface in arguments.surfaces.split(","):
        begin, dealt, run = time.monotonic(), arguments.out / f"{surface}.csv", arguments.out / surface
        write_split(without(split, surface), dealt)
        train(dealt, arguments, run)
        told = line(surface, run, arguments.asphalt)
        lines.append(f"never saw {surface} ({time.monotonic() - begin:.0f} s)\n{told}")
        print(lines[-1], flush=True)
        (HERE / "leave_one_out.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
