"""Labels out of Label Studio: its JSON and JSON-MIN exports of the tasks that `hand_out` wrote."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote

import msgspec

from crackscope.datasets import UNSORTED, Layout, Split, load, read_rows
from crackscope.errors import AdaptationError, DatasetError, several
from crackscope.files import encode_csv, read_table
from crackscope.records import LABELS, Failure, Label, Row, Unread

_KNOWN_WORDS = Layout()
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")
"""What Label Studio puts before the names of files that were uploaded to it."""


class _Value(msgspec.Struct):
    choices: list[str] = []


class _Result(msgspec.Struct):
    value: _Value
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


def is_export(data: str | Path) -> bool:
    """Whether this names a file of JSON, which no other data set is."""
    return Path(data).suffix.casefold() == ".json" and Path(data).is_file()


def read_labels(data: str | Path, layout: Layout = _KNOWN_WORDS) -> list[Row]:
    """The labelled pictures of a folder, a manifest, or an export of Label Studio, unopened.

    Of an export they are looked for in its own folder, and where `hand_out` put them below it, sorted or not. Raises
    DatasetError, and AdaptationError: no export, nothing labelled in it, a picture with both labels, or none there.
    """
    if not is_export(data):
        return read_rows(data, layout)
    export = Path(data).absolute()
    labels = _labels(export, layout)
    files = {image: _file(export.parent, image) for image in labels}
    if not any(file.is_file() for file in files.values()):
        raise AdaptationError(
            f"{data}: none of {several(len(labels), 'labelled picture')} is found beside it ({next(iter(labels))}): "
            "move the file into the folder that holds them, the one that `crackscope suggest` wrote"
        )
    return [Row(path=str(files[image]), label=label) for image, label in labels.items()]


def load_labels(data: str | Path, group_by: str | None, layout: Layout) -> Split:
    """What `read_labels` reads, opened, with its copies in groups. Raises what it raises."""
    if not is_export(data):
        # Dealing the patches out is not wanted, but what comes with it: which of them are copies of each other.
        return load(data, parts=None, group_by=group_by, layout=layout)
    rows = read_labels(data, layout)
    with TemporaryDirectory(prefix="crackscope-") as folder:
        manifest = Path(folder) / "labels.csv"
        manifest.write_bytes(encode_csv(("path", "label"), [(row.path, row.label) for row in rows]))
        try:
            split = load(manifest, parts=None, group_by=group_by)
        except DatasetError as error:
            raise DatasetError(str(error).replace(str(manifest), str(data))) from None
    return msgspec.structs.replace(split, unreadable=tuple(map(_without_line, split.unreadable)))


def _without_line(unread: Unread) -> Unread:
    """Nobody has seen the manifest whose line it names."""
    message = unread.error.message.rpartition(" (line ")[0] or unread.error.message
    return Unread(path=unread.path, error=Failure(kind=unread.error.kind, message=message))


def _labels(export: Path, layout: Layout) -> dict[str, Label]:
    """Label by the picture's name as Label Studio has it."""
    try:
        tasks = msgspec.json.decode(read_table(export), type=list[_Task])
    except OSError as error:
        raise AdaptationError(f"{export}: cannot be read ({error.strerror}); check its rights") from error
    except msgspec.DecodeError as error:
        raise AdaptationError(
            f"{export}: no JSON or JSON-MIN export of Label Studio ({error}); export it again"
        ) from None
    words = {word.casefold(): label for label in LABELS for word in (label, *_named(label, layout))}
    labels: dict[str, Label] = {}
    for task in tasks:
        image = task.image or str(task.data.get("image", ""))
        for choice in task.choices():
            label = words.get(choice.casefold())
            if label is None:
                raise AdaptationError(
                    f"{export}: {image} is labelled {choice!r}, which is neither crack nor sound: say which it means "
                    "with --positive NAME or --negative NAME"
                )
            if labels.setdefault(image, label) != label:
                raise AdaptationError(f"{export}: {image} is labelled crack and sound: remove the wrong annotation")
    if not labels:
        raise AdaptationError(
            f"{export}: nothing is labelled in it: give the JSON that Label Studio exports once patches are labelled"
        )
    return labels


def _named(label: Label, layout: Layout) -> tuple[str, ...]:
    return layout.positive if label == "crack" else layout.negative


def _file(folder: Path, image: str) -> Path:
    """The picture that Label Studio calls `/data/local-files/?d=unsorted/a.png` or `/data/upload/1/0a1b2c3d-a.png`."""
    way = PurePosixPath(unquote(image.rpartition("?d=")[2]).lstrip("/"))
    names = dict.fromkeys((str(way), way.name, _UPLOADED.sub("", way.name)))
    below = [folder / part / name for part in ("", UNSORTED, *LABELS) for name in names]
    return next((path for path in below if path.is_file()), below[0])
