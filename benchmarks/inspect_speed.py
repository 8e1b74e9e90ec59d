"""How long a photo takes from file to findings, beside the bare network over the same pixels, and beside Keras.

    python benchmarks/inspect_speed.py [--bundle DIR] [--photo FILE] [--width 4800 --height 3200] [--rounds 5]

All sides take the same JPEG in turn, round after round, in one run; a ratio is the median of the rounds' ratios. The
photo is a generated cracked surface unless --photo names one. The 8-bit bundle is quantised from the bundle at the
start, on generated surfaces or on --data, unless --int8 names one. Keras runs in `.env-keras`, made when not there.
Writes what it prints to benchmarks/inspect_speed.txt.

- bare: the photo decoded before, the whole of it through ONNX Runtime in one call on all threads, for the map alone
- inspect: crackscope.inspect on the file: decoding, heatmap, verdict, mask, zones and their measures
- coarse, int8: the same, seen at half scale first; with the 8-bit bundle; both at once
- Keras: decoding, then 224 px tiles at a stride of 112 through MobileNetV2 in batches of 32
- peak: resident memory of a process that inspects the photo and does nothing else
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from keras_environment import Keras

from crackscope.bundles import default_bundle
from crackscope.images import read, write_jpeg
from crackscope.inspection import InspectOptions, inspect
from crackscope.records import Inspected
from crackscope.scoring import Model, load, quantise
from crackscope.surfaces import generate

HERE = Path(__file__).resolve().parent
MOST = {"inspect / bare": 1.5, "coarse / bare": 0.7, "int8 / bare": 0.7, "coarse int8 / bare": 0.7}
LEAST = {"Keras / inspect": 8.0, "Keras / coarse": 18.0, "Keras / int8": 18.0, "Keras / coarse int8": 18.0}
PEAK_MIB = 500
_PEAK = """
import re, sys
from pathlib import Path
from crackscope.inspection import InspectOptions, inspect
from crackscope.scoring import load
inspect(sys.argv[1], bundle=load(sys.argv[2]), options=InspectOptions(all_zones=True, coarse=sys.argv[3] == "coarse"))
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024)
"""
Side = Callable[[], "Inspected | None"]


def bare(model: Model, path: str, threads: int) -> Side:
    """The network in one call, as a session comes but for the threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.bundle.model, options, providers=["CPUExecutionProvider"])
    pixels = read(path).pixels[None]

    def run() -> None:
        session.run(["map"], {"images": pixels})

    return run


def inspector(model: Model, path: str, coarse: bool) -> Side:
    """What is measured. Zones are worked out whatever the verdict is."""
    options = InspectOptions(all_zones=True, coarse=coarse)
    return lambda: inspect(path, bundle=model, options=options)


