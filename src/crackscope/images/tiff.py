"""TIFF and BigTIFF: the first directory (TIFF 6.0, section 2), checked, and rewritten with nothing but pixels in it.

Pillow and libtiff then see a file of one frame without any tag that could warn, mislead or point outside of the file.
"""

from io import BytesIO

from PIL import Image, ImageFile

from crackscope.images import depth, unseen
from crackscope.images.faults import Fault
from crackscope.images.georeference import ground_of
from crackscope.images.header import Header, Meaning, Stored
from crackscope.images.tiff_tags import (
    SINGLE,
    SMALLER,
    Tag,
    Tags,
    as_colours,
    declared,
    find_mask,
    read_directory,
    rewritten,
)

_MODES: dict[tuple[int, int, int, int], str] = {}
"""(photometric, bits, sample format, colour samples) -> mode, filled below: what we can answer for."""
for _photo in (0, 1):
    _MODES |= {(_photo, bits, 1, 1): "L" for bits in (2, 4, 8)}
    _MODES |= {(_photo, 1, 1, 1): "1", (_photo, 16, 1, 1): "I;16", (_photo, 32, 3, 1): "F"}
_MODES |= {(1, 12, 1, 1): "I;16", (1, 32, 1, 1): "I"}
_MODES |= {(2, 8, 1, 3): "RGB", (2, 16, 1, 3): "RGB;16", (5, 8, 1, 4): "CMYK", (5, 16, 1, 4): "CMYK;16"}
_MODES |= {(6, 8, 1, 3): "YCbCr"} | {(3, bits, 1, 1): "P" for bits in (1, 2, 4, 8)}

_PHOTOS = {0: "grey", 1: "grey", 2: "RGB", 3: "palette", 4: "mask", 5: "CMYK", 6: "YCbCr", 8: "Lab", 32803: "raw"}
_COLOURS = {2: 3, 5: 4, 6: 3, 8: 3}
_UNCOMPRESSED, _OLD_JPEG, _JPEG = 1, 6, 7
_SHEETS = 2
"""PlanarConfiguration: one plane a channel."""


class _Tiff:
    """Holds the class that is made on first use: Pillow's TIFF reader costs milliseconds to import."""

    made: type[ImageFile.ImageFile] | None = None


def _reader() -> type[ImageFile.ImageFile]:
    if _Tiff.made is None:
        from PIL import TiffImagePlugin

        class Quiet(TiffImagePlugin.TiffImageFile):
            """Pillow's reader without its bomb warning: `Limits` have judged the size already."""

            def load_prepare(self) -> None:
                if self._im is None:
                    self.im = Image.new(self.mode, self.size, None).im
                super().load_prepare()

        _Tiff.made = Quiet
    return _Tiff.made


def parse(data: bytes) -> Stored:
    """Parse the first directory of a TIFF. Raises `Fault`."""
    tags = _coloured(read_directory(data))
    if Tag.DNG in tags.values or tags.one(Tag.SUBFILE, 0) & SMALLER:
        raise Fault("unsupported", "its first picture is only a preview (camera raw?); export it as JPEG or TIFF")
    for tag in SINGLE:
        if len(tags.values.get(tag, (0,))) != 1:
            raise Fault("damaged", f"its tag {int(tag)} has several values where one belongs")
    width, height = tags.one(Tag.WIDTH, 0), tags.one(Tag.HEIGHT, 0)
    mode, meaning = _mode(tags)
    turn = tags.one(Tag.ORIENTATION, 1)
    header = Header(width, height, "TIFF", mode, turn if 1 <= turn <= 8 else 1)
    ground = ground_of(tags, width, height)
    return Stored(header, meaning, lambda: _opened(data, tags, header), lambda: _mask(data, header), ground)


def _mask(data: bytes, picture: Header) -> Image.Image | None:
    """The transparency mask of the picture (TIFF 6.0, section 36); None where there is none of its size."""
    start = find_mask(data)
    if start is None:
        return None
    tags = declared(read_directory(data, start), {Tag.PHOTOMETRIC: (1,)})
    header = Header(tags.one(Tag.WIDTH, 0), tags.one(Tag.HEIGHT, 0), "TIFF", _mode(tags)[0])
    if (header.width, header.height) != (picture.width, picture.height) or header.mode not in ("1", "L"):
        return None
    return _opened(data, tags, header)


def _coloured(tags: Tags) -> Tags:
    """Three bands and more, declared as black and white and what is beside it, are colours: so GDAL writes 16 bits."""
    samples = tags.one(Tag.SAMPLES, 1)
    if tags.one(Tag.PHOTOMETRIC, 0) != 1 or samples not in (3, 4, 5):
        return tags
    extra = tags.values.get(Tag.EXTRA_SAMPLES, ())
    return as_colours(tags, (*extra, 0, 0, 0, 0)[2 : samples - 1])


