"""Masks among what is taken for photos: a data set's folder holds both, and a search finds both."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from crackscope.cli.console import warn
from crackscope.errors import several

LOOKED_AT = 5
"""Pictures of a folder that are opened, spread over it; masks of photos are large."""
SEEN_OF = 3
"""Of which every third row and column is enough to see greys."""


def tell_of_masks(paths: Iterable[str], *, quiet: bool) -> None:
    """Say of a folder that it seems to hold masks, of another one's pictures or of its own, and how to leave them out.

    That is: all of its pictures have the stem of one in a folder beside it, which is among these paths, too, or some
    that of another there with `_mask` behind it; and those of them that are looked at have two values alone, black and
    another.
    """
    if quiet:
        return
    folders: dict[Path, dict[str, str]] = defaultdict(dict)
    for path in paths:
        folders[Path(path).parent][Path(path).stem] = path
    beside = _by_stem(folders)
    for folder, pictures in folders.items():
        sister = _sister(folder, folders, beside[folder.parent])
        if sister is not None and _black_and_white(list(pictures.values())):
            warn(
                f"{folder} seems to hold masks: {several(len(pictures), 'picture')} in black and white, called as "
                f"those in {sister}; they are inspected as photos, too: to leave them out, name {sister} alone"
            )
        else:
            _tell_of_own(folder, pictures)


def _tell_of_own(folder: Path, pictures: Mapping[str, str]) -> None:
    """The same of masks that lie beside their photos. pictures: paths by stem."""
    from crackscope.images import masked_by

    masks = [path for stem, path in pictures.items() if masked_by(stem) in pictures]
    if masks and _black_and_white(masks):
        warn(
            f"{folder} seems to hold masks beside its photos: {several(len(masks), 'picture')} in black and white, "
            f"called as another and _mask ({masks[0]}); they are inspected as photos, too: to leave them out, move "
            "them to a folder of their own, or name the photos alone"
        )


def _by_stem(folders: Mapping[Path, Iterable[str]]) -> dict[Path, dict[str, list[Path]]]:
    """In every folder of folders, which of them hold a picture of a name."""
    beside: dict[Path, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for folder, stems in folders.items():
        held = beside[folder.parent]
        for stem in stems:
            held[stem].append(folder)
    return beside


def _sister(
    folder: Path, folders: Mapping[Path, Mapping[str, str]], beside: Mapping[str, Sequence[Path]]
) -> Path | None:
    """Another folder beside this one with a picture of every name in it. beside: the folders there, by names."""
    stems = folders[folder].keys()
    # Of thousands of folders, few hold the rarest name.
    alike = min((beside[stem] for stem in stems), key=len)
    return next((other for other in alike if other != folder and stems <= folders[other].keys()), None)


def _black_and_white(paths: Sequence[str]) -> bool:
    from crackscope.errors import ImageError
    from crackscope.images import read

    for path in paths[:: -(-len(paths) // LOOKED_AT)]:
        try:
            pixels = read(path).pixels[::SEEN_OF, ::SEEN_OF]
        except ImageError:
            return False
        if not ((pixels == 0) | (pixels == pixels.max())).all():
            return False
    return True
