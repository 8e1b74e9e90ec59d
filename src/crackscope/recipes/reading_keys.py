"""The keys that the schema knows, by their dotted names, and which of them a wrong one was meant to be."""

import difflib
import typing
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import msgspec

from crackscope.recipes.schema import Recipe

_OTHER_WORDS = {
    "arch": "backbone",
    "architecture": "backbone",
    "bs": "batch",
    "criterion": "loss",
    "ema": "average",
    "hflip": "flip_horizontal",
    "image_size": "input",
    "img_size": "input",
    "input_size": "input",
    "lr": "learning_rate",
    "model": "backbone",
    "optim": "optimiser",
    "optimizer": "optimiser",
    "pretrained": "network.weights",
    "rotation": "rotate_deg",
    "scheduler": "schedule",
    "vflip": "flip_vertical",
    "wd": "weight_decay",
}
"""What other programs call a key of ours."""

_LIKE, _MOST = 0.6, 3


def nearest(word: str, known: Iterable[str]) -> str:
    """ "; did you mean ...?" with the word that is most like `word`; "" when none is."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return _did_you_mean(found)


def _did_you_mean(found: Iterable[str]) -> str:
    words = " or ".join(map(repr, found))
    return f"; did you mean {words}?" if words else ""


def nearest_key(unknown: str) -> str:
    """ "; did you mean ...?" with whole dotted keys: of the same section first, then of any."""
    section, _, word = unknown.rpartition(".")
    same = [key for key in _all_keys() if _section(key) == _numberless(section)]
    found = _named(word, same) or _named(word, _all_keys()) or _like(word, same) or _like(word, _all_keys())
    return _did_you_mean(f"{section}.{_last(key)}" if section and key in same else key for key in found[:_MOST])


def struct_of(kind: Any) -> type[msgspec.Struct] | None:
    """The section that a type is or holds, None when it holds none."""
    structs = [one for one in (kind, *inner_types(kind)) if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    return structs[0] if structs else None


def inner_types(kind: Any) -> list[Any]:
    """What a type is made of, at any depth; of a Literal, its words."""
    return [inner for argument in typing.get_args(kind) for inner in (argument, *inner_types(argument))]


def field_types(section: type[msgspec.Struct]) -> dict[str, Any]:
    """The keys of a section, with the type of each."""
    return {field.name: field.type for field in msgspec.structs.fields(section)}


def keys_of(kind: Any, at: str) -> Iterator[str]:
    """Dotted names of all keys below a type that stands at `at` ("" or "network."); a list gives those of its first."""
    section = struct_of(kind)
    for name, inner in field_types(section).items() if section else ():
        yield at + name
        several = typing.get_origin(inner) is tuple and struct_of(inner) is not None
        yield from keys_of(inner, f"{at}{name}.0." if several else f"{at}{name}.")


@cache
def _all_keys() -> tuple[str, ...]:
    return tuple(keys_of(Recipe, ""))


def _named(word: str, keys: Sequence[str]) -> list[str]:
    """Keys whose last word it is, in other programs too, or begins."""
    word = _OTHER_WORDS.get(word.lower(), word.lower())
    same = [key for key in keys if word in (key, _last(key))]
    return same or [key for key in keys if len(word) > 2 and _last(key).startswith(word)]


def _like(word: str, keys: Sequence[str]) -> list[str]:
    """Keys whose last word is nearly it."""
    like = difflib.get_close_matches(word.lower(), [_last(key) for key in keys], n=1, cutoff=_LIKE)
    return [key for key in keys if _last(key) in like]


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _section(key: str) -> str:
    return _numberless(key.rpartition(".")[0])


def _numberless(section: str) -> str:
    return ".".join(part for part in section.split(".") if not part.isdigit())
