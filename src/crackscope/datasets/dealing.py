"""Pictures dealt out anew to train, val and test, whatever parts they stand in."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from crackscope.arguments import FLAG, TEXT, WHOLE, refuse_wrong
from crackscope.datasets.dealt import Split, fingerprint, in_order
from crackscope.datasets.doubtful import untested
from crackscope.datasets.found import Found
from crackscope.datasets.grouping import chosen_groups, components, names_of, same_pairs
from crackscope.datasets.name_groups import likely_groups
from crackscope.datasets.photos import by_photo
from crackscope.datasets.splitting import (
    Shares,
    deal,
    deal_evenly,
    expected_leak,
    leak_share,
    refuse_if_lacking,
    shares_of,
)
from crackscope.datasets.surveying import Survey, find, refuse_one_class, survey
from crackscope.datasets.words import KNOWN_WORDS, Layout
from crackscope.errors import DatasetError
from crackscope.records import Label

USUAL_SHARES = (60, 20, 20)


class Wish(NamedTuple):
    """How pictures are to be dealt. whole: no part is wanted by itself, so that each may lack a label. otherwise: how
    to have other parts."""

    shares: Shares
    random: bool
    group_by: str | None
    seed: int
    whole: bool = False
    otherwise: str = "or deal them out with `crackscope split` and other --parts, and name its CSV"


def split(
    data: str | Path,
    *,
    parts: Sequence[float] = USUAL_SHARES,
    random: bool = False,
    group_by: str | None = None,
    seed: int = 0,
    layout: Layout = KNOWN_WORDS,
) -> Split:
    """Deals the pictures of a folder, a manifest or an export of Label Studio out anew, whatever parts they stand in.

    parts: shares of train, val and test. random: every row by itself, as splits are commonly published, instead of
    whole groups. group_by: a manifest's column, or a pattern on the file's name; without it a manifest's column `group`
    counts, and the photo that `suggest` cut a patch from; copies stay together besides. Labels and surfaces are spread
    evenly; labels alone where surfaces have too few groups for the shares, or a part would lack a label. One seed gives
    one split, whatever the order of the files. Raises DatasetError: nothing there, one label only, nothing readable,
    too few groups for the parts.
    """
    refuse_wrong(random=(random, FLAG), group_by=(group_by, TEXT.or_none))
    wish = Wish(shares_of(parts), random, group_by, seed, otherwise="or other --parts")
    return deal_anew(found_by(data, layout, group_by), wish)


def found_by(data: str | Path, layout: Layout, group_by: str | None) -> Found:
    """What is named, by the photos of `suggest` where the user names no other groups."""
    found = find(data, layout)
    return by_photo(found) if group_by is None else found


def deal_anew(found: Found, wish: Wish, surveyed: Survey | None = None) -> Split:
    """What is found, dealt as wished. surveyed: the same, where it was opened before. Raises DatasetError."""
    if not WHOLE.takes(wish.seed) or wish.seed < 0:
        raise DatasetError(f"the seed of the split is {wish.seed!r}: it must be 0 or more, and a whole number")
    words = words_of(found, wish.group_by)
    surveyed = survey(found) if surveyed is None else surveyed
    # Of sound pictures alone it can be told how often they give an alarm, where no others were meant to be there.
    if not wish.whole or found.unlabelled or surveyed.reading.unread:
        refuse_one_class(surveyed)
    return _deal(surveyed, wish, [words[entry.path] for entry in surveyed.entries])


def words_of(found: Found, group_by: str | None) -> dict[str, str]:
    """The group that the user gives each picture, by path: before any is opened, since no pattern may fit."""
    words = chosen_groups(found.entries, found.columns, group_by)
    return {entry.path: word for entry, word in zip(found.entries, words, strict=True)}


def _deal(surveyed: Survey, wish: Wish, chosen: Sequence[str]) -> Split:
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
        rows=in_order(dealt),
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
        unlabelled=dict(surveyed.found.unlabelled),
    )
