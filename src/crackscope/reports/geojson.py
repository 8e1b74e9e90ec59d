"""Photos as points on a map: GeoJSON (RFC 7946)."""

from collections.abc import Iterator, Mapping
from typing import Any

from crackscope.encoding import encode_list
from crackscope.records import Inspected, Unread
from crackscope.reports.findings_table import Findings
from crackscope.reports.inspection_widest import telling


def photos_geojson(photos: Findings, names: Mapping[str, str]) -> Iterator[bytes]:
    """A feature for each photo, in WGS 84, in pieces: a point where the position is known, else without geometry.

    So no photo is lost: a program that draws the map passes over the others and keeps them in its table. The direction
    of the camera is `direction_deg`, clockwise from north, its height above the sea `altitude_m`. The largest widths
    are of the zones that are more likely cracks than not, where there are any. Every feature has the same properties,
    null where unknown.
    """
    features = (_feature(photo, names[photo.path]) for photo in photos)
    return encode_list(b'{"type":"FeatureCollection","name":"photos","features":[', features, b"]}\n")


def _feature(photo: Inspected | Unread, name: str) -> dict[str, Any]:
    if isinstance(photo, Unread):
        return {"type": "Feature", "geometry": None, "properties": {**_nothing(photo.path), **_failure(photo)}}
    place, zones = photo.place, photo.zones
    geometry = None
    if place.latitude is not None and place.longitude is not None:
        # Seven decimals are a centimetre on the ground.
        geometry = {"type": "Point", "coordinates": [round(place.longitude, 7), round(place.latitude, 7)]}
    likely = [zone for _, zone in telling([(photo, zone) for zone in zones])]
    widths = [zone.width_max_mm.value for zone in likely if zone.width_max_mm is not None]
    lengths = [zone.length_mm for zone in zones if zone.length_mm is not None]
    known = {
        "verdict": photo.verdict,
        "reason": photo.reason or None,
        "probability": round(photo.probability, 4),
        "chance": None if photo.chance is None else float(f"{photo.chance:.4g}"),
        "suspicious": photo.suspicious,
        "zones": len(zones),
        "width_max_px": round(max(zone.width_max_px.value for zone in likely), 2) if likely else None,
        "width_max_mm": round(max(widths), 4) if widths else None,
        "length_px": round(sum(zone.length_px for zone in zones), 1),
        "length_mm": round(sum(lengths), 2) if lengths else None,
        "mm_per_px": photo.scale.mm_per_px if photo.scale else None,
        # A third coordinate would be a height above the ellipsoid (RFC 7946, 3.1.1); EXIF's is above the sea.
        "altitude_m": None if place.altitude_m is None else round(place.altitude_m, 2),
        "direction_deg": place.direction_deg,
        "taken": place.taken,
        "picture": f"photos/{name}.jpg",
        "overlay": f"overlays/{name}.jpg",
    }
    return {"type": "Feature", "geometry": geometry, "properties": {**_nothing(photo.path), **known}}


def _nothing(path: str) -> dict[str, Any]:
    judged = ("verdict", "reason", "probability", "chance", "suspicious", "zones")
    measured = ("width_max_px", "width_max_mm", "length_px", "length_mm", "mm_per_px")
    others = ("altitude_m", "direction_deg", "taken", "picture", "overlay")
    return {"photo": path, **dict.fromkeys((*judged, *measured, *others))}


def _failure(photo: Unread) -> dict[str, Any]:
    return {"verdict": "unreadable", "reason": f"{photo.error.kind}: {photo.error.message}"}