def eight_bits(bundle: Path, data: Path | None, folder: Path) -> Path:
    """An 8-bit copy of a bundle, calibrated on patches under `data`, else on generated ones."""
    rows = sorted(map(str, data.glob("*/*.jpg"))) if data else []
    rows = rows[:: max(1, len(rows) // 512)]
    for seed in range(0 if rows else 400):
        path = folder / f"{seed:04}.jpg"
        write_jpeg(generate(seed, (227, 227), seed % 2 == 0).pixels, path)
        rows.append(str(path))
    print(quantise(bundle, rows, folder / "int8", limit=96), flush=True)
    return folder / "int8"


def measure(sides: dict[str, Side], keras: Keras | None, rounds: int) -> tuple[dict[str, list[float]], list[Inspected]]:
    """Seconds of each side in each round, the first one, which warms up, left out; and what `inspect` answered."""
    times: dict[str, list[float]] = {name: [] for name in [*sides, *(["Keras"] if keras else [])]}
    records: list[Inspected] = []
    for number in range(rounds + 1):
        for name, side in sides.items():
            begin = time.perf_counter()
            answer = side()
            if number:
                times[name].append(time.perf_counter() - begin)
            if number and name == "inspect" and answer is not None:
                records.append(answer)
            if name not in ("bare", "inspect") and number == rounds and answer is not None:
                print(f"{name}: {answer.verdict}, {len(answer.zones)} zones, skipped {answer.skipped:.1%}", flush=True)
        if keras:
            seconds = keras.seconds()
            if number:
                times["Keras"].append(seconds)
    return times, records


def table(times: dict[str, list[float]], megapixels: float) -> list[str]:
    """Times and ratios, as lines."""
    lines = [
        f"{name:16} {statistics.median(values):7.2f} s  ({min(values):.2f} to {max(values):.2f})"
        f"   {megapixels / statistics.median(values):6.2f} megapixels/s"
        for name, values in times.items()
    ]
    lines.append("")
    for goals, met in ((MOST, lambda ratio, goal: ratio <= goal), (LEAST, lambda ratio, goal: ratio >= goal)):
        for name, goal in goals.items():
            one, other = name.split(" / ")
            if one in times and other in times:
                ratio = statistics.median(np.array(times[one]) / np.array(times[other]))
                lines.append(f"{name:19} {ratio:7.2f} x  (goal {goal}) {'' if met(ratio, goal) else 'MISSED'}".rstrip())
    return lines


def steps(records: list[Inspected]) -> list[str]:
    """What each step of `inspect` took, as lines."""
    names = list(records[0].seconds)
    middle = {name: statistics.median(record.seconds.get(name, 0.0) for record in records) for name in names}
    total = sum(middle.values())
    return [f"  {name:14} {seconds:7.3f} s   {seconds / total:6.1%}" for name, seconds in middle.items()]


def peak_mib(path: str, bundle: Path, how: str) -> float:
    """The largest resident size of a process that inspects a photo."""
    call = [sys.executable, "-c", _PEAK, path, str(bundle), how]
    return float(subprocess.run(call, check=True, capture_output=True, text=True).stdout)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=None)
    parser.add_argument("--int8", type=Path, default=None)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--photo", type=Path, default=None)
    parser.add_argument("--width", type=int, default=4800)
    parser.add_argument("--height", type=int, default=3200)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--no-keras", action="store_true")
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    bundle = asked.bundle or default_bundle()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        path = str(asked.photo or folder / "photo.jpg")
        if asked.photo is None:
            write_jpeg(generate(asked.seed, (asked.width, asked.height)).pixels, Path(path))
        peaks = {how: peak_mib(path, bundle, how) for how in ("fine", "coarse")}
        small = asked.int8 or eight_bits(bundle, asked.data, folder)
        model, bytes_model = (load(which, threads=asked.threads) for which in (bundle, small))
        sides: dict[str, Side] = {
            "bare": bare(model, path, asked.threads),
            "inspect": inspector(model, path, False),
            "coarse": inspector(model, path, True),
            "int8": inspector(bytes_model, path, False),
            "coarse int8": inspector(bytes_model, path, True),
        }
        keras = None if asked.no_keras else Keras(HERE / "keras_sweep.py", path, str(asked.threads))
        times, records = measure(sides, keras, asked.rounds)
        if keras:
            keras.close()
    found = records[0]
    lines = [
        f"python benchmarks/{Path(sys.argv[0]).name} {' '.join(sys.argv[1:])}".rstrip(),
        f"bundle {model.manifest.name}; photo of {found.width}x{found.height} px, {len(found.zones)} zones; "
        f"{asked.rounds} rounds; {asked.threads} threads; {platform.processor() or platform.machine()}; "
        f"onnxruntime {onnxruntime.__version__}",
        "",
        *table(times, found.width * found.height / 1e6),
        "",
        "steps of inspect",
        *steps(records),
        "",
        *(
            f"peak, {how:10} {value:7.0f} MiB  (goal {PEAK_MIB}) {'' if value < PEAK_MIB else 'MISSED'}".rstrip()
            for how, value in peaks.items()
        ),
    ]
    print("\n".join(lines))
    (HERE / "inspect_speed.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
