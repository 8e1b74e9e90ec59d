"""The one door for pixels: every picture that crackscope sees is decoded, resized and written here.

What goes in: a path, bytes, a binary file object, a NumPy array or a Pillow image. What comes out: uint8 RGB after the
EXIF turn, or an `ImageError` whose `kind` says why not. Nothing else is ever raised for a picture that is bad.

- **Formats**: JPEG (and the MPO of phones, read as the JPEG that it starts with), PNG, WebP, BMP, TIFF; HEIF with HEVC
  inside (HEIC) where pi-heif is installed (the extra `heif`). Any other is refused by its name. Sizes, pixels and
  format are judged from the header, before anything is decoded.
- **Transparency** is laid over white, as paper shows it: alpha, palettes with alpha, and transparent colour keys.
- **Nodata**: where a picture is transparent, where the mask of a TIFF says so, and where its value for nodata
  (GDAL_NODATA) stands, nothing was seen: `Picture.hidden`. The pixels there are as they are stored. A value that the
  surface may have as well counts in areas of 100 px and more with an edge as only what was cut out has.
- **More than 8 bits**: grey and colour of 16 bits are value / 257, rounded (Pillow decodes one byte of colours at a
  time, so a file of them is decoded twice, in twice the memory). HEIF says how many bits it has; colour of 10 and 12
  loses the lowest ones. Where only the lowest 10 to 14 of 16 bits are used, by the largest value but nodata and what
  the file declares (MaxSampleValue, sBIT), white is the largest value of as many bits, and `Picture.bits` says how
  many; below 512 a picture is taken for black unless it declares them. Grey of 12 and 32 bits is scaled from its full
  range; float grey must lie in 0..1 or in 0..255 (the largest value decides), anything else is refused.
- **Bands**: a TIFF of three to five bands that are declared as grey is RGB, with alpha where the fourth is said to be.
- **CMYK** is turned to RGB without a profile, JPEGs as Adobe writes them (inverted; YCCK too). Colour profiles are
  not applied.
- **Turns**: as EXIF says; of HEIF as its own boxes say, since EXIF there says the same once more, or is outdated.
- **Several frames**: the first one (WebP, TIFF, MPO); of HEIF the main one; of an animated PNG the picture that a
  viewer without animation shows. `count_pages` says how many there are. A TIFF whose first frame is only a preview
  (camera raw, DNG) is refused.
- **Truncated** files are refused, never filled up with grey, and so are JPEGs whose coded data make no sense. They are
  decoded past Pillow, to the same pixels in half the time and memory (but for CMYK); one of which libjpeg warns is left
  to Pillow, looked at for what it lacks, and refused where the warning is a sure sign of damage. `read`, `read_mask`
  and `read_thumbnail` refuse the same ones.
- **Georeference**: `Picture.ground` says how large the pixels of a GeoTIFF are, and where its centre lies;
  `on_map` where each of them does.

`read_place` and `read_optics` say what a photo's EXIF block tells; `write_like` hands the block on to a changed photo.

Everything may be called from several threads at once; Pillow's global settings are neither changed nor needed.
"""

from crackscope.images.copies import find_copies
from crackscope.images.faults import or_unread
from crackscope.images.finding import FOREIGN_SUFFIXES, PICTURE_SUFFIXES, find, one_spelling
from crackscope.images.georeference import on_map
from crackscope.images.header import Ground, Header
from crackscope.images.keeping import encode_like, write_like
from crackscope.images.limits import DEFAULT_LIMITS, Limits
from crackscope.images.mask_names import masked_by
from crackscope.images.natural_order import natural
from crackscope.images.optics import Optics, read_optics
from crackscope.images.pages import count_pages
from crackscope.images.place import read_place
from crackscope.images.reading import Picture, read, read_file, read_header, read_mask, read_thumbnail
from crackscope.images.resizing import halved, resize, shrunk, size_within
from crackscope.images.sources import Source, name_of, refuse_lone
from crackscope.images.turning import transposed_over
from crackscope.images.unseen import edge_steps
from crackscope.images.writing import encode_jpeg, encode_png, write_jpeg, write_png

__all__ = [
    "DEFAULT_LIMITS",
    "FOREIGN_SUFFIXES",
    "PICTURE_SUFFIXES",
    "Ground",
    "Header",
    "Limits",
    "Optics",
    "Picture",
    "Source",
    "count_pages",
    "edge_steps",
    "encode_jpeg",
    "encode_like",
    "encode_png",
    "find",
    "find_copies",
    "halved",
    "masked_by",
    "name_of",
    "natural",
    "on_map",
    "one_spelling",
    "or_unread",
    "read",
    "read_file",
    "read_header",
    "read_mask",
    "read_optics",
    "read_place",
    "read_thumbnail",
    "refuse_lone",
    "resize",
    "shrunk",
    "size_within",
    "transposed_over",
    "write_jpeg",
    "write_like",
    "write_png",
]
