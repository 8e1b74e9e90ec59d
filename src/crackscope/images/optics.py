"""What a photo's EXIF block says of the lens and the sensor (CIPA DC-008, section 4.6.5)."""

from dataclasses import dataclass

from crackscope.errors import ImageError
from crackscope.images.exif_block import Block, find_block, parse_block
from crackscope.images.reading import read_header
from crackscope.images.sources import Source

_FOCAL, _FOCAL_35MM = 0x920A, 0xA405
_WIDTH, _RESOLUTION, _UNIT = 0xA002, 0xA20E, 0xA210
_UNITS_MM = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
_INCH = 2
_FOCAL_RANGE_MM = (0.1, 10_000.0)
_SENSOR_RANGE_MM = (0.5, 300.0)


@dataclass(frozen=True, slots=True)
class Optics:
    """Lens and sensor; None where the block does not say, or says what cannot be.

    focal_mm: focal length of the lens. focal_35mm: the focal length that gives the same view on film of 36 x 24 mm.
    sensor_width_mm: along the rows of the photo as it is stored, before the EXIF turn.
    """

    focal_mm: float | None = None
    focal_35mm: float | None = None
    sensor_width_mm: float | None = None


def read_optics(source: Source) -> Optics:
    """Focal lengths, and the width of the sensor from the resolution in the focal plane and the width in pixels.

    The width in pixels is the one that the block gives, else the stored one: a photo that was shrunk keeps both
    of its tags or loses both. Never raises for what a file holds.
    """
    block = parse_block(find_block(source))
    if block is None:
        return Optics()
    return Optics(
        focal_mm=block.number(block.exif.get(_FOCAL), _FOCAL_RANGE_MM),
        focal_35mm=block.number(block.exif.get(_FOCAL_35MM), _FOCAL_RANGE_MM),
        sensor_width_mm=_sensor_width_mm(block, source),
    )


def _sensor_width_mm(block: Block, source: Source) -> float | None:
    resolution = block.number(block.exif.get(_RESOLUTION), (1e-6, 1e9))
    unit = block.number(block.exif.get(_UNIT), (1, 5)) if _UNIT in block.exif else _INCH
    unit_mm = None if unit is None else _UNITS_MM.get(int(unit))
    if resolution is None or unit_mm is None:
        return None
    width_px = block.number(block.exif.get(_WIDTH), (1, 1e6)) or _stored_width(source)
    width_mm = width_px / resolution * unit_mm
    return width_mm if _SENSOR_RANGE_MM[0] <= width_mm <= _SENSOR_RANGE_MM[1] else None


def _stored_width(source: Source) -> float:
    try:
        return read_header(source).width
    except ImageError:
        return 0.0
