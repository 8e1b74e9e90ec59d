"""Everything that scan and split both need to know: what is there, what opens, and what is a copy of what."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from crackscope.arguments import PATH, record, refuse_wrong
from crackscope.datasets.folders import find_in_folder
from crackscope.datasets.found import Entry, Found, Kind, describe_unlabelled, refuse_if_useless
from crackscope.datasets.grouping import Numbers, copy_groups, members
from crackscope.datasets.label_studio import find_in_export
from crackscope.datasets.manifest import find_in_manifest
from crackscope.datasets.reading import Reading, open_all
from crackscope.datasets.words import Layout
from crackscope.errors import DatasetError, several, some_of
from crackscope.records import LABELS, Row


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """A data set, opened. entries, names, copies go with reading.seen, one each.

    names: paths below the folder that all pictures share. copies: [n], the number of each one's group of exact and near
    copies.
    """

    found: Found
    entries: tuple[Entry, ...]
    reading: Reading
    names: tuple[str, ...]
    copies: Numbers

    @property
    def rows(self) -> list[Row]:
        """The rows of all pictures that could be read."""
        return [seen.row for seen in self.reading.seen]

    @property
    def strata(self) -> list[str]:
        """Label and surface of each row, as one word."""
        return [f"{row.label}\0{row.surface}" for row in self.rows]

    @property
    def conflicts(self) -> list[list[int]]:
        """The groups of copies that hold both labels, as places in `rows`."""
        labels = [row.label for row in self.rows]
        return [group for group in members(self.copies) if len({labels[place] for place in group}) > 1]


_WAYS_TO_LABEL: dict[Kind, str] = {
    "manifest": "add lines with that label",
    "Label Studio export": "label some so, and export them again",
}
"""Where no folder says it."""


def find(data: str | Path, layout: Layout, fewest: int = 2) -> Found:
    """What a folder, a manifest or an export of Label Studio names.

    Raises DatasetError when that is fewer than so many labelled pictures, two at most.
    """
    refuse_wrong(data=(data, PATH), layout=(layout, record(Layout)))
    if data == "":
        raise DatasetError("the name of the data is empty; name a folder or a CSV file")
    path = Path(data)
    if os.path.isdir(path):
        # Rows have whole paths; the data set itself is called as it was given.
        found = msgspec.structs.replace(find_in_folder(path.absolute(), layout), root=os.fspath(data))
    elif os.path.isfile(path):
        from crackscope.images import PICTURE_SUFFIXES

        if path.suffix.casefold() in PICTURE_SUFFIXES:
            raise DatasetError(f"{path}: a picture; give the folder that holds the class folders, or a CSV")
        exported = path.suffix.casefold() == ".json"
        found = find_in_export(path, layout) if exported else find_in_manifest(path, layout)
    else:
        raise DatasetError(f"{path}: no such folder or CSV file; check the path")
    refuse_if_useless(found, fewest)
    return found


def half_parted(found: Found) -> str:
    """One line on the pictures that stand in no part where others do, and what to do; "" where all do, or none."""
    without = [entry.path for entry in found.entries if entry.part is None]
    if len(without) in (0, len(found.entries)):
        return ""
    return (
        f"{some_of(len(without), len(found.entries), 'picture', 'stands', 'stand')} in no part ({without[0]}); "
        "give all of them one, or none and let it be split"
    )


def survey(found: Found) -> Survey:
    """Opens all that was found and groups the copies. Raises DatasetError when nothing, or one picture, can be read."""
    reading = open_all(found.entries)
    if len(reading.seen) < 2:
        raise DatasetError(_say_unreadable(found, reading))
    kept = {seen.row.path for seen in reading.seen}
    return Survey(
        found=found,
        entries=tuple(entry for entry in found.entries if entry.path in kept),
        reading=reading,
        names=short_names([seen.row.path for seen in reading.seen]),
        copies=copy_groups(reading.prints, [seen.digest for seen in reading.seen]),
    )


def _say_unreadable(found: Found, reading: Reading) -> str:
    how_many = "none" if not reading.seen else "one only"
    whole = several(len(found.entries), "picture")
    first = reading.unread[0].error.message
    return f"{found.root}: of {whole} {how_many} can be read: replace the files; the first: {first}"


def refuse_one_class(surveyed: Survey) -> None:
    """Raises DatasetError when one of the labels has no picture."""
    problem = missing_class(surveyed)
    if problem:
        raise DatasetError(f"{surveyed.found.root}: {problem}")


def missing_class(surveyed: Survey) -> str:
    """One line on the label that has no picture, and what to do; "" when both have some."""
    found, rows, unread = surveyed.found, surveyed.rows, surveyed.reading.unread
    present = {row.label for row in rows}
    for label, flag in zip(LABELS, ("--negative", "--positive"), strict=True):
        if label not in present:
            hint = _WAYS_TO_LABEL.get(found.kind, f"name their folder with {flag} NAME")
            if found.unlabelled:
                hint = describe_unlabelled(found)
            elif unread:
                hint = f"{len(unread)} could not be read, mend them, or {hint} ({unread[0].error.message})"
            elif found.kind not in _WAYS_TO_LABEL:
                hint = f"add them, or {hint}"
            return f"no readable picture is labelled {label}, all {len(rows)} are the other: {hint}"
    return ""


def short_names(paths: Sequence[str]) -> tuple[str, ...]:
    """Paths below the folder that all of them share, with forward slashes: the same wherever the data set lies."""
    if not paths:
        return ()
    try:
        shared = os.path.commonpath([os.path.dirname(path) for path in paths])
    except ValueError:
        return tuple(Path(path).as_posix() for path in paths)
    return tuple(Path(os.path.relpath(path, shared)).as_posix() for path in paths)
