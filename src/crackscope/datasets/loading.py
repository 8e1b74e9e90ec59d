"""Splits: made, written, read back, or taken as they stand."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from crackscope.brief import brief
from crackscope.datasets.doubtful import untested
from crackscope.datasets.found import Entry, Found
from crackscope.datasets.grouping import chosen_groups, components, names_of, same_pairs
from crackscope.datasets.manifest import refuse_strangers, write_rows
from crackscope.datasets.name_groups import LikelyGroups, likely_groups
from crackscope.datasets.photos import by_photo
from crackscope.datasets.reading import label_by_masks, open_all
from crackscope.datasets.splitting import (
    Shares,
    deal,
    deal_evenly,
    expected_leak,
    leak_share,
    refuse_if_lacking,
    shares_of,
)
from crackscope.datasets.surveying import Survey, find, half_parted, refuse_one_class, short_names, survey
from crackscope.datasets.words import KNOWN_WORDS, Layout
from crackscope.errors import DatasetError, none_can, several
from crackscope.images import natural
from crackscope.records import Label, Part, Row, Unread


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
    the user said it. unreadable: pictures that are no rows, since they, or their masks, could not be read;
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


_SHARES = (60, 20, 20)


class _Wish(NamedTuple):
    """whole: no part is wanted by itself, so that each may lack a label. otherwise: how to have other parts."""

    shares: Shares
    random: bool
    group_by: str | None
    seed: int
    whole: bool = False
    otherwise: str = "or deal them out with `crackscope split` and other --parts, and name its CSV"


def read_rows(data: str | Path, layout: Layout = KNOWN_WORDS) -> list[Row]:
    """The labelled pictures of a folder, a manifest or an export of Label Studio, unopened but for masks that must give
    the label.

    Pictures whose mask cannot be read are left out; `scan` lists them. Raises DatasetError.
    """
    rows, _ = label_by_masks(find(data, layout, fewest=1).entries)
    return rows


def split(
    data: str | Path,
    *,
    parts: Sequence[float] = _SHARES,
    random: bool = False,
    group_by: str | None = None,
    seed: int = 0,
    layout: Layout = KNOWN_WORDS,
) -> Split:
    """Deals the pictures of a folder, a manifest or an export of Label Studio out anew, whatever parts they stand in.

    parts: shares of train, val and test. random: every row by itself, as splits are commonly published, instead of
    whole groups. group_by: a manifest's column, or a pattern on the file's name; without it a manifest's column `group`
    counts, and the photo that `suggest` cut a patch from; copies stay together besides. Labels and surfaces are spread
    evenly; labels alone where surfaces have so few pictures each that a part would lack a label. One seed gives one
    split, whatever the order of the files. Raises DatasetError: nothing there, one label only, nothing readable, too
    few groups for the parts.
    """
    wish = _Wish(shares_of(parts), random, group_by, seed, otherwise="or other --parts")
    return _split(_found(data, layout, group_by), wish)


def _found(data: str | Path, layout: Layout, group_by: str | None) -> Found:
    """What is named, by the photos of `suggest` where the user names no other groups."""
    found = find(data, layout)
    return by_photo(found) if group_by is None else found


def _split(found: Found, wish: _Wish, surveyed: Survey | None = None) -> Split:
    """surveyed: what is found, where it was opened before."""
    if wish.seed < 0:
        raise DatasetError(f"the seed of the split is {wish.seed}: it must be 0 or more")
    words = _words(found, wish.group_by)
    surveyed = survey(found) if surveyed is None else surveyed
    # Of sound pictures alone it can be told how often they give an alarm, where no others were meant to be there.
    if not wish.whole or found.unlabelled or surveyed.reading.unread:
        refuse_one_class(surveyed)
    return _deal(surveyed, wish, [words[entry.path] for entry in surveyed.entries])


def _words(found: Found, group_by: str | None) -> dict[str, str]:
    """The group that the user gives each picture, by path: before any is opened, since no pattern may fit."""
    words = chosen_groups(found.entries, found.columns, group_by)
    return {entry.path: word for entry, word in zip(found.entries, words, strict=True)}


def _deal(surveyed: Survey, wish: _Wish, chosen: Sequence[str]) -> Split:
    rows, names = surveyed.rows, surveyed.names
    links = np.concatenate([same_pairs(surveyed.copies.tolist()), same_pairs(chosen)])
    groups = components(len(rows), links)
    labels: list[Label] = [row.label for row in rows]
    strata: Sequence[str] = surveyed.strata
    alone = np.arange(len(rows))
    own = alone if wish.random else groups
    if wish.whole:
        parts, spread = deal(own, strata, names, wish.shares, wish.seed), strata
    else:
        parts, spread = deal_evenly(own, strata, labels, names, wish.shares, wish.seed)
        refuse_if_lacking(parts, labels, wish.shares, surveyed.found.root, wish.otherwise)
    at_random = parts if wish.random else deal(alone, spread, names, wish.shares, wish.seed)
    group_names = names_of(groups, names, chosen)
    dealt = [
        msgspec.structs.replace(row, part=part, group=group)
        for row, part, group in zip(rows, parts, group_names, strict=True)
    ]
    drawn = leak_share(surveyed.copies, at_random)
    return Split(
        rows=_in_order(dealt),
        seed=wish.seed,
        random=wish.random,
        leak_share=drawn if wish.random else expected_leak(surveyed.copies, spread, at_random),
        fingerprint=fingerprint(dealt),
        unreadable=surveyed.reading.unread,
        opened=True,
        had_part=sum(row.part is not None for row in rows),
        moved=sum(row.part not in (None, part) for row, part in zip(rows, parts, strict=True)),
        conflicts=len(surveyed.conflicts),
        mask_conflicts=len(surveyed.reading.mask_conflicts),
        photos=surveyed.found.photos,
        untested=untested(dealt) if spread != labels and not wish.whole else (),
        likely_groups=None if any(chosen) else likely_groups([os.path.basename(row.path) for row in rows]),
    )


def load(
    data: str | Path,
    *,
    parts: Sequence[float] | None = _SHARES,
    random: bool = False,
    group_by: str | None = None,
    seed: int = 0,
    layout: Layout = KNOWN_WORDS,
) -> Split:
    """A CSV with parts, or a train/val/test tree, as it is; anything else as `split` deals it, with the same arguments.

    parts: None where all rows are wanted and no part by itself: they are dealt 60:20:20 all the same, as the
    fingerprint tells, but a part, or all of it, that lacks a label is no reason to refuse.
    A tree's pictures are opened and their copies grouped (`leak_share` is then that of its own parts); of a CSV's only
    the presence is checked. Raises DatasetError, also when some pictures have a part and others have none, and when
    pictures that have one are to be dealt at random, or by groups other than their CSV gives.
    """
    wish = _Wish(shares_of(_SHARES if parts is None else parts), random, group_by, seed, whole=parts is None)
    return _load(_found(data, layout, group_by), wish)


def load_apart(data: str | Path, *, group_by: str | None = None, layout: Layout = KNOWN_WORDS) -> Split:
    """All rows as `load` gives them, but not grouped by the photos that `suggest` cut them from: for who counts both
    ways, by copies and by photos (`photos_of`)."""
    return _load(find(data, layout), _Wish(shares_of(_SHARES), random=False, group_by=group_by, seed=0, whole=True))


def load_surveyed(found: Found, surveyed: Survey, group_by: str | None) -> Split:
    """All rows as `load` gives them of what is found, no picture opened again."""
    return _load(found, _Wish(shares_of(_SHARES), random=False, group_by=group_by, seed=0, whole=True), surveyed)


def _load(found: Found, wish: _Wish, surveyed: Survey | None = None) -> Split:
    if all(entry.part is None for entry in found.entries):
        return _split(found, wish, surveyed)
    if fault := half_parted(found):
        raise DatasetError(f"{found.root}: {fault}")
    if wish.random or (wish.group_by is not None and found.kind == "manifest"):
        how = "at random (--random)" if wish.random else f"by {wish.group_by} (--group-by)"
        raise DatasetError(
            f"{found.root}: its pictures have their parts already and are not dealt {how}; "
            "leave that away, or deal them anew with `crackscope split`"
        )
    return _taken(found) if found.kind == "manifest" else _taken_tree(found, wish.group_by, surveyed)


def _taken_tree(found: Found, group_by: str | None, surveyed: Survey | None = None) -> Split:
    words = _words(found, group_by)
    surveyed = survey(found) if surveyed is None else surveyed
    rows = surveyed.rows
    chosen = [words[entry.path] for entry in surveyed.entries]
    links = np.concatenate([same_pairs(surveyed.copies.tolist()), same_pairs(chosen)])
    names = names_of(components(len(rows), links), surveyed.names, chosen)
    grouped = [msgspec.structs.replace(row, group=name) for row, name in zip(rows, names, strict=True)]
    leak = leak_share(surveyed.copies, [row.part for row in rows])
    return Split(
        rows=_in_order(grouped),
        random=leak > 0,
        leak_share=leak,
        fingerprint=fingerprint(grouped),
        unreadable=surveyed.reading.unread,
        unreadable_parts=_parts_of(surveyed.reading.unread, found.entries),
        opened=True,
        conflicts=len(surveyed.conflicts),
        mask_conflicts=len(surveyed.reading.mask_conflicts),
    )


def opened(split: Split) -> Split:
    """A split whose every row can be read: opens what was not opened yet; what cannot be read is no row any more, but
    stands in `unreadable`. What was opened before comes back as it is."""
    if split.opened:
        return split
    reading = open_all([Entry(**msgspec.structs.asdict(row)) for row in split.rows])
    rows = tuple(seen.row for seen in reading.seen)
    return msgspec.structs.replace(
        split,
        rows=rows,
        fingerprint=fingerprint(rows) if reading.unread else split.fingerprint,
        unreadable=(*split.unreadable, *reading.unread),
        unreadable_parts=split.unreadable_parts | _parts_of(reading.unread, split.rows),
        opened=True,
        mask_conflicts=len(reading.mask_conflicts),
    )


def _parts_of(unread: Sequence[Unread], named: Sequence[Entry | Row]) -> dict[str, Part]:
    """The parts that were given to what could not be read, by path: its own, or that of its mask."""
    given = {path: one.part for one in named for path in (one.path, one.mask) if path}
    return {one.path: part for one in unread if (part := given.get(one.path)) is not None}


def _taken(found: Found) -> Split:
    rows, unread = label_by_masks(found.entries)
    present = {row.path: os.path.isfile(row.path) for row in rows}
    kept = [row for row in rows if present[row.path]]
    unread += [_no_file(entry) for entry in found.entries if not present.get(entry.path, True)]
    if not kept:
        unusable = none_can(len(found.entries), "picture", "be used", "its")
        raise DatasetError(f"{found.root}: {unusable}: {unread[0].error.message}")
    groups = components(len(kept), same_pairs([row.group for row in kept]))
    leak = leak_share(groups, [row.part for row in kept])
    return Split(
        rows=_in_order(kept),
        random=leak > 0,
        leak_share=leak if leak > 0 else None,
        fingerprint=fingerprint(kept),
        unreadable=tuple(unread),
        unreadable_parts=_parts_of(unread, found.entries),
    )


def _no_file(entry: Entry) -> Unread:
    if os.path.exists(entry.path):
        return entry.unread(entry.path, "not-a-picture", f"{entry.path}: it is no plain file; name a picture")
    return entry.unread(entry.path, "missing", f"{entry.path}: there is no such file; check the path")


def write_split(split: Split, path: str | Path, *, force: bool = True) -> None:
    """Writes a split as CSV (path,label,part,group[,mask][,surface]), whole or not at all.

    force: write over another split. Raises OutputError, also when a file is in the way that is no split: see
    `refuse_strangers`.
    """
    refuse_strangers(Path(path))
    write_rows(split.rows, Path(path), force=force)


def read_split(path: str | Path) -> Split:
    """Reads a split back from its CSV. Raises DatasetError when a row has no part, or nothing is there."""
    found = find(path, KNOWN_WORDS)
    without = sum(entry.part is None for entry in found.entries)
    if found.kind != "manifest" or without:
        raise DatasetError(
            f"{path}: not a split ({several(without, 'picture')} without a part); make one with `crackscope split`"
        )
    return _taken(found)


def fingerprint(rows: Sequence[Row]) -> str:
    """SHA-256, hex, of every row's name, label, part and file size: the same wherever the data set lies."""
    names = short_names([row.path for row in rows])
    facts = sorted(
        f"{name}\0{row.label}\0{row.part or ''}\0{os.path.getsize(row.path)}\n"
        for name, row in zip(names, rows, strict=True)
    )
    return hashlib.sha256("".join(facts).encode(errors="surrogateescape")).hexdigest()


def _in_order(rows: Sequence[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: natural(row.path)))
