"""Which of the pictures judged a bundle met in its training, where its run still lies around it, or was adapted to.

A bundle says how many pictures it learnt from and what they are called; its run keeps a split that names each of them,
and a bundle that was adapted keeps a digest of each patch.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from crackscope.bundles import Bundle, Manifest, TrainedOn
from crackscope.datasets import Split, read_split
from crackscope.encoding import decode_json
from crackscope.errors import DatasetError
from crackscope.judging.evaluation import MetBefore
from crackscope.judging.met_sets import met_sets, sets_of_weights
from crackscope.records import Part, Row

_RUN, _SPLIT, _BUNDLE = "run.json", "split.csv", "bundle"
_DIGITS = 16
"""Hex digits of a digest that a bundle keeps: among a million pictures none is taken for another of 2,000 by chance."""


def met_in_training(bundle: Bundle, rows: Sequence[Row], known: MetBefore | None) -> MetBefore | None:
    """`known`, what a bundle's sets tell of these rows, or more where its run or its digests do: how many it has met.

    A picture is known again by its path or, where its path says nothing, by its bytes. The very split of the training
    stays called so.
    """
    split, digests = _split_of(bundle), _kept(bundle.manifest.trained_on)
    parts: list[Part | None] = list(_parts(rows, split)) if split else [None] * len(rows)
    if digests:
        parts = ["train" if _short(row.path) in digests else part for row, part in zip(rows, parts, strict=True)]
    learnt, chosen = parts.count("train"), parts.count("val")
    if not learnt and not chosen:
        return _met_by_weights(bundle.manifest, rows, known)
    if known is None or known.by != "split":
        known = met_sets("pictures", bundle.manifest.trained_on)
    return msgspec.structs.replace(known, learnt_from=learnt, chosen_on=chosen, judged=len(rows))


def _met_by_weights(manifest: Manifest, rows: Sequence[Row], known: MetBefore | None) -> MetBefore | None:
    """`known`, or how many of the pictures the starting weights learnt from, where their bundle still lies in its run
    or keeps digests."""
    sets = sets_of_weights(manifest)
    split, digests = _split_of_weights(manifest), _kept(sets)
    parts = _parts(rows, split) if split else [None] * len(rows)
    learnt = sum(
        part == "train" or (bool(digests) and _short(row.path) in digests)
        for row, part in zip(rows, parts, strict=True)
    )
    if not learnt or (known is not None and known.by == "split"):
        return known
    return msgspec.structs.replace(met_sets("weights", sets), learnt_from=learnt, judged=len(rows))


def digests_of(paths: Iterable[str]) -> str:
    """What pictures are known again by, as a bundle keeps it of a set that it was adapted to."""
    return "".join(sorted({_short(path) for path in paths}))


def _kept(sets: Iterable[TrainedOn]) -> frozenset[str]:
    """All digests that a bundle keeps of these sets."""
    kept = (one.digests or "" for one in sets)
    return frozenset(one[start : start + _DIGITS] for one in kept for start in range(0, len(one), _DIGITS))


def _short(path: str) -> str:
    """The beginning of a file's digest; "" of one that cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:_DIGITS]
    except OSError:
        return ""


def _split_of(bundle: Bundle) -> Split | None:
    """The split that the bundle was trained on, where it lies in its run; None elsewhere."""
    return _split_of_run(bundle.path, bundle.manifest.trained_on)


def _split_of_weights(manifest: Manifest) -> Split | None:
    """The split that the starting weights were trained on, where their bundle still lies in the run that was named."""
    network = manifest.recipe.get("network")
    named = network.get("weights") if isinstance(network, dict) else None
    if not manifest.started_from or not isinstance(named, str):
        return None
    place = Path(os.path.expanduser(named))
    within = place / _BUNDLE
    return _split_of_run(within if within.is_dir() else place, manifest.started_from.trained_on)


def _split_of_run(bundle: Path, sets: Sequence[TrainedOn]) -> Split | None:
    """The split in the run that a bundle lies in, where that run trained on one of these sets."""
    run = bundle.absolute().parent
    if bundle.absolute().name != _BUNDLE or not _made(run / _RUN, sets):
        return None
    try:
        return read_split(run / _SPLIT)
    except DatasetError:
        return None  # Its pictures have all gone, and so none of them can be among those judged.


def _made(file: Path, sets: Sequence[TrainedOn]) -> bool:
    """Whether this run learnt from one of the sets: another may have been put in its place."""
    try:
        said = decode_json(file.read_bytes(), dict[str, Any])["data"]["fingerprint"]
    except (OSError, KeyError, TypeError, msgspec.MsgspecError):
        return False
    return any(one.fingerprint and one.fingerprint == said for one in sets)


def _parts(rows: Sequence[Row], split: Split) -> Iterator[Part | None]:
    """The part of the split that each row's picture stands in, None where it does not.

    Only pictures that lie elsewhere are opened, and those of the training that are as long as one of them.
    """
    by_path = {row.path: row.part for row in split.rows}
    lengths = {row.path: _length(row.path) for row in rows if row.path not in by_path}
    asked = set(lengths.values()) - {None}
    met = [*split.part("val"), *split.part("train")]  # A copy in each was learnt from: the later one counts.
    alike = [row for row in met if _length(row.path) in asked]
    by_bytes = {_digest(row.path): row.part for row in alike}
    known = {_length(row.path) for row in alike}
    for row in rows:
        elsewhere = row.path in lengths and lengths[row.path] in known
        yield by_bytes.get(_digest(row.path)) if elsewhere else by_path.get(row.path)


def _length(path: str) -> int | None:
    try:
        return os.path.getsize(path)
    except OSError:
        return None


def _digest(path: str) -> bytes:
    """SHA-256 of a file; of one that cannot be read a value that no other has."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return os.fsencode(path)
