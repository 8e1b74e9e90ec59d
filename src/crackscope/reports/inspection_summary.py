"""An inspection in short: how many, how bad, and what a reader must know before believing it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crackscope.errors import printable
from crackscope.inspection import DEFAULT_LIMITS_MM
from crackscope.records import Inspected, Unread, Zone
from crackscope.reports.formatting import count, percent
from crackscope.reports.inspection_classes import WidthClasses, class_of, largest_width, widest_zone
from crackscope.reports.inspection_facts import InspectionFacts
from crackscope.reports.inspection_marks import length_number, length_text, metres


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of the summary. link: an anchor of the page, or "". key: of those that follow what is shown."""

    name: str
    value: str
    under: str
    more: str = ""
    link: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A width class with what is in it. share: of the longest bar, 0 to 1."""

    kind: str
    name: str
    zones: int
    photos: int
    length: str
    share: float


@dataclass(frozen=True, slots=True)
class Sorted:
    """The photos by what was said of them, each in the order given but the cracked ones, which go by severity."""

    cracked: tuple[Inspected, ...]
    doubtful: tuple[Inspected, ...]
    sound: tuple[Inspected, ...]
    unread: tuple[Unread, ...]

    @property
    def inspected(self) -> tuple[Inspected, ...]:
        """All that could be read."""
        return self.cracked + self.doubtful + self.sound

    @property
    def suspicious(self) -> tuple[Inspected, ...]:
        """Those called sound in which something looks rather like a crack: for a person to look at."""
        return tuple(photo for photo in self.sound if photo.suspicious)

    @property
    def total(self) -> int:
        """Unread ones too."""
        return len(self.inspected) + len(self.unread)

    @property
    def zones(self) -> list[tuple[Inspected, Zone]]:
        """Each zone of the cracked photos with its photo."""
        return [(photo, zone) for photo in self.cracked for zone in photo.zones]


def sort_photos(photos: Sequence[Inspected | Unread]) -> Sorted:
    """Sort by verdict, and the cracked photos by their widest crack: those with a scale first."""
    inspected = [photo for photo in photos if isinstance(photo, Inspected)]
    return Sorted(
        cracked=tuple(sorted((one for one in inspected if one.verdict == "crack"), key=_severity)),
        doubtful=tuple(one for one in inspected if one.verdict == "cannot judge"),
        sound=tuple(one for one in inspected if one.verdict == "sound"),
        unread=tuple(photo for photo in photos if isinstance(photo, Unread)),
    )


def _severity(photo: Inspected) -> tuple[int, float, float]:
    widest = widest_zone(photo)
    if widest is None:
        return 2, 0.0, -photo.probability
    width, unit = largest_width(widest)
    return int(unit == "px"), -width.value, -sum(zone.length_px for zone in photo.zones)


def counted(found: Sorted) -> str:
    """How many photos there are of each verdict, in a sentence."""
    if not found.total:
        return "No photo was inspected."
    parts = [
        f"{count(len(found.cracked), 'shows', 'show')} cracks" if found.cracked else "none shows a crack",
        f"{count(len(found.sound), 'looks', 'look')} sound" if found.sound else "none looks sound",
    ]
    if found.doubtful:
        parts.append(f"{len(found.doubtful):,} cannot be judged")
    if found.unread:
        parts.append(f"{count(len(found.unread), 'is', 'are')} unreadable")
    return f"Of {count(found.total, 'photo')} {', '.join(parts[:-1])} and {parts[-1]}."


def widest_said(found: Sorted, names: Mapping[str, str]) -> str:
    """Which crack is the widest, and which surely is; "" where none was measured. names: of the photos, by path."""
    widest, surest = _widest(found), _surely_widest(found)
    if widest is None or surest is None:
        return ""
    photo, zone = widest
    width, unit = largest_width(zone)
    said = (
        f"The widest crack measures {length_text(width.value, unit)} "
        f"({length_number(width.low, unit)} to {length_number(width.high, unit)}), in {names[photo.path]}."
    )
    if surest[1] is not zone:
        width, unit = largest_width(surest[1])
        said += (
            f" The largest width that is sure is {length_text(width.low, unit)}, of crack {surest[1].number} "
            f"in {names[surest[0].path]}."
        )
    return said


def _widest(found: Sorted) -> tuple[Inspected, Zone] | None:
    for photo in found.cracked:
        zone = widest_zone(photo)
        if zone is not None:
            return photo, zone
    return None


def _surely_widest(found: Sorted) -> tuple[Inspected, Zone] | None:
    """The zone whose largest width has the largest lower end, mm before px: a measure may be large and say little."""
    return max(
        found.zones,
        key=lambda one: (one[1].width_max_mm is not None, largest_width(one[1])[0].low),
        default=None,
    )


def tiles(
    found: Sorted, numbers: Mapping[str, int], names: Mapping[str, str], *, some_left_out: bool = False
) -> list[Tile]:
    """The four figures at the top. numbers, names: of the photos on the page, by path.

    some_left_out: cracks are, by their probability, so that photos may be called cracked and show none.
    """
    zones = [zone for _, zone in found.zones]
    showing = sum(bool(photo.zones) for photo in found.cracked)
    named = {"cannot be judged": found.doubtful, "suspicious": found.suspicious, "unreadable": found.unread}
    again = sum(map(len, named.values()))
    return [
        _photos_tile(found, showing if some_left_out else len(found.cracked)),
        Tile(
            "Cracks measured",
            f"{len(zones):,}",
            total_length(zones),
            _per_photo(len(zones), showing),
            key="cracks",
        ),
        _widest_tile(found, numbers, names),
        Tile(
            "To look at again",
            f"{again:,}",
            ", ".join(f"{len(some):,} {what}" for what, some in named.items() if some) or "nothing",
            "which" if again else "",
            "again" if again else "",
        ),
    ]


def _photos_tile(found: Sorted, showing: int) -> Tile:
    """How many photos there are with cracks, and how many are called cracked where those are more."""
    cracked, read = len(found.cracked), len(found.inspected)
    share = percent(showing / read) if read else "–"
    more = f"{count(cracked, 'is', 'are')} called cracked" if showing < cracked else ""
    return Tile("Photos with cracks", f"{showing:,}", f"{share} of {count(read, 'photo')} read", more, key="photos")


def _per_photo(zones: int, photos: int) -> str:
    return f"{zones / photos:.1f} a photo that shows one" if photos else ""


def _widest_tile(found: Sorted, numbers: Mapping[str, int], names: Mapping[str, str]) -> Tile:
    """What is sure leads: how wide the widest is at least."""
    widest = _surely_widest(found)
    if widest is None:
        return Tile("Widest crack", "–", "none was measured")
    photo, zone = widest
    width, unit = largest_width(zone)
    measured = (
        f"{length_number(width.value, unit)} ({length_number(width.low, unit)} to {length_text(width.high, unit)})"
    )
    return Tile(
        "Widest crack, at least",
        length_text(width.low, unit),
        f"measured {measured}, crack {zone.number} in",
        names[photo.path],
        f"photo-{numbers[photo.path]}",
        "widest",
    )


def total_length(zones: Sequence[Zone]) -> str:
    """The summed length, in m where a scale is known, and in px where not."""
    known = [zone.length_mm for zone in zones if zone.length_mm is not None]
    unknown = [zone.length_px for zone in zones if zone.length_mm is None]
    parts = [metres(sum(known))] if known else []
    if unknown:
        parts.append(f"{sum(unknown):,.0f} px")
    return " and ".join(parts) + " long" if parts else "nothing measured"


def class_rows(found: Sorted, classes: WidthClasses) -> list[ClassRow]:
    """A row for each class, wide to thin; no rows where no zone is sorted by these classes."""
    members: list[list[tuple[Inspected, Zone]]] = [[] for _ in range(classes.count)]
    for photo, zone in found.zones:
        if largest_width(zone)[1] == classes.unit:
            members[classes.place(largest_width(zone)[0].value)].append((photo, zone))
    most = max(len(group) for group in members)
    if not most:
        return []
    rows = [
        ClassRow(
            kind=f"{classes.unit}-{place}",
            name=classes.name(place),
            zones=len(group),
            photos=len({photo.path for photo, _ in group}),
            length=total_length([zone for _, zone in group]).removesuffix(" long") if group else "–",
            share=len(group) / most,
        )
        for place, group in enumerate(members)
    ]
    return rows[::-1]


def told_once(found: Sorted, copies: Mapping[str, str]) -> tuple[str, str, str]:
    """That some photos are copies, and what there is without them: photos, then cracks; three empty texts of none."""
    there = sum(photo.path in copies for photo in found.inspected)
    if not there:
        return "", "", ""
    cracked = sum(photo.path not in copies for photo in found.cracked)
    zones = [zone for photo, zone in found.zones if photo.path not in copies]
    what = "is a copy of another" if there == 1 else "are copies of others"
    return (
        f"{there:,} of {count(found.total, 'photo')} {what}, byte for byte, and counted like any other.",
        f"{count(cracked, 'photo')} with cracks",
        f"{count(len(zones), 'crack')}" + f", {total_length(zones)}" * bool(zones),
    )


def heading_of(photo: Inspected, classes: dict[str, WidthClasses], without: str) -> tuple[str, str]:
    """(kind, words) of the group that a cracked photo stands in. without: the words where no crack was measured."""
    widest = widest_zone(photo)
    if widest is None:
        return "unmeasured", without
    known, place = class_of(widest, classes)
    bare = ", no scale known" if known.unit == "px" else ""
    return f"{known.unit}-{place}", f"Widest crack {known.name(place)}{bare}"


def without_crack(facts: InspectionFacts) -> str:
    """What is said of cracked photos without a zone."""
    least = facts.least_probability
    what = f"crack of a probability of {least:g} or more" if least else "crack that could be measured"
    return f"Cracked, without a {what}"


def notes(found: Sorted, facts: InspectionFacts) -> list[str]:
    """What a reader must know before using the findings."""
    said = []
    if facts.least_probability:
        said.append(
            f"Cracks with a probability below {facts.least_probability:g} are left out, here and in the files beside "
            "this page; photos are called cracked or sound as they are without that."
        )
    bare = sum(photo.scale is None for photo in found.cracked)
    if bare:
        which = (
            "No scale is known"
            if bare == len(found.cracked)
            else f"For {count(bare, 'cracked photo')} no scale is known"
        )
        said.append(f"{which}: lengths and widths there are in pixels of the photo, and say nothing about millimetres.")
    if tuple(facts.limits_mm) != DEFAULT_LIMITS_MM and facts.limits_source:
        said.append(
            f"The width classes follow {printable(facts.limits_source)}. They sort the findings and prove nothing."
        )
    return said
