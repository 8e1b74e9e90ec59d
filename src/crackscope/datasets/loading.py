"""Splits as they stand: read from a manifest or a tree of parts, and dealt out anew only where there are none."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from crackscope.arguments import FLAG, TEXT, refuse_wrong
from crackscope.datasets.dealing import USUAL_SHARES, Wish, deal_anew, found_by, words_of
from crackscope.datasets.dealt import Split, fingerprint, in_order
from crackscope.datasets.found import Entry, Found
from crackscope.datasets.grouping import components, names_of, same_pairs
from crackscope.datasets.name_groups import parted_groups
from crackscope.datasets.reading import label_by_masks, open_all
from crackscope.datasets.splitting import leak_share, shares_of
from crackscope.datasets.surveying import Survey, find, half_parted, survey
from crackscope.datasets.words import KNOWN_WORDS, Layout
from crackscope.errors import DatasetError, none_can, several
from crackscope.records import Part, Row, Unread


def read_rows(data: str | Path, layout: Layout = KNOWN_WORDS) -> list[Row]:
    """The labelled pictures of a folder, a manifest or an export of Label Studio, unopened but for masks that must give
    the label.

    Pictures whose mask cannot be read are left out; `scan` lists them. Raises DatasetError.
    """
    rows, _ = label_by_masks(find(data, layout, fewest=1).entries)
    return rows


def load(
    data: str | Path,
    *,
    parts: Sequence[float] | None = USUAL_SHARES,
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
    refuse_wrong(random=(random, FLAG), group_by=(group_by, TEXT.or_none))
    wish = Wish(shares_of(USUAL_SHARES if parts is None else parts), random, group_by, seed, whole=parts is None)
    return _load(found_by(data, layout, group_by), wish)


def load_apart(data: str | Path, *, group_by: str | None = None, layout: Layout = KNOWN_WORDS) -> Split:
    """All rows as `load` gives them, but not grouped by the photos that `suggest` cut them from: for who counts both
    ways, by copies and by photos (`photos_of`)."""
    return _load(find(data, layout), Wish(shares_of(USUAL_SHARES), random=False, group_by=group_by, seed=0, whole=True))


def load_surveyed(found: Found, surveyed: Survey, group_by: str | None) -> Split:
    """All rows as `load` gives them of what is found, no picture opened again."""
    return _load(found, Wish(shares_of(USUAL_SHARES), random=False, group_by=group_by, seed=0, whole=True), surveyed)


def _load(found: Found, wish: Wish, surveyed: Survey | None = None) -> Split:
    if all(entry.part is None for entry in found.entries):
        return deal_anew(found, wish, surveyed)
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
    words = words_of(found, group_by)
    surveyed = survey(found) if surveyed is None else surveyed
    rows = surveyed.rows
    chosen = [words[entry.path] for entry in surveyed.entries]
    links = np.concatenate([same_pairs(surveyed.copies.tolist()), same_pairs(chosen)])
    names = names_of(components(len(rows), links), surveyed.names, chosen)
    grouped = [msgspec.structs.replace(row, group=name) for row, name in zip(rows, names, strict=True)]
    leak = leak_share(surveyed.copies, [row.part for row in rows])
    return Split(
        rows=in_order(grouped),
        random=leak > 0,
        leak_share=leak,
        fingerprint=fingerprint(grouped),
        unreadable=surveyed.reading.unread,
        unreadable_parts=_parts_of(surveyed.reading.unread, found.entries),
        opened=True,
        conflicts=len(surveyed.conflicts),
        mask_conflicts=len(surveyed.reading.mask_conflicts),
        likely_groups=parted_groups(grouped),
        unlabelled=dict(surveyed.found.unlabelled),
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
        rows=in_order(kept),
        random=leak > 0,
        leak_share=leak if leak > 0 else None,
        fingerprint=fingerprint(kept),
        unreadable=tuple(unread),
        unreadable_parts=_parts_of(unread, found.entries),
        likely_groups=parted_groups(kept),
    )


def _no_file(entry: Entry) -> Unread:
    if os.path.exists(entry.path):
        return entry.unread(entry.path, "not-a-picture", f"{entry.path}: it is no plain file; name a picture")
    return entry.unread(entry.path, "missing", f"{entry.path}: there is no such file; check the path")


def read_split(path: str | Path) -> Split:
    """Reads a split back from its CSV. Raises DatasetError when a row has no part, or nothing is there."""
    found = find(path, KNOWN_WORDS)
    without = sum(entry.part is None for entry in found.entries)
    if found.kind != "manifest" or without:
        raise DatasetError(
            f"{path}: not a split ({several(without, 'picture')} without a part); make one with `crackscope split`"
        )
    return _taken(found)
