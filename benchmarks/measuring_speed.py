"""What mask, zones and sharpness of a photo cost, in processor time on one thread.

    python benchmarks/measuring_speed.py [--data ../shared/data] [--against SRC] [--rounds 7]

A generated photo of 4800x3200 px and one of asphalt, as it is and enlarged four times, whose heatmaps the default
bundle makes once, coarse first. Each step is told by the median of its rounds. --against names the `src` folder of
another version, which takes turns with this one, each in a process of its own, and must find the same to the last
digit. Writes what it prints to benchmarks/measuring_speed.txt.
"""

import argparse
import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from crackscope.images import read
from crackscope.scoring import DenseOptions, load
from crackscope.surfaces import generate

HERE = Path(__file__).resolve().parent
Said = dict[str, Any]
STEPS = ("sharpness", "mask", "zones")
TURNS = 2
_SIDE = """
import hashlib, json, sys, time
import msgspec
import numpy as np
from crackscope.inspection import find_cracks, trace_zones
from crackscope.scoring import Heatmap, load, quality
manifest = load(None, threads=1).manifest
stored = np.load(sys.argv[1])
pixels, heat = stored["pixels"], Heatmap(stored["logits"], int(stored["stride"]), stored["embedding"])
rounds = []
for _ in range(int(sys.argv[2]) + 1):
    times = [time.process_time()]
    seen = quality(pixels)
    times.append(time.process_time())
    cracks = find_cracks(pixels, heat, manifest.mask_threshold)
    times.append(time.process_time())
    zones = [traced.zone for traced in trace_zones(pixels, cracks, heat, seen)]
    times.append(time.process_time())
    rounds.append([float(step) for step in np.diff(times)])
found = hashlib.sha256(msgspec.json.encode([zones, list(map(float, seen))]) + cracks.mask.tobytes()).hexdigest()
print(json.dumps({"rounds": rounds[1:], "found": found, "zones": len(zones)}))
"""


def photos(data: Path) -> dict[str, np.ndarray]:
    """The photos by what they are called."""
    asphalt = read(sorted((data / "asphalt/images").glob("*.jpg"))[43]).pixels
    return {
        "generated 4800x3200": generate(3, (4800, 3200)).pixels,
        f"asphalt {asphalt.shape[1]}x{asphalt.shape[0]}": asphalt,
        "asphalt, 4 times": cv2.resize(asphalt, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC),
    }


def side(source: Path, stored: Path, rounds: int) -> Said:
    """What the version in this folder needs for each step, and a hash of what it finds."""
    environment = {**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    call = [sys.executable, "-c", _SIDE, str(stored), str(rounds)]
    return dict(json.loads(subprocess.run(call, env=environment, check=True, capture_output=True).stdout))


def told(name: str, runs: dict[str, list[Said]]) -> list[str]:
    """A line a version: milliseconds of each step and of all, and how the versions compare."""
    lines, whole = [f"{name}, {runs['now'][0]['zones']} zones"], {}
    for version, several in runs.items():
        rounds = [row for one in several for row in one["rounds"]]
        steps = [1e3 * statistics.median(row[place] for row in rounds) for place in range(len(STEPS))]
        whole[version] = sum(steps)
        cells = "  ".join(f"{step} {value:6.1f}" for step, value in zip(STEPS, steps, strict=True))
        lines.append(f"  {version:6} {cells}  all {whole[version]:6.1f} ms")
    if "before" in whole:
        same = {one["found"] for several in runs.values() for one in several}
        said = "the same findings" if len(same) == 1 else "OTHER FINDINGS"
        lines.append(f"  now / before {whole['now'] / whole['before']:.2f}, {said}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared/data")
    parser.add_argument("--against", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    sources = {"now": HERE.parent / "src"}
    if options.against:
        sources = {"before": options.against.resolve(), **sources}
    model = load(None, threads=1)
    against = " --against SRC" * bool(options.against)
    lines = [f"python benchmarks/measuring_speed.py --rounds {options.rounds}{against}"]
    lines += [f"processor time, one thread; {platform.machine()}; numpy {np.__version__}; OpenCV {cv2.__version__}", ""]
    with tempfile.TemporaryDirectory() as folder:
        for name, pixels in photos(options.data).items():
            heat = model.heatmap(pixels, options=DenseOptions(coarse=True))
            stored = Path(folder) / (hashlib.sha256(name.encode()).hexdigest() + ".npz")
            np.savez(stored, pixels=pixels, logits=heat.logits, stride=heat.stride, embedding=heat.embedding)
            runs: dict[str, list[Said]] = {version: [] for version in sources}
            for _ in range(TURNS):
                for version, source in sources.items():
                    runs[version].append(side(source, stored, options.rounds))
            lines += told(name, runs)
    print("\n".join(lines))
    (HERE / "measuring_speed.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
