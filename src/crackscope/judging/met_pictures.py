"""Which of the pictures judged a bundle met in its training, where the run that made it still lies around it.

A bundle says how many pictures it learnt from and what they are called; its run keeps a split that names each of them.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from crackscope.bundles import Bundle, Manifest
from crackscope.datasets import Split, read_split
from crackscope.errors import DatasetError
from crackscope.judging.evaluation import MetBefore
from crackscope.records import Row

_RUN, _SPLIT, _BUNDLE = "run.json", "split.csv", "bundle"
_NO_NAME = "unnamed"


def met_in_training(bundle: Bundle, rows: Sequence[Row], known: MetBefore | None) -> MetBefore | None:
    """`known`, what the bundle itself tells of these rows, or more where its run does: how many of them it learnt from.

    A picture is known again by its path or, elsewhere, by its bytes. The very split of the training stays called so.
    """
    split = _split_of(bundle)
    if split is None:
        return known
    learnt = set(_among(rows, split.part("train")))
    chosen = set(_among(rows, split.part("val"))) - learnt
    if not learnt and not chosen:
        return known
    if known is None or known.by != "split":
        sets = bundle.manifest.trained_on
        names = tuple(dict.fromkeys(one.name for one in sets if one.name != _NO_NAME))
        known = MetBefore(by="pictures", sets=names, pictures=sum(one.pictures for one in sets))
    return msgspec.structs.replace(known, learnt_from=len(learnt), chosen_on=len(chosen), judged=len(rows))


def _split_of(bundle: Bundle) -> Split | None:
    """The split that the bundle was trained on, where it lies in its run; None elsewhere."""
    run = bundle.path.absolute().parent
    if bundle.path.absolute().name != _BUNDLE or not _made(run / _RUN, bundle.manifest):
        return None
    try:
        return read_split(run / _SPLIT)
    except DatasetError:
        return None  # Its pictures have all gone, and so none of them can be among those judged.


def _made(file: Path, manifest: Manifest) -> bool:
    """Whether this run made the bundle: another may have been put in its place."""
    try:
        said = msgspec.json.decode(file.read_bytes())["data"]["fingerprint"]
    except (OSError, KeyError, TypeError, msgspec.MsgspecError):
        return False
    return any(one.fingerprint and one.fingerprint == said for one in manifest.trained_on)


def _among(rows: Sequence[Row], others: Sequence[Row]) -> Iterable[int]:
    """The places of the rows whose picture is one of the others'. Only files of one length are opened."""
    paths = {row.path for row in others}
    yield from (place for place, row in enumerate(rows) if row.path in paths)
    lengths: dict[int, list[str]] = defaultdict(list)
    for path in paths:
        lengths[_length(path)].append(path)
    alike = [(place, row.path) for place, row in enumerate(rows) if row.path not in paths]
    asked = [(place, path, length) for place, path in alike if (length := _length(path)) in lengths and length >= 0]
    digests = {_digest(path) for length in {one[2] for one in asked} for path in lengths[length]}
    yield from (place for place, path, _ in asked if (digest := _digest(path)) and digest in digests)


def _length(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return -1


def _digest(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return b""
