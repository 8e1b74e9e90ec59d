"""What is said below a table of verdicts: how to read them, what may be missed, and what helps."""

import os
from collections.abc import Iterable, Sequence
from typing import Protocol

from crackscope.cli.console import say, warn
from crackscope.errors import several


class _Judged(Protocol):
    @property
    def verdict(self) -> str:
        """What it is called."""

    @property
    def probability(self) -> float:
        """That a crack is there."""

    @property
    def crack_like(self) -> bool:
        """Cannot be judged, though something in it looks rather like a crack."""


def refused_cracks(judged: Iterable[_Judged]) -> str:
    """How many of those that cannot be judged look like a crack all the same, in brackets; "" for none."""
    some = sum(one.crack_like for one in judged)
    return f" ({some} {'looks' if some == 1 else 'look'} like a crack all the same)" if some else ""


def tell_of_order(judged: Iterable[_Judged], why: str, *, quiet: bool, one: str = "picture") -> None:
    """Say why what is called cracked has a lower probability than what is called sound; nothing where none has."""
    pairs = [(told.verdict, told.probability) for told in judged]
    cracked = min((likely for verdict, likely in pairs if verdict == "crack"), default=1.0)
    if any(verdict == "sound" and likely > cracked for verdict, likely in pairs):
        say(f"a {one} called cracked has a lower crack probability than one called sound: {why}", quiet=quiet)


def tell_of_gone(done_before: Iterable[str], *, quiet: bool) -> None:
    """Say of photos that were inspected before, of which none is named now, how many have gone from where they were,
    so that those that are named are looked at anew; nothing where all are there."""
    gone = [path for path in done_before if not os.path.exists(path)]
    if gone:
        lay_in = os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in gone])
        have, them = ("has", "it") if len(gone) == 1 else ("have", "them")
        warn(
            f"{several(len(gone), 'photo')} done before {have} gone from {lay_in}, so that all named now are looked at "
            f"anew; to save that, move {them} back there and give the call that began",
            quiet=quiet,
        )


def tell_of_blurred(some: int, *, quiet: bool, one: str = "picture") -> None:
    """Say what helps where so many pictures are too blurred; nothing of none."""
    if some:
        are, them, copy = ("is", "it", "a copy") if some == 1 else ("are", "them", "copies")
        say(
            f"{several(some, one)} {are} too blurred: take {them} again, with the camera held still or closer; where "
            f"that cannot be, {copy} at half or a quarter of the size may be judged, without cracks thinner than 2 or "
            f"4 px of the {one}",
            quiet=quiet,
        )


def tell_of_unlike(some: int, *, quiet: bool, one: str = "picture") -> None:
    """Say what helps where so many pictures are unlike any surface that was learnt; nothing of none."""
    if some:
        which, them = ("it shows", "it") if some == 1 else ("they show", "them")
        verb = "is" if some == 1 else "are"
        say(
            f"{several(some, one)} {verb} unlike any surface that the bundle has learnt from: if {which} a surface all "
            f"the same, label some patches of {them} and give those to `crackscope adapt`",
            quiet=quiet,
        )


def tell_of_unmet(sound_as: Sequence[str], surfaces: Sequence[str], *, quiet: bool, one: str = "picture") -> None:
    """Say where most of those called sound show none of the surfaces that the bundle tells apart, and what helps.

    sound_as: the surface as which each of them was read, "" for none.
    """
    from crackscope.reports import unmet_sentence

    if unmet := unmet_sentence(sound_as, surfaces, one=one):
        say(unmet, quiet=quiet)
