"""The page of an inspection: what its template shows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from crackscope.errors import printable
from crackscope.images import size_within
from crackscope.records import Inspected, Unread
from crackscope.reports.findings_table import Findings
from crackscope.reports.formatting import elided
from crackscope.reports.inspection_classes import WidthClasses, class_styles, classes_of, largest_width
from crackscope.reports.inspection_facts import InspectionFacts
from crackscope.reports.inspection_made import alarm, pills, setting
from crackscope.reports.inspection_map import photo_map
from crackscope.reports.inspection_marks import Pen, ZoneMark, length_text, tile_paths, whole_chance
from crackscope.reports.inspection_names import link, short_names
from crackscope.reports.inspection_pictures import HEAT, OVERLAYS, PHOTOS, SMALL, SMALL_SIDE
from crackscope.reports.inspection_summary import (
    Sorted,
    class_rows,
    counted,
    heading_of,
    notes,
    sort_photos,
    tiles,
    to_look_at,
    told_once,
    without_crack,
)
from crackscope.reports.inspection_widest import widest_said, widest_zone
from crackscope.reports.photo_facts import brief_facts, photo_facts
from crackscope.reports.rendering import Dress, render_pieces, script_data

DRESS = Dress(
    scripts=(
        "inspection_marks.js",
        "inspection_pictures.js",
        "slider.js",
        "inspection_words.js",
        "inspection_shown.js",
        "inspection_table.js",
        "inspection_viewer.js",
    ),
    styles=("style.css", "inspection.css"),
    pictures="'self' file: data:",
)
_TILES_SHOWN = 400
_ROWS_WITHOUT_SCRIPT = 300
_COPIES_NAMED = 500
_LETTERS = 44
"""Of the name of a photo in the head and in the table, where it may stand many times; its card has it whole."""

There = Mapping[str, set[str]]


@dataclass(frozen=True, slots=True)
class Card:
    """A photo as the page shows it. photo, small, heat, overlay: addresses, "" where the picture is not there.
    widest: width of its widest crack as it is read. brief: the facts that a sound photo is shown with.
    """

    number: int
    name: str
    path: str
    verdict: str
    probability: float
    reason: str
    width: int
    height: int
    photo: str
    small: str
    heat: str
    overlay: str
    marks: tuple[ZoneMark, ...]
    widest: str
    facts: tuple[str, ...]
    brief: str = ""

    @property
    def small_size(self) -> tuple[int, int]:
        """Width and height of the small picture, px."""
        return size_within(self.width, self.height, SMALL_SIDE)


def page(photos: Findings, names: Mapping[str, str], facts: InspectionFacts, there: There) -> Iterator[bytes]:
    """index.html, UTF-8, in pieces. there: the pictures that lie in the report's folder, by kind."""
    title = printable(facts.title) or "Crack inspection"
    return render_pieces("inspection.html", title, page_values(photos, names, facts, there), DRESS)


def page_values(photos: Findings, names: Mapping[str, str], facts: InspectionFacts, there: There) -> dict[str, Any]:
    """What the template shows."""
    classes, bare = classes_of(facts), [_without_lines(photo) for photo in photos]
    found = sort_photos(bare)
    numbers = {photo.path: place for place, photo in enumerate(bare, start=1)}
    short = short_names(numbers)
    brief = {path: elided(name, _LETTERS) for path, name in short.items()}
    pen = Pen(classes)
    cards = {
        photo.path: _card(photo, numbers[photo.path], (names[photo.path], short[photo.path]), marks, there)
        for photo, marks in ((one, _marks(photos[numbers[one.path] - 1], pen)) for one in found.inspected)
    }
    in_order = [photo for photo in bare if isinstance(photo, Inspected)]
    tiled = [photo for photo in in_order if photo.zones][:_TILES_SHOWN]
    return {
        "facts": facts,
        "found": found,
        "counted": counted(found),
        "widest": widest_said(found.zones, brief),
        "notes": notes(found, facts),
        "once": told_once(found, facts.copies),
        "copies": [(short[one], short[facts.copies[one]]) for one in _copies(numbers, facts)][:_COPIES_NAMED],
        "tiles": tiles(found, numbers, brief),
        "pills": pills(found, facts),
        "class_tables": [rows for unit in ("mm", "px") if (rows := class_rows(found, classes[unit]))],
        "class_styles": class_styles(classes),
        "map": photo_map(in_order, numbers, classes, short),
        "glance": [(cards[one.path], *_tile(photos[numbers[one.path] - 1], classes)) for one in tiled],
        "groups": _groups(found, cards, classes),
        "bare": [cards[photo.path] for photo in found.bare],
        "without": without_crack(facts),
        "soft": any(photo.halved for photo in found.inspected),
        "afar": any(photo.from_afar for photo in found.inspected),
        "on_map": any(photo.georeference for photo in found.inspected),
        "again_now": any(to_look_at(found).values()),
        "least": f"{facts.least_probability:.15g}",
        "doubtful": [cards[photo.path] for photo in found.doubtful],
        "suspicious": [cards[photo.path] for photo in found.suspicious],
        "sound": [cards[photo.path] for photo in found.sound if not photo.suspicious],
        "unread": [(short[one.path], printable(one.path), one.error.kind, _fault(one)) for one in found.unread],
        "has_heat": bool(there.get(HEAT)),
        "first_rows": _first_rows(found, cards),
        "letters": _LETTERS,
        "lines_alone": pen.lines_alone,
        "data": script_data(
            {
                **_table(bare, found, (numbers, short), classes),
                "least": facts.least_probability,
                "letters": _LETTERS,
                "again": to_look_at(found),
                "copies": [numbers[path] for path in _copies(numbers, facts)],
            }
        ),
        "settings": [(printable(name), setting(value)) for name, value in facts.settings.items()],
        "alarms": [alarm(name, share, facts) for name, share in facts.alarms.items()],
    }


