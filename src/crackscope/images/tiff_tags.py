"""The first directory of a TIFF, as numbers, and as bytes again with only the tags that pixels need."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import islice, takewhile

from crackscope.images.faults import Fault
from crackscope.images.header import integer


class Tag(IntEnum):
    """The tags that are read; those from WIDTH to BLACK_WHITE are handed on to the decoder, in this order."""

    SUBFILE = 254
    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES = 277
    ROWS = 278
    STRIP_COUNTS = 279
    MOST_SAMPLE = 281
    PLANAR = 284
    T4_OPTIONS = 292
    T6_OPTIONS = 293
    PREDICTOR = 317
    COLOUR_MAP = 320
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILE_OFFSETS = 324
    TILE_COUNTS = 325
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    MOST_SAMPLE_SIGNED = 341
    JPEG_TABLES = 347
    OLD_JPEG_PROCESS = 512
    OLD_JPEG_OFFSET = 513
    OLD_JPEG_LENGTH = 514
    OLD_JPEG_RESTART = 515
    OLD_JPEG_Q = 519
    OLD_JPEG_DC = 520
    OLD_JPEG_AC = 521
    YCC_COEFFICIENTS = 529
    YCC_SUBSAMPLING = 530
    YCC_POSITION = 531
    BLACK_WHITE = 532
    PIXEL_SCALE = 33550
    TIEPOINT = 33922
    TRANSFORMATION = 34264
    GEO_KEYS = 34735
    NODATA = 42113
    DNG = 50706


BESIDE = {Tag.PIXEL_SCALE, Tag.TIEPOINT, Tag.TRANSFORMATION, Tag.GEO_KEYS, Tag.NODATA}
"""What surveys say beside the picture: where that is broken, the picture is read without it."""
NOT_HANDED_ON = {Tag.SUBFILE, Tag.ORIENTATION, Tag.MOST_SAMPLE, Tag.MOST_SAMPLE_SIGNED, Tag.DNG} | BESIDE
SINGLE = {
    Tag.SUBFILE,
    Tag.WIDTH,
    Tag.HEIGHT,
    Tag.COMPRESSION,
    Tag.PHOTOMETRIC,
    Tag.FILL_ORDER,
    Tag.ORIENTATION,
    Tag.SAMPLES,
    Tag.ROWS,
    Tag.PLANAR,
    Tag.T4_OPTIONS,
    Tag.T6_OPTIONS,
    Tag.PREDICTOR,
    Tag.TILE_WIDTH,
    Tag.TILE_HEIGHT,
    Tag.OLD_JPEG_PROCESS,
    Tag.OLD_JPEG_OFFSET,
    Tag.OLD_JPEG_LENGTH,
    Tag.OLD_JPEG_RESTART,
    Tag.YCC_POSITION,
}
_NEEDED = {Tag.WIDTH, Tag.HEIGHT, Tag.BITS, Tag.COMPRESSION, Tag.PHOTOMETRIC, Tag.STRIP_OFFSETS, Tag.TILE_OFFSETS}
_KNOWN = {int(tag) for tag in Tag}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_ASCII, _DOUBLE = 2, 12
_CODES = {1: "B", 3: "H", 4: "L", 13: "L", 16: "Q"}
_LOOKED_AT = 4
_MOST_LOOKED_AT = 64
"""The mask of the first picture is looked for in so many directories: it stands next to it or behind its overviews."""
_SUBFILE = int(Tag.SUBFILE)
SMALLER, MASK = 1, 4
"""Bits of SUBFILE: a smaller version of another picture; a mask of one (TIFF 6.0, section 8)."""
_MOST_TAGS = 4096
_LONGEST = 16_000_000
"""Bytes of one tag: a gigapixel in strips of one row has less than a tenth of it."""
_LONGEST_BESIDE = 1 << 20


@dataclass(frozen=True, slots=True)
class Tags:
    """values: the numbers of each unsigned tag. reals: of each of double precision. texts: what ASCII tags say.

    entries: each known tag as it stands in the file. start: of them.
    """

    values: dict[int, tuple[int, ...]]
    reals: dict[int, tuple[float, ...]]
    texts: dict[int, str]
    entries: dict[int, bytes]
    start: int
    big_endian: bool
    long_offsets: bool

    def one(self, tag: Tag, default: int) -> int:
        """The only value of a tag, or `default` where the file has no such tag."""
        found = self.values.get(tag)
        return found[0] if found else default


def read_directory(data: bytes, start: int | None = None) -> Tags:
    """The first directory, or one at `start`. Raises `Fault` where it, or what a needed tag points to, lies outside."""
    big = data[:2] == b"MM"
    version = integer(data, 2, 2, big=big)
    if version not in (42, 43):
        raise Fault("damaged", f"its header gives version {version}, which no TIFF has; copy it again")
    long = version == 43
    if long and big:
        raise Fault("unsupported", "it is a big-endian BigTIFF, which Pillow does not read; save it as a plain TIFF")
    if long and (integer(data, 4, 2, big=big), integer(data, 6, 2, big=big)) != (8, 0):
        raise Fault("damaged", "its BigTIFF header makes no sense; copy it again from where it came")
    if start is None:
        start = integer(data, 8 if long else 4, 8 if long else 4, big=big)
    head, step = (8, 20) if long else (2, 12)
    number = integer(data, start, head, big=big)
    if number > _MOST_TAGS:
        raise Fault("damaged", f"its directory lists {number} tags; copy it again from where it came")
    tags = Tags({}, {}, {}, {}, start, big, long)
    for at in range(start + head, start + head + number * step, step):
        integer(data, at + step - 1, 1)
        tag = integer(data, at, 2, big=big)
        if tag in _KNOWN and tag not in tags.entries:
            _take(data, tags, tag, data[at : at + step])
    return tags


def _take(data: bytes, tags: Tags, tag: int, entry: bytes) -> None:
    big, width = tags.big_endian, 8 if tags.long_offsets else 4
    kind, count = integer(entry, 2, 2, big=big), integer(entry, 4, width, big=big)
    size = _SIZES.get(kind, 0) * count
    if not 0 < size <= (_LONGEST_BESIDE if tag in BESIDE else _LONGEST):
        if tag in _NEEDED:
            raise Fault("damaged", f"its tag {tag} has type {kind} and {count} values")
        return
    at = integer(entry, 4 + width, width, big=big)
    piece = entry[4 + width :][:size] if size <= width else data[at : at + size]
    if len(piece) < size:
        if tag in BESIDE:
            return
        raise Fault("truncated", "it ends before the picture does; copy it again from where it came")
    tags.entries[tag] = entry
    if kind in _CODES:
        tags.values[tag] = struct.unpack(f"{'>' if big else '<'}{count}{_CODES[kind]}", piece)
    elif tag in _NEEDED or tag in SINGLE:
        raise Fault("damaged", f"its tag {tag} has type {kind}")
    elif kind == _DOUBLE:
        tags.reals[tag] = struct.unpack(f"{'>' if big else '<'}{count}d", piece)
    elif kind == _ASCII:
        tags.texts[tag] = piece.partition(b"\0")[0].decode("ascii", "replace").strip()


def as_colours(tags: Tags, extra: tuple[int, ...]) -> Tags:
    """The same picture declared as RGB and `extra`: at most two further samples, as EXTRA_SAMPLES has them."""
    return declared(tags, {Tag.PHOTOMETRIC: (2,), Tag.EXTRA_SAMPLES: extra})


def declared(tags: Tags, changed: dict[Tag, tuple[int, ...]]) -> Tags:
    """The same picture with other values of these tags: 16 bits, few enough to stand in the directory; () for none."""
    values, entries = tags.values.copy(), tags.entries.copy()
    order, width = ">" if tags.big_endian else "<", 8 if tags.long_offsets else 4
    for tag, numbers in changed.items():
        values[tag] = numbers
        head = struct.pack(f"{order}HH{'Q' if tags.long_offsets else 'L'}", tag, 3, len(numbers))
        entries[tag] = head + struct.pack(f"{order}{len(numbers)}H", *numbers).ljust(width, b"\0")
        if not numbers:
            del values[tag], entries[tag]
    return replace(tags, values=values, entries=entries)


def count_directories(data: bytes, most: int) -> int:
    """Pages of a TIFF: the directories of its chain, but for smaller versions and masks of others; `most` at most.
    Raises `Fault` where not even the header is whole."""
    pages = 0
    for _, kind in islice(_chain(data), 2 * most):
        pages += not kind & (SMALLER | MASK)
        if pages == most:
            break
    return pages


def find_mask(data: bytes) -> int | None:
    """Where the directory of the first picture's mask stands; None where it has none. Raises `Fault` as above."""
    following = takewhile(lambda one: one[1] & (SMALLER | MASK), islice(_chain(data), 1, _MOST_LOOKED_AT))
    return next((at for at, kind in following if not kind & SMALLER), None)


