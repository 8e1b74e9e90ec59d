"""What can be said of labelled patches besides what a network sees: whether they contradict each other, from which
photos they are, and whether they were chosen, or learnt from, before."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from crackscope.adaptation.patches import Patches
from crackscope.bundles import ADAPTED, Manifest
from crackscope.errors import AdaptationError
from crackscope.judging import number_groups
from crackscope.records import Label, Row


def refuse_both_labels(rows: Sequence[Row]) -> None:
    """Raise AdaptationError where one picture, byte for byte, is labelled crack and sound. What cannot be read is
    passed over: that is told where it is looked at."""
    met: dict[bytes, Row] = {}
    for row in rows:
        try:
            with open(row.path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
        except OSError:
            continue
        first = met.setdefault(digest, row)
        if first.label != row.label:
            raise AdaptationError(
                f"one picture has both labels: {first.path} is labelled {first.label}, and {row.path}, the same byte "
                f"for byte, {row.label}: remove the wrong one (`crackscope scan DATA` names all such copies)"
            )


def by_photo(patches: Patches, photos: Sequence[str]) -> Patches:
    """The patches in groups of which those that share a photo are one ("" is no photo); as they are where none is
    known, or where the photos would leave a label but one group, which nothing could be judged on."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not any(photos):
        return patches
    n = len(patches)
    links = coo_array((np.ones(n, np.bool_), (patches.group, n + number_groups(photos))), shape=(2 * n, 2 * n))
    found = connected_components(links, directed=False)[1][patches.group]
    whole = replace(patches, group=np.unique(found, return_inverse=True)[1])
    return whole if whole.fewest_groups > 1 else patches


def contradictions(rows: Sequence[Row], groups: int) -> tuple[tuple[str, str], ...]:
    """A cracked and a sound patch of each of the groups of copies that hold both labels; none where rows hold together
    for other reasons as well, so that there are not just so many such groups."""
    held: dict[str, dict[Label, str]] = {}
    for row in rows:
        if row.group:
            held.setdefault(row.group, {}).setdefault(row.label, row.path)
    pairs = tuple((both["crack"], both["sound"]) for both in held.values() if len(both) > 1)
    return pairs if len(pairs) == groups else ()


def adapted_before(manifest: Manifest) -> int:
    """To how many pictures a bundle was adapted before of which it keeps no digests."""
    return sum(one.pictures for one in manifest.trained_on if one.name == ADAPTED and not one.digests)