def _fault(unread: Unread) -> str:
    """Why it could not be read; the name, with which most messages begin, stands beside it."""
    return printable(unread.error.message.removeprefix(f"{unread.path}: "))


def _copies(numbers: Mapping[str, int], facts: InspectionFacts) -> list[str]:
    """The paths of the photos that are copies of others on the page."""
    return [path for path in numbers if facts.copies.get(path) in numbers]


def _without_lines(photo: Inspected | Unread) -> Inspected | Unread:
    """The record without its rings and centre lines, which are most of it: of thousands they would fill the memory."""
    if isinstance(photo, Unread):
        return photo
    zones = tuple(msgspec.structs.replace(zone, outline=(), holes=(), centreline=()) for zone in photo.zones)
    return msgspec.structs.replace(photo, zones=zones)


def _marks(photo: Inspected | Unread, pen: Pen) -> tuple[ZoneMark, ...]:
    return pen.marks(photo) if isinstance(photo, Inspected) else ()


def _tile(
    photo: Inspected | Unread, classes: dict[str, WidthClasses]
) -> tuple[tuple[int, int], list[tuple[int, str, str]]]:
    return tile_paths(photo, classes) if isinstance(photo, Inspected) else ((1, 1), [])


def _card(photo: Inspected, number: int, names: tuple[str, str], marks: tuple[ZoneMark, ...], there: There) -> Card:
    name, short = names

    def address(kind: str, suffix: str) -> str:
        return link(kind, name, suffix) if name in there.get(kind, ()) else ""

    return Card(
        number=number,
        name=short,
        path=printable(photo.path),
        verdict=photo.verdict,
        probability=photo.probability,
        reason=printable(photo.reason),
        width=photo.width,
        height=photo.height,
        photo=address(PHOTOS, ".jpg"),
        small=address(SMALL, ".jpg"),
        heat=address(HEAT, ".png"),
        overlay=address(OVERLAYS, ".jpg"),
        marks=marks,
        widest=_widest_text(photo),
        facts=photo_facts(photo),
        brief=" · ".join(brief_facts(photo)),
    )


def _widest_text(photo: Inspected) -> str:
    zone = widest_zone(photo)
    if zone is None:
        return ""
    width, unit = largest_width(zone)
    return length_text(width.value, unit)


def _first_rows(found: Sorted, cards: Mapping[str, Card]) -> list[tuple[Card, ZoneMark]]:
    """What the table shows where no script runs."""
    rows = [(cards[photo.path], mark) for photo in found.cracked for mark in cards[photo.path].marks]
    return rows[:_ROWS_WITHOUT_SCRIPT]


def _groups(
    found: Sorted, cards: Mapping[str, Card], classes: dict[str, WidthClasses]
) -> list[tuple[str, str, list[Card]]]:
    """(kind, heading, cards) of the cracked photos that show one, worst first."""
    groups: list[tuple[str, str, list[Card]]] = []
    for photo in found.cracked:
        widest = widest_zone(photo)
        if widest is None:
            continue
        kind, words = heading_of(widest, classes)
        if not groups or groups[-1][:2] != (kind, words):
            groups.append((kind, words, []))
        groups[-1][2].append(cards[photo.path])
    return groups


def _table(
    photos: Sequence[Inspected | Unread],
    found: Sorted,
    said: tuple[Mapping[str, int], Mapping[str, str]],
    classes: dict[str, WidthClasses],
) -> dict[str, Any]:
    """The rows of the table as the script reads them, worst first.

    A row is: number of the photo, number of the zone (0: none), unit, class, then largest width, its low and high
    end, median width, length, orientation, probability.
    """
    numbers, short = said
    ordered: Sequence[Inspected | Unread] = (*found.inspected, *found.unread)
    rows: list[list[Any]] = []
    for photo in ordered:
        if isinstance(photo, Unread) or not photo.zones:
            rows.append([numbers[photo.path], 0])
            continue
        for zone in photo.zones:
            width, unit = largest_width(zone)
            median, length = (
                (zone.width_median_mm, zone.length_mm) if unit == "mm" else (zone.width_median_px, zone.length_px)
            )
            figures = (width.value, width.low, width.high, median.value if median else 0.0, length or 0.0)
            rows.append(
                [
                    numbers[photo.path],
                    zone.number,
                    unit,
                    classes[unit].place(width.value),
                    *(float(f"{value:.7g}") for value in figures),
                    round(zone.orientation_deg) % 180,
                    whole_chance(zone.probability) / 10_000,
                ]
            )
    return {
        "photos": [_photo_line(photo, short[photo.path]) for photo in photos],
        "rows": rows,
        "classes": {unit: [one.name(place) for place in range(one.count)] for unit, one in classes.items()},
    }


def _photo_line(photo: Inspected | Unread, name: str) -> list[Any]:
    if isinstance(photo, Unread):
        return [name, "unreadable", _fault(photo), 0]
    return [name, photo.verdict, printable(photo.reason), whole_chance(photo.probability) / 10_000]
