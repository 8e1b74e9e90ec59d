"""Cracks of georeferenced photos as lines on a map: GeoJSON (RFC 7946)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crackscope.encoding import encode_list
from crackscope.images import on_map
from crackscope.records import Estimate, Georeference, Inspected, Point, Unread, Zone

_DECIMALS = 9
"""Of degrees: a tenth of a millimetre on the ground, since a pixel of a survey may be a millimetre."""

Place = tuple[float, float]


def cracks_geojson(photos: Iterable[Inspected | Unread], names: Mapping[str, str]) -> Iterator[bytes] | None:
    """A feature for each zone of the photos whose file says where each pixel lies, in pieces; None where none does.

    Its geometry are the centre lines in WGS 84 (longitude, latitude); a zone without one is the point in the middle of
    its box. Widths and lengths are in mm, null where the photo has no scale; `number` is the zone's in its photo.
    """
    placed = (photo for photo in photos if isinstance(photo, Inspected) and photo.georeference is not None)
    first = next(placed, None)
    if first is None:
        return None
    features = (feature for photo in _and_the_others(first, placed) for feature in _features(photo, names[photo.path]))
    return encode_list(b'{"type":"FeatureCollection","name":"cracks","features":[', features, b"]}\n")


def _and_the_others(first: Inspected, others: Iterator[Inspected]) -> Iterator[Inspected]:
    yield first
    yield from others


def _features(photo: Inspected, name: str) -> Iterator[dict[str, Any]]:
    for zone in photo.zones:
        if photo.georeference is not None:
            geometry = _geometry(zone, photo.georeference)
            yield {"type": "Feature", "geometry": geometry, "properties": _properties(photo, zone, name)}


def _geometry(zone: Zone, georeference: Georeference) -> dict[str, Any] | None:
    lines = [[_place(point, georeference) for point in line] for line in zone.centreline]
    whole = [line for line in lines if len(line) > 1 and None not in line]
    if whole:
        return {"type": "MultiLineString", "coordinates": whole}
    left, top, width, height = zone.box
    middle = _place((left + (width - 1) / 2, top + (height - 1) / 2), georeference)
    return None if middle is None else {"type": "Point", "coordinates": middle}


def _place(point: Point, georeference: Georeference) -> Place | None:
    found = on_map(georeference, *point)
    return None if found is None else (round(found[0], _DECIMALS), round(found[1], _DECIMALS))


def _properties(photo: Inspected, zone: Zone, name: str) -> dict[str, Any]:
    return {
        "photo": photo.path,
        "verdict": photo.verdict,
        "number": zone.number,
        "probability": round(zone.probability, 4),
        "length_mm": None if zone.length_mm is None else round(zone.length_mm, 2),
        "width_mean_mm": _value(zone.width_mean_mm),
        "width_median_mm": _value(zone.width_median_mm),
        "width_max_mm": _value(zone.width_max_mm),
        "width_max_low_mm": None if zone.width_max_mm is None else round(zone.width_max_mm.low, 4),
        "width_max_high_mm": None if zone.width_max_mm is None else round(zone.width_max_mm.high, 4),
        "width_class": zone.width_class or None,
        "overlay": f"overlays/{name}.jpg",
    }


def _value(width: Estimate | None) -> float | None:
    return None if width is None else round(width.value, 4)
