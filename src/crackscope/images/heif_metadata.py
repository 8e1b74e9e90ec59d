"""What a HEIF file says of its main picture: the EXIF block, the colour profile; and how many pictures it holds."""

from crackscope.images.faults import Fault
from crackscope.images.heif_boxes import is_heif, parse_contents

_STARTS = (b"II*\0", b"MM\0*")
_PREFIX = b"Exif\0\0"
_PICTURES = {b"hvc1", b"grid", b"iden", b"iovl"}


def exif_in(data: bytes) -> bytes:
    """The EXIF block, from its TIFF header on; b"" where there is none, or the file is none."""
    if not is_heif(data):
        return b""
    try:
        contents = parse_contents(data)
        blocks = [number for number, item in contents.items.items() if item.kind == b"Exif"]
        about = set(contents.referring(b"cdsc", contents.primary))
        own = [number for number in blocks if number in about] or blocks
        content = contents.content(own[0]) if own else b""
    except Fault:
        return b""
    # The first number says how far behind it the block begins; some writers leave it 0 and put "Exif" there.
    for start in (4 + int.from_bytes(content[:4], "big"), 4):
        block = content[start:].removeprefix(_PREFIX)
        if block.startswith(_STARTS):
            return block
    return b""


def profile_in(data: bytes) -> bytes:
    """The ICC profile; b"" where there is none, or the file is none."""
    if not is_heif(data):
        return b""
    try:
        contents = parse_contents(data)
    except Fault:
        return b""
    primary = contents.items.get(contents.primary)
    colours = [] if primary is None else [content for kind, content in primary.properties if kind == b"colr"]
    return next((content[4:] for content in colours if content[:4] in (b"prof", b"rICC")), b"")


def count_pictures(data: bytes, most: int) -> int:
    """Pictures that stand for themselves, `most` at most: no tiles, previews, alpha, depth or gain maps.

    Raises `Fault`.
    """
    contents = parse_contents(data)
    parts: set[int] = set()
    for kind, start, many in contents.references:
        if kind in (b"thmb", b"auxl"):
            parts.add(start)
        elif kind == b"dimg":
            parts.update(many)
    own = [n for n, item in contents.items.items() if item.kind in _PICTURES and not item.hidden and n not in parts]
    return min(most, len(own))
