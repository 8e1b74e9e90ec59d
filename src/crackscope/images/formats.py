"""Which format a file is, by its first bytes, and which parser it gets; the others are refused by name."""

from crackscope.images import bmp, jpeg, png, tiff, webp
from crackscope.images.faults import Fault
from crackscope.images.header import Stored

_BRANDS = {
    b"avif": "AVIF",
    b"avis": "AVIF",
    b"crx ": "Canon CR3 raw",
    b"qt  ": "QuickTime video",
    b"jp2 ": "JPEG 2000",
    b"heic": "HEIC",
    b"heix": "HEIC",
    b"hevc": "HEIC",
    b"mif1": "HEIC",
    b"msf1": "HEIC",
}
_FOREIGN = {
    b"GIF8": "GIF",
    b"8BPS": "Photoshop",
    b"%PDF": "PDF",
    b"\0\0\1\0": "ICO",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"v/1\x01": "OpenEXR",
    b"#?RADIANCE": "Radiance HDR",
    b"qoif": "QOI",
    b"DDS ": "DDS",
    b"SIMPLE  =": "FITS",
    b"FUJIFILM": "Fuji raw",
    b"IIRO": "Olympus raw",
    b"IIRS": "Olympus raw",
    b"IIU\0": "Panasonic raw",
    b"PK\3\4": "ZIP archive",
    b"\x1f\x8b": "gzip archive",
    b"<svg": "SVG",
    b"<?xml": "XML",
    b"<!DOCTYPE": "HTML page",
    b"<html": "HTML page",
    b"\x93NUMPY": "NumPy array file",
    b"OggS": "Ogg video",
    b"\x1aE\xdf\xa3": "Matroska video",
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
            raise Fault("unsupported", f"it is Canon CR2 raw; {_ADVICE}")
        return tiff.parse(data)
    if data.startswith(b"BM") and len(data) >= 18 and data[15:18] == b"\0\0\0":
        return bmp.parse(data)
    raise _refusal(data)


def begins_as_picture(head: bytes) -> bool:
    """Whether the first 18 bytes of a file are those of a format that is read."""
    return (
        head.startswith((b"\xff\xd8\xff", png.SIGNATURE, b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"))
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or (head.startswith(b"BM") and head[15:18] == b"\0\0\0")
    )


def _refusal(data: bytes) -> Fault:
    name = _BRANDS.get(data[8:12], "MP4 video") if data[4:8] == b"ftyp" else None
    name = name or next((n for start, n in _FOREIGN.items() if data.startswith(start)), None)
    if data[:1] == b"P" and data[1:2] in b"1234567" and data[2:3].isspace():
        name = "Netpbm"
    if data[128:132] == b"DICM":
        name = "DICOM"
    if name is not None:
        return Fault("unsupported", f"it is {name}, which is not read; {_ADVICE}")
    known = (b"\xff\xd8", png.SIGNATURE, b"RIFF", b"BM", b"II*\0", b"MM\0*")
    if len(data) < 32 and any(start.startswith(data[: len(start)]) for start in known):
        return Fault("truncated", "it ends inside its header; copy it again from where it came")
    if not data.strip(b"\0"):
        return Fault("damaged", "it holds nothing but zeros; copy it again from where it came")
    return Fault("not-a-picture", f"its first bytes are of no picture format; {_ADVICE}")
