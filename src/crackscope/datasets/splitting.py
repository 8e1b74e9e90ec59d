"""Deals groups out to train, val and test so that every label and surface has its share in each."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from crackscope.arguments import NUMBER
from crackscope.datasets.grouping import Numbers, members
from crackscope.errors import DatasetError
from crackscope.records import LABELS, PARTS, Label, Part

Shares = tuple[float, float, float]
_NEARLY_A_GROUP = 2 / 3
"""Where two parts of three shall have so much of a group each, or less, whole groups come nearer to the shares without
one of the parts than with a group in each: three groups under 60:20:20 are 1.8, .6 and .6, and 2:1:0 is nearer than
1:1:1."""
_LEAST_SHARE = 1e-6
"""Of the whole: less has no picture in any data set, and still less is no number to divide by."""


def shares_of(parts: Sequence[float]) -> Shares:
    """Shares of train, val and test that add up to 1; one that is not 0 is a millionth at least. Raises DatasetError
    when they cannot be such."""
    if isinstance(parts, str) or not hasattr(parts, "__len__") or not all(map(NUMBER.takes, parts)):
        raise DatasetError(f"parts is {parts!r}: three numbers are wanted, train, val and test, such as (60, 20, 20)")
    ok = len(parts) == 3 and all(np.isfinite(part) and part >= 0 for part in parts) and parts[0] > 0 and parts[2] > 0
    said = ":".join(f"{part:g}" for part in parts)
    if not ok:
        raise DatasetError(
            f"parts {said}: three shares are wanted, train:val:test, such as 60:20:20; only val may be 0"
        )
    # As fractions: of 1e308 the sum of two is no number, and the last bit of a share decides who gets the next group
    # where parts are equally full.
    exact = [Fraction(float(part)) for part in parts]
    train, val, test = (float(part / sum(exact)) for part in exact)
    for name, part, share in zip(PARTS, parts, (train, val, test), strict=True):
        if part > 0 and share < _LEAST_SHARE:
            raise DatasetError(
                f"parts {said}: {name} would get less than a millionth of the pictures, which is none: give shares "
                "such as 60:20:20"
            )
    return train, val, test


def deal(numbers: Numbers, strata: Sequence[str], names: Sequence[str], shares: Shares, seed: int) -> list[Part]:
    """The part of each picture, groups kept whole.

    numbers: group of each. strata: what must be spread evenly (label and surface, as one word). names: a name each that
    does not depend on where the files lie; with the seed it alone decides, so the order of the files does not matter.
    Groups go, large ones first, to the part that is least full of what they hold.
    """
    kinds = {stratum: at for at, stratum in enumerate(sorted(set(strata)))}
    groups = members(numbers)
    keys = [_lot(seed, min(names[place] for place in group)) for group in groups]
    open_parts = [at for at, share in enumerate(shares) if share > 0]
    wanted = np.array(shares)[open_parts, None] * _held(range(len(strata)), strata, kinds)
    given = np.zeros_like(wanted)
    result: list[Part] = ["train"] * len(strata)
    for row in sorted(range(len(groups)), key=lambda at: (-len(groups[at]), keys[at])):
        # Of one group at a time: folders of surfaces may be as many as groups, and a table of both fill the memory.
        held = _held(groups[row], strata, kinds)
        fullness = ((given + held / 2) / wanted) @ held
        best = int(fullness.argmin())
        given[best] += held
        for place in groups[row]:
            result[place] = PARTS[open_parts[best]]
    return result


def deal_evenly(
    numbers: Numbers,
    strata: Sequence[str],
    labels: Sequence[Label],
    names: Sequence[str],
    shares: Shares,
    seed: int,
) -> tuple[list[Part], Sequence[str]]:
    """The parts as `deal` gives them, and what was spread evenly: these strata, those of them that have too few groups
    for the shares as one for each label, or the labels alone where a part would else lack one. Where photos have
    a folder, and so a surface, each, all of them would go to the largest part, and where three photos have one, a third
    to each part."""
    spread = _pooled(numbers, strata, labels, min(share for share in shares if share > 0))
    parts = deal(numbers, spread, names, shares, seed)
    if lacking(parts, labels, shares):
        return deal(numbers, labels, names, shares, seed), labels
    return parts, spread


def _pooled(numbers: Numbers, strata: Sequence[str], labels: Sequence[Label], least: float) -> list[str]:
    """The strata, and instead of those too small to give a part the share `least` of their groups their labels, which
    are no stratum's name."""
    groups: dict[str, set[int]] = defaultdict(set)
    for number, stratum in zip(numbers.tolist(), strata, strict=True):
        groups[stratum].add(number)
    few = {stratum for stratum, held in groups.items() if len(held) * least <= _NEARLY_A_GROUP}
    return [label if stratum in few else stratum for stratum, label in zip(strata, labels, strict=True)]


