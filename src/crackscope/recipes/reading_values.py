"""A value that the schema refuses, in the words of who wrote it."""

import json
import re
import types
import typing
from typing import Any

import msgspec

from crackscope.recipes.reading_keys import field_types, nearest, struct_of
from crackscope.recipes.schema import Recipe

_PLAIN = {"bool": "true or false", "float": "a number", "int": "a whole number", "str": "a word"}
_YES_AND_NO = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}
_BARE_POINT = re.compile(r"(?<![\w.])([+-]?)\.(\d)")
_LONGEST = 40
_OF_KEYS = "`key` in "


def in_plain_words(error: msgspec.ValidationError, raw: Any) -> str:
    """What is wrong with `raw`, the recipe that msgspec refused: key, value, and what it has to be."""
    told, _, place = str(error).partition(" - at ")
    of_keys = place.startswith(_OF_KEYS)
    place = place.removeprefix(_OF_KEYS).strip("`").removeprefix("$").removeprefix(".")
    at, in_table = re.sub(r"\[(\d+)\]", r".\1", place).removesuffix("[...]"), place.endswith("[...]")
    kind = _type_at(at)
    if wrong := re.fullmatch(r"Invalid enum value '(.*)'", told, re.DOTALL):
        choices = _keys(kind) if of_keys else _words(kind)
        wanted = ", ".join(choices) if of_keys else _wanted(kind, at)
        return f"{at}: {wrong.group(1)!r} is not one of {wanted}{nearest(wrong.group(1), choices)}"
    if lacking := re.fullmatch(r"Object missing required field `(.*)`", told):
        return f"{at}.{lacking.group(1)}: is needed".removeprefix(".")
    if length := re.fullmatch(r"Expected `array` of length (\d+), got (\d+)", told):
        return f"{at}: {length.group(2)} values are given where {length.group(1)} belong"
    if told.startswith("Expected `"):
        value = _value_at(raw, at)
        return f"{at}: {_shown(value)} is not {_table(kind) if in_table else _wanted(kind, at)}{_slip(value)}"
    return f"{at}: {told[0].lower()}{told[1:]}" if at else told


def _wanted(kind: Any, at: str) -> str:
    """What may stand at a key, in words."""
    alone = [one for one in (typing.get_args(kind) if _several(kind) else [kind]) if typing.get_origin(one) is not dict]
    section = struct_of(kind)
    if section is not None:
        first = f"{at}.0" if typing.get_origin(kind) is tuple else at
        return f"a section, set its keys one by one: {first}.{next(iter(field_types(section)))}=VALUE"
    if typing.get_origin(kind) is tuple:
        inner = {float: "1.0", int: "64"}.get(typing.get_args(kind)[0], '"word"')
        return f"a list, such as [{inner}, {inner}]"
    words = _words(kind)
    ways = [_PLAIN[one.__name__] for one in alone if isinstance(one, type) and one.__name__ in _PLAIN]
    return " or ".join([*([", ".join(words)] if words else []), *ways, *([_table(kind)] if _keys(kind) else [])])


def _table(kind: Any) -> str:
    return "a number for each: {" + ", ".join(f"{key} = 1.0" for key in _keys(kind)) + "}"


def _slip(value: Any) -> str:
    """The way to write what was meant, for a text that TOML does not take for a number or for true and false."""
    if not isinstance(value, str):
        return ""
    if _BARE_POINT.search(value):
        written = _BARE_POINT.sub(r"\g<1>0.\2", value)
        return f"; a number begins with a digit: write {_cut(written)}"
    return f"; write {_YES_AND_NO[value.lower()]}" if value.lower() in _YES_AND_NO else ""


def _shown(value: Any) -> str:
    return _cut(repr(value) if isinstance(value, str) else json.dumps(value, default=str))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _several(kind: Any) -> bool:
    return isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union


def _words(kind: Any) -> list[str]:
    """The words that a type allows, not those that are keys of a table."""
    literals = [one for one in (kind, *typing.get_args(kind)) if typing.get_origin(one) is typing.Literal]
    return [str(word) for one in literals for word in typing.get_args(one)]


def _keys(kind: Any) -> list[str]:
    """The keys that a table of numbers may have."""
    tables = [one for one in (kind, *typing.get_args(kind)) if typing.get_origin(one) is dict]
    return [str(key) for one in tables for key in typing.get_args(typing.get_args(one)[0])]


def _type_at(at: str) -> Any:
    kind: Any = Recipe
    for key in filter(None, at.split(".")):
        section = struct_of(kind)
        if key.isdigit():
            inner = typing.get_args(kind)
            kind = inner[0] if inner else kind
        elif section is not None:
            kind = field_types(section).get(key, str)
    return kind


def _value_at(raw: Any, at: str) -> Any:
    for key in filter(None, at.split(".")):
        raw = raw[int(key)] if isinstance(raw, list) else raw[key]
    return raw
