"""The report of an inspection: a folder that opens from disk, complete in itself."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crackscope import __version__
from crackscope.files import encode_json, write_whole
from crackscope.records import Inspected, Unread
from crackscope.reports.coco import coco_json
from crackscope.reports.findings_table import Findings, about_photo, findings_csv, findings_lines
from crackscope.reports.geojson import photos_geojson
from crackscope.reports.inspection_facts import InspectionFacts
from crackscope.reports.inspection_names import picture_names
from crackscope.reports.inspection_page import page
from crackscope.reports.inspection_pictures import complete_pictures
from crackscope.reports.label_studio import LABELLING, label_studio_json

PAGE = "index.html"
FORMAT = 1


def write_inspection(
    folder: str | Path, photos: Sequence[Inspected | Unread], facts: InspectionFacts, others: Sequence[str] = ()
) -> list[str]:
    """Write a report into a folder, which is made if need be: the page, and the findings as data.

    photos: in the order in which they were given; of several with one path the last counts. Pictures that are not in
    the folder yet (`photos/`, `thumbs/`, `overlays/`, each NAME.jpg as `picture_names` says) are made from the photos
    themselves; one that can no longer be read is said to be gone. others: paths that are in no finding, but whose
    pictures may lie in the folder; no photo gets a name that may have been one of theirs.
    Returns the names of what was written: index.html, findings.csv, findings.jsonl, photos.geojson, coco.json,
    label-studio.json with label-studio.xml (its labelling interface), inspection.json. Raises OutputError.
    """
    target = Path(folder)
    once = list({photo.path: photo for photo in photos}.values())
    names = picture_names([*(photo.path for photo in once), *others])
    inspected = [photo for photo in once if isinstance(photo, Inspected)]
    there = complete_pictures(target, inspected, names, facts)
    model = " ".join(part for part in (facts.bundle, facts.bundle_version[:12]) if part) or "crackscope"
    files = {
        "findings.csv": findings_csv(once, names),
        "findings.jsonl": findings_lines(once, names),
        "photos.geojson": photos_geojson(once, names),
        "coco.json": coco_json(once, names),
        "label-studio.json": label_studio_json(once, names, model),
        "label-studio.xml": LABELLING.encode("ascii"),
        "inspection.json": _whole(once, names, facts),
        PAGE: page(once, names, facts, there),
    }
    for name, content in files.items():
        write_whole(target / name, content)
    return list(files)


def _whole(photos: Findings, names: dict[str, str], facts: InspectionFacts) -> bytes:
    """The inspection as one document, but for outlines and centre lines, which are in findings.jsonl."""
    verdicts = Counter(photo.verdict if isinstance(photo, Inspected) else "unreadable" for photo in photos)
    document: dict[str, Any] = {
        "format": FORMAT,
        "crackscope": __version__,
        "facts": facts,
        "counts": {verdict: verdicts[verdict] for verdict in ("crack", "cannot judge", "sound", "unreadable")},
        "zones": sum(len(photo.zones) for photo in photos if isinstance(photo, Inspected)),
        "photos": [
            {"photo": photo.path, "error": photo.error}
            if isinstance(photo, Unread)
            else {
                "photo": photo.path,
                **about_photo(photo, names[photo.path]),
                "zones": len(photo.zones),
                "seconds": photo.seconds,
            }
            for photo in photos
        ],
    }
    return encode_json(document)
