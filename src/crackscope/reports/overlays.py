"""Photos with the marks drawn into them."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackscope import images
from crackscope.files import make_folder
from crackscope.records import Inspected, Point, Zone
from crackscope.reports.inspection_classes import Colour, class_of, classes_of, largest_width, text_on
from crackscope.reports.inspection_facts import InspectionFacts
from crackscope.reports.label_places import LabelPlaces

QUALITY = 90
_WIDTHS_SHOWN = 12
"""Zones whose width stands beside their number; more would hide the photo."""
_DARK = (20, 20, 20)

_PLAIN = InspectionFacts()

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def write_overlay(
    pixels: Pixels,
    photo: Inspected,
    mask: Mask | None,
    source: images.Source,
    path: str | Path,
    facts: InspectionFacts = _PLAIN,
) -> None:
    """Write a photo with its marks as a JPEG in full resolution that keeps the EXIF block of `source`.

    pixels: uint8 [h, w, 3], upright. mask: bool [h, w], the crack pixels; without it the outlines of the zones are
    followed. facts: for the limits of the width classes. The folder of `path` is made. Raises OutputError.
    """
    draw_overlay(np.array(pixels, order="C"), photo, mask, source, path, facts)


def draw_overlay(
    pixels: Pixels,
    photo: Inspected,
    mask: Mask | None,
    source: images.Source,
    path: str | Path,
    facts: InspectionFacts = _PLAIN,
) -> None:
    """As `write_overlay`, on pixels that nobody else needs, C-contiguous: the marks are drawn into them."""
    make_folder(Path(path).parent)
    _draw_marks(pixels, photo, mask, facts)
    images.write_like(pixels, path, source, QUALITY)


def _draw_marks(drawn: Pixels, photo: Inspected, mask: Mask | None, facts: InspectionFacts) -> None:
    """Draw each zone's outline, centre line and number in the colour of its width class.

    The outline keeps a distance from the crack, so that what it marks can still be seen.
    """
    classes = classes_of(facts)
    for zone in sorted(photo.zones, key=lambda one: -one.number):
        known, place = class_of(zone, classes)
        _draw_zone(drawn, zone, mask, known.colour(place))
    places = LabelPlaces((drawn.shape[0], drawn.shape[1]), photo.zones)
    for zone in sorted(photo.zones, key=lambda one: one.number):
        known, place = class_of(zone, classes)
        _draw_number(drawn, zone, known.colour(place), places)


def _unit(pixels: Pixels) -> int:
    """Thickness of a line that is well seen when the photo fills a screen."""
    return max(1, round(max(int(side) for side in pixels.shape[:2]) / 1600))


def _draw_zone(drawn: Pixels, zone: Zone, mask: Mask | None, colour: Colour) -> None:
    import cv2

    unit = _unit(drawn)
    gap = 2 * unit + 1
    left, top, width, height = zone.box
    pad = gap + 2 * unit + 3
    x, y = max(0, left - pad), max(0, top - pad)
    window = drawn[y : top + height + pad, x : left + width + pad]
    if window.size == 0:
        return
    piece = _piece(zone, mask, (x, y), (window.shape[0], window.shape[1]))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * gap + 1, 2 * gap + 1))
    # A border keeps the outline away from the edge of the window, where it would follow the cut.
    grown = cv2.dilate(cv2.copyMakeBorder(piece, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0), kernel)
    rings: Any = cv2.findContours(grown, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]
    for thickness, paint in ((unit + 3, text_on(colour)), (unit + 1, colour)):
        cv2.drawContours(window, rings, -1, paint, thickness, cv2.LINE_AA, offset=(-pad, -pad))
    for line in zone.centreline:
        cv2.polylines(window, [_corners(line, (x, y))], False, colour, 1, cv2.LINE_AA)


def _piece(zone: Zone, mask: Mask | None, origin: tuple[int, int], shape: tuple[int, int]) -> Pixels:
    """The pixels of a zone inside a window, uint8 [h, w] 0 or 1."""
    import cv2

    filled: Pixels = np.zeros(shape, np.uint8)
    rings = [_corners(ring, origin) for ring in (*zone.outline, *zone.holes) if ring]
    if rings:
        # All at once: a ring within a ring is a hole then.
        cv2.fillPoly(filled, rings, 1)
        cv2.polylines(filled, rings, True, 1)
    if mask is None:
        return filled
    x, y = origin
    part = mask[y : y + shape[0], x : x + shape[1]].view(np.uint8)
    both = part & filled if rings else part
    return both if both.any() else filled


def _corners(line: tuple[Point, ...], origin: tuple[int, int]) -> NDArray[np.int32]:
    return np.rint(np.asarray(line, np.float64).reshape(-1, 2) - origin).astype(np.int32)


def _draw_number(drawn: Pixels, zone: Zone, colour: Colour, places: LabelPlaces) -> None:
    """The number of a zone, with its largest width, on a plate beside the crack."""
    import cv2

    unit = _unit(drawn)
    estimate, measure = largest_width(zone)
    text = str(zone.number)
    if zone.number <= _WIDTHS_SHOWN:
        text += f"  {estimate.value:.2f} mm" if measure == "mm" else f"  {estimate.value:.1f} px"
    font, size, thickness = cv2.FONT_HERSHEY_SIMPLEX, 0.45 + 0.35 * (unit - 1), max(1, unit)
    (width, height), foot = cv2.getTextSize(text, font, size, thickness)
    pad = 3 + unit
    plate = width + 2 * pad, height + foot + 2 * pad
    left, top, *_ = places.take(zone, plate, zone.width_max_px.value / 2 + 5 * unit + 3)
    end = (left + plate[0], top + plate[1])
    cv2.rectangle(drawn, (left, top), end, colour, cv2.FILLED)
    cv2.rectangle(drawn, (left, top), end, _DARK, max(1, unit // 2))
    at = (left + pad, top + pad + height)
    cv2.putText(drawn, text, at, font, size, text_on(colour), thickness, cv2.LINE_AA)
