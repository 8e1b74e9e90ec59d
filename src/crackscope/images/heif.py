"""HEIF with HEVC inside, the HEIC of phones: header from its boxes (ISO/IEC 23008-12), pixels by libheif (pi-heif).

The picture is turned as its own properties say (irot, imir), which libheif does while it decodes. The EXIF orientation,
which phones write as well, is not heeded, as the standard says: it would turn the picture a second time.
"""

from dataclasses import dataclass
from typing import Any

from PIL import Image

from crackscope.errors import printable
from crackscope.images.faults import LONGEST_DETAIL, Fault
from crackscope.images.header import Header, Meaning, Stored
from crackscope.images.heif_boxes import Contents, Item, Reader, parse_contents

_CODED, _GRID, _SAME = b"hvc1", b"grid", b"iden"
_OTHER_CODES = {b"av01": "AV1", b"jpeg": "JPEG", b"avc1": "AVC", b"j2k1": "JPEG 2000", b"vvc1": "VVC"}
_ALPHA = (b"urn:mpeg:hevc:2015:auxid:1", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha")
_MOST_STEPS = 8
"""From one derived picture to the next; a file that refers to itself has no end."""
_COPY = "copy it again from where it came"

_SEEN = {"0123": 1, "1032": 2, "3210": 3, "2301": 4, "0213": 5, "2031": 6, "3120": 7, "1302": 8}
"""EXIF orientation by what becomes of a picture of two rows, 01 and 23."""
_QUARTER_LEFT, _TOP_DOWN, _LEFT_RIGHT = (1, 3, 0, 2), (2, 3, 0, 1), (1, 0, 3, 2)


@dataclass(frozen=True, slots=True)
class _Made:
    """What a picture is made of: the numbers of its HEVC pictures, and the (width, height) that is decoded of them."""

    coded: tuple[int, ...]
    extent: tuple[int, int]


def parse(data: bytes) -> Stored:
    """Parse the boxes of a HEIF file; where pi-heif is not installed it is refused. Raises `Fault`."""
    library = _library()
    contents = parse_contents(data)
    main = _made_of(contents, contents.primary)
    alphas = [_made_of(contents, number) for number in _alphas(contents)]
    _check_all(contents, [number for made in (main, *alphas) for number in made.coded])
    width, height, turn = _size(contents.items[contents.primary])
    mode, bits = _mode(contents.items[main.coded[0]], bool(alphas))
    # Of grey with 10 or 12 bits libheif makes 16 whose lowest ones are empty, of colours 8.
    meaning = Meaning(top=(2**bits - 1) << (16 - bits) if mode == "I;16" else None, lossy=True)
    most = max((made.extent for made in (main, *alphas)), key=lambda size: size[0] * size[1])
    header = Header(width, height, "HEIF", mode, turn)
    return Stored(header, meaning, lambda: _decoded(library, data), extent=most, turned=True)


def _library() -> Any:
    try:
        import pi_heif
    except ImportError as error:
        why = "" if isinstance(error, ModuleNotFoundError) else f" ({_said(error)})"
        raise Fault(
            "unsupported",
            f'it is a HEIC file, which wants the extra heif{why}: pip install ".[heif]" in the folder of crackscope\'s '
            "sources; or save it as JPEG, as iPhones do with Settings, Camera, Formats, Most Compatible",
        ) from error
    return pi_heif


def _decoded(library: Any, data: bytes) -> Image.Image:
    """The main picture, turned as its properties say. Raises `Fault`."""
    try:
        file = library.open_heif(data)
        picture = file[file.primary_index]
        pixels = picture.data
        return Image.frombytes(picture.mode, picture.size, pixels, "raw", picture.mode, picture.stride)
    except (SyntaxError, ImportError) as error:  # it names what it does not know so; or its own parts are missing
        raise Fault("unsupported", f"libheif does not read it ({_said(error)}); save it as JPEG") from error
    except (OSError, RuntimeError, ValueError) as error:
        said = _said(error)
        if "ecurity limit" in said:
            raise Fault("too-large", f"libheif refuses it ({said}); save it as JPEG") from error
        raise Fault("damaged", f"it cannot be decoded ({said}); {_COPY}") from error


def _said(error: Exception) -> str:
    return printable(" ".join(str(error).split()))[:LONGEST_DETAIL] or type(error).__name__


def _made_of(contents: Contents, number: int) -> _Made:
    """Raises `Fault` for what is not made of HEVC pictures."""
    for _ in range(_MOST_STEPS):
        item = contents.items.get(number)
        if item is None:
            break
        if item.kind == _CODED:
            return _Made((number,), _stored(item))
        made_of = contents.referred(b"dimg", number)
        if item.kind == _GRID:
            return _tiled(contents, number, made_of)
        if item.kind != _SAME or not made_of:
            code = _OTHER_CODES.get(item.kind) or ascii(item.kind.decode("latin-1"))
            raise Fault("unsupported", f"it is a HEIF file whose picture is coded as {code}; save it as JPEG")
        number = made_of[0]
    raise Fault("damaged", f"it does not hold the picture that it names; {_COPY}")


def _tiled(contents: Contents, number: int, tiles: list[int]) -> _Made:
    """A grid, whose tiles must be as many as it says, all of one size, and make up its picture."""
    reader = Reader(contents.content(number))
    _, flags, rows, columns = (reader.number(1) for _ in range(4))
    wide = 4 if flags & 1 else 2
    size = (reader.number(wide), reader.number(wide))
    parts = [contents.items.get(tile) for tile in tiles]
    coded = [part for part in parts if part is not None and part.kind == _CODED]
    if len(coded) != (rows + 1) * (columns + 1) or size != _stored(contents.items[number]):
        raise Fault("damaged", f"its tiles do not make up its picture; {_COPY}")
    sides = {_stored(part) for part in coded}
    (width, height), *others = sides
    if others or (columns + 1) * width < size[0] or (rows + 1) * height < size[1]:
        raise Fault("damaged", f"its tiles do not make up its picture; {_COPY}")
    return _Made(tuple(tiles), ((columns + 1) * width, (rows + 1) * height))


def _alphas(contents: Contents) -> list[int]:
    """The pictures that are the transparency of the main one."""
    found = [one for one in contents.referring(b"auxl", contents.primary) if one in contents.items]
    said = {one: contents.items[one].property(b"auxC") or b"" for one in found}
    return [one for one in found if said[one][4:].partition(b"\0")[0] in _ALPHA]


def _check_all(contents: Contents, numbers: list[int]) -> None:
    """Raise a `Fault` where one of these items holds no HEVC; bytes that many of them share are looked at once."""
    apart = {contents.items[number].spans: number for number in numbers}
    if sum(end - start for spans in apart for start, end in spans or ()) > len(contents.data):
        raise Fault("truncated", f"its parts are larger than the file, which may end before they do; {_COPY}")
    for number in apart.values():
        _check_coded(contents, number)


def _check_coded(contents: Contents, number: int) -> None:
    """Raise a `Fault` where what an item holds is cut off, or can be no HEVC.

    The decoder makes a picture of nearly anything. But the units of a picture fill its place, none ends with a zero
    byte and none holds three in a row (ITU-T H.265, section 7.4.2): zeros are what copying leaves that broke off.
    """
    data, setup = contents.content(number), contents.items[number].property(b"hvcC") or b""
    at, size = 0, (setup[21] & 3) + 1 if len(setup) > 22 else 0
    while at < len(data) and size:
        start = at + size
        at = start + int.from_bytes(data[at:start], "big")
        if not start + 2 <= at <= len(data) or data[at - 1] == 0 or data.find(b"\0\0\0", start, at) >= 0:
            size = 0
    if not data or not size:
        raise Fault("damaged", f"its picture is cut off, or spoilt on the way; {_COPY}")


def _stored(item: Item) -> tuple[int, int]:
    """Width and height before any turn or crop."""
    said = item.property(b"ispe")
    if said is None:
        raise Fault("damaged", f"it does not say how large its picture is; {_COPY}")
    reader = Reader(said, 4)  # behind version and flags
    return reader.number(4), reader.number(4)


def _size(item: Item) -> tuple[int, int, int]:
    """Width and height of a picture before its turns, and the EXIF orientation that stands for all of them."""
    (width, height), seen = _stored(item), "0123"
    for kind, content in item.properties:
        first = content[0] if content else 0
        if kind == b"clap":
            reader = Reader(content)
            width, height = (int(reader.number(4) / max(1, reader.number(4)) + 0.5) for _ in range(2))
        elif kind == b"imir":
            seen = "".join(seen[k] for k in (_LEFT_RIGHT if first & 1 else _TOP_DOWN))
        elif kind == b"irot":
            for _ in range(first & 3):
                width, height, seen = height, width, "".join(seen[k] for k in _QUARTER_LEFT)
    turn = _SEEN[seen]
    return (width, height, turn) if turn < 5 else (height, width, turn)


def _mode(coded: Item, with_alpha: bool) -> tuple[str, int]:
    """Pillow's word for what libheif makes of a picture, and how many bits its values have."""
    setup = coded.property(b"hvcC") or bytes(23)
    grey, bits = setup[16] & 3 == 0, (setup[17] & 7) + 8
    if with_alpha:
        return "RGBA", bits
    return ("RGB" if not grey else "L" if bits == 8 else "I;16"), bits