def _mode(tags: Tags) -> tuple[str, Meaning]:
    packing = tags.one(Tag.COMPRESSION, _UNCOMPRESSED)
    photo = 6 if packing == _OLD_JPEG else tags.one(Tag.PHOTOMETRIC, 0)
    bits = tags.values.get(Tag.BITS, (1,))
    formats = tags.values.get(Tag.SAMPLE_FORMAT, (1,))
    extra = tags.values.get(Tag.EXTRA_SAMPLES, ())
    colours = _COLOURS.get(photo, 1)
    samples = tags.one(Tag.SAMPLES, colours if packing == _OLD_JPEG else 1)
    what = f"a TIFF of {_PHOTOS.get(photo, f'photometric {photo}')}, {max(bits)} bits, sample format {max(formats)}"
    if photo == 6 and samples == 1:
        photo, colours = 1, 1
    mode = _MODES.get((photo, max(bits), max(formats), colours))
    if mode is None or min(bits) != max(bits) or min(formats) != max(formats) or not colours <= samples <= colours + 3:
        advice = f"save it as RGB or grey of 8 bits{_command(photo, samples)}"
        raise Fault("unsupported", f"it is {what}, {samples} samples a pixel; {advice}")
    sheets = tags.one(Tag.PLANAR, 1) == _SHEETS and samples > 1
    if sheets and (max(bits) != 8 or colours == 1 or (samples > colours and packing == _UNCOMPRESSED)):
        advice = f"save it with its channels interleaved{_command(photo, samples)}"
        raise Fault("unsupported", f"it is {what} in separate planes; {advice}")
    if mode == "YCbCr" and packing == _UNCOMPRESSED and tags.values.get(Tag.YCC_SUBSAMPLING, (2, 2)) != (1, 1):
        raise Fault("unsupported", f"it is {what}, subsampled and uncompressed; save it as RGB")
    if samples > colours and (extra or colours > 1):
        mode += "A" if not extra or extra[0] in (1, 2) else ""
    inverted = photo == 0 and mode in ("I;16", "F")
    most = [number for tag in (Tag.MOST_SAMPLE, Tag.MOST_SAMPLE_SIGNED) for number in tags.values.get(tag, ())]
    meaning = Meaning(
        top=2 ** max(bits) - 1 if mode in ("I", "I;16") and max(bits) != 16 else None,
        # Multiplied by alpha, they are divided again while they are decoded, and have no upper and lower bytes.
        reaches=depth.FULL if extra[:1] == (1,) else depth.reach(most, inverted=inverted),
        inverted=inverted,
        lossy=packing in (_OLD_JPEG, _JPEG),
        nodata=_nodata(tags, mode, max(bits), inverted=photo == 0),
    )
    return mode, meaning


def _nodata(tags: Tags, mode: str, bits: int, *, inverted: bool) -> float | None:
    """The value for nothing as it is decoded; None where there is none, or none that the pixels can have."""
    value = unseen.parsed(tags.texts.get(Tag.NODATA, ""))
    if value is None or mode == "F":
        return value
    if bits not in (8, 12, 16) or value not in range(2**bits):
        return None
    # 8 bits of which 0 is white are turned round by the decoder.
    return 255 - value if inverted and mode == "L" else value


def _command(photo: int, samples: int) -> str:
    """What makes 8 bits of the grey or colours that surveys have, as advice goes on; "" for other pictures."""
    bands = "-b 1 -b 2 -b 3 " if samples >= 3 else "-b 1 "
    return f", as `gdal_translate -ot Byte -scale {bands}IN OUT` does" if photo in (0, 1, 2) else ""


def _opened(data: bytes, tags: Tags, header: Header) -> Image.Image:
    _check_pieces(data, tags, header)
    try:
        return _reader()(BytesIO(rewritten(data, tags)))
    except SyntaxError as error:
        command = _command(tags.one(Tag.PHOTOMETRIC, 0), tags.one(Tag.SAMPLES, 1))
        why = f"Pillow does not read this kind of TIFF ({error}); save it as 8 bit RGB{command}"
        raise Fault("unsupported", why) from error


def _check_pieces(data: bytes, tags: Tags, header: Header) -> None:
    """Refuse strips and tiles that are missing or lie outside: Pillow would leave them black, or stop late."""
    if tags.one(Tag.COMPRESSION, 1) == _OLD_JPEG:
        return
    tiled = Tag.TILE_OFFSETS in tags.values and Tag.STRIP_OFFSETS not in tags.values
    offsets = tags.values.get(Tag.TILE_OFFSETS if tiled else Tag.STRIP_OFFSETS, ())
    counts = tags.values.get(Tag.TILE_COUNTS if tiled else Tag.STRIP_COUNTS, ())
    across = tags.one(Tag.TILE_WIDTH, 0) if tiled else header.width
    down = tags.one(Tag.TILE_HEIGHT, 0) if tiled else min(tags.one(Tag.ROWS, header.height), header.height)
    if across < 1 or down < 1 or across > header.width + 65_535 or down > header.height + 65_535:
        raise Fault("damaged", f"its pieces are {across} x {down} pixels; copy it again from where it came")
    planes = tags.one(Tag.SAMPLES, 1) if tags.one(Tag.PLANAR, 1) == _SHEETS else 1
    wanted = -(-header.width // across) * -(-header.height // down) * planes
    if len(offsets) < wanted or (counts and len(counts) < wanted):
        raise Fault("damaged", f"it lists {len(offsets)} of its {wanted} pieces; copy it again from where it came")
    if not counts and tags.one(Tag.COMPRESSION, 1) != _UNCOMPRESSED:
        raise Fault("damaged", "it does not say how long its pieces are; save it again with any program")
    ends = [a + n for a, n in zip(offsets, counts, strict=False)] or list(offsets)
    if max(ends) > len(data) or 0 in offsets[:wanted]:
        raise Fault("truncated", "it ends before the picture does; copy it again from where it came")
