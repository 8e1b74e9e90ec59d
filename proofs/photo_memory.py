"""Shows what memory photos of up to 100 megapixels take: that of a heatmap follows from its budget, not the photo.

    python proofs/photo_memory.py [--bundle DIR] [--memory-mib 160]

Each photo, a JPEG of repeated generated surface, is read and seen by the network in a process of its own. Printed:
the resident memory before it is read, what the photo itself is, the peak of reading it, and the peak of the heatmap;
the goal is for both. Then the peaks of whole processes: of `predict`, of `inspect()` in Python, and of `inspect -o`,
which writes pictures as well, each with its goal.
Writes what it prints to proofs/photo_memory.txt.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from crackscope.bundles import default_bundle
from crackscope.images import write_jpeg
from crackscope.surfaces import generate

SIZES = ((2400, 1600), (4800, 3200), (10000, 10000))
MOST_MIB = 700
WHOLE = {"predict": 700, "inspect()": 700, "inspect -o": 900}
"""Goals for whole processes, MiB."""
_CHILD = """
import re, sys
from pathlib import Path
from crackscope.images import read
from crackscope.scoring import DenseOptions, load

def peak():
    # Not ru_maxrss: a child process starts with that of its parent.
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

model = load(sys.argv[2])
before = peak()
pixels = read(sys.argv[1]).pixels
reading = peak()
Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
heat = model.heatmap(pixels, options=DenseOptions(memory_mib=int(sys.argv[3]), coarse=sys.argv[4] == "coarse"))
print(before, reading, peak(), heat.logits.shape[0])
"""

_WHOLE_CHILD = """
import contextlib, os, re, sys
from pathlib import Path
what, photo, bundle, out = sys.argv[1:]
with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
    if what == "inspect()":
        import crackscope
        crackscope.inspect(photo, bundle=bundle)
    else:
        from crackscope.cli import main
        end = ["-o", out] if what == "inspect -o" else []
        status = main([what.split()[0], photo, "--bundle", bundle, "--quiet", *end])
        assert status == 0, status
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024)
"""


def whole(what: str, photo: Path, bundle: Path) -> float:
    """Peak of a whole process, MiB."""
    with tempfile.TemporaryDirectory() as out:
        call = [sys.executable, "-c", _WHOLE_CHILD, what, str(photo), str(bundle), f"{out}/report"]
        return float(subprocess.run(call, check=True, capture_output=True, text=True).stdout.split()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=default_bundle())
    parser.add_argument("--memory-mib", type=int, default=160)
    asked = parser.parse_args()
    tile = generate(3, (1000, 800)).pixels
    lines = [f"python proofs/{Path(sys.argv[0]).name} {' '.join(sys.argv[1:])}".rstrip(), ""]
    worst = 0.0
    peaks: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for width, height in SIZES:
            path = Path(folder) / f"{width}.jpg"
            rows, columns = -(-height // tile.shape[0]), -(-width // tile.shape[1])
            write_jpeg(np.ascontiguousarray(np.tile(tile, (rows, columns, 1))[:height, :width]), path)
            for how in ("fine", "coarse"):
                call = [sys.executable, "-c", _CHILD, str(path), str(asked.bundle), str(asked.memory_mib), how]
                begin = time.perf_counter()
                answer = subprocess.run(call, check=True, capture_output=True, text=True).stdout.split()
                before, reading, peak = map(float, answer[:3])
                worst = max(worst, reading, peak)
                size = width * height * 3 / 2**20
                lines.append(
                    f"{width}x{height} {how:6}   loaded {before:4.0f}   photo {size:4.0f}   "
                    f"peak of reading {reading:4.0f}   "
                    f"peak of the heatmap {peak:4.0f} MiB   {time.perf_counter() - begin:5.1f} s"
                )
                print(lines[-1], flush=True)
            for what in WHOLE:
                peaks[what] = whole(what, path, asked.bundle)
            told = "   ".join(f"{what} {peak:4.0f}" for what, peak in peaks.items())
            lines.append(f"{width}x{height} whole    {told} MiB")
            print(lines[-1], flush=True)
    reached = {"reading, heatmap": (worst, MOST_MIB), **{what: (peaks[what], most) for what, most in WHOLE.items()}}
    for what, (peak, most) in reached.items():
        lines.append(f"largest peak of {what}: {peak:.0f} MiB (goal {most}){' MISSED' * (peak >= most)}")
        print(lines[-1])
    (Path(__file__).resolve().parent / "photo_memory.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return int(any(peak >= most for peak, most in reached.values()))


if __name__ == "__main__":
    sys.exit(main())
