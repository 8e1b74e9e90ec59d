"""A training that is killed at random moments and resumed ends with the bytes of one that was left alone.

    python proofs/kills.py --kills 24

Trains on small generated patches, once undisturbed and then again and again with `kill -9` after a random time, and
between the last checkpoint and the bundle, going on with --resume each time. Three kinds of training are tried: kept
features in two phases, the same with norms that learn and that came folded, and a drawn mixture. Exits 1 when a bundle
differs by one byte.
"""

import argparse
import hashlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from safetensors import safe_open

from crackscope import images, recipes, surfaces

SETTINGS = {
    "mobilenetv2-finetune": ["phases.epochs=6"],
    "mobilenetv2-freeze150": ["phases.epochs=6"],
    "default": ["phases.epochs=5", "phases.steps=4", "phases.batch=6", "augmentation.crop=64"],
}
FOLDED = "mobilenetv2-freeze150"
KILLS_A_TRAINING = 3


def patches(folder: Path, count: int) -> Path:
    for label in ("crack", "sound"):
        (folder / label).mkdir(parents=True)
        for number in range(count):
            made = surfaces.generate(number, (96, 96), cracked=label == "crack", width_px=(2.0, 6.0))
            images.write_png(made.pixels, folder / label / f"{number:04d}.png")
    return folder


def command(data: Path, recipe: str, weights: str, run: Path, *more: str) -> list[str]:
    words = ["train", str(data), "--recipe", recipe, "--weights", weights, "-o", str(run), "--no-evaluate", "--quiet"]
    settings = [word for setting in [*SETTINGS[recipe], *more] for word in ("--set", setting)]
    return [sys.executable, "-m", "crackscope", *words, *settings]


def folded_weights(data: Path, folder: Path) -> str:
    """A bundle whose norms are folded into its convolutions."""
    subprocess.run(command(data, FOLDED, "none", folder / "weights", 'store="float16"'), check=True)
    return str(folder / "weights" / "bundle")


def digest(run: Path) -> str:
    """Of every file of the bundle, by name."""
    whole = hashlib.sha256()
    for file in sorted((run / "bundle").iterdir()):
        whole.update(file.name.encode() + file.read_bytes())
    return whole.hexdigest()


def all_learnt(recipe: str, run: Path) -> bool:
    """Whether the last checkpoint of a run is written."""
    file = run / "checkpoints" / "last.safetensors"
    if not file.exists():
        return False
    with safe_open(file, "np") as state:
        counters = json.loads(state.metadata()["counters"])
    return bool(counters["phase"] == len(recipes.load(recipe).phases))


def passed(moment: float) -> bool:
    return time.monotonic() >= moment


def killed(process: subprocess.Popen[bytes], until: Callable[[], bool]) -> bool:
    """Kill a process when it is time, unless it has ended before."""
    while process.poll() is None and not until():
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def killed_run(call: list[str], run: Path, kills: int, seconds: float, rng: random.Random) -> tuple[int, int]:
    """Start and kill until enough kills are dealt out, the last of them once all is learnt, then let it end.

    Gives the kills that hit a living process, and how many of them fell after the last checkpoint. Raises SystemExit
    when a training ends by itself with an error, which it would do again and again.
    """
    recipe, hit, late = call[call.index("--recipe") + 1], 0, 0
    for number in range(kills):
        process = subprocess.Popen([*call, "--resume"])
        end = time.monotonic() + rng.uniform(0.3, 1.0) * seconds
        if killed(process, partial(all_learnt, recipe, run) if number == kills - 1 else partial(passed, end)):
            hit, late = hit + 1, late + all_learnt(recipe, run)
        elif process.returncode:
            raise SystemExit(f"{recipe}: the training ended with status {process.returncode} without being killed")
    subprocess.run([*call, "--resume"], check=True)
    return hit, late


def prove(recipe: str, kills: int, seed: int, weights: str | None) -> bool:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = patches(folder / "data", 30)
        begin = "none" if recipe != FOLDED else weights or folded_weights(data, folder)
        began = time.monotonic()
        subprocess.run(command(data, recipe, begin, folder / "calm"), check=True)
        seconds = time.monotonic() - began
        calm, hit, late, runs = digest(folder / "calm"), 0, 0, 0
        same = True
        while hit < kills and same:
            run = folder / f"killed-{runs}"
            few = min(KILLS_A_TRAINING, kills - hit)
            more = killed_run(command(data, recipe, begin, run), run, few, seconds, rng)
            hit, late, runs = hit + more[0], late + more[1], runs + 1
            same = digest(run) == calm
        verdict = "the same bytes" if same else "DIFFERENT BYTES"
        print(
            f"{recipe}: {hit} kills in {runs} trainings of about {seconds:.0f} s, {late} of them after the last "
            f"checkpoint: {verdict}",
            flush=True,
        )
    return same


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=24, help="in all, over the kinds of training")
    parser.add_argument("--weights", metavar="FILE", help=f"where {FOLDED} begins; default: folded ones made here")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(f"python proofs/{Path(__file__).name}", *sys.argv[1:], flush=True)
    each = max(1, arguments.kills // len(SETTINGS))
    results = [prove(recipe, each, arguments.seed, arguments.weights) for recipe in SETTINGS]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