def _chain(data: bytes) -> Iterator[tuple[int, int]]:
    """Each directory of a TIFF: where it stands, and its SUBFILE, 0 for none.

    A chain that leaves the file, or comes back to where it was, ends there. Of each directory only the first tags are
    looked at: they stand in ascending order, SUBFILE first of all.
    """
    big, long = data[:2] == b"MM", data[2:3] == b"+" or data[3:4] == b"+"
    head, step, width = (8, 20, 8) if long else (2, 12, 4)
    at = integer(data, width, width, big=big)
    seen: set[int] = set()
    while 0 < at < len(data) - head and at not in seen:
        seen.add(at)
        number = integer(data, at, head, big=big)
        tags = range(at + head, min(at + head + min(number, _LOOKED_AT) * step, len(data) - step + 1), step)
        kinds = (
            integer(data, tag + width + 4, 4, big=big) for tag in tags if integer(data, tag, 2, big=big) == _SUBFILE
        )
        yield at, next(kinds, 0)
        following = at + head + number * step
        at = integer(data, following, width, big=big) if following <= len(data) - width else 0


def rewritten(data: bytes, tags: Tags) -> bytes:
    """`data` with the directory of `tags`, reduced to what pixels need, for its only one."""
    order = ">" if tags.big_endian else "<"
    kept = [tags.entries[tag] for tag in sorted(tags.entries) if tag not in NOT_HANDED_ON]
    count = struct.pack(order + ("Q" if tags.long_offsets else "H"), len(kept))
    place = struct.pack(order + ("Q" if tags.long_offsets else "L"), tags.start)
    block = b"".join([count, *kept, bytes(8 if tags.long_offsets else 4)])
    rest = memoryview(data)[tags.start + len(block) :]
    return b"".join([memoryview(data)[: len(place)], place, memoryview(data)[2 * len(place) : tags.start], block, rest])
