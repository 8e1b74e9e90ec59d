"""`scan`: what a data set holds, and what is wrong with it."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from crackscope.brief import brief
from crackscope.datasets.dealt import Split, fingerprint
from crackscope.datasets.doubtful import surfaces_alike
from crackscope.datasets.found import Found, Kind, describe_unlabelled
from crackscope.datasets.grouping import Numbers, chosen_groups, components, members, same_pairs
from crackscope.datasets.loading import load_surveyed
from crackscope.datasets.name_groups import LikelyGroups, likely_groups
from crackscope.datasets.photos import by_photo
from crackscope.datasets.splitting import deal_evenly, expected_leak, leak_share, shares_of
from crackscope.datasets.surveying import Survey, find, half_parted, missing_class, survey
from crackscope.datasets.words import KNOWN_WORDS, Layout
from crackscope.errors import several
from crackscope.images import natural
from crackscope.records import LABELS, PARTS, Label, Unread

RANDOM_PARTS: Final = (60.0, 20.0, 20.0)
_NAMED: Final = 3


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How many pictures have a size (pixels, after the EXIF turn)."""

    width: int
    height: int
    count: int


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A picture in a group."""

    path: str
    label: Label


class Copies(msgspec.Struct, frozen=True, kw_only=True):
    """Groups of copies: how many pictures stand in them, how many groups there are, the size of the largest."""

    pictures: int
    groups: int
    largest: int


class ScanReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `scan` found; the counts are of pictures that could be read.

    labels: {label: count}. surfaces: {surface: {label: count}}, "" where none is named. parts: {part: {label: count}},
    empty where the data set has none. unreadable_share: 0 to 1, of all that is labelled. unlabelled: {folder: count}.
    exact: copies byte for byte; near: exact and near copies together. groups: the members of each, largest first.
    conflicts: those groups that hold both labels. mask_conflicts: pictures whose folder says other than their mask.
    leak_share: share (0 to 1) of the test pictures that a random 60:20:20 split puts beside a copy in train, the mean
    over all such splits. leak_share_now: the same of the parts that the data set comes in, None where it has none.
    problems: lines for people. fingerprint: SHA-256, hex, of names, labels, parts and file sizes. likely_groups: what
    file names look grouped by, unless the user said it. photos: of how many photos the patches are that `suggest` cut.
    """

    data: str
    kind: Kind
    pictures: int
    labels: dict[Label, int]
    surfaces: dict[str, dict[Label, int]]
    parts: dict[str, dict[Label, int]]
    sizes: tuple[Size, ...]
    unreadable: tuple[Unread, ...]
    unreadable_share: float
    unlabelled: dict[str, int]
    exact: Copies
    near: Copies
    groups: tuple[tuple[Member, ...], ...]
    conflicts: tuple[tuple[Member, ...], ...]
    mask_conflicts: tuple[str, ...]
    leak_share: float
    leak_share_now: float | None
    problems: tuple[str, ...]
    fingerprint: str
    likely_groups: LikelyGroups | None = None
    photos: int = 0

    __repr__ = brief


def scan(data: str | Path, *, group_by: str | None = None, layout: Layout = KNOWN_WORDS) -> ScanReport:
    """Opens every picture of a folder, a manifest or an export of Label Studio and says what is there.

    group_by: as `split` takes it; it changes nothing here but that what `split` refuses is refused, and that no other
    is named. Raises DatasetError: no such place, no labelled pictures or one only, one or none of them readable, a
    manifest with bad rows. A label without pictures is among the report's problems; `split` and `load` refuse it.
    """
    return _report(*_surveyed(data, group_by, layout))


def scan_and_load(
    data: str | Path, *, group_by: str | None = None, layout: Layout = KNOWN_WORDS
) -> tuple[ScanReport, Split]:
    """What `scan` says, and all rows as `load` gives them without shares (`parts=None`), each picture opened once.

    Raises DatasetError: as both of them do.
    """
    found, surveyed, chosen = _surveyed(data, group_by, layout)
    return _report(found, surveyed, chosen), load_surveyed(found, surveyed, group_by)


def _surveyed(data: str | Path, group_by: str | None, layout: Layout) -> tuple[Found, Survey, Sequence[str]]:
    """What is named, what it shows once opened, and the group that the user gives each picture."""
    found = find(data, layout)
    found = by_photo(found) if group_by is None else found
    chosen = chosen_groups(found.entries, found.columns, group_by)
    return found, survey(found), chosen


