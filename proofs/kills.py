"""A training that is killed at random moments and resumed ends with the bytes of one that was left alone.

    python proofs/kills.py --kills 24

Trains on small generated patches, once undisturbed and then again and again with `kill -9` after a random time, going
on with --resume each time. Both kinds of training are tried: kept features in two phases, and a drawn mixture. Exits 1
when a bundle differs by one byte.
"""

import argparse
import hashlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from crackscope import images, surfaces

SETTINGS = {
    "mobilenetv2-finetune": ["phases.epochs=6"],
    "default": ["phases.epochs=5", "phases.steps=4", "phases.batch=6", "augmentation.crop=64"],
}


def patches(folder: Path, count: int) -> Path:
    for label in ("crack", "sound"):
        (folder / label).mkdir(parents=True)
        for number in range(count):
            made = surfaces.generate(number, (96, 96), cracked=label == "crack", width_px=(2.0, 6.0))
            images.write_png(made.pixels, folder / label / f"{number:04d}.png")
    return folder


def command(data: Path, recipe: str, run: Path) -> list[str]:
    words = ["train", str(data), "--recipe", recipe, "--weights", "none", "-o", str(run), "--no-evaluate", "--quiet"]
    settings = [word for setting in SETTINGS[recipe] for word in ("--set", setting)]
    return [sys.executable, "-m", "crackscope", *words, *settings]


def digest(run: Path) -> str:
    """Of every file of the bundle, by name."""
    whole = hashlib.sha256()
    for file in sorted((run / "bundle").iterdir()):
        whole.update(file.name.encode() + file.read_bytes())
    return whole.hexdigest()


def killed_run(data: Path, recipe: str, run: Path, kills: int, seconds: float, rng: random.Random) -> int:
    """Start and kill until enough kills are dealt out, then let it end. Gives the kills that hit a living process.

    Raises SystemExit when a training ends by itself with an error, which it would do again and again.
    """
    dealt = 0
    while True:
        process = subprocess.Popen([*command(data, recipe, run), "--resume"])
        if dealt < kills:
            try:
                process.wait(timeout=rng.uniform(0.3, 1.0) * seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                dealt += 1
        status = process.wait()
        if status == 0:
            return dealt
        if status != -signal.SIGKILL:
            raise SystemExit(f"{recipe}: the training ended with status {status} without being killed")


def prove(recipe: str, kills: int, seed: int) -> bool:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = patches(folder / "data", 30)
        began = time.monotonic()
        subprocess.run(command(data, recipe, folder / "calm"), check=True)
        seconds = time.monotonic() - began
        calm, hit, runs = digest(folder / "calm"), 0, 0
        same = True
        while hit < kills and same:
            run = folder / f"killed-{runs}"
            hit += killed_run(data, recipe, run, min(3, kills - hit), seconds, rng)
            same = digest(run) == calm
            runs += 1
        verdict = "the same bytes" if same else "DIFFERENT BYTES"
        print(f"{recipe}: {hit} kills in {runs} trainings of about {seconds:.0f} s: {verdict}", flush=True)
    return same


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=24, help="in all, over both kinds of training")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(f"python proofs/{Path(__file__).name}", *sys.argv[1:], flush=True)
    half = max(1, arguments.kills // len(SETTINGS))
    results = [prove(recipe, half, arguments.seed) for recipe in SETTINGS]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
