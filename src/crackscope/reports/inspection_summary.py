"""An inspection in short: how many, how bad, and what a reader must know before believing it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crackscope.errors import printable
from crackscope.inspection import DEFAULT_LIMITS_MM
from crackscope.records import BLURRED, UNLIKE_ANY_SURFACE, Inspected, Unread, Zone
from crackscope.reports.formatting import count, percent
from crackscope.reports.inspection_classes import WidthClasses, class_of, largest_width
from crackscope.reports.inspection_facts import InspectionFacts
from crackscope.reports.inspection_marks import chance_text, length_number, length_text, metres
from crackscope.reports.inspection_widest import EVEN, severity, sure_heading, surely_widest, unlikely
from crackscope.reports.photo_facts import odd_scale
from crackscope.reports.unmet import unmet_sentence


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
    """The photos by what was said of them, each in the order given but the cracked ones, which go by severity, and
    those that cannot be judged, of which the ones that look like a crack come first."""

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
    def crack_like(self) -> tuple[Inspected, ...]:
        """Those that cannot be judged in which something looks rather like a crack: to look at first."""
        return tuple(photo for photo in self.doubtful if photo.crack_like)

    @property
    def unlike(self) -> tuple[Inspected, ...]:
        """Those that cannot be judged since they look like nothing that the bundle has learnt from."""
        return tuple(photo for photo in self.doubtful if photo.reason == UNLIKE_ANY_SURFACE)

    @property
    def blurred(self) -> tuple[Inspected, ...]:
        """Those that cannot be judged since their edges are too wide."""
        return tuple(photo for photo in self.doubtful if photo.reason.startswith(BLURRED))

    @property
    def bare(self) -> tuple[Inspected, ...]:
        """Those called cracked with no crack to show for it: for a person to look at, too."""
        return tuple(photo for photo in self.cracked if not photo.zones)

    @property
    def total(self) -> int:
        """Unread ones too."""
        return len(self.inspected) + len(self.unread)

    @property
    def zones(self) -> list[tuple[Inspected, Zone]]:
        """Each zone of the cracked photos with its photo."""
        return [(photo, zone) for photo in self.cracked for zone in photo.zones]


def sort_photos(photos: Sequence[Inspected | Unread]) -> Sorted:
    """Sort by verdict, the cracked photos by severity, and what cannot be judged by whether it looks like a crack."""
    inspected = [photo for photo in photos if isinstance(photo, Inspected)]
    return Sorted(
        cracked=tuple(sorted((one for one in inspected if one.verdict == "crack"), key=severity)),
        doubtful=tuple(sorted((one for one in inspected if one.verdict == "cannot judge"), key=_not_crack_like)),
        sound=tuple(one for one in inspected if one.verdict == "sound"),
        unread=tuple(photo for photo in photos if isinstance(photo, Unread)),
    )


def _not_crack_like(photo: Inspected) -> bool:
    return not photo.crack_like


def counted(found: Sorted) -> str:
    """How many photos there are of each verdict, in a sentence."""
    if not found.total:
        return "No photo was inspected."
    parts = []
    # That none is called cracked would be read as good news where none was judged.
    if judged := bool(found.cracked or found.sound):
        parts = [
            f"{count(len(found.cracked), 'is', 'are')} called cracked" if found.cracked else "none is called cracked",
            f"{count(len(found.sound), 'looks', 'look')} sound{_again(found)}" if found.sound else "none looks sound",
        ]
    if found.doubtful:
        some = len(found.crack_like)
        like = f" ({count(some, 'looks', 'look')} like a crack all the same)" * bool(some)
        parts.append(f"{len(found.doubtful):,} cannot be judged{like}")
    if found.unread:
        parts.append(f"{count(len(found.unread), 'is', 'are')} unreadable")
    said = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    photos = count(found.total, "photo")
    return f"Of {photos} {said}." if judged else f"Nothing can be said of {photos}: {said}."


def _again(found: Sorted) -> str:
    """How many of those called sound are to be looked at again, in brackets, as part of a sentence."""
    some = len(found.suspicious)
    if not some:
        return ""
    return " (to be looked at again)" if some == len(found.sound) else f" ({some:,} of them to be looked at again)"


def to_look_at(found: Sorted) -> dict[str, int]:
    """How many photos a person should look at, by why. The first follow what is shown."""
    return {
        "called cracked with no crack shown": len(found.bare),
        "cannot be judged": len(found.doubtful),
        "suspicious": len(found.suspicious),
        "unreadable": len(found.unread),
    }


def tiles(found: Sorted, numbers: Mapping[str, int], names: Mapping[str, str]) -> list[Tile]:
    """The four figures at the top. numbers, names: of the photos on the page, by path."""
    zones = [zone for _, zone in found.zones]
    named = to_look_at(found)
    again = sum(named.values())
    return [
        Tile("Photos called cracked", f"{len(found.cracked):,}", _share_cracked(found)),
        Tile(
            "Cracks measured",
            f"{len(zones):,}",
            total_length(zones),
            _spread(found),
            key="cracks",
        ),
        _widest_tile(found, numbers, names),
        Tile(
            "To look at again",
            f"{again:,}",
            ", ".join(f"{some:,} {what}" for what, some in named.items() if some) or "nothing",
            "which" if again else "",
            # Photos whose cracks are all left out by the reader come there, too.
            "again" if again or zones else "",
            "again",
        ),
    ]


def _share_cracked(found: Sorted) -> str:
    """What share of the photos is called cracked, of those of which anything is said."""
    judged = len(found.cracked) + len(found.sound)
    if not judged:
        return "none could be judged" if found.doubtful else "none could be read" if found.unread else "there was none"
    of = f"{percent(len(found.cracked) / judged)} of {count(judged, 'photo')}"
    return f"{of} that could be judged" if found.doubtful else f"{of} read"


def _spread(found: Sorted) -> str:
    """Over how many photos the cracks spread, and how many of them are less likely than not."""
    showing, doubted = len(found.cracked) - len(found.bare), len(unlikely(found.zones))
    if not showing:
        return ""
    said = f"{len(found.zones) / showing:.1f} a photo that shows one"
    return f"{said}, {doubted:,} less likely than not" if doubted else said


def _widest_tile(found: Sorted, numbers: Mapping[str, int], names: Mapping[str, str]) -> Tile:
    """What is sure leads: how wide the widest is at least, of the likely ones where there are any."""
    widest = surely_widest(found.zones)
    if widest is None:
        return Tile("Widest crack", "–", "none was measured")
    photo, zone = widest
    width, unit = largest_width(zone)
    sure = f"{length_number(width.low, unit)} to {length_text(width.high, unit)}"
    measured = f"largest width {length_number(width.value, unit)} (95 %: {sure})"
    return Tile(
        sure_heading(found.zones),
        length_text(width.low, unit),
        f"{measured}, probability {chance_text(zone.probability)}, crack {zone.number} in",
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
        f"{count(cracked, 'photo')} called cracked",
        f"{count(len(zones), 'crack')}" + f", {total_length(zones)}" * bool(zones),
    )


def heading_of(zone: Zone, classes: dict[str, WidthClasses]) -> tuple[str, str]:
    """(kind, words) of the group that a cracked photo stands in, by its widest zone. The script words it alike."""
    known, place = class_of(zone, classes)
    bare = ", no scale known there" if known.unit == "px" else ""
    doubt = ", less likely one than not" if zone.probability < EVEN else ""
    return f"{known.unit}-{place}", f"Widest crack {known.name(place)}{bare}{doubt}"


def without_crack(facts: InspectionFacts) -> str:
    """What is said of a photo that is called cracked without a zone."""
    least = facts.least_probability
    which = f"crack of a probability of {least:g} or more" if least else "crack"
    return f"Called cracked, but no {which} could be marked and measured in it."


def notes(found: Sorted, facts: InspectionFacts) -> list[str]:
    """What a reader must know before using the findings."""
    said = []
    left_out = sum(photo.left_out for photo in found.inspected)
    if left_out:
        said.append(
            f"{count(left_out, 'crack')} with a probability below {facts.least_probability:g} "
            f"{'is' if left_out == 1 else 'are'} left out, here and in the files beside this page, and the numbers "
            f"with {'it' if left_out == 1 else 'them'}; photos are called cracked or sound as they are without that."
        )
    bare = sum(photo.scale is None for photo in found.cracked)
    if bare:
        some = bare < len(found.cracked)
        which = f"For {count(bare, 'cracked photo')} no scale is known" if some else "No scale is known"
        said.append(
            f"{which}: lengths and widths {'there ' * some}are in pixels of the photo, and say nothing about "
            f"millimetres. To have these, give the scale{' of those photos' * some}: --mm-per-px, --marker-mm, "
            "--distance-m or --scale."
        )
    if doubted := sum(photo.scale is None and bool(photo.scale_doubt) for photo in found.inspected):
        said.append(
            f"For {count(doubted, 'photo')} what should tell the scale (a marker, a table, EXIF or the file's "
            "georeference) does not, so there are no millimetres: each says why among its facts."
        )
    if beyond := sum(photo.scale is not None and bool(photo.scale_doubt) for photo in found.cracked):
        said.append(
            f"In {count(beyond, 'cracked photo')} the scale does not hold at every crack: what is in pixels there says "
            "nothing about millimetres. Each says why among its facts."
        )
    if odd := [photo.path for photo in found.inspected if odd_scale(photo)]:
        said.append(
            f"Of {count(len(odd), 'photo')} the scale can hardly be meant, and nor can its millimetres: check it. Each "
            "says so among its facts."
        )
    if unmet := unmet_sentence([photo.surface for photo in found.sound], facts.surfaces, one="photo"):
        said.append(f"{unmet[0].upper()}{unmet[1:]}.")
    if tuple(facts.limits_mm) != DEFAULT_LIMITS_MM and facts.limits_source:
        said.append(
            f"The width classes follow {printable(facts.limits_source)}. They sort the findings and prove nothing."
        )
    return said
