"""Labels out of Label Studio: its JSON and JSON-MIN exports of the tasks that `suggest` wrote."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final
from unicodedata import normalize
from urllib.parse import unquote

import msgspec

from crackscope.datasets.folders import UNSORTED
from crackscope.datasets.found import Entry, Found
from crackscope.datasets.words import Layout, label_of_cell
from crackscope.encoding import decode_json
from crackscope.errors import DatasetError, none_can
from crackscope.files import read_table
from crackscope.records import LABELS, Label

_UPLOADED = re.compile(r"^[0-9a-f]{8}-")
"""What Label Studio puts before the names of files that were uploaded to it."""
_FORMS: Final = ("NFC", "NFD")


class _Value(msgspec.Struct, frozen=True):
    choices: list[str] = []


class _Result(msgspec.Struct):
    """What is drawn and written beside a label has no choices, and a relation between two of them has no value."""

    value: _Value = _Value()
    type: str = ""


class _Annotation(msgspec.Struct):
    """was_cancelled: whether the task was skipped."""

    result: list[_Result] = []
    was_cancelled: bool | None = False


class _Task(msgspec.Struct):
    """data, annotations: of JSON. image, label: of JSON-MIN, a record an annotation; what was skipped has no label."""

    data: dict[str, Any] = {}
    annotations: list[_Annotation] = []
    image: str = ""
    label: str = ""

    def choices(self) -> Iterator[str]:
        """Every label that somebody gave."""
        if self.label:
            yield self.label
        for annotation in self.annotations:
            for result in annotation.result:
                if result.type == "choices" and not annotation.was_cancelled:
                    yield from result.value.choices


def find_in_export(path: Path, layout: Layout) -> Found:
    """Everything that is labelled in an export of Label Studio, in its order. Files are not opened here.

    They are looked for in its own folder, and where `suggest` put them below it, sorted or not. Raises DatasetError: no
    export, nothing labelled in it, a picture with both labels, or none there.
    """
    files: dict[str, Label] = {}
    first = ""
    for image, label in _labels(path, layout):
        first = first or image
        if files.setdefault(_file(path.parent, image), label) != label:
            raise DatasetError(f"{path}: {image} is labelled crack and sound: remove the wrong annotation")
    if not files:
        raise DatasetError(
            f"{path}: nothing is labelled in it: give the JSON that Label Studio exports once patches are labelled"
        )
    if not any(Path(file).is_file() for file in files):
        raise DatasetError(
            f"{path}: {none_can(len(files), 'labelled picture', 'be found')} beside it ({first}): "
            "move the file into the folder that holds them, the one that `crackscope suggest` wrote"
        )
    entries = tuple(Entry(path=file, label=label) for file, label in files.items())
    return Found(root=str(path), kind="Label Studio export", entries=entries)


def _labels(path: Path, layout: Layout) -> Iterator[tuple[str, Label]]:
    """Each label that somebody gave, with the picture's name as Label Studio has it."""
    try:
        tasks = decode_json(read_table(path), list[_Task])
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror}); check its rights") from error
    except msgspec.DecodeError as error:
        raise DatasetError(
            f"{path}: no JSON or JSON-MIN export of Label Studio ({error}); export it again, or write its labels as "
            "CSV with the header path,label"
        ) from None
    for task in tasks:
        image = task.image or str(task.data.get("image", ""))
        for choice in task.choices():
            label = label_of_cell(choice, layout)
            if label is None:
                raise DatasetError(
                    f"{path}: {image} is labelled {choice!r}, which is neither crack nor sound: say which it means "
                    "with --positive NAME or --negative NAME"
                )
            yield image, label


def _file(folder: Path, image: str) -> str:
    """The picture that Label Studio calls `/data/local-files/?d=unsorted/a.png` or `/data/upload/1/0a1b2c3d-a.png`."""
    way = PurePosixPath(unquote(image.rpartition("?d=")[2]).lstrip("/"))
    named = (str(way), way.name, _UPLOADED.sub("", way.name))
    # Some systems give back names with their accents taken apart.
    names = dict.fromkeys(spelt for name in named for spelt in (name, *(normalize(form, name) for form in _FORMS)))
    below = [folder.absolute() / part / name for part in ("", UNSORTED, *LABELS) for name in names]
    return str(next((path for path in below if path.is_file()), below[0]))
