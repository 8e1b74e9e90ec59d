"""Whether file names tell which patches come from one photo: 7002-9.jpg and 7002-27.jpg do, img_0001.jpg does not."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from crackscope.images import natural
from crackscope.records import Row

_MOST: Final = 0.8
"""Share of all pictures that must share a beginning with another."""
_FEWEST, _FEWEST_WORDS = 5, 10
"""So many beginnings at least, and so many where none has a number in it: those are mostly kinds of surface."""
_ANEW: Final = 0.8
"""Where patches are counted anew in each photo, so large a share of their endings at most are all different."""
_NEARLY_ALL: Final = 0.95
"""Share of the names from which on a pattern is made for what they have in common, and the others count for nothing."""
_DEEPEST: Final = 2
"""Patches that are named by row and column have two numbers behind their photo's name."""
_TIME_DIGITS: Final = 6
"""A last number of so many digits is a time of day or a counter of all, never the patch of a photo."""
_MONTH, _DAY = r"(?<!\d)(?:19|20)\d\d[-_](?:0[1-9]|1[0-2])", r"[-_](?:0[1-9]|[12]\d|3[01])"
_ENDS_IN_DATE: Final = re.compile(rf"(?:(?<!\d)(?:19|20)\d{{6}}|{_MONTH}(?:{_DAY})?)$")
_IS_DATE: Final = re.compile(rf"{_MONTH}{_DAY}$")


class LikelyGroups(msgspec.Struct, frozen=True, kw_only=True):
    """What names look grouped by. pattern: for `group_by`. groups: how many it makes. examples: two names of one."""

    pattern: str
    groups: int
    examples: tuple[str, str]


def likely_groups(names: Sequence[str]) -> LikelyGroups | None:
    """What these file names (without folders) are grouped by, if most of them share what stands before a last number.

    None where they do not: plain numbers, one beginning for all, few beginnings, beginnings with one patch each, or
    dates, whose photos a camera counted.
    """
    for numbers in range(_DEEPEST, 0, -1):
        ends = re.compile(rf"^(.+?)((?:[-_]\d+){{{numbers}}})\.[^.]+$")
        groups: dict[str, list[str]] = defaultdict(list)
        tails: list[str] = []
        for name in names:
            if (found := ends.match(name)) and not _is_of_a_camera(found[1], found[2]):
                groups[found[1]].append(name)
                tails.append(found[2])
        if _parts_well(groups, tails, len(names)):
            return _counted(_pattern(groups, tails, numbers), names)
    return None


def parted_groups(rows: Sequence[Row]) -> LikelyGroups | None:
    """The same of rows that came with their parts, if what their names look grouped by is no group of theirs."""
    names = [os.path.basename(row.path) for row in rows]
    found = likely_groups(names)
    if found is None:
        return None
    held: dict[str, list[str]] = defaultdict(list)
    for name, row in zip(names, rows, strict=True):
        if of := re.search(found.pattern, name):
            held[of[1]].append(row.group)
    apart = any(len(groups) > 1 and (len(set(groups)) > 1 or not groups[0]) for groups in held.values())
    return found if apart else None


def _is_of_a_camera(group: str, tail: str) -> bool:
    """Whether a name is the date or the time at which a whole photo was taken, so that its group would be a day."""
    last = re.split(r"[-_]", tail)[-1]
    return len(last) >= _TIME_DIGITS or bool(_ENDS_IN_DATE.search(group) or _IS_DATE.search(group + tail))


def _parts_well(groups: Mapping[str, Sequence[str]], tails: Sequence[str], total: int) -> bool:
    sizes = [len(group) for group in groups.values()]
    shared = [size for size in sizes if size > 1]
    if sum(shared) < _MOST * total or len(shared) <= len(sizes) / 2 or max(sizes) > total / 2:
        return False
    if any(letter.isdigit() for group in groups for letter in group):
        return len(sizes) >= _FEWEST
    # Words with one counter for all of them are kinds; within photos the patches are counted anew.
    return len(sizes) >= _FEWEST_WORDS and len(set(tails)) <= _ANEW * len(tails)


def _pattern(groups: Mapping[str, Sequence[str]], tails: Sequence[str], numbers: int) -> str:
    whole = [group for group in groups if len(groups[group]) > 1]
    marks, count = Counter(re.sub(r"\d", "", tail) for tail in tails).most_common(1)[0]
    signs = list(marks) if count >= _NEARLY_ALL * len(tails) else ["[-_]"] * numbers
    plain = sum(group.isdecimal() for group in whole) >= _NEARLY_ALL * len(whole)
    return rf"^(\d+){signs[0]}" if plain else "^(.+)" + "".join(rf"{sign}\d+" for sign in signs) + r"\."


def _counted(pattern: str, names: Sequence[str]) -> LikelyGroups:
    """What a pattern makes of all names, among which a few may be numbered another way than those it was made for."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if found := re.search(pattern, name):
            groups[found[1]].append(name)
    first = sorted(groups[max(groups, key=lambda group: len(groups[group]))], key=natural)
    return LikelyGroups(pattern=pattern, groups=len(groups), examples=(first[0], first[1]))
