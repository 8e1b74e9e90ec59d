"""What a folder or a manifest holds, before a single picture is opened."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from crackscope.errors import DatasetError, several
from crackscope.records import Failure, Label, Part, Row, Unread

Kind = Literal["class folders", "train/val/test tree", "manifest", "pictures with masks", "Label Studio export"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that was named; `label` is None while only its mask can say it. `cells`: its row of the manifest.
    `where`: the line that names it, as `line 5 of walls.csv`, "" where it was found in a folder.
    """

    path: str
    label: Label | None
    part: Part | None = None
    group: str = ""
    mask: str | None = None
    surface: str = ""
    cells: dict[str, str] = {}
    where: str = ""

    def row(self, label: Label) -> Row:
        """The row of this picture, once its label is known."""
        return Row(path=self.path, label=label, part=self.part, group=self.group, mask=self.mask, surface=self.surface)

    def unread(self, path: str, kind: str, message: str) -> Unread:
        """Why it cannot be used, and which line says so. path: its own, or that of its mask."""
        told = f"{message} ({self.where})" if self.where else message
        return Unread(path=path, error=Failure(kind=kind, message=told))


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was named.

    unlabelled: folder to number of pictures in it that nothing labels. unread: masks that could not be read. photos: of
    how many photos the patches are, where they are grouped by these. unused_masks: files in folders of masks that are
    masks of no picture.
    """

    root: str
    kind: Kind
    entries: tuple[Entry, ...]
    unlabelled: dict[str, int] = {}
    unread: tuple[Unread, ...] = ()
    photos: int = 0
    unused_masks: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the manifest that have a name, in small letters."""
        return tuple(filter(None, self.entries[0].cells)) if self.entries else ()


def refuse_if_useless(found: Found, fewest: int) -> None:
    """Raises DatasetError when there are fewer labelled pictures than this, 1 or 2."""
    if len(found.entries) >= fewest:
        return
    if not found.entries and not found.unlabelled:
        raise DatasetError(f"{found.root}: no pictures in it; give a folder of class folders, or a CSV with path,label")
    if not found.entries:
        raise DatasetError(f"{found.root}: {describe_unlabelled(found)}")
    raise DatasetError(
        f"{found.root}: one labelled picture only ({found.entries[0].path}); "
        "a data set wants several of each label to be split and judged"
    )


def describe_unlabelled(found: Found) -> str:
    """One line on the folders that no label could be had from, and what to do."""
    if list(found.unlabelled) == ["."]:
        some = several(found.unlabelled["."], "picture lies", "pictures lie")
        return f"{some} in no class folder: give the folder that the class folders are in, or a CSV with path,label"
    some = several(sum(found.unlabelled.values()), "picture has", "pictures have")
    return f"{some} no label: {_named(found.unlabelled)}"


def unlabelled_told(unlabelled: Mapping[str, int]) -> str:
    """The line on pictures that no label could be had from, by folder as `Split` has them; "" of none."""
    if not unlabelled:
        return ""
    return f"pictures without a label are left out, {sum(unlabelled.values())} in all: {_named(unlabelled)}"


def _named(unlabelled: Mapping[str, int]) -> str:
    """The folders with the most of them, and what to do."""
    named = sorted(unlabelled.items(), key=lambda item: (-item[1], item[0]))[:4]
    folders = ", ".join(f"{folder if folder != '.' else 'the folder itself'} ({count})" for folder, count in named)
    return f"{folders}; name the class folders with --positive NAME and --negative NAME, or give a CSV with path,label"