def _held(places: Iterable[int], strata: Sequence[str], kinds: Mapping[str, int]) -> NDArray[np.float64]:
    """How many pictures of each stratum, by its number in `kinds`, lie at these places: float64 [strata]."""
    held = np.zeros(len(kinds))
    for place in places:
        held[kinds[strata[place]]] += 1
    return held


def _lot(seed: int, name: str) -> bytes:
    return hashlib.blake2b(f"{seed}\0{name}".encode(errors="surrogateescape"), digest_size=8).digest()


def lacking(parts: Sequence[Part | None], labels: Sequence[Label], shares: Shares) -> tuple[Part, Label] | None:
    """The first part that was asked for and lacks a label, and that label; None where each has both."""
    held = set(zip(parts, labels, strict=True))
    asked = [part for part, share in zip(PARTS, shares, strict=True) if share > 0]
    return next(((part, label) for part in asked for label in LABELS if (part, label) not in held), None)


def refuse_if_lacking(
    parts: Sequence[Part | None], labels: Sequence[Label], shares: Shares, where: str, otherwise: str
) -> None:
    """Raises DatasetError when a part that was asked for lacks a label. otherwise: how to have other parts."""
    if found := lacking(parts, labels, shares):
        part, label = found
        raise DatasetError(
            f"{where}: the part {part} would hold no {label} picture: there are too few groups of them "
            f"(copies, and patches that `suggest` cut from one photo, are one); give more pictures, {otherwise}"
        )


def leak_share(numbers: Numbers, parts: Sequence[Part | None]) -> float:
    """Share (0 to 1) of the test pictures with one of their group in train. numbers: groups of copies."""
    trained = {number for number, part in zip(numbers.tolist(), parts, strict=True) if part == "train"}
    tested = [number in trained for number, part in zip(numbers.tolist(), parts, strict=True) if part == "test"]
    return sum(tested) / len(tested) if tested else 0.0


def expected_leak(numbers: Numbers, strata: Sequence[str], dealt: Sequence[Part]) -> float:
    """The mean of `leak_share` over all seeds, for pictures that are dealt one by one.

    numbers: groups of copies. strata: as `deal` takes them. dealt: the parts that any one seed gives. Every seed puts
    as many of a stratum into each part, and any of them are as likely, so the chances are hypergeometric.
    """
    counts, into = Counter(strata), Counter(zip(strata, dealt, strict=True))
    leaking = 0.0
    for group in members(numbers):
        held = Counter(strata[place] for place in group)
        for own, count in held.items():
            # Of one that is in test: the chance that none of its copies is in train.
            kept_out = 1.0
            for stratum in held:
                others, copies = counts[stratum] - (stratum == own), held[stratum] - (stratum == own)
                kept_out *= _none_drawn(others, into[stratum, "train"], copies)
            leaking += count * into[own, "test"] / counts[own] * (1 - kept_out)
    return leaking / max(1, dealt.count("test"))


def _none_drawn(n: int, drawn: int, wanted: int) -> float:
    """The chance that of n none of the `wanted` ones is among those drawn: C(n - drawn, wanted) / C(n, wanted)."""
    chance = 1.0
    for at in range(wanted):
        chance *= max(0, n - drawn - at) / (n - at)
        if chance == 0:
            break
    return chance