def _report(found: Found, surveyed: Survey, chosen: Sequence[str]) -> ScanReport:
    rows, reading = surveyed.rows, surveyed.reading
    groups = _groups(surveyed)
    parts = [row.part for row in rows]
    report = ScanReport(
        data=surveyed.found.root,
        kind=surveyed.found.kind,
        pictures=len(rows),
        labels=_by_label([row.label for row in rows]),
        surfaces=_cross([row.surface for row in rows], surveyed),
        parts={part: counts for part, counts in _cross([part or "" for part in parts], surveyed).items() if part},
        sizes=_sizes(surveyed),
        unreadable=reading.unread,
        unreadable_share=len(reading.unread) / (len(rows) + len(reading.unread)),
        unlabelled=dict(surveyed.found.unlabelled),
        exact=_count(components(len(rows), same_pairs([seen.digest for seen in reading.seen]))),
        near=_count(surveyed.copies),
        groups=groups,
        conflicts=tuple(group for group in groups if len({member.label for member in group}) > 1),
        mask_conflicts=reading.mask_conflicts,
        leak_share=_random_leak(surveyed),
        leak_share_now=leak_share(surveyed.copies, parts) if "train" in parts and "test" in parts else None,
        problems=(),
        fingerprint=fingerprint(rows),
        likely_groups=None if any(chosen) else likely_groups([os.path.basename(row.path) for row in rows]),
        photos=found.photos,
    )
    return msgspec.structs.replace(report, problems=_problems(report, surveyed))


def _groups(surveyed: Survey) -> tuple[tuple[Member, ...], ...]:
    rows = surveyed.rows
    groups = [
        tuple(
            Member(path=rows[place].path, label=rows[place].label)
            for place in sorted(group, key=lambda place: natural(rows[place].path))
        )
        for group in members(surveyed.copies)
        if len(group) > 1
    ]
    return tuple(sorted(groups, key=lambda group: (-len(group), natural(group[0].path))))


def _count(numbers: Numbers) -> Copies:
    sizes = np.bincount(numbers)
    several = sizes[sizes > 1]
    return Copies(pictures=int(several.sum()), groups=len(several), largest=int(several.max(initial=0)))


def _by_label(labels: Sequence[Label]) -> dict[Label, int]:
    return {label: labels.count(label) for label in LABELS}


def _cross(keys: Sequence[str], surveyed: Survey) -> dict[str, dict[Label, int]]:
    ranks: dict[str, str] = {part: str(at) for at, part in enumerate(PARTS)}
    ordered = sorted(set(keys), key=lambda key: ranks.get(key, key))
    counted = Counter(zip(keys, (row.label for row in surveyed.rows), strict=True))
    return {key: {label: counted[key, label] for label in LABELS} for key in ordered}


def _sizes(surveyed: Survey) -> tuple[Size, ...]:
    counted = Counter((seen.width, seen.height) for seen in surveyed.reading.seen)
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Size(width=width, height=height, count=count) for (width, height), count in ordered)


def _random_leak(surveyed: Survey) -> float:
    alone, shares = np.arange(len(surveyed.names)), shares_of(RANDOM_PARTS)
    labels = [row.label for row in surveyed.rows]
    dealt, spread = deal_evenly(alone, surveyed.strata, labels, surveyed.names, shares, 0)
    return expected_leak(surveyed.copies, spread, dealt)


_MASKS = "pictures are labelled other than their masks say"


def _problems(report: ScanReport, surveyed: Survey) -> tuple[str, ...]:
    lines = [missing_class(surveyed), half_parted(surveyed.found)]
    if report.unreadable:
        some = several(len(report.unreadable), "picture")
        gone = "the lines that name them" if report.kind == "manifest" else "them"
        lines.append(f"{some} ({report.unreadable_share:.1%}) cannot be read: mend the files, or remove {gone}")
    if report.unlabelled and lines[0] == "":
        lines.append(describe_unlabelled(surveyed.found))
    if report.conflicts:
        groups = several(len(report.conflicts), "group of copies holds", "groups of copies hold")
        lines.append(
            f"{groups} both labels ({_contradictions(surveyed)}): give all copies of a picture the one right label, or "
            "remove them; --json names them under conflicts"
        )
    if report.mask_conflicts:
        lines.append(
            f"{several(len(report.mask_conflicts), 'picture is labelled other than its mask says', _MASKS)}: mend the "
            "label or the mask; --json names them under mask_conflicts"
        )
    if unused := surveyed.found.unused_masks:
        lines.append(
            f"{several(len(unused), 'mask belongs to no picture', 'masks belong to no picture')} ({unused[0]}): call "
            "each as its picture, and let them lie in masks/ beside or within the folder of the pictures, or name them "
            "in a CSV with path,label,mask"
        )
    if report.leak_share_now:
        lines.append(f"{report.leak_share_now:.1%} of the test pictures have a copy in train: split anew")
    lines.append(surfaces_alike(report.surfaces))
    return tuple(line for line in lines if line)


def _contradictions(surveyed: Survey) -> str:
    """Two names of each of the first few groups of copies that hold both labels."""
    names, rows = surveyed.names, surveyed.rows
    pairs = []
    for group in surveyed.conflicts:
        first = [min((names[at] for at in group if rows[at].label == label), key=natural) for label in reversed(LABELS)]
        pairs.append(" = ".join(first))
    pairs.sort(key=natural)
    more = len(pairs) - _NAMED
    return ", ".join(pairs[:_NAMED]) + f" and {more} more" * (more > 0)
