"""The published systems on METU patches: on the published kind of split, and on one without near-copies.

    python benchmarks/reference.py --data ../shared/data/metu --weights ../shared/weights -o runs/reference

Trains every recipe whose weights are at hand, with the seeds asked for, judges each on its test part, and prints a row
a recipe and split: accuracy as mean and range over the seeds, with the 95 % interval (over groups) of the first seed.
Runs that are there already are not made again. Writes what it prints to benchmarks/reference.txt, over what is there:
the same rows, put together from single trainings, with remarks on how each was made.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
MOBILENET, SLIM = "mobilenetv2.keras.safetensors", "resnet50v2.slim.stages1-3.fp16.safetensors"
SLIM_CUT = ("network.family=tf-slim", "network.cut=conv4")

# With 17 steps an epoch the moving statistics of Keras (.999 an update) lag behind the weights: accuracy .9757.
FEW = (
    "augmentation.views=8",
    "phases.norms=fixed",
    "phases.epochs=30",
    "phases.early_stopping.patience=10",
)


@dataclass(frozen=True)
class Job:
    """A row of the table. parts: of the split; settings: of the recipe."""

    recipe: str
    weights: str
    seeds: int
    random: bool
    parts: str = "60:20:20"
    settings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.recipe}-{'random' if self.random else 'grouped'}-{self.parts.replace(':', '-')}"


JOBS = (
    Job("mobilenetv2-freeze150", MOBILENET, 3, True),
    Job("mobilenetv2-finetune", MOBILENET, 3, True),
    # 300 patches a class to learn from, a tenth of them to stop by: 6.75 % and .75 % of 8,000.
    Job("mobilenetv2-freeze150", MOBILENET, 1, True, "6.75:0.75:92.5", FEW),
    Job("resnet50v2-gap", SLIM, 1, True, settings=SLIM_CUT),
    Job("mobilenetv2-freeze150", MOBILENET, 1, False),
    Job("mobilenetv2-finetune", MOBILENET, 1, False),
    Job("resnet50v2-gap", SLIM, 1, False, settings=SLIM_CUT),
)


def run(job: Job, seed: int, arguments: argparse.Namespace) -> dict:
    """The metrics of one training, made now if they are not there."""
    out = arguments.out / f"{job.name}-{seed}"
    metrics = out / "evaluation" / "metrics.json"
    if not metrics.exists():
        crackscope = [sys.executable, "-m", "crackscope"]
        split = out.with_name(f"{out.name}.csv")
        deal = ["split", arguments.data, "-o", split, "--seed", seed, "--parts", job.parts, "--force"]
        subprocess.run([*crackscope, *map(str, deal), *(["--random"] if job.random else []), "--quiet"], check=True)
        train = ["train", split, "--recipe", job.recipe, "--weights", arguments.weights / job.weights, "-o", out]
        settings = [word for setting in (*job.settings, f"seed={seed}") for word in ("--set", setting)]
        subprocess.run([*crackscope, *map(str, train), *settings, "--quiet"], check=True)
    return json.loads(metrics.read_text())


def row(job: Job, found: list[dict]) -> str:
    values = [metrics["accuracy"]["value"] for metrics in found]
    first = found[0]["accuracy"]
    split = "random" if job.random else "grouped"
    spread = f"{min(values):.4f} to {max(values):.4f}" if len(values) > 1 else ""
    interval = f"{first['low']:.4f} to {first['high']:.4f}"
    loss = sum(metrics["log_loss"]["value"] for metrics in found) / len(found)
    cells = (
        job.recipe,
        split,
        job.parts,
        found[0]["n"],
        f"{sum(values) / len(values):.4f}",
        spread,
        interval,
        f"{loss:.4f}",
    )
    return "{:22}  {:7}  {:14}  {:>5}  {:>8}  {:16}  {:16}  {:>6}".format(*cells)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True, help="the folder of the weights files")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/reference"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    heading = ("recipe", "split", "parts", "tests", "accuracy", "over seeds", "95 % of seed 0", "loss")
    lines = ["$ python benchmarks/reference.py " + " ".join(sys.argv[1:])]
    lines.append("{:22}  {:7}  {:14}  {:>5}  {:>8}  {:16}  {:16}  {:>6}".format(*heading))
    for job in JOBS:
        lines.append(row(job, [run(job, seed, arguments) for seed in range(job.seeds)]))
        print(lines[-1], flush=True)
        (HERE / "reference.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
