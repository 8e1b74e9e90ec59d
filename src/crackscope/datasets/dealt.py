"""A split: labelled pictures with the part of each, what is known of them, and how they are written."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from crackscope.arguments import PATH, record, refuse_wrong
from crackscope.brief import brief
from crackscope.datasets.manifest import refuse_strangers, write_rows
from crackscope.datasets.name_groups import LikelyGroups
from crackscope.datasets.surveying import find, short_names
from crackscope.datasets.words import KNOWN_WORDS, Layout
from crackscope.errors import DatasetError, OutputError
from crackscope.images import natural
from crackscope.records import Part, Row, Unread


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Rows dealt out to train, val and test.

    rows: in the natural order of their paths, part set. group: shared by rows that are copies of each other or that
    the user put together, "" for a row alone. random: whether groups were ignored when dealing. leak_share: the share
    (0 to 1) of test rows that have a copy in train: of these parts where they are random or were given, else the mean
    over all ways to deal the same rows at random; None where copies were not looked for. fingerprint: SHA-256, hex, of
    names, labels, parts and file sizes. seed: None when the parts were not dealt here. had_part, moved: where
    they were, the rows that had a part before, and those of them that have another now. conflicts: groups of copies
    that hold both labels; 0 where copies were not looked for. mask_conflicts: rows that are labelled other than their
    masks say; 0 of what was not opened. photos: of how many photos the patches are that `suggest`
    cut, where they were dealt here and grouped by these. untested: surfaces that have too few pictures for one in the
    test part, where all are spread over the parts here. likely_groups: what file names look grouped by, unless
    the user said it; of parts that were given, unless their groups hold it together. unlabelled: pictures that are no
    rows, since nothing labels them, by folder.
    unreadable: pictures that are no rows, since they, or their masks, could not be read;
    unreadable_parts: the part of each of their paths that was given one. opened: whether every picture was opened, so
    that each row can be read; the rows of a CSV with parts are only known to be there, see `opened`.
    """

    rows: tuple[Row, ...]
    seed: int | None = None
    random: bool = False
    leak_share: float | None = None
    fingerprint: str = ""
    unreadable: tuple[Unread, ...] = ()
    unreadable_parts: dict[str, Part] = {}
    opened: bool = False
    had_part: int = 0
    moved: int = 0
    conflicts: int = 0
    mask_conflicts: int = 0
    photos: int = 0
    untested: tuple[str, ...] = ()
    likely_groups: LikelyGroups | None = None
    unlabelled: dict[str, int] = {}

    __repr__ = brief

    def part(self, name: Part) -> list[Row]:
        """The rows of one part."""
        return [row for row in self.rows if row.part == name]

    def unreadable_of(self, name: Part | None) -> tuple[Unread, ...]:
        """What could not be read of a part, or might have been dealt to it; None: all of it."""
        return tuple(one for one in self.unreadable if name in (None, self.unreadable_parts.get(one.path, name)))

    @property
    def unreadable_share(self) -> float:
        """Share (0 to 1) of the pictures that could not be read."""
        return len(self.unreadable) / max(1, len(self.rows) + len(self.unreadable))


def write_split(split: Split, path: str | Path, *, force: bool = True) -> None:
    """Writes a split as CSV (path,label,part,group[,mask][,surface]), whole or not at all.

    force: write over another split. Raises OutputError, also when a file is in the way that is no split: see
    `refuse_strangers`.
    """
    refuse_wrong(split=(split, record(Split)), path=(path, PATH))
    refuse_strangers(Path(path))
    write_rows(split.rows, Path(path), force=force)


def refuse_other_pictures(path: str | Path, data: str | Path, layout: Layout) -> None:
    """Before any picture is opened, raise OutputError when a split is there of pictures that the data lack, or label
    otherwise: what they are dealt to cannot be the same, and `write_split` would refuse it without force.

    Where nothing is there, or nothing that can be read as a split, nothing is said. Raises DatasetError for the data.
    """
    if not os.path.isfile(path):
        return
    known = {os.path.normpath(one.path): one.label for one in find(data, layout).entries}
    try:
        there = find(path, KNOWN_WORDS, fewest=1).entries
    except DatasetError:
        return
    for one in there:
        name = os.path.normpath(one.path)
        if name not in known:
            how = f"it names {one.path}, which {data} does not hold"
        elif None not in (one.label, known[name]) and one.label != known[name]:
            how = f"it calls {one.path} {one.label}, {data} calls it {known[name]}"
        else:
            continue
        raise OutputError(f"another split is there already, {path} ({how}), name a new file; --force writes over it")


def fingerprint(rows: Sequence[Row]) -> str:
    """SHA-256, hex, of every row's name, label, part and file size: the same wherever the data set lies."""
    names = short_names([row.path for row in rows])
    facts = sorted(
        f"{name}\0{row.label}\0{row.part or ''}\0{os.path.getsize(row.path)}\n"
        for name, row in zip(names, rows, strict=True)
    )
    return hashlib.sha256("".join(facts).encode(errors="surrogateescape")).hexdigest()


def in_order(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Rows in the natural order of their paths."""
    return tuple(sorted(rows, key=lambda row: natural(row.path)))
