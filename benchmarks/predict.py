"""How many patches a second `predict` judges, beside the bare network, a plain loop, and Keras.

    python benchmarks/predict.py [--bundle DIR] [--data ../shared/data/metu] [--patches 256] [--rounds 7]

All sides take the same patches in turn, round after round, in one run; a ratio is the median of the rounds' ratios.
The bundle should be MobileNetV2's (recipe mobilenetv2-freeze150), which is what Keras runs here too; the 8-bit one is
quantised from it at the start unless --int8 names one. Keras runs in `.env-keras`, which is made when it is not there.
Writes what it prints to benchmarks/predict.txt.

- bare: the patches decoded before, through ONNX Runtime alone; the quicker of its own threads and of batch 16, and of
  one thread for each patch, several at a time
- plain: for each file Pillow, then the runtime as it comes
- predict: Model.predict_all on the files, decoding included
- Keras: files decoded by tf.data beside `predict` in batches of 32

Besides, what a new process needs for `import crackscope`, for help and for one patch: medians of five.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from keras_environment import Keras
from numpy.typing import NDArray
from PIL import Image

from crackscope.bundles import default_bundle
from crackscope.images import write_jpeg
from crackscope.scoring import Model, load, quantise
from crackscope.surfaces import generate

HERE = Path(__file__).resolve().parent
SIDE = 227
GOALS = {
    "predict / bare": 0.9,
    "predict / plain": 1.2,
    "predict / Keras": 2.0,
    "int8 predict / Keras": 5.0,
    "int8 bare / bare": 1.8,
    "int8 predict / predict": 1.8,
}
IMPORT_GOAL_S, HELP_GOAL_S, COLD_GOAL_S = 0.15, 0.4, 1.2
Side = Callable[[], object]


def patches(data: Path, count: int, folder: Path) -> list[str]:
    """Real patches, evenly drawn, or generated ones where there are none."""
    found = sorted(map(str, data.glob("*/*.jpg")))
    if found:
        return [found[number] for number in np.linspace(0, len(found) - 1, count).astype(int)]
    for number in range(count):
        surface = generate(number, (SIDE, SIDE), cracked=number % 2 == 0)
        write_jpeg(surface.pixels, folder / f"{number:05}.jpg")
    return sorted(map(str, folder.glob("*.jpg")))


def bare_sides(model: bytes, pixels: list[NDArray[np.uint8]], threads: int) -> dict[str, Side]:
    """The runtime alone on decoded patches: in batches on its own threads, and one by one on several of ours."""
    own, single = onnxruntime.SessionOptions(), onnxruntime.SessionOptions()
    own.intra_op_num_threads, single.intra_op_num_threads = threads, 1
    batched = onnxruntime.InferenceSession(model, own, providers=["CPUExecutionProvider"])
    alone = onnxruntime.InferenceSession(model, single, providers=["CPUExecutionProvider"])
    stacks = [np.stack(pixels[start : start + 16]) for start in range(0, len(pixels), 16)]

    def by_batch() -> None:
        for stack in stacks:
            batched.run(None, {"images": stack})

    def one_by_one() -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda patch: alone.run(None, {"images": patch[None]}), pixels))

    return {"bare, batches of 16": by_batch, "bare, one by one": one_by_one}


def plain_loop(model: bytes, paths: list[str], threads: int) -> Side:
    """What one writes in five minutes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run() -> None:
        for path in paths:
            pixels = np.asarray(Image.open(path).convert("RGB"))
            session.run(None, {"images": pixels[None]})

    return run


def predictor(model: Model, paths: list[str]) -> Side:
    """What is measured: the way that the command line and Python take."""
    return lambda: list(model.predict_all(paths))


def rival(paths: list[str], side: int, threads: int, folder: Path) -> Keras:
    """Keras on the same files."""
    names = folder / "names.txt"
    names.write_text("\n".join(paths), encoding="utf-8")
    return Keras(HERE / "keras_predict.py", str(names), str(side), str(threads))


