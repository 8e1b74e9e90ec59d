"""Whether a bundle learnt from the very data that it is judged on, as far as it says what it learnt from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Literal

from crackscope.bundles import ADAPTED, Manifest, TrainedOn, default_bundle, parse_manifest
from crackscope.errors import BundleError
from crackscope.judging.evaluation import By, MetBefore
from crackscope.records import Part, Row

_FOLDERS = 3
"""So many folders above a picture may carry the name of its set: `metu/train/crack/1.jpg`."""
_NO_NAMES = ("", "unnamed", ADAPTED)
"""What sets are called in a bundle that have no name of their own."""
_MOST = 0.5
_SOME = 0.1
"""Shares of the pictures from which on data look like what a bundle learnt from, and are told to look like a set."""


def met_before(
    manifest: Manifest,
    fingerprint: str,
    part: Part | None,
    rows: Sequence[Row],
    called: str = "",
    read_as: Mapping[str, Mapping[str, int]] | None = None,
) -> MetBefore | None:
    """What of the data the bundle says that it learnt from; None where nothing speaks for that.

    fingerprint: of the split that the rows are from. part: which of its parts they are, None for all. The test part of
    the split that the bundle was trained on was held out, and so is not met before, unless by its starting weights.
    A set that the bundle was adapted to is known picture by picture, if it keeps digests (`met_in_training`).
    called: what whoever gave the rows calls their set, beside the names of folders and surfaces. read_as: by surface of
    the rows, how many were read as which surface of the bundle, "" for none.
    """
    named = [one for one in manifest.trained_on if one.fingerprint and not one.digests]
    own = [one for one in named if one.fingerprint == fingerprint]
    if own and part != "test":
        return met_sets("split", own)
    names_here = _names(rows) | {called.casefold()}
    found = None if own else _alike(manifest.trained_on, names_here, "name")
    found = found or _by_weights(sets_of_weights(manifest), fingerprint, part, names_here)
    return found or (None if own else _alike(manifest.trained_on, _look(read_as or {}), "look"))


def _by_weights(
    sets: Sequence[TrainedOn], fingerprint: str, part: Part | None, names_here: set[str]
) -> MetBefore | None:
    """What the starting weights met of the data: the very split that they were trained on, or a set of that name."""
    same = [one for one in sets if one.fingerprint and one.fingerprint == fingerprint]
    if not same or part == "test":
        return _alike([one for one in sets if one not in same], names_here, "weights")
    return met_sets("weights_split", same)


def _look(read_as: Mapping[str, Mapping[str, int]]) -> set[str]:
    """The surfaces that the pictures look like, where most of them look like one that the bundle knows."""
    counts: Counter[str] = Counter()
    for found in read_as.values():
        counts.update({name.casefold(): count for name, count in found.items()})
    total = counts.total()
    if total - counts[""] < _MOST * total:
        return set()
    return {name for name, count in counts.items() if name and count >= _SOME * total}


def _alike(
    trained_on: Sequence[TrainedOn], names: set[str], by: Literal["name", "weights", "look"]
) -> MetBefore | None:
    alike = [one for one in trained_on if one.name.casefold() in names and one.name not in _NO_NAMES]
    return met_sets(by, alike) if alike else None


def met_sets(by: By, sets: Sequence[TrainedOn]) -> MetBefore:
    """That a bundle, or what its training started from, learnt from these sets."""
    of_each = Counter[str]()
    for one in sets:
        of_each[one.name] += one.pictures
    names = names_of(sets)
    pictures = of_each.total()
    return MetBefore(by=by, sets=names, pictures=pictures, of_each={name: of_each[name] for name in names})


def sets_of_weights(manifest: Manifest) -> Sequence[TrainedOn]:
    """What the bundle learnt from whose weights this one's training started with, as far as it says so; but for the
    very split that this one was trained on as well."""
    if manifest.started_from:
        own = {one.fingerprint for one in manifest.trained_on} - {""}
        return tuple(one for one in manifest.started_from.trained_on if one.fingerprint not in own)
    network = manifest.recipe.get("network")
    if not isinstance(network, dict) or network.get("weights") != "default":
        return ()
    file = default_bundle() / "bundle.json"
    try:
        return parse_manifest(file.read_bytes(), str(file)).trained_on
    except (OSError, BundleError):
        return ()


def names_of(sets: Sequence[TrainedOn]) -> tuple[str, ...]:
    """The names that these sets have of their own, each once."""
    return tuple(dict.fromkeys(one.name for one in sets if one.name not in _NO_NAMES))


def names_of_weights(manifest: Manifest) -> tuple[str, ...]:
    """The named sets among those that the starting weights learnt from."""
    return names_of(sets_of_weights(manifest))


def _names(rows: Sequence[Row]) -> set[str]:
    """What the set of the rows may be called: their surfaces, and the folders that they lie in."""
    folders = {PurePath(row.path).parent for row in rows}
    return {row.surface.casefold() for row in rows} | {
        name.casefold() for folder in folders for name in folder.parts[-_FOLDERS:]
    }
