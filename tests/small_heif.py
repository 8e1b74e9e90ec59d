"""HEIF files put together by hand from pictures that are coded already: pi-heif decodes, and nothing here encodes."""

import struct
from dataclasses import dataclass, replace
from pathlib import Path

from crackscope.images.heif_boxes import parse_contents

FOLDER = Path(__file__).parent / "heic"
WALL, TURNED, DEEP = ((FOLDER / f"{name}.heic").read_bytes() for name in ("wall", "turned", "deep"))
"""What the note beside them says: as heif-enc writes; as a phone writes; 10 bits of grey with alpha."""

Property = tuple[bytes, bytes]
ALPHA = (b"auxC", bytes(4) + b"urn:mpeg:hevc:2015:auxid:1\0")


@dataclass(frozen=True)
class Part:
    """An item: what it holds, its properties in their order, and what it refers to, by place in the file from 1."""

    content: bytes
    kind: bytes = b"hvc1"
    properties: tuple[Property, ...] = ()
    refers: tuple[tuple[bytes, tuple[int, ...]], ...] = ()
    hidden: bool = False

    def with_more(self, *properties: Property) -> "Part":
        return replace(self, properties=(*self.properties, *properties))


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">L", 8 + len(content)) + kind + content


def full(kind: bytes, content: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, bytes([version]) + flags.to_bytes(3, "big") + content)


def coded(data: bytes, number: int | None = None) -> Part:
    """The main picture of a file, or another item of it, without its references."""
    contents = parse_contents(data)
    number = contents.primary if number is None else number
    item = contents.items[number]
    return Part(contents.content(number), item.kind, item.properties)


def size(width: int, height: int) -> Property:
    return b"ispe", struct.pack(">LLL", 0, width, height)


def left(quarters: int) -> Property:
    return b"irot", bytes([quarters])


def mirrored(axis: int) -> Property:
    return b"imir", bytes([axis])


def crop(width: int, height: int) -> Property:
    return b"clap", struct.pack(">LLLLLLLL", width, 1, height, 1, 0, 1, 0, 1)


def grid(columns: int, rows: int, whole: tuple[int, int], tiles: tuple[int, ...]) -> Part:
    content = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, *whole)
    return Part(content, b"grid", (size(*whole),), ((b"dimg", tiles),))


def exif(block: bytes, about: int) -> Part:
    return Part(struct.pack(">L", 6) + b"Exif\0\0" + block, b"Exif", (), ((b"cdsc", (about,)),), hidden=True)


def heif(parts: list[Part], primary: int = 1, brands: bytes = b"heic\0\0\0\0mif1heic") -> bytes:
    """A file of these items, numbered from 1."""
    store: list[Property] = []
    for part in parts:
        store += [one for one in part.properties if one not in store]
    given = b"".join(
        struct.pack(">HB", number, len(part.properties))
        + bytes(1 + store.index(one) | (0x80 if one[0] == b"hvcC" else 0) for one in part.properties)
        for number, part in enumerate(parts, 1)
    )
    entries = b"".join(
        full(b"infe", struct.pack(">HH", number, 0) + part.kind + b"\0", 2, int(part.hidden))
        for number, part in enumerate(parts, 1)
    )
    referring = b"".join(
        box(kind, struct.pack(f">HH{len(many)}H", number, len(many), *many))
        for number, part in enumerate(parts, 1)
        for kind, many in part.refers
    )
    start = box(b"ftyp", brands)

    def meta(at: int) -> bytes:
        places = b""
        for number, part in enumerate(parts, 1):
            places += struct.pack(">HHHLL", number, 0, 1, at, len(part.content))
            at += len(part.content)
        return full(
            b"meta",
            full(b"hdlr", bytes(4) + b"pict" + bytes(13))
            + full(b"pitm", struct.pack(">H", primary))
            + full(b"iloc", struct.pack(">BBH", 0x44, 0, len(parts)) + places)
            + full(b"iinf", struct.pack(">H", len(parts)) + entries)
            + box(
                b"iprp",
                box(b"ipco", b"".join(box(*one) for one in store))
                + full(b"ipma", struct.pack(">L", len(parts)) + given),
            )
            + (full(b"iref", referring) if referring else b""),
        )

    body = box(b"mdat", b"".join(part.content for part in parts))
    return start + meta(len(start) + len(meta(0)) + 8) + body


MAIN = coded(WALL)
