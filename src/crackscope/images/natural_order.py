"""Names in the order in which people count: 2 before 10."""

import re

_DIGITS = re.compile(r"([0-9]+)")

Natural = tuple[tuple[int, int, str, str], ...]


def natural(text: str) -> Natural:
    """Sorting key by which `p9` comes before `p10`, and digits before letters."""
    return tuple(_piece(piece) for piece in _DIGITS.split(text) if piece)


def _piece(piece: str) -> tuple[int, int, str, str]:
    if not _DIGITS.fullmatch(piece):
        return (1, 0, piece, piece)
    # Numbers by length without leading zeros first: Python makes no int of thousands of digits.
    digits = piece.lstrip("0")
    return (0, len(digits), digits, piece)
