"""Findings as tables: a row for each zone, and one for each photo without any."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crackscope.encoding import encode_line
from crackscope.errors import printable
from crackscope.records import Estimate, Inspected, Unread, Zone

Findings = Sequence[Inspected | Unread]

WIDTHS = ("mean", "median", "p95", "max")
_SCALE_COLUMNS = ("mm_per_px", "scale_source", "thinnest_px", "thinnest_mm")
_PLACE_COLUMNS = ("latitude", "longitude", "altitude_m", "direction_deg", "taken")
_WIDTH_COLUMNS = tuple(
    f"width_{which}_{unit}{end}" for unit in ("px", "mm") for which in WIDTHS for end in ("", "_low", "_high")
)
_BOX_COLUMNS = ("box_left", "box_top", "box_width", "box_height")
COLUMNS = (
    "photo",
    "verdict",
    "photo_probability",
    "reason",
    "zone",
    "probability",
    "width_class",
    "length_px",
    "length_mm",
    *_WIDTH_COLUMNS,
    "orientation_deg",
    "branches",
    "area_px",
    *_BOX_COLUMNS,
    *_SCALE_COLUMNS,
    *_PLACE_COLUMNS,
    "picture",
    "overlay",
    "surface",
    "pages",
    "halved",
    "photo_chance",
    "copy_of",
    "suspicious",
    "from_afar",
    "bits",
    "scale_doubt",
    "widest_x",
    "widest_y",
)
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def findings_csv(
    photos: Findings, names: Mapping[str, str], copies: Mapping[str, str] = {}, *, decimal_comma: bool = False
) -> Iterator[bytes]:
    """The findings as CSV, in pieces, in UTF-8 with a byte order mark, without which spreadsheets garble names.

    Texts that a spreadsheet would take for a formula get an apostrophe before them, and a byte of a path that is no
    UTF-8 is spelt as in JSON (see `files`): a single one would make the whole table unreadable where UTF-8 is taken at
    its word. Unreadable photos have the verdict `unreadable` and the reason. Widths stand with the ends of their 95 %
    intervals. copies: photos that are copies of others, by path; so `copy_of` stays empty where each counts once.
    decimal_comma: commas in numbers and semicolons between cells, as spreadsheets want it where numbers are so written.
    """
    yield codecs.BOM_UTF8 + _lines_of_csv([dict(zip(COLUMNS, COLUMNS, strict=True))], decimal_comma)
    for photo in photos:
        copy = {"copy_of": copies.get(photo.path)}
        rows = (
            {name: harmless(value) for name, value in {**row, **copy}.items()}
            for row in _rows(photo, names[photo.path])
        )
        yield _lines_of_csv(rows, decimal_comma)


def _lines_of_csv(rows: Iterable[dict[str, Any]], decimal_comma: bool) -> bytes:
    text = io.StringIO(newline="")
    parted = ";" if decimal_comma else ","
    if decimal_comma:
        rows = ({name: _with_comma(value) for name, value in row.items()} for row in rows)
    csv.DictWriter(text, COLUMNS, lineterminator="\r\n", restval="", delimiter=parted).writerows(rows)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _with_comma(value: Any) -> Any:
    return str(value).replace(".", ",") if isinstance(value, float) else value


def harmless(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_STARTS_A_FORMULA) else value


def _rows(photo: Inspected | Unread, name: str) -> Iterator[dict[str, Any]]:
    if isinstance(photo, Unread):
        reason = printable(f"{photo.error.kind}: {photo.error.message}")
        yield {"photo": photo.path, "verdict": "unreadable", "reason": reason}
        return
    about = {**_verdict(photo), **_scale(photo), **_place_and_files(photo, name)}
    if not photo.zones:
        yield about
    for zone in photo.zones:
        yield {**about, **_measures(zone)}


def _verdict(photo: Inspected) -> dict[str, Any]:
    return {
        "photo": photo.path,
        "verdict": photo.verdict,
        "photo_probability": round(photo.probability, 4),
        "reason": printable(photo.reason),
        "surface": printable(photo.surface),
        "halved": photo.halved,
        "photo_chance": None if photo.chance is None else float(f"{photo.chance:.4g}"),
        "suspicious": photo.suspicious,
        "from_afar": photo.from_afar,
        "bits": photo.bits,
    }


def _scale(photo: Inspected) -> dict[str, Any]:
    """What a px is or why that is not known, and the thinnest crack that may be expected to be found: of a photo that
    cannot be judged none."""
    scale = photo.scale
    row: dict[str, Any] = {"scale_doubt": printable(photo.scale_doubt)}
    if scale is not None:
        row |= {"mm_per_px": float(f"{scale.mm_per_px:.6g}"), "scale_source": printable(scale.source)}
    if photo.thinnest_px is not None:
        row["thinnest_px"] = round(photo.thinnest_px, 2)
        if scale is not None:
            row["thinnest_mm"] = float(f"{photo.thinnest_px * scale.mm_per_px:.4g}")
    return row


def _place_and_files(photo: Inspected, name: str) -> dict[str, Any]:
    place = {key: getattr(photo.place, key) for key in _PLACE_COLUMNS}
    return {**place, "picture": f"photos/{name}.jpg", "overlay": f"overlays/{name}.jpg", "pages": photo.pages}


def _measures(zone: Zone) -> dict[str, Any]:
    row: dict[str, Any] = {
        "zone": zone.number,
        "probability": round(zone.probability, 4),
        "width_class": zone.width_class,
        "length_px": round(zone.length_px, 1),
        "length_mm": None if zone.length_mm is None else round(zone.length_mm, 2),
        "orientation_deg": round(zone.orientation_deg, 1) % 180,
        "branches": zone.branches,
        "area_px": zone.area_px,
        **dict(zip(_BOX_COLUMNS, zone.box, strict=True)),
    }
    if zone.widest_at is not None:
        row |= {"widest_x": round(zone.widest_at[0], 1), "widest_y": round(zone.widest_at[1], 1)}
    for unit, digits in (("px", 2), ("mm", 4)):
        for which in WIDTHS:
            estimate: Estimate | None = getattr(zone, f"width_{which}_{unit}")
            if estimate is not None:
                for end, value in (("", estimate.value), ("_low", estimate.low), ("_high", estimate.high)):
                    row[f"width_{which}_{unit}{end}"] = round(value, digits)
    return row


def findings_lines(photos: Findings, names: Mapping[str, str], copies: Mapping[str, str] = {}) -> Iterator[bytes]:
    """The findings as JSON lines, whole, in pieces.

    `photo`, `verdict`, `zone` (null where there is none) with outline, holes and centre line, scale and place,
    `copy_of` (the photo that it is a copy of, or null); an unreadable photo as
    `{"photo", "verdict": null, "error": {"kind", "message"}}`.
    """
    return (encode_line(line) for photo in photos for line in _lines(photo, names[photo.path], copies.get(photo.path)))


def _lines(photo: Inspected | Unread, name: str, copy_of: str | None) -> Iterator[dict[str, Any]]:
    if isinstance(photo, Unread):
        yield {"photo": photo.path, "verdict": None, "error": photo.error}
        return
    facts = {"photo": photo.path, **about_photo(photo, name), "copy_of": copy_of}
    for zone in photo.zones or (None,):
        yield {**facts, "zone": zone}


def about_photo(photo: Inspected, name: str) -> dict[str, Any]:
    """What is said of a photo as a whole, and where its pictures lie."""
    return {
        "verdict": photo.verdict,
        "probability": photo.probability,
        "reason": photo.reason,
        "width": photo.width,
        "height": photo.height,
        "crack_share": photo.crack_share,
        "sharpness_px": photo.sharpness_px,
        "noise": photo.noise,
        "thinnest_px": photo.thinnest_px,
        "skipped": photo.skipped,
        "scale": photo.scale,
        "scale_doubt": photo.scale_doubt,
        "place": photo.place,
        "picture": f"photos/{name}.jpg",
        "overlay": f"overlays/{name}.jpg",
        "surface": photo.surface,
        "pages": photo.pages,
        "halved": photo.halved,
        "chance": photo.chance,
        "suspicious": photo.suspicious,
        "from_afar": photo.from_afar,
        "bits": photo.bits,
        "left_out": photo.left_out,
        "in_grey": photo.in_grey,
    }
