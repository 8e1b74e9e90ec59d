"""What can be said of labelled patches before a network has seen them: whether they contradict each other, and whether
they were chosen, or learnt from, before."""

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path

from crackscope.bundles import Manifest
from crackscope.datasets import SUGGESTIONS
from crackscope.errors import AdaptationError
from crackscope.files import read_table
from crackscope.records import Row

ADAPTED = "adapted to"
"""What a bundle calls a set of pictures that it was adapted to."""
_FOLDERS = 3
"""So many folders above a patch may hold the table of what was suggested."""


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


def count_suggested(rows: Sequence[Row]) -> int:
    """How many rows are patches that `suggest` chose: those named in its table in a folder above them."""
    tables: dict[Path, frozenset[str]] = {}
    count = 0
    for row in rows:
        path = Path(row.path).absolute()
        for folder in path.parents[:_FOLDERS]:
            if folder not in tables:
                tables[folder] = _suggested_in(folder)
            if path.name in tables[folder]:
                count += 1
                break
    return count


def _suggested_in(folder: Path) -> frozenset[str]:
    """The names of the patches in the table that `suggest` left in a folder; none where there is no such table."""
    try:
        lines = read_table(folder / SUGGESTIONS).decode().splitlines()
        return frozenset(Path(cells["patch"]).name for cells in csv.DictReader(lines) if cells.get("patch"))
    except (OSError, UnicodeDecodeError, csv.Error):
        return frozenset()


def learnt_before(manifest: Manifest, fingerprint: str) -> bool:
    """Whether a bundle says that it learnt from the very set that has this fingerprint."""
    return bool(fingerprint) and any(one.fingerprint == fingerprint for one in manifest.trained_on)


def adapted_before(manifest: Manifest) -> int:
    """To how many pictures a bundle was adapted before."""
    return sum(one.pictures for one in manifest.trained_on if one.name == ADAPTED)
