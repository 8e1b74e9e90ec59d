"""The report of an inspection: a folder that opens from disk, complete in itself."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, overload

from crackscope import __version__
from crackscope.encoding import encode_json
from crackscope.files import write_whole
from crackscope.records import Inspected, Unread
from crackscope.reports.coco import coco_json
from crackscope.reports.cracks_geojson import cracks_geojson
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
    folder: str | Path,
    photos: Sequence[Inspected | Unread],
    facts: InspectionFacts,
    others: Sequence[str] = (),
    *,
    decimal_comma: bool = False,
) -> list[str]:
    """Write a report into a folder, which is made if need be: the page, and the findings as data.

    photos: in the order in which they were given; of several with one path the last counts. Pictures that are not in
    the folder yet (`photos/`, `thumbs/`, `overlays/`, each NAME.jpg as `picture_names` says) are made from the photos
    themselves; one that can no longer be read is said to be gone. others: paths that are in no finding, but whose
    pictures may lie in the folder; no photo gets a name that may have been one of theirs.
    decimal_comma: in findings.csv, as it is written for spreadsheets set to such numbers.
    Returns the names of what was written: index.html, findings.csv, findings.jsonl, photos.geojson, cracks.geojson
    where a photo is georeferenced, coco.json, label-studio.json with label-studio.xml (its labelling interface),
    inspection.json. Raises OutputError.
    """
    target = Path(folder)
    once = _Once(photos)
    names = picture_names([*once.paths, *others])
    there = complete_pictures(target, once, names, facts)
    model = " ".join(part for part in (facts.bundle, facts.bundle_version[:12]) if part) or "crackscope"
    files: dict[str, bytes | Iterable[bytes] | None] = {
        "findings.csv": findings_csv(once, names, facts.copies, decimal_comma=decimal_comma),
        "findings.jsonl": findings_lines(once, names, facts.copies),
        "photos.geojson": photos_geojson(once, names),
        "cracks.geojson": cracks_geojson(once, names),
        "coco.json": coco_json(once, names),
        "label-studio.json": label_studio_json(once, names, model),
        "label-studio.xml": LABELLING.encode("ascii"),
        "inspection.json": _whole(once, names, facts),
        PAGE: page(once, names, facts, there),
    }
    for name, content in files.items():
        if content is not None:
            write_whole(target / name, content)
    return [name for name, content in files.items() if content is not None]


class _Once(Sequence[Inspected | Unread]):
    """Each photo once, in the order of their first records, as its last record says. One at a time is in memory, as
    far as it lies with us: what they were taken from may read them from a file."""

    def __init__(self, photos: Sequence[Inspected | Unread]) -> None:
        places = {photo.path: place for place, photo in enumerate(photos)}
        self.paths = tuple(places)
        self._photos, self._places = photos, tuple(places.values())

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Inspected | Unread: ...
    @overload
    def __getitem__(self, index: slice) -> list[Inspected | Unread]: ...
    def __getitem__(self, index: int | slice) -> Inspected | Unread | list[Inspected | Unread]:
        if isinstance(index, slice):
            return [self._photos[place] for place in self._places[index]]
        return self._photos[self._places[index]]


def _whole(photos: Findings, names: dict[str, str], facts: InspectionFacts) -> bytes:
    """The inspection as one document, but for outlines and centre lines, which are in findings.jsonl."""
    verdicts: Counter[str] = Counter()
    lines: list[dict[str, Any]] = []
    for photo in photos:
        if isinstance(photo, Unread):
            verdicts["unreadable"] += 1
            lines.append({"photo": photo.path, "error": photo.error})
            continue
        verdicts[photo.verdict] += 1
        verdicts["zones"] += len(photo.zones)
        about = about_photo(photo, names[photo.path])
        lines.append({"photo": photo.path, **about, "zones": len(photo.zones), "seconds": photo.seconds})
    document: dict[str, Any] = {
        "format": FORMAT,
        "crackscope": __version__,
        "facts": facts,
        "counts": {verdict: verdicts[verdict] for verdict in ("crack", "cannot judge", "sound", "unreadable")},
        "zones": verdicts["zones"],
        "photos": lines,
    }
    return encode_json(document)
