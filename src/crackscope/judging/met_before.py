"""Whether a bundle learnt from the very data that it is judged on, as far as it says what it learnt from."""

from collections.abc import Sequence
from pathlib import PurePath

from crackscope.bundles import Manifest
from crackscope.judging.evaluation import MetBefore
from crackscope.records import Part, Row

_FOLDERS = 3
"""So many folders above a picture may carry the name of its set: `metu/train/crack/1.jpg`."""
_NO_NAME = "unnamed"


def met_before(manifest: Manifest, fingerprint: str, part: Part | None, rows: Sequence[Row]) -> MetBefore | None:
    """What of the data the bundle says that it learnt from; None where nothing speaks for that.

    fingerprint: of the split that the rows are from. part: which of its parts they are, None for all. The test part of
    the split that the bundle was trained on was held out, and so is not met before.
    """
    own = [one for one in manifest.trained_on if one.fingerprint and one.fingerprint == fingerprint]
    if own:
        pictures = sum(one.pictures for one in own)
        return None if part == "test" else MetBefore(by="split", sets=tuple(one.name for one in own), pictures=pictures)
    names = _names(rows)
    alike = [one for one in manifest.trained_on if one.name.casefold() in names and one.name != _NO_NAME]
    if not alike:
        return None
    sets = tuple(dict.fromkeys(one.name for one in alike))
    return MetBefore(by="name", sets=sets, pictures=sum(one.pictures for one in alike))


def _names(rows: Sequence[Row]) -> set[str]:
    """What the set of the rows may be called: their surfaces, and the folders that they lie in."""
    folders = {PurePath(row.path).parent for row in rows}
    return {row.surface.casefold() for row in rows} | {
        name.casefold() for folder in folders for name in folder.parts[-_FOLDERS:]
    }
