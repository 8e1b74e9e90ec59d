"""A reader of protobuf's wire format, as much of it as checking a graph takes.

Written here because importing the onnx package costs a cold prediction a quarter of a second. It visits every
occurrence of every field, whichever of them a protobuf library would keep, and refuses what it does not know.
Format: https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class WireError(ValueError):
    """Bytes that are not a protobuf message."""


def fields(message: memoryview) -> Iterator[tuple[int, int, int, memoryview]]:
    """Yield (field number, wire type, number, payload) of each field of a message.

    number is the value of a varint (0 otherwise), payload the content of the other kinds (empty for varints).
    Raises WireError when the bytes end too early or use groups, which ONNX does not.
    """
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        field, kind = key >> 3, key & 7
        if field == 0:
            raise WireError("field number 0")
        if kind == VARINT:
            number, at = _varint(message, at)
            yield field, kind, number, message[:0]
            continue
        if kind == BYTES:
            size, at = _varint(message, at)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
        else:
            raise WireError(f"wire type {kind}")
        if size > end - at:
            raise WireError("a field reaches past the end")
        yield field, kind, 0, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise WireError("a number reaches past the end")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def text(payload: memoryview) -> str:
    """Decode a string field. Raises WireError when it is not UTF-8."""
    try:
        return bytes(payload).decode()
    except UnicodeDecodeError:
        raise WireError("a string is not UTF-8") from None


def encode_bytes(field: int, payload: bytes) -> bytes:
    """Return one length-delimited field, key included."""
    return _encode_varint(field << 3 | BYTES) + _encode_varint(len(payload)) + payload


def _encode_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
