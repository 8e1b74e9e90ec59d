"""Make the bundle that the package ships: one command, from pictures whose licences let a model be published.

    python benchmarks/default_bundle.py ../shared/data ../shared/weights/mobilenetv2.keras.safetensors -o runs/default
    python benchmarks/default_bundle.py ../shared/data --split-only -o runs/default    # runs/default-split.csv alone

Reads metu/, sdnet2018/, asphalt/ and nonsurface/ under DATA, writes a manifest, deals it by groups (copies, source
photos) and trains the `default` recipe twice: first from the weights given (RUN-first), then on from what came of it,
with masks for the cracked patches that have none, read by the first network from eight sides (read_masks.py). Dealing
opens every picture: if one cannot be read it is named, and nothing is trained. Copy RUN/bundle over
src/crackscope/bundles/default to ship it.
"""

import argparse
import csv
import shlex
import subprocess
import sys
from pathlib import Path

LICENCES = {
    "metu": "CC BY 4.0, Özgenel 2019, doi 10.17632/5y9wdsg2zt",
    "deck": "CC BY 4.0, SDNET2018, Maguire et al. 2018, doi 10.15142/T3TD19",
    "pavement": "CC BY 4.0, SDNET2018, Maguire et al. 2018, doi 10.15142/T3TD19",
    "wall": "CC BY 4.0, SDNET2018, Maguire et al. 2018, doi 10.15142/T3TD19",
    "asphalt": "CC BY 4.0, SUT-Crack 2023, doi 10.17632/gsbmknrhkv",
    "nonsurface": "CC0, CC BY 2.0 and CC BY-SA: scikit-image, TensorFlow Flowers, samples of EXIF, AVIF, OCRmyPDF",
}
SDNET = {"D": "deck", "P": "pavement", "W": "wall"}
SECOND = [
    "head.weights=bundle",
    "augmentation.scale=[0.4, 2.0]",
    "mixture.cracked=1",
    "mixture.masked=4",
    "mixture.evenness=0.75",
    "phases.epochs=14",
    "phases.learning_rate=1e-3",
]
"""What is other in the second training: most cracked patches have a mask now, and can be cut and enlarged freely."""


def manifest(data: Path) -> list[dict[str, str]]:
    """A row a picture: path, label, group (the source photo where it is known), mask, surface."""
    rows = []
    for label, folder in (("crack", "Positive"), ("sound", "Negative")):
        for path in sorted((data / "metu" / folder).glob("*.jpg")):
            rows.append({"path": path, "label": label, "group": "", "mask": "", "surface": "metu"})
    for folder in sorted((data / "sdnet2018").iterdir()):
        label, surface = ("crack" if folder.name[0] == "C" else "sound"), SDNET[folder.name[1]]
        for path in sorted(folder.glob("*.jpg")):
            group = f"{surface}-{path.stem.partition('-')[0]}"
            rows.append({"path": path, "label": label, "group": group, "mask": "", "surface": surface})
    for path in sorted((data / "asphalt" / "images").glob("*.jpg")):
        mask = data / "asphalt" / "masks" / f"{path.stem}.png"
        rows.append({"path": path, "label": "crack", "group": path.stem, "mask": mask, "surface": "asphalt"})
    for path in sorted((data / "nonsurface").iterdir()):
        if path.suffix in (".jpg", ".png"):
            rows.append({"path": path, "label": "sound", "group": path.stem, "mask": "", "surface": "nonsurface"})
    return [{key: str(value) for key, value in row.items()} for row in rows]


def settings(changes: list[str]) -> list[str]:
    """Settings of a recipe as words of the command line."""
    return [word for change in changes for word in ("--set", change)]


def refuse_in_the_way(folders: list[Path]) -> None:
    """Stop where a training would be refused, the second of them after an hour."""
    for folder in folders:
        if folder.exists() and any(folder.iterdir()):
            sys.exit(f"{folder} is not empty: remove it, or name another with -o")


def stopped(command: list[object], status: int) -> int:
    """Say at which command it stopped; what it learns from is whole, or nothing is trained."""
    unread = ": mend the pictures named above, or remove them" if status == 1 else ""
    print(f"stopped at {shlex.join(map(str, command))} (exit status {status}){unread}", file=sys.stderr)
    return status


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", nargs="?", help="where the first training starts from")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/default"))
    parser.add_argument(
        "--set", action="append", default=[], help="settings of the recipe, as `crackscope train` takes"
    )
    parser.add_argument("--split-only", action="store_true", help="write OUT-split.csv, and train nothing")
    arguments = parser.parse_args()
    if arguments.weights is None and not arguments.split_only:
        parser.error("name WEIGHTS to train from, or give --split-only to deal the pictures alone")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    listed, dealt, taught = (
        arguments.out.with_name(f"{arguments.out.name}-{name}.csv") for name in ("manifest", "split", "taught")
    )
    first = arguments.out.with_name(f"{arguments.out.name}-first")
    if not arguments.split_only:
        refuse_in_the_way([first, arguments.out])
    rows = manifest(arguments.data.resolve())
    with listed.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    crackscope = [sys.executable, "-m", "crackscope"]
    deal = ["split", listed, "-o", dealt, "--parts", "84:6:10", "--group-by", "group", "--force"]
    licences = [word for surface, text in LICENCES.items() for word in ("--licence", f"{surface}={text}")]
    train = ["train", "--recipe", "default", *licences, *settings(arguments.set)]
    read = [Path(__file__).with_name("read_masks.py"), first / "bundle", dealt, "-o", taught]
    trainings = (
        [*crackscope, *train, dealt, "--weights", arguments.weights, "-o", first],
        [sys.executable, *read],
        [*crackscope, *train, *settings(SECOND), taught, "--weights", first, "-o", arguments.out],
    )
    for command in ([*crackscope, *deal], *(() if arguments.split_only else trainings)):
        status = subprocess.run([str(word) for word in command]).returncode
        if status:
            return stopped(command, status)
    return 0


if __name__ == "__main__":
    sys.exit(main())
