"""Files in messages, called as the call names what they lie in: data sets know their pictures by whole paths; and in
commands to type, as a shell takes them."""

import os
import re
import shlex
from collections.abc import Sequence


def as_named(text: str, arguments: Sequence[str]) -> str:
    """A message in which files below what the arguments name begin as those do: `photos/1.jpg` of `photos`.

    Only relative names count; of `NAME=DATA` what stands behind the sign, and of a file the folder that it lies in.
    """
    places = {os.path.abspath(place): place for word in arguments for place in _places(word)}
    for whole, place in sorted(places.items(), key=lambda one: len(one[0]), reverse=True):
        text = place.join(re.split(rf"(?<![^\s(]){re.escape(whole)}(?=[/\\:)]|$)", text))
    return text


def as_typed(name: str) -> str:
    """A file or folder in a command to be typed: quoted where need be, and never taken for an option."""
    return shlex.quote(os.path.join(os.curdir, name) if name.startswith("-") else name)


def _places(word: str) -> list[str]:
    names = [name for name in (word, word.partition("=")[2]) if name and not os.path.isabs(name)]
    folders = [name if os.path.isdir(name) else os.path.dirname(name) or "." for name in names if os.path.exists(name)]
    return [folder.rstrip("/") for folder in folders]
