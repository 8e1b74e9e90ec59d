"""Zones as pre-annotations of Label Studio tasks."""

from collections.abc import Iterator, Mapping
from typing import Any

from crackscope.encoding import encode_list
from crackscope.records import Inspected, Zone
from crackscope.reports.coco import polygons
from crackscope.reports.findings_table import Findings
from crackscope.reports.inspection_names import link

LABELLING = """<View>
  <Image name="image" value="$image" zoom="true" zoomControl="true"/>
  <PolygonLabels name="crack" toName="image" strokeWidth="1" opacity="0.4">
    <Label value="crack" background="#ee3550"/>
  </PolygonLabels>
</View>
"""
"""The labelling interface that the tasks are made for."""


def label_studio_json(photos: Findings, names: Mapping[str, str], model: str) -> Iterator[bytes]:
    """A task for each photo, in pieces, with a prediction of one polygon a ring of a zone; unread photos are left out.

    Pictures are named as Label Studio's local storage serves them when its document root is the folder of the report.
    Rings are cut open to the holes in them. model: what stands as the version of the model.
    """
    tasks = (_task(photo, names[photo.path], model) for photo in photos if isinstance(photo, Inspected))
    return encode_list(b"[", tasks, b"]\n")


def _task(photo: Inspected, name: str, model: str) -> dict[str, Any]:
    result = [region for zone in photo.zones for region in _regions(photo, zone)]
    return {
        "data": {
            "image": f"/data/local-files/?d={link('photos', name, '.jpg')}",
            "photo": photo.path,
            "verdict": photo.verdict,
            "probability": round(photo.probability, 4),
        },
        "predictions": [{"model_version": model, "score": round(photo.probability, 4), "result": result}],
    }


def _regions(photo: Inspected, zone: Zone) -> list[dict[str, Any]]:
    """Polygons in per cent of the picture, as Label Studio counts."""
    regions = []
    for place, ring in enumerate(polygons(zone), start=1):
        points = [
            [
                round(min(100.0, max(0.0, 100 * (x + 0.5) / photo.width)), 4),
                round(min(100.0, max(0.0, 100 * (y + 0.5) / photo.height)), 4),
            ]
            for x, y in ring
        ]
        regions.append(
            {
                "id": f"zone-{zone.number}-{place}",
                "type": "polygonlabels",
                "from_name": "crack",
                "to_name": "image",
                "original_width": photo.width,
                "original_height": photo.height,
                "image_rotation": 0,
                "score": round(zone.probability, 4),
                "value": {"points": points, "closed": True, "polygonlabels": ["crack"]},
                "meta": {"text": [f"zone {zone.number}"]},
            }
        )
    return regions
