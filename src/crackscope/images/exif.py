"""The EXIF turn, read from the raw block.

Pillow's reader takes the whole block apart and warns about what it does not like; one number is all we want of it.
"""

_ORIENTATION = 0x0112
_SIZES = {1: 1, 3: 2, 4: 4}


def orientation(block: bytes) -> int:
    """Orientation 1 to 8 from an EXIF block (with or without the leading "Exif"); 1 where it says nothing valid."""
    block = block.removeprefix(b"Exif\0\0")
    order: dict[bytes, bool] = {b"II*\0": False, b"MM\0*": True}
    big = order.get(block[:4])
    if big is None:
        return 1

    def number(offset: int, size: int) -> int:
        return int.from_bytes(block[offset : offset + size], "big" if big else "little")

    start = number(4, 4)
    for entry in range(start + 2, min(start + 2 + 12 * number(start, 2), len(block) - 11), 12):
        if number(entry, 2) == _ORIENTATION:
            value = number(entry + 8, _SIZES.get(number(entry + 2, 2), 0))
            return value if 1 <= value <= 8 else 1
    return 1