def starts(bundle: Path, path: str) -> list[str]:
    """Lines on what a new process needs: for `import crackscope` alone, and as a whole for help and for one patch."""
    patch = ["predict", path, "--bundle", str(bundle), "--jsonl"]
    return [
        f"{name:28} {np.median([seconds() for _ in range(5)]):7.4f} s  (goal {goal})"
        for name, seconds, goal in (
            ("import crackscope", importing, IMPORT_GOAL_S),
            ("crackscope --help", lambda: process("--help"), HELP_GOAL_S),
            ("one patch, cold process", lambda: process(*patch), COLD_GOAL_S),
        )
    ]


def importing() -> float:
    """Seconds of `import crackscope` in a new process, without the start of Python."""
    code = "import time; begin = time.perf_counter(); import crackscope; print(time.perf_counter() - begin)"
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)


def process(*words: str) -> float:
    """Seconds of a whole process of crackscope."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-m", "crackscope", *words], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def timed(side: Side) -> float:
    """Seconds of one pass."""
    begin = time.perf_counter()
    side()
    return time.perf_counter() - begin


def measure(sides: dict[str, Side], keras: Keras | None, count: int, rounds: int) -> dict[str, NDArray[np.float64]]:
    """Patches per second of each side in each round; the first round, which warms up, is left out."""
    rates: dict[str, list[float]] = {name: [] for name in [*sides, *(["Keras"] if keras else [])]}
    for _ in range(rounds + 1):
        for name, side in sides.items():
            rates[name].append(count / timed(side))
        if keras:
            rates["Keras"].append(count / keras.seconds())
    found = {name: np.array(values[1:]) for name, values in rates.items()}
    for prefix in ("", "int8 "):
        found[f"{prefix}bare"] = np.maximum(found[f"{prefix}bare, batches of 16"], found[f"{prefix}bare, one by one"])
    return found


def table(found: dict[str, NDArray[np.float64]]) -> list[str]:
    """The rates and the ratios, as lines."""
    lines = [
        f"{name:28} {np.median(rates):7.1f} patches/s  ({rates.min():.1f} to {rates.max():.1f})"
        for name, rates in found.items()
    ]
    lines.append("")
    for name, goal in GOALS.items():
        one, other = name.split(" / ")
        if one in found and other in found:
            ratio = float(np.median(found[one] / found[other]))
            lines.append(f"{name:28} {ratio:6.2f} x  (goal {goal}) {'' if ratio >= goal else 'MISSED'}".rstrip())
    return lines


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=None)
    parser.add_argument("--int8", type=Path, default=None)
    parser.add_argument("--data", type=Path, default=HERE.parents[1] / "shared" / "data" / "metu")
    parser.add_argument("--patches", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--no-keras", action="store_true")
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    bundle = asked.bundle or default_bundle()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        paths = patches(asked.data, asked.patches, folder)
        small = asked.int8 or folder / "int8"
        if asked.int8 is None:
            timed_ones = set(paths)
            others = [path for path in patches(asked.data, 4 * asked.patches, folder) if path not in timed_ones]
            print(quantise(bundle, others or paths, small, limit=128))
        pixels = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
        sides: dict[str, Side] = {}
        for prefix, which in (("", bundle), ("int8 ", small)):
            model = load(which, threads=asked.threads)
            for name, side in bare_sides(model.bundle.model, pixels, asked.threads).items():
                sides[prefix + name] = side
            sides[f"{prefix}plain"] = plain_loop(model.bundle.model, paths, asked.threads)
            sides[f"{prefix}predict"] = predictor(model, paths)
        keras = None if asked.no_keras else rival(paths, pixels[0].shape[0], asked.threads, folder)
        found = measure(sides, keras, len(paths), asked.rounds)
        if keras:
            keras.close()
        started = starts(bundle, paths[0])
    name = load(bundle, check=False).manifest.name
    lines = [
        f"python benchmarks/{Path(sys.argv[0]).name} {' '.join(sys.argv[1:])}".rstrip(),
        f"bundle {name}; {len(paths)} patches of {pixels[0].shape[1]}x{pixels[0].shape[0]} px; {asked.rounds} rounds; "
        f"{asked.threads} threads; {platform.processor() or platform.machine()}; onnxruntime {onnxruntime.__version__}",
        "",
        *table(found),
        *started,
    ]
    print("\n".join(lines))
    (HERE / "predict.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
