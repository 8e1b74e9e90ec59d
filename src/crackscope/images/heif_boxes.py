"""The boxes of a HEIF file (ISO/IEC 14496-12 and 23008-12): which pictures it holds, and where their bytes lie.

Nothing in them is trusted: what reaches out of its box is damaged, what reaches out of the file is truncated.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from crackscope.images.faults import Fault

_HEVC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"MiHE", b"MiHB"}
_ANY_CODE_BRANDS = {b"mif1", b"mif2", b"msf1", b"miaf", b"1pic"}
_AV1_BRANDS = {b"avif", b"avis", b"MA1A", b"MA1B"}
_NEEDED = (b"pitm", b"iloc", b"iinf", b"iprp")
_WANTED = {*_NEEDED, b"iref", b"idat"}
_MOST_EXTENTS = 100_000
_IN_FILE, _IN_MIDDLE = 0, 1
"""How iloc says where bytes lie: from the start of the file, or of the box "idat"."""

Span = tuple[int, int]
"""Where a piece of a file starts and ends."""


@dataclass(frozen=True, slots=True)
class Item:
    """A picture, or what is said of one. kind: as b"hvc1" or b"grid". spans: where its bytes lie in the file; None
    where that is told in a way that is not read. properties: (kind, content), in the order of their meaning."""

    kind: bytes
    hidden: bool
    spans: tuple[Span, ...] | None = ()
    properties: tuple[tuple[bytes, bytes], ...] = ()

    def property(self, kind: bytes) -> bytes | None:
        """The content of the first property of a kind."""
        return next((content for name, content in self.properties if name == kind), None)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a HEIF file holds. primary: the number of the picture to show. references: (kind, from, to) of items."""

    data: bytes = field(repr=False)
    primary: int
    items: dict[int, Item]
    references: tuple[tuple[bytes, int, tuple[int, ...]], ...]

    def referred(self, kind: bytes, number: int) -> list[int]:
        """The items that item `number` refers to, in their order."""
        return [to for name, start, many in self.references if (name, start) == (kind, number) for to in many]

    def referring(self, kind: bytes, number: int) -> list[int]:
        """The items that refer to item `number`."""
        return [start for name, start, many in self.references if name == kind and number in many]

    def content(self, number: int) -> bytes:
        """The bytes of an item. Raises `Fault`: truncated where they reach out of the file, else damaged."""
        item = self.items.get(number)
        if item is None or not item.spans:
            raise Fault("damaged", "it names a part that it does not hold; copy it again from where it came")
        if any(end > len(self.data) for _, end in item.spans):
            raise Fault("truncated", "it ends before the picture does; copy it again from where it came")
        if sum(end - start for start, end in item.spans) > len(self.data):
            raise Fault("damaged", "its parts are larger than the whole; copy it again from where it came")
        return b"".join(self.data[start:end] for start, end in item.spans)


class Reader:
    """Numbers, one behind the other, from some bytes."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def take(self, size: int) -> bytes:
        """The next bytes. Raises `Fault` damaged where there are fewer."""
        piece = self.data[self.at : self.at + size]
        if len(piece) < size:
            raise Fault("damaged", "its boxes do not hold what they say; copy it again from where it came")
        self.at += size
        return piece

    def number(self, size: int) -> int:
        """The next number of so many bytes."""
        return int.from_bytes(self.take(size), "big")

    def version(self) -> tuple[int, int]:
        """Version and flags, with which a full box begins."""
        return self.number(1), self.number(3)


def brands(head: bytes) -> set[bytes]:
    """The brands in the box that a file of this family starts with, the major one among them; empty for others."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(len(head), int.from_bytes(head[:4], "big"), 512)
    return {head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))}


def is_heif(head: bytes) -> bool:
    """Whether a file that begins so is a HEIF file of pictures in HEVC, by its brands; 12 bytes may be enough."""
    if head[4:8] != b"ftyp":
        return False
    major, every = head[8:12], brands(head)
    return major in _HEVC_BRANDS or (
        major in _ANY_CODE_BRANDS and (bool(every & _HEVC_BRANDS) or not every & _AV1_BRANDS)
    )


