"""Zones as COCO annotations (the format of cocodataset.org, object detection)."""

from collections.abc import Mapping
from typing import Any

from crackscope.files import encode_line
from crackscope.records import Inspected, Point, Zone
from crackscope.reports.findings_table import Findings

_CATEGORY = 1
_LEAST_CORNERS = 3


def coco_json(photos: Findings, names: Mapping[str, str]) -> bytes:
    """Images with their zones as polygons. Unread photos are left out, photos without zones are images without any.

    `file_name` is relative to the folder of the report; sizes and places are those of the upright picture there.
    Corners count from the corner of the first pixel, as COCO does. `score` is the probability of the zone.
    """
    inspected = [photo for photo in photos if isinstance(photo, Inspected)]
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, photo in enumerate(inspected, start=1):
        name = names[photo.path]
        images.append(
            {
                "id": number,
                "file_name": f"photos/{name}.jpg",
                "width": photo.width,
                "height": photo.height,
                "date_captured": photo.place.taken or "",
                "source": photo.path,
                "verdict": photo.verdict,
            }
        )
        annotations += [
            {"id": len(annotations) + place, "image_id": number, **_annotation(zone)}
            for place, zone in enumerate(photo.zones, start=1)
        ]
    document = {
        "info": {"description": "Cracks found by crackscope: to be checked by a person", "version": "1"},
        "licenses": [],
        "categories": [{"id": _CATEGORY, "name": "crack", "supercategory": "damage"}],
        "images": images,
        "annotations": annotations,
    }
    return encode_line(document)


def _annotation(zone: Zone) -> dict[str, Any]:
    return {
        "category_id": _CATEGORY,
        "segmentation": [[round(v + 0.5, 2) for corner in ring for v in corner] for ring in polygons(zone)],
        "bbox": list(zone.box),
        "area": zone.area_px,
        "iscrowd": 0,
        "score": round(zone.probability, 4),
        "attributes": {
            "zone": zone.number,
            "width_class": zone.width_class,
            "length_px": round(zone.length_px, 1),
            "width_max_px": round(zone.width_max_px.value, 2),
            "width_max_mm": None if zone.width_max_mm is None else round(zone.width_max_mm.value, 4),
        },
    }


def polygons(zone: Zone) -> list[tuple[Point, ...]]:
    """The rings of a zone that have a surface; its box where none has. In px, (0, 0) the centre of the first pixel."""
    rings = [ring for ring in zone.outline if len(ring) >= _LEAST_CORNERS]
    if rings:
        return rings
    left, top, width, height = zone.box
    right, bottom = left + width - 0.5, top + height - 0.5
    return [((left - 0.5, top - 0.5), (right, top - 0.5), (right, bottom), (left - 0.5, bottom))]
