"""What is doubtful about rows that can be used all the same: a line each, for people."""

import shlex
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from crackscope.datasets.name_groups import LikelyGroups
from crackscope.datasets.words import plain
from crackscope.errors import printable, several
from crackscope.images import natural
from crackscope.records import LABELS, PARTS, Row

_NAMED: Final = 3
FEWEST: Final = 10
"""Groups of a class in a part. Where all of ten are called rightly, the share may still be .69 (95 %, exact)."""


def remarks(rows: Sequence[Row]) -> tuple[str, ...]:
    """What to say of rows that stand in parts: classes with very few pictures in one, surfaces spelt in two ways."""
    return tuple(filter(None, (_few(rows), surfaces_alike(row.surface for row in rows))))


def copies_told(leak_share: float, *, random: bool) -> str:
    """What near-copies do, or would do, to figures on the test part of pictures that were dealt, as `Split` has it."""
    spelt = f"{leak_share:.1%}" if leak_share >= 0.0005 else "less than 0.1%"
    having = f"{spelt} of the test pictures" if leak_share else "no test picture"
    if not random:
        mean = ", the mean over all random splits" if leak_share else ""
        return f"near-copies stay on one side; dealt at random, {having} would have one among those trained on{mean}"
    if not leak_share:
        return f"dealt one by one: {having} has a near-copy among those trained on, so none makes figures flatter"
    return (
        f"dealt one by one: {having} have a near-copy among those trained on, so accuracy on them may flatter by up to "
        "as much"
    )


def groups_told(likely: LikelyGroups, gain: str) -> str:
    """Which --group-by would hold together what looks like patches of one photo, and what that gains."""
    one, other = likely.examples
    return (
        f"file names look grouped by photo, {one} with {other}, {likely.groups} groups in all: "
        f"--group-by {shlex.quote(likely.pattern)} {gain}"
    )


def untested(rows: Sequence[Row]) -> tuple[str, ...]:
    """The named surfaces of which no picture is in the test part."""
    surfaces = {row.surface for row in rows} - {row.surface for row in rows if row.part == "test"} - {""}
    return tuple(sorted(surfaces, key=natural))


def untested_told(surfaces: Sequence[str]) -> str:
    """That these surfaces have no picture in the test part of a split that was dealt; "" of none."""
    if not surfaces:
        return ""
    some = ", ".join(map(printable, surfaces[:_NAMED])) + f" and {len(surfaces) - _NAMED} more" * (
        len(surfaces) > _NAMED
    )
    few = several(len(surfaces), "surface has", "surfaces have")
    them = "it" if len(surfaces) == 1 else "them"
    return f"{few} too few pictures for one in the test part ({some}): figures on it say nothing of {them}"


def surfaces_alike(names: Iterable[str]) -> str:
    """That surfaces differ in case, spaces, dashes or underscores alone, and count apart; "" where none do."""
    spelt: dict[str, set[str]] = defaultdict(set)
    for name in names:
        spelt[plain(name)].add(name)
    alike = [sorted(ways) for word, ways in sorted(spelt.items()) if word and len(ways) > 1]
    if not alike:
        return ""
    named = "; ".join(" and ".join(repr(printable(way)) for way in ways) for ways in alike)
    return f"surfaces that differ in spelling alone count apart: {named}; where they are one, give them one name"


def _few(rows: Sequence[Row]) -> str:
    parts = []
    for part in PARTS:
        here = [row for row in rows if row.part == part]
        counted = [_count([row for row in here if row.label == label], label) for label in reversed(LABELS)]
        if here and (few := [words for words, groups in counted if groups < FEWEST]):
            parts.append(f"{part} {' and '.join(few)}")
    if not parts:
        return ""
    return (
        f"few pictures of a class: {', '.join(parts)}; what is learnt from or measured on fewer than {FEWEST} (a group "
        "counts once) means little"
    )


def _count(rows: Sequence[Row], label: str) -> tuple[str, int]:
    """How many of a label there are, in words, and in how many groups; a row without one stands for itself."""
    groups = len({row.group or row.path for row in rows})
    apart = groups == len(rows)
    return f"{len(rows)} {label}" if apart else f"{len(rows)} {label} in {several(groups, 'group')}", groups