def parse_contents(data: bytes) -> Contents:
    """Take a whole file apart, but not its pictures. Raises `Fault`."""
    found = _once((kind, span) for kind, span in boxes(data, 0, len(data)) if kind in (b"meta", b"moov"))
    if b"meta" not in found and b"moov" in found:
        raise Fault("unsupported", "it is a HEIF sequence, a video, which is not read; save a picture of it as JPEG")
    if b"meta" not in found or found[b"meta"][1] > len(data):
        raise Fault("truncated", "it ends inside its header; copy it again from where it came")
    start, end = found[b"meta"]
    parts = _once(box for box in boxes(data, start + 4, end) if box[0] in _WANTED)  # behind version and flags
    if any(kind not in parts for kind in _NEEDED):
        raise Fault("damaged", "it does not say which picture is its main one; copy it again from where it came")
    bodies = {kind: data[slice(*span)] for kind, span in parts.items() if kind != b"idat"}
    primary = Reader(bodies[b"pitm"])
    wide = 4 if primary.version()[0] else 2
    spans = _spans(bodies[b"iloc"], parts.get(b"idat"))
    properties = _properties(bodies[b"iprp"])
    items = {
        number: Item(kind, hidden, spans.get(number, ()), properties.get(number, ()))
        for number, (kind, hidden) in _kinds(bodies[b"iinf"]).items()
    }
    return Contents(data, primary.number(wide), items, tuple(_references(bodies.get(b"iref", b""))))


def _once(found: Iterable[tuple[bytes, Span]]) -> dict[bytes, Span]:
    """Boxes by their kind, none of which may come twice: libheif might heed the other one."""
    single: dict[bytes, Span] = {}
    for kind, span in found:
        if single.setdefault(kind, span) != span:
            raise Fault("damaged", "it says twice what it holds; copy it again from where it came")
    return single


def boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, Span]]:
    """(kind, where its content lies) of each box from `at` on; the last one may reach beyond `end`."""
    while at + 8 <= end:
        size, kind, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = end - at
        if size < head:
            return
        yield kind, (at + head, at + size)
        at += size


def _kinds(body: bytes) -> dict[int, tuple[bytes, bool]]:
    """Kind of each item, and whether it is hidden, from the box "iinf"."""
    start = 8 if body[:1] > b"\0" else 6  # behind version, flags and the number of entries
    kinds: dict[int, tuple[bytes, bool]] = {}
    for name, span in boxes(body, start, len(body)):
        if name == b"infe":
            reader = Reader(body[slice(*span)])
            version, flags = reader.version()
            number = reader.number(4 if version == 3 else 2)
            reader.take(2)
            kinds[number] = (reader.take(4) if version >= 2 else b"", bool(flags & 1))
    return kinds


def _references(body: bytes) -> Iterator[tuple[bytes, int, tuple[int, ...]]]:
    wide = 4 if body[:1] > b"\0" else 2
    for kind, span in boxes(body, 4, len(body)):
        reader = Reader(body[slice(*span)])
        start = reader.number(wide)
        yield kind, start, tuple(reader.number(wide) for _ in range(reader.number(2)))


def _spans(body: bytes, middle: Span | None) -> dict[int, tuple[Span, ...] | None]:
    """Where the bytes of each item lie, from the box "iloc". middle: the place of "idat"."""
    reader = Reader(body)
    version, _ = reader.version()
    sizes = reader.number(2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    spans: dict[int, tuple[Span, ...] | None] = {}
    left = _MOST_EXTENTS
    for _ in range(reader.number(wide)):
        number = reader.number(wide)
        way = reader.number(2) & 15 if version else _IN_FILE
        elsewhere = reader.number(2)
        start, some = reader.number(base), []
        for _ in range(count := reader.number(2)):
            reader.take(index if version else 0)
            first = start + reader.number(offset)
            some.append((first, first + reader.number(length)))
        left -= count + 1
        if left < 0:
            raise Fault(
                "damaged", f"it says that it has over {_MOST_EXTENTS:,} parts; copy it again from where it came"
            )
        spans[number] = None if elsewhere else _placed(some, way, middle)
    return spans


def _placed(spans: list[Span], way: int, middle: Span | None) -> tuple[Span, ...] | None:
    if way == _IN_MIDDLE and middle is not None:
        return tuple((middle[0] + start, middle[0] + end) for start, end in spans)
    return tuple(spans) if way == _IN_FILE else None


def _properties(body: bytes) -> dict[int, tuple[tuple[bytes, bytes], ...]]:
    """The properties of each item, from the boxes "ipco", which holds them, and "ipma", which hands them out."""
    parts = list(boxes(body, 0, len(body)))
    store = [
        (kind, body[slice(*span)])
        for name, place in parts
        if name == b"ipco"
        for kind, span in boxes(body, place[0], min(place[1], len(body)))
    ]
    given: dict[int, tuple[tuple[bytes, bytes], ...]] = {}
    for name, place in parts:
        if name != b"ipma":
            continue
        reader = Reader(body[slice(*place)])
        version, flags = reader.version()
        size = 2 if flags & 1 else 1
        for _ in range(reader.number(4)):
            number = reader.number(4 if version else 2)
            chosen = [reader.number(size) & (0x7FFF if size == 2 else 0x7F) for _ in range(reader.number(1))]
            given[number] = tuple(store[one - 1] for one in chosen if 1 <= one <= len(store))
    return given
