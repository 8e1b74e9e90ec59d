"""From a name, a file or settings to a checked `Recipe`; what is misspelt is refused with the nearest valid word."""

import os
import tomllib
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from crackscope.arguments import PATH, refuse_wrong
from crackscope.errors import RecipeError
from crackscope.recipes.checks import check
from crackscope.recipes.reading_keys import field_types, nearest, nearest_key, struct_of
from crackscope.recipes.reading_values import in_plain_words
from crackscope.recipes.schema import Recipe


def names() -> list[str]:
    """Names of the recipes in the package, sorted."""
    return sorted(entry.name.removesuffix(".toml") for entry in _folder().iterdir() if entry.name.endswith(".toml"))


def text(name: str) -> str:
    """The file of a recipe in the package, its header included."""
    if name not in names():
        raise RecipeError(f"there is no recipe {name!r}{nearest(name, names())}; `crackscope recipes` lists them")
    return (_folder() / f"{name}.toml").read_text(encoding="utf-8")


def load(name_or_path: str | Path) -> Recipe:
    """A recipe by its name in the package or by the path of a TOML file.

    Raises:
        RecipeError: no such recipe, not TOML, an unknown key or a bad value.
    """
    refuse_wrong(recipe=(name_or_path, PATH))
    path = Path(name_or_path)
    if path.suffix == ".toml" or os.path.isfile(path):
        try:
            content = path.read_text(encoding="utf-8-sig")  # some editors put a mark before what they save
        except OSError as error:
            raise RecipeError(
                f"{path}: the recipe cannot be read ({error.strerror or error}); check the path"
            ) from None
        except UnicodeDecodeError as error:
            raise RecipeError(f"{path}: the recipe is not UTF-8 text (byte {error.start}); save it as that") from None
        return parse(content, where=str(path))
    return parse(text(str(name_or_path)), where=str(name_or_path))


def parse(content: str, *, where: str) -> Recipe:
    """A recipe from the text of a TOML file; `where` names it in errors."""
    try:
        raw = tomllib.loads(content)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RecipeError(f"{where}: not a TOML file ({error})") from None
    return _checked(raw, where)


def override(recipe: Recipe, settings: Iterable[str]) -> Recipe:
    """The recipe with `KEY=VALUE` settings applied.

    KEY is a dotted path such as `seed`, `augmentation.views` or `phases.0.epochs`; a phase may be named by its number,
    and `phases.epochs` sets it in all of them. VALUE is TOML; a bare word is taken as text.
    """
    raw = msgspec.json.decode(msgspec.json.encode(recipe))
    for setting in settings:
        key, separator, value = setting.partition("=")
        if not separator:
            raise RecipeError(f"{setting!r}: a setting is written KEY=VALUE, for example --set seed=1")
        _set(raw, key.strip().split("."), _value(value.strip()), setting)
    return _checked(raw, "--set")


def _folder() -> Path:
    return Path(str(files("crackscope.recipes")))


def _value(written: str) -> Any:
    try:
        return tomllib.loads(f"value = {written}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return written


def _set(node: Any, keys: Sequence[str], value: Any, setting: str) -> None:
    key, rest = keys[0], keys[1:]
    if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
        if rest:
            _set(node[int(key)], rest, value, setting)
        else:
            node[int(key)] = value
    elif isinstance(node, list) and node and not key.isdecimal():
        for item in node:
            _set(item, keys, value, setting)
    elif isinstance(node, dict) and not rest:
        node[key] = value
    elif isinstance(node, dict) and isinstance(node.get(key), dict | list):
        _set(node[key], rest, value, setting)
    else:
        raise RecipeError(f"--set {setting}: {_no_place(node, keys, setting)}")


def _no_place(node: Any, keys: Sequence[str], setting: str) -> str:
    """Why the first of `keys` leads nowhere in `node`."""
    key, whole = keys[0], setting.partition("=")[0].strip()
    above = whole.removesuffix(".".join(keys)).rstrip(".")
    if isinstance(node, dict) and key in node:
        return f"{key!r} is one value, with nothing in it to set; set it as a whole"
    if isinstance(node, list):
        there = f"0 to {len(node) - 1} are there" if len(node) > 1 else "0 alone is there" if node else "it is empty"
        return f"there is no {key!r} in {above}, {there}; `crackscope recipes NAME` shows it"
    if not isinstance(node, dict):
        return f"there is no {key!r} here; `crackscope recipes NAME` shows its keys"
    unknown = f"{above}.{key}" if above else key
    meant = nearest_key(unknown) or nearest_key(whole)
    return f"there is no {unknown!r}{meant or '; `crackscope recipes NAME` shows its keys'}"


def _checked(raw: Any, where: str) -> Recipe:
    _refuse_unknown(raw, Recipe, where, "")
    try:
        recipe = msgspec.convert(raw, Recipe)
    except msgspec.ValidationError as error:
        raise RecipeError(f"{where}: {in_plain_words(error, raw)}") from None
    check(recipe, where)
    return recipe


def _refuse_unknown(raw: Any, kind: Any, where: str, at: str) -> None:
    """Name the first key that the schema does not know, with the nearest one that it does."""
    section = struct_of(kind)
    if isinstance(raw, list | tuple):
        for number, item in enumerate(raw):
            _refuse_unknown(item, kind, where, f"{at}{number}.")
        return
    if not isinstance(raw, dict) or section is None:
        return
    fields = field_types(section)
    for key, value in raw.items():
        if key not in fields:
            raise RecipeError(f"{where}: unknown key {at + key!r}{nearest_key(at + key)}")
        _refuse_unknown(value, fields[key], where, f"{at}{key}.")
