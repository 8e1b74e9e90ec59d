"""Puts pictures that must not be parted into groups: exact copies, near-copies, and what the user holds together."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crackscope.arguments import TEXT, refuse_wrong
from crackscope.datasets.checking import Indices
from crackscope.datasets.found import Entry
from crackscope.datasets.prints import Floats
from crackscope.errors import DatasetError
from crackscope.images import natural

Numbers = NDArray[np.int64]
_ROUNDS: Final = 4
_PLAIN_GLOB: Final = re.compile(r"(?:[^\\^$()\[\]{}|+.?*]|\.(?![*?])|[*?](?![*?]))+")
"""Stars and question marks behind plain signs, and nothing else that regular expressions have."""
_NO_PAIRS: Final = np.zeros((0, 2), np.int64)


def components(n: int, pairs: Indices) -> Numbers:
    """The number of each one's group [n], counted in order of first appearance; pairs [p, 2] stand together."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, numbers = connected_components(links, directed=False)
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    rank: Numbers = np.argsort(np.argsort(first))[inverse].astype(np.int64)
    return rank


def same_pairs(values: Sequence[object]) -> Indices:
    """Pairs [p, 2] that chain together all positions with one value; None and "" join nothing."""
    places: dict[object, int] = {}
    pairs: list[tuple[int, int]] = []
    for place, value in enumerate(values):
        if value is None or value == "":
            continue
        if value in places:
            pairs.append((places[value], place))
        places[value] = place
    return np.array(pairs, np.int64) if pairs else _NO_PAIRS


def members(numbers: Numbers) -> list[list[int]]:
    """Positions by group number."""
    groups: dict[int, list[int]] = defaultdict(list)
    for place, number in enumerate(numbers.tolist()):
        groups[number].append(place)
    return [groups[number] for number in sorted(groups)]


def copy_groups(prints: Floats, digests: Sequence[bytes]) -> Numbers:
    """Group numbers [n] of pictures by exact and near copies: prints [n, 32, 32], a digest of each file's bytes."""
    from crackscope.datasets.neighbours import CROWD, near_pairs

    # Exact copies stand for one another, so that a thousand of them cost as much as one.
    exact = same_pairs(digests)
    groups = components(len(digests), exact)
    for _ in range(_ROUNDS):
        _, first = np.unique(groups, return_index=True)
        near = first[near_pairs(prints[first])]
        before, groups = groups, components(len(digests), np.concatenate([same_pairs(groups.tolist()), near]))
        # Each picture knows its nearest few: a crowd of copies may fall apart into clusters, whose firsts then meet.
        if np.bincount(groups, minlength=1).max(initial=0) <= CROWD or len(near) == 0 or (before == groups).all():
            break
    return groups


def chosen_groups(entries: Sequence[Entry], columns: Sequence[str], group_by: str | None) -> list[str]:
    """The group that the user gives each entry, "" for none: by a manifest's column, or a pattern on the file's name.

    A pattern is a regular expression that is searched in the file's name (its first bracket is the group, or else all
    it matches), or a glob that fits all of it (its first star is the group). One that can be read as both is a glob
    where its stars stand behind plain signs, as in `wall-*-*`, and a regular expression otherwise; the other reading
    counts where that one parts nothing. Raises DatasetError when neither fits any file, or all files alike.
    """
    refuse_wrong(group_by=(group_by, TEXT.or_none))
    if group_by is None:
        return [entry.group for entry in entries]
    spelling = {column.casefold() for column in columns}
    if group_by.casefold() in spelling:
        return [entry.cells[group_by.casefold()].strip() for entry in entries]
    alike = ""
    for pattern in _patterns(group_by):
        values = [_first_bracket(pattern, PurePath(entry.path).name) for entry in entries]
        if len(set(values)) > 1 or (any(values) and len(values) == 1):
            return values
        alike = alike or "".join(values[:1])
    if alike:
        raise DatasetError(
            f"--group-by {group_by!r}: all {len(entries)} pictures would be one group, {alike!r}; write a glob whose "
            "first * is what tells the groups apart, as 'wall-*-*.jpg', or a regular expression with brackets around "
            r"it, as '^wall-(\d+)-'"
        )
    known = f" (columns: {', '.join(columns)})" if columns else ""
    example = PurePath(entries[0].path).name if entries else ""
    raise DatasetError(
        f"--group-by {group_by!r}: no such column{known}, and no file name fits it, {example!r} say; patterns see file "
        "names only, not folders: write a glob whose first * is the group, as 'wall*-*.jpg', or a regular expression "
        r"with brackets around it, as '^(\d+)-'"
    )


def _first_bracket(pattern: re.Pattern[str], name: str) -> str:
    match = pattern.search(name)
    if match is None:
        return ""
    return (match.group(1) if pattern.groups else match.group()) or ""


def _patterns(text: str) -> Iterator[re.Pattern[str]]:
    """What a pattern may mean, the likelier first: `wall*_*.jpg` is a regular expression too, though never meant so."""
    meanings = [_as_expression(text), _as_glob(text) if "*" in text else None]
    if _PLAIN_GLOB.fullmatch(text):
        meanings.reverse()
    yield from filter(None, meanings)


def _as_expression(text: str) -> re.Pattern[str] | None:
    """None for a glob that is no regular expression."""
    try:
        return re.compile(text)
    except re.error as error:
        if "*" in text:
            return None
        raise DatasetError(f"--group-by {text!r}: neither a column nor a regular expression ({error})") from error


def _as_glob(text: str) -> re.Pattern[str]:
    pieces = [re.escape(piece).replace(r"\?", ".") for piece in text.split("*")]
    return re.compile("^" + pieces[0] + "(.*?)" + ".*".join(pieces[1:]) + "$")


def names_of(numbers: Numbers, names: Sequence[str], chosen: Sequence[str]) -> list[str]:
    """A name for each one's group: the user's word where there is one, else its first file; "" where it is alone."""
    result = [""] * len(names)
    for group in members(numbers):
        words = sorted({chosen[place] for place in group} - {""}, key=natural)
        if words:
            name = words[0]
        elif len(group) > 1:
            name = min((names[place] for place in group), key=natural)
        else:
            continue
        for place in group:
            result[place] = name
    return result
