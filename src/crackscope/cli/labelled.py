"""What the commands that take labelled pictures have in common: their options, and how such pictures are opened."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crackscope.cli.console import progress, say

if TYPE_CHECKING:
    from crackscope.datasets import Layout, LikelyGroups, Split


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """The options of one call that say how labelled pictures are read, dealt and reported; a command has some more."""

    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    group_by: str | None = None
    random: bool = False
    threads: int | None = None
    seed: int | None = None
    quiet: bool = False
    as_json: bool = False

    @property
    def silent(self) -> bool:
        """Whether nothing but the result is wanted."""
        return self.quiet or self.as_json

    @property
    def layout(self) -> "Layout":
        """The names of class folders."""
        from crackscope.datasets import Layout

        return Layout(positive=self.positive, negative=self.negative)

    def opened(self, data: str, label: str = "opening pictures", *, whole: bool = False) -> "Split":
        """A data set in its own parts, or dealt 60:20:20 where it has none; shows how far that is.

        whole: all of it is wanted and no part by itself, so that there may be too little of it to be dealt out.
        """
        from crackscope.datasets import load, watched

        with progress(label, None, quiet=self.silent) as tell, watched(tell, self.threads):
            return load(
                data,
                parts=None if whole else (60, 20, 20),
                layout=self.layout,
                random=self.random,
                group_by=self.group_by,
                seed=self.seed or 0,
            )


def witnesses(split: "Split") -> str:
    """What it gains to know photos where figures are given, and to which command where parts were given."""
    counted = "counts each as one, else intervals may be too narrow"
    return counted if split.seed is not None else f"given to `crackscope split` keeps each in one part and {counted}"


def tell_of_groups(
    likely: "LikelyGroups | None",
    gain: str = "keeps each group on one side of a split",
    *,
    of: str = "",
    quiet: bool = False,
) -> None:
    """Say which --group-by would hold together what looks like patches of one photo, and what that gains; nothing of
    None. of: whose file names they are, where there are several data sets."""
    if likely is not None:
        from crackscope.datasets import groups_told

        say(f"{of and f'{of}: '}{groups_told(likely, gain)}", quiet=quiet)


def tell_of_unlabelled(unlabelled: Mapping[str, int], *, of: str = "", quiet: bool = False) -> None:
    """Say which pictures are left out, since nothing labels them; nothing of none. of: as in `tell_of_groups`."""
    if unlabelled:
        from crackscope.datasets import unlabelled_told

        say(f"{of and f'{of}: '}{unlabelled_told(unlabelled)}", quiet=quiet)
