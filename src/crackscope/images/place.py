"""Where and when a photo was taken, from its EXIF block (CIPA DC-008, section 4.6.6)."""

import re
from datetime import datetime

from crackscope.images.exif_block import Block, Entry, find_block, parse_block, text
from crackscope.images.sources import Source
from crackscope.records import Place

_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE, _ALTITUDE_REF, _ALTITUDE = 1, 2, 3, 4, 5, 6
_DIRECTION, _DATUM = 17, 18
_TIMES = ((0x9003, 0x9011), (0x9004, 0x9012), (0x0132, 0x9010))
"""Tags of a time and of its distance from UTC: taken, digitised, changed."""
_DEEPEST_M, _HIGHEST_M = -12_000.0, 100_000.0
_OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d")


def read_place(source: Source) -> Place:
    """Where a photo was taken, where its camera looked, and when.

    None stands where the block does not say, says what cannot be (zero denominators, 95 degrees north, the 31st of
    June), leaves out the hemisphere, names the Tokyo datum, or gives 0 N 0 E, which cameras write that know nothing.
    A direction from magnetic north is taken as it stands; a height above the ellipsoid is not one above the sea.
    Never raises for what a file holds; one that cannot be read has no place.
    """
    block = parse_block(find_block(source))
    if block is None:
        return Place()
    latitude, longitude = _position(block)
    direction = block.number(block.gps.get(_DIRECTION), (0.0, 360.0))
    return Place(
        latitude=latitude,
        longitude=longitude,
        altitude_m=_altitude(block),
        direction_deg=None if direction is None else direction % 360.0,
        taken=_taken(block),
    )


def _position(block: Block) -> tuple[float | None, float | None]:
    gps = block.gps
    latitude = _angle(block, gps.get(_LATITUDE), gps.get(_LATITUDE_REF), "NS")
    longitude = _angle(block, gps.get(_LONGITUDE), gps.get(_LONGITUDE_REF), "EW")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None, None
    if (latitude == 0 and longitude == 0) or text(gps.get(_DATUM)).upper().startswith("TOKYO"):
        return None, None
    return latitude, longitude


def _angle(block: Block, angle: Entry | None, side: Entry | None, signs: str) -> float | None:
    """Degrees, minutes and seconds as degrees; None where one of them, or the sign, is not there."""
    parts, sign = block.numbers(angle), text(side)[:1].upper()
    if not parts or len(parts) > 3 or not sign or sign not in signs:
        return None
    degrees, minutes, seconds = (*parts, 0.0, 0.0)[:3]
    if not (0 <= degrees <= 180 and 0 <= minutes < 60 and 0 <= seconds <= 60):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    return -value if sign == signs[1] else value


def _altitude(block: Block) -> float | None:
    below = block.number(block.gps.get(_ALTITUDE_REF), (0.0, 1.0)) if _ALTITUDE_REF in block.gps else 0.0
    value = block.number(block.gps.get(_ALTITUDE), (_DEEPEST_M, _HIGHEST_M))
    if value is None or below is None:
        return None
    return -value if below else value


def _taken(block: Block) -> str | None:
    for tag, offset in _TIMES:
        said = text(block.exif.get(tag) or block.first.get(tag))
        try:
            time = datetime.strptime(said[:19], "%Y:%m:%d %H:%M:%S")
        except ValueError:
            continue
        zone = text(block.exif.get(offset))
        return time.isoformat() + (zone if _OFFSET.fullmatch(zone) else "")
    return None
