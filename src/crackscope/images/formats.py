"""Which format a file is, by its first bytes, and which parser it gets; the others are refused by name."""

from crackscope.images import bmp, heif, jpeg, png, tiff, webp
from crackscope.images.faults import Fault
from crackscope.images.header import Stored
from crackscope.images.heif_boxes import is_heif

_BRANDS = {
    b"avif": "an AVIF file",
    b"avis": "an AVIF file",
    b"crx ": "a Canon CR3 raw file",
    b"qt  ": "a QuickTime video",
    b"jp2 ": "a JPEG 2000 file",
    b"mif1": "an AVIF file",
    b"msf1": "an AVIF file",
}
_FOREIGN = {
    b"GIF8": "a GIF",
    b"8BPS": "a Photoshop file",
    b"%PDF": "a PDF",
    b"\0\0\1\0": "an ICO file",
    b"\xff\x4f\xff\x51": "a JPEG 2000 file",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 file",
    b"\xff\x0a": "a JPEG XL file",
    b"\0\0\0\x0cJXL ": "a JPEG XL file",
    b"v/1\x01": "an OpenEXR file",
    b"#?RADIANCE": "a Radiance HDR file",
    b"qoif": "a QOI file",
    b"DDS ": "a DDS file",
    b"SIMPLE  =": "a FITS file",
    b"FUJIFILM": "a Fuji raw file",
    b"IIRO": "an Olympus raw file",
    b"IIRS": "an Olympus raw file",
    b"IIU\0": "a Panasonic raw file",
    b"PK\3\4": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"<svg": "an SVG file",
    b"<?xml": "an XML file",
    b"<!DOCTYPE": "an HTML page",
    b"<html": "an HTML page",
    b"\x93NUMPY": "a NumPy array file",
    b"OggS": "an Ogg video",
    b"\x1aE\xdf\xa3": "a Matroska video",
}
_ADVICE = "save it as JPEG, PNG, WebP, BMP or TIFF"


def parse(data: bytes) -> Stored:
    """Parse the header of a file of any format that is read. Raises `Fault`: foreign ones by name."""
    if data.startswith(b"\xff\xd8\xff"):
        return jpeg.parse(data)
    if data.startswith(png.SIGNATURE):
        return png.parse(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return webp.parse(data)
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        if data[8:10] == b"CR":
            raise Fault("unsupported", f"it is a Canon CR2 raw file, which is not read; {_ADVICE}")
        return tiff.parse(data)
    if data.startswith(b"BM") and len(data) >= 18 and data[15:18] == b"\0\0\0":
        return bmp.parse(data)
    if is_heif(data):
        return heif.parse(data)
    raise _refusal(data)


def begins_as_picture(head: bytes) -> bool:
    """Whether the first 18 bytes of a file are those of a format that is read."""
    return (
        head.startswith((b"\xff\xd8\xff", png.SIGNATURE, b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"))
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or (head.startswith(b"BM") and head[15:18] == b"\0\0\0")
        or is_heif(head)
    )


def _refusal(data: bytes) -> Fault:
    name = _BRANDS.get(data[8:12], "an MP4 video") if data[4:8] == b"ftyp" and len(data) >= 12 else None
    name = name or next((n for start, n in _FOREIGN.items() if data.startswith(start)), None)
    if data[:1] == b"P" and data[1:2] in b"1234567" and data[2:3].isspace():
        name = "a Netpbm file"
    if data[128:132] == b"DICM":
        name = "a DICOM file"
    if name is not None:
        return Fault("unsupported", f"it is {name}, which is not read; {_ADVICE}")
    known = (b"\xff\xd8", png.SIGNATURE, b"RIFF", b"BM", b"II*\0", b"MM\0*")
    if len(data) < 32 and (any(start.startswith(data[: len(start)]) for start in known) or data[4:8] == b"ftyp"):
        return Fault("truncated", "it ends inside its header; copy it again from where it came")
    if not data.strip(b"\0"):
        return Fault("damaged", "it holds nothing but zeros; copy it again from where it came")
    return Fault("not-a-picture", f"its first bytes are of no picture format; {_ADVICE}")
