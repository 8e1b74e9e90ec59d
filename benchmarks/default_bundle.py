"""Make the bundle that the package ships: one command, from pictures whose licences let a model be published.

    python benchmarks/default_bundle.py ../shared/data ../shared/weights/mobilenetv2.keras.safetensors -o runs/default
    python benchmarks/default_bundle.py ../shared/data --split-only -o runs/default    # runs/default-split.csv alone

Reads metu/, sdnet2018/, asphalt/ and nonsurface/ under DATA, writes a manifest, deals it by groups (copies, source
photos) and trains the `default` recipe three times: first from the weights given (RUN-first); on from what came of it
(RUN-second), with masks for the cracked patches that have none, read by the first network from eight sides
(read_masks.py); and on from that, with masks read anew, in harder light and with more kinds of generated surfaces,
held to what the second network says of the pictures as they are. Dealing opens every picture: if one cannot be read it
is named, and nothing is trained. Copy RUN/bundle over src/crackscope/bundles/default to ship it.
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
CRACKSCOPE = [sys.executable, "-m", "crackscope"]
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
THIRD = [
    *SECOND,
    "augmentation.brightness=[0.5, 1.8]",
    "augmentation.contrast=[0.4, 1.4]",
    "mixture.kinds.stone=0.2",
    "mixture.kinds.painted=0.05",
    "mixture.kinds.pipe=0.08",
    "mixture.recall=1",
    "phases.epochs=8",
    "phases.steps=300",
    "phases.learning_rate=5e-4",
]
"""What is other in the third: what is new to it costs nothing of what the second knew, which it is held to."""


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


def write_manifest(rows: list[dict[str, str]], path: Path) -> None:
    """The rows as a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def beside(out: Path, name: str) -> Path:
    """RUN-name."""
    return out.with_name(f"{out.name}-{name}")


def dealing(out: Path) -> list[object]:
    """The command that deals the pictures."""
    listed, dealt = beside(out, "manifest.csv"), beside(out, "split.csv")
    return [*CRACKSCOPE, "split", listed, "-o", dealt, "--parts", "84:6:10", "--group-by", "group", "--force"]


def trainings(arguments: argparse.Namespace) -> list[list[object]]:
    """The commands behind it, in their order."""
    out = arguments.out
    first, second, dealt = (beside(out, name) for name in ("first", "second", "split.csv"))
    taught, again = beside(out, "taught.csv"), beside(out, "again.csv")
    licences = [word for surface, text in LICENCES.items() for word in ("--licence", f"{surface}={text}")]
    train = [*CRACKSCOPE, "train", "--recipe", "default", *licences, *settings(arguments.set)]
    read = [sys.executable, Path(__file__).with_name("read_masks.py")]
    return [
        [*train, dealt, "--weights", arguments.weights, "-o", first],
        [*read, first / "bundle", dealt, "-o", taught],
        [*train, *settings(SECOND), taught, "--weights", first, "-o", second],
        [*read, second / "bundle", dealt, "-o", again],
        [*train, *settings(THIRD), again, "--weights", second, "-o", out],
    ]


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
    if not arguments.split_only:
        refuse_in_the_way([beside(arguments.out, "first"), beside(arguments.out, "second"), arguments.out])
    write_manifest(manifest(arguments.data.resolve()), beside(arguments.out, "manifest.csv"))
    for command in [dealing(arguments.out), *([] if arguments.split_only else trainings(arguments))]:
        status = subprocess.run([str(word) for word in command]).returncode
        if status:
            return stopped(command, status)
    return 0


if __name__ == "__main__":
    sys.exit(main())
