"""How records show themselves at a prompt and in logs: what they say, and of what is long how much there is."""

from dataclasses import fields, is_dataclass
from typing import Any

from crackscope.errors import several

_LONGEST = 100
"""Characters of a value that is shown as it is."""
_EMPTY: tuple[Any, ...] = (None, "", (), [], {}, False)


def brief(record: Any) -> str:
    """A struct or dataclass as `repr` shows it, to be named `__repr__` in its class.

    What is empty is left out; polygons and lines, long tuples, texts and tables are told by their count, arrays by
    dtype and shape. The fields themselves stay as they are.
    """
    told = (f"{name}={_told(value)}" for name, value in _fields(record) if not _empty(value))
    return f"{type(record).__name__}({', '.join(told)})"


def _fields(record: Any) -> list[tuple[str, Any]]:
    shown = [one.name for one in fields(record) if one.repr] if is_dataclass(record) else record.__struct_fields__
    return [(name, getattr(record, name)) for name in shown]


def _empty(value: Any) -> bool:
    return any(type(value) is type(empty) and value == empty for empty in _EMPTY)


def _told(value: Any) -> str:
    if hasattr(value, "dtype"):
        return f"<{value.dtype} {list(value.shape)}>"
    if not isinstance(value, str | bytes | tuple | list | dict):
        return repr(value)
    text = repr(value) if len(value) <= _LONGEST else ""
    return text if text and len(text) <= _LONGEST else f"<{_count(value)}>"


def _count(value: Any) -> str:
    if isinstance(value, str | bytes):
        return several(len(value), "character" if isinstance(value, str) else "byte")
    if isinstance(value, dict):
        return several(len(value), "key")
    if _is_line(value[0]):
        return f"{several(len(value), 'line')} of {several(sum(map(len, value)), 'point')}"
    return f"{len(value):,} x {type(value[0]).__name__}"


def _is_line(value: Any) -> bool:
    """Whether it is a line or ring of points."""
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], tuple)
