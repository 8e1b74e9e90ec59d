"""Zones as COCO annotations (the format of cocodataset.org, object detection)."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from crackscope.encoding import encode_line, encode_list
from crackscope.records import Inspected, Point, Zone
from crackscope.reports.findings_table import Findings
from crackscope.reports.keyholes import keyholed

_CATEGORY = 1
_LEAST_CORNERS = 3


_ABOUT = {
    "info": {"description": "Cracks found by crackscope: to be checked by a person", "version": "1"},
    "licenses": [],
    "categories": [{"id": _CATEGORY, "name": "crack", "supercategory": "damage"}],
}


def coco_json(photos: Findings, names: Mapping[str, str]) -> Iterator[bytes]:
    """Images with their zones as polygons, in pieces. Unreadable photos are left out, photos without zones are images
    without any.

    `file_name` is relative to the folder of the report; sizes and places are those of the upright picture there.
    Corners count from the corner of the first pixel, as COCO does. Polygons are cut open to their holes, which COCO has
    no place for. `area` is that of the polygons, in px whose centres they hold; `area_px` among the attributes is that
    of the crack's own pixels. `score` is the zone's probability.
    """
    images = (_image(number, photo, names[photo.path]) for number, photo in _numbered(photos))
    about = encode_line(_ABOUT).rstrip().removesuffix(b"}")
    yield from encode_list(about + b',"images":[', images, b"],")
    zones = ((number, zone) for number, photo in _numbered(photos) for zone in photo.zones)
    annotations = (
        {"id": place, "image_id": number, **_annotation(zone)} for place, (number, zone) in enumerate(zones, start=1)
    )
    yield from encode_list(b'"annotations":[', annotations, b"]}\n")


def _numbered(photos: Findings) -> Iterator[tuple[int, Inspected]]:
    return enumerate((photo for photo in photos if isinstance(photo, Inspected)), start=1)


def _image(number: int, photo: Inspected, name: str) -> dict[str, Any]:
    return {
        "id": number,
        "file_name": f"photos/{name}.jpg",
        "width": photo.width,
        "height": photo.height,
        "date_captured": photo.place.taken or "",
        "source": photo.path,
        "verdict": photo.verdict,
    }


def _annotation(zone: Zone) -> dict[str, Any]:
    rings = polygons(zone)
    return {
        "category_id": _CATEGORY,
        "segmentation": [[round(v + 0.5, 2) for corner in ring for v in corner] for ring in rings],
        "bbox": list(zone.box),
        "area": sum(pixels_in(ring) for ring in rings),
        "iscrowd": 0,
        "score": round(zone.probability, 4),
        "attributes": {
            "zone": zone.number,
            "area_px": zone.area_px,
            "width_class": zone.width_class,
            "length_px": round(zone.length_px, 1),
            "width_max_px": round(zone.width_max_px.value, 2),
            "width_max_mm": None if zone.width_max_mm is None else round(zone.width_max_mm.value, 4),
        },
    }


def polygons(zone: Zone) -> list[tuple[Point, ...]]:
    """The rings of a zone that have a surface, cut open to their holes; its box where none has.

    In px, (0, 0) the centre of the first pixel.
    """
    rings = [ring for ring in zone.outline if len(ring) >= _LEAST_CORNERS]
    if rings:
        return keyholed(rings, [ring for ring in zone.holes if len(ring) >= _LEAST_CORNERS])
    left, top, width, height = zone.box
    right, bottom = left + width - 0.5, top + height - 0.5
    return [((left - 0.5, top - 0.5), (right, top - 0.5), (right, bottom), (left - 0.5, bottom))]


def pixels_in(ring: tuple[Point, ...]) -> int:
    """How many pixels have their centres, which lie at whole numbers, in a ring that does not cross itself.

    It may be cut open to holes. Its area in whole pixels: each edge adds or takes away what lies above it, column by
    column.
    """
    start = np.asarray(ring, np.float64)
    end = np.roll(start, -1, axis=0)
    first, last = (np.ceil(place[:, 0]).astype(np.int64) for place in (start, end))
    count = np.abs(last - first)
    edge = np.repeat(np.arange(len(start)), count)
    within = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    column = np.minimum(first, last)[edge] + within
    x, y = start[edge].T
    steepness = (end - start)[edge]
    height = np.ceil(y + steepness[:, 1] * (column - x) / steepness[:, 0])
    return int(abs((np.sign(steepness[:, 0]) * height).sum()))
