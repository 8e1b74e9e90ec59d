"""An inspection that is killed at random moments and resumed finds what one finds that was left alone.

    python proofs/inspect_kills.py --photos 200 --kills 20

Generated photos, every other one cracked, a few that cannot be read; once undisturbed, then with `kill -9` after
random times, going on with --resume each time. Compared byte by byte: the findings as CSV, JSON lines, GeoJSON, COCO
and Label Studio, and every overlay, photo and heatmap. The lines of the journal are counted too, so that no photo was
done twice. What ends before the kills are used up is begun anew. Exits 1 when anything differs.
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

FINDINGS = ("findings.csv", "findings.jsonl", "photos.geojson", "coco.json", "label-studio.json")
PICTURES = ("photos", "thumbs", "overlays", "heat")


def write_photos(folder: Path, count: int, side: int) -> Path:
    folder.mkdir()
    for number in range(count):
        if number % 50 == 49:
            (folder / f"{number}.jpg").write_bytes(b"\xff\xd8 no photo")
            continue
        made = surfaces.generate(number, (side, side * 3 // 4), cracked=number % 2 == 0, width_px=(2.0, 6.0))
        images.write_jpeg(made.pixels, folder / f"{number}.jpg")
    return folder


def command(photos: Path, out: Path) -> list[str]:
    words = ["inspect", str(photos), "-o", str(out), "--mm-per-px", "0.2", "--quiet", "--threads", "1", "--resume"]
    return [sys.executable, "-m", "crackscope", *words]


def digests(out: Path) -> dict[str, str]:
    """Of everything that was found, by name."""
    files = [out / name for name in FINDINGS]
    files += [file for part in PICTURES for file in sorted((out / part).iterdir())]
    return {str(file.relative_to(out)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def lines(out: Path) -> int:
    journal = out / "inspection.jsonl"
    return max(0, journal.read_bytes().count(b"\n") - 1) if journal.is_file() else 0


def timed(words: list[str]) -> float:
    began = time.monotonic()
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.monotonic() - began


def kill_and_resume(photos: Path, out: Path, kills: int, span: tuple[float, float], rng: random.Random) -> list[int]:
    """Start and kill, each time after a time within `span`, up to so many times that it was alive; then let it end.

    Gives the photos done at each kill.
    """
    done: list[int] = []
    while True:
        process = subprocess.Popen(command(photos, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if len(done) == kills:
            process.wait()
            return done
        try:
            process.wait(timeout=rng.uniform(*span))
            return done
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            done.append(lines(out))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--side", type=int, default=320, help="width of a photo in px")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(f"python proofs/{Path(__file__).name}", *sys.argv[1:], flush=True)
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos = write_photos(folder / "photos", arguments.photos, arguments.side)
        seconds = timed(command(photos, folder / "calm"))
        start = timed(command(photos, folder / "calm"))  # All done before: what is left is the start and the report.
        span = (0.7 * start, start + max(0.5, (seconds - start) / 6))
        calm = digests(folder / "calm")
        done: list[int] = []
        differing: list[str] = []
        runs, once = 0, lines(folder / "calm") == arguments.photos
        while len(done) < arguments.kills and not differing and once:
            out = folder / f"killed-{runs}"
            done += kill_and_resume(photos, out, arguments.kills - len(done), span, rng)
            killed = digests(out)
            differing = sorted(name for name in calm.keys() | killed.keys() if calm.get(name) != killed.get(name))
            once = lines(out) == arguments.photos
            runs += 1
    print(f"{arguments.photos} photos, undisturbed in {seconds:.0f} s; {len(done)} kills in {runs} inspections")
    print(f"photos done at each kill: {', '.join(map(str, done))}")
    print(f"compared each time: {len(calm)} files, {len(differing)} differ {differing[:5] or ''}".rstrip())
    print(f"every photo written down exactly once: {'yes' if once else 'NO'}")
    return 0 if not differing and once else 1


if __name__ == "__main__":
    sys.exit(main())
