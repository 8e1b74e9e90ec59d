"""What an inspection says on the terminal: the worst photos (of few, all), the unreadable ones, and the counts."""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crackscope.cli.console import (
    crack_probability,
    print_table,
    say,
    tell_of_grey,
    tell_of_pages,
    tell_unread,
    unread_line,
    warn,
)
from crackscope.cli.remarks import refused_cracks, tell_of_blurred, tell_of_order, tell_of_unlike, tell_of_unmet
from crackscope.errors import several

if TYPE_CHECKING:
    from crackscope.records import Inspected, Unread, Zone

SHOWN = 20
"""Photos that are listed on a terminal, plainly sound ones only where all fit; the report has them all, and so has what
goes to a file or a pipe."""
_ORDER = ("crack", "cannot judge", "sound")
_MAY = "sound photos of its size may, too"
_NO_ZONE = "called cracked, but no crack could be marked in it: look at it"
_NO_LIKELY_ZONE = "called cracked, but no zone in it has a probability of {:g} or more: look at it"
_BY_CHANCE = "photos are called by how seldom sound ones of their size show as much (chance in findings.jsonl)"
_STYLES = {"crack": "bold red", "cannot judge": "yellow"}


@dataclass(frozen=True)
class Worst:
    """What one photo says at its worst. severity: its place among the cracked photos, as in the report.
    unlikely: zones that are less likely cracks than not. width, length: of the widest zone (of those that are no less
    likely cracks than not, where there are any) and of all zones, in mm of those that have mm (None where none has), in
    px of the others.
    """

    path: str
    verdict: str
    probability: float
    severity: tuple[int, float, float]
    zones: int
    unlikely: int
    width_px: float
    length_px: float
    width_mm: float | None
    length_mm: float | None
    remark: str
    suspicious: bool
    crack_like: bool

    @property
    def place(self) -> tuple[int, bool, tuple[float, ...]]:
        """What photos are listed by: as in the report, the cracked by severity and all others in the order given, those
        first that look like a crack."""
        plain = not (self.suspicious or self.crack_like)
        return _ORDER.index(self.verdict), plain, self.severity if self.verdict == "crack" else ()

    @property
    def bare(self) -> bool:
        """Called cracked, with nothing that says where."""
        return self.verdict == "crack" and not self.zones


@dataclass
class Summary:
    """A pass over the findings that keeps a line a photo and no outlines. copies: of which photo each is one.
    least_probability: zones of a lower one were left out of the findings. missing: why photos have no mm that do not
    hold what the scale takes, the same for all of them and told once. scale_doubts: why others have none, by path,
    though a marker is seen or there is a georeference. surfaces: those as which the bundle reads photos. sound_as: of
    them, that of each photo called sound, "" for none.
    """

    least_probability: float = 0.0
    surfaces: tuple[str, ...] = ()
    missing: str = ""
    photos: list[Worst] = field(default_factory=list)
    unread: "list[Unread]" = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    without_scale: int = 0
    scale_doubts: dict[str, str] = field(default_factory=dict)
    odd_scales: list[str] = field(default_factory=list)
    in_grey: list[str] = field(default_factory=list)
    with_pages: int = 0
    unlike: int = 0
    blurred: int = 0
    left_out: int = 0
    sound_as: list[str] = field(default_factory=list)
    copies: dict[str, str] = field(default_factory=dict)

    @property
    def doubted_scales(self) -> int:
        """How many photos have no mm though a marker is seen or there is a georeference."""
        return len(self.scale_doubts)

    def facts(self) -> dict[str, int]:
        """The counts, for programs."""
        named = {name: self.counts[name] for name in ("crack", "sound", "cannot judge")}
        zones = sum(photo.zones for photo in self.photos)
        return {
            "photos": len(self.photos) + len(self.unread),
            **named,
            "unreadable": len(self.unread),
            "zones": zones,
            "copies": len(self.copies),
        }


def summarise(
    findings: "Iterable[Inspected | Unread]",
    least_probability: float = 0.0,
    surfaces: tuple[str, ...] = (),
    missing: str = "",
) -> Summary:
    """Read the findings once. least_probability, surfaces, missing: as in `Summary`."""
    from crackscope.records import BLURRED, UNLIKE_ANY_SURFACE, Unread
    from crackscope.reports import odd_scale

    summary = Summary(least_probability, surfaces, missing)
    for photo in findings:
        if isinstance(photo, Unread):
            summary.unread.append(photo)
            continue
        # What is the same for all of them is told once, below the table.
        doubt = "" if photo.scale_doubt == missing else photo.scale_doubt
        summary.photos.append(_worst(photo, least_probability, doubt))
        summary.counts[photo.verdict] += 1
        summary.without_scale += photo.scale is None and not doubt
        if doubt and photo.scale is None:
            summary.scale_doubts[photo.path] = doubt
        if odd := odd_scale(photo):
            summary.odd_scales.append(f"{photo.path}: {odd}")
        if photo.in_grey:
            summary.in_grey.append(photo.path)
        summary.with_pages += photo.pages > 1
        summary.unlike += photo.reason == UNLIKE_ANY_SURFACE
        summary.blurred += photo.verdict == "cannot judge" and photo.reason.startswith(BLURRED)
        summary.left_out += photo.left_out
        if photo.verdict == "sound":
            summary.sound_as.append(photo.surface)
    return summary


def _worst(photo: "Inspected", least: float, scale_doubt: str) -> Worst:
    from crackscope.records import SUSPICIOUS
    from crackscope.reports import severity, telling
    from crackscope.wording import first_of, looks_cracked, read_as, seen_smaller

    tell = [zone for _, zone in telling([(photo, zone) for zone in photo.zones])]
    widths = [zone.width_max_mm.value for zone in tell if zone.width_max_mm is not None]
    lengths = [zone.length_mm for zone in photo.zones if zone.length_mm is not None]
    bare = [zone for zone in photo.zones if zone.length_mm is None]
    why = [_doubt(photo, least) or photo.reason, looks_cracked(photo)]
    remarks = [", ".join(filter(None, why)), seen_smaller(photo), first_of(photo.pages), read_as(photo.bits)]
    if scale_doubt:
        remarks.append(f"no mm: {scale_doubt}")
    if photo.place.doubt and not scale_doubt.startswith(photo.place.doubt):
        remarks.append(f"no place: {photo.place.doubt}")
    if doubted := _doubted_width(photo):
        remarks.append(doubted)
    if bare and (lengths or photo.scale is not None):
        remarks.append(f"{len(bare)} of {several(len(photo.zones), 'zone')} without mm, summed in px")
    return Worst(
        path=photo.path,
        verdict=photo.verdict,
        probability=photo.probability,
        severity=severity(photo),
        zones=len(photo.zones),
        unlikely=sum(zone.probability < SUSPICIOUS for zone in photo.zones),
        width_px=max((zone.width_max_px.value for zone in tell if zone.length_mm is None), default=0.0),
        length_px=sum(zone.length_px for zone in bare),
        width_mm=max(widths, default=None),
        length_mm=sum(lengths) if lengths else None,
        remark="; ".join(filter(None, remarks)),
        suspicious=photo.suspicious,
        crack_like=photo.crack_like,
    )


def _doubted_width(photo: "Inspected") -> str:
    """That the widest zone of a cracked photo may well be no crack, and the widest that likely is; "" where it is."""
    import msgspec

    from crackscope.reports import LIKELY, widest_zone

    widest = widest_zone(photo)
    if photo.verdict != "crack" or widest is None or widest.probability >= LIKELY:
        return ""
    likely = tuple(zone for zone in photo.zones if zone.probability >= LIKELY)
    surer = widest_zone(msgspec.structs.replace(photo, zones=likely))
    said = f"the widest has a probability of {widest.probability:.2f}"
    return said if surer is None else f"{said}, the widest of {LIKELY:g} and more {_wide(surer)}"


def _wide(zone: "Zone") -> str:
    return f"{zone.width_max_px.value:.1f} px" if zone.width_max_mm is None else f"{zone.width_max_mm.value:.2f} mm"


def _doubt(photo: "Inspected", least: float) -> str:
    """Why a person should look at a photo that was judged; "" where nothing asks for it."""
    from crackscope.wording import seen_by_chance

    if photo.verdict == "crack" and not photo.zones:
        return _NO_LIKELY_ZONE.format(least) if least else _NO_ZONE
    return f"something looks like a crack, though {seen_by_chance(photo) or _MAY}: look at it" * photo.suspicious


def show(summary: Summary, *, quiet: bool) -> None:
    """Print the worst photos, those that could not be read, and how many there are of each; of few photos all, and in
    a file or a pipe all of many. Quiet, only those are named that could not be read."""
    from rich.text import Text

    shown = SHOWN if sys.stdout.isatty() else max(SHOWN, len(summary.photos), len(summary.unread))
    few = len(summary.photos) <= shown
    worst = sorted(
        (photo for photo in summary.photos if few or photo.verdict != "sound" or photo.suspicious),
        key=lambda photo: photo.place,
    )
    rows: list[tuple[object, ...]] = []
    for photo in worst[:shown]:
        style = "yellow" if photo.suspicious else _STYLES.get(photo.verdict, "")
        likely = crack_probability(photo.verdict, photo.probability)
        rows.append((Text(photo.verdict, style=style), likely, *_measures(photo), _name(photo)))
    for unread in summary.unread[:shown]:
        rows.append((Text("unreadable", style="yellow"), "", "", "", "", unread_line(unread)))
    if quiet:
        tell_unread(summary.unread)
    elif rows:
        print_table("", ("verdict", ">crack probability", ">zones", ">widest", ">length", "photo"), rows)
    hidden = max(0, len(worst) - shown) + max(0, len(summary.unread) - shown)
    if hidden:
        say(f"{hidden} more in the report", quiet=quiet)
    say(_counted(summary, listed=few), quiet=quiet)
    if summary.least_probability:
        left_out = several(summary.left_out, "zone") if summary.left_out else "no zone"
        say(f"{left_out} of a probability below {summary.least_probability:g} left out", quiet=quiet)
    tell_of_order(summary.photos, _BY_CHANCE, quiet=quiet, one="photo")
    if summary.odd_scales:
        first, *others = summary.odd_scales
        warn(first + f"; so are those of {several(len(others), 'other photo')}" * bool(others), quiet=quiet)
    _tell_of_copies(summary, quiet=quiet)
    tell_of_unlike(summary.unlike, quiet=quiet, one="photo")
    tell_of_blurred(summary.blurred, quiet=quiet, one="photo")
    tell_of_unmet(summary.sound_as, summary.surfaces, quiet=quiet, one="photo")
    tell_of_grey(summary.in_grey, summary.facts()["photos"], quiet=quiet, one="photo")
    tell_of_pages(summary.with_pages, quiet=quiet)


def _tell_of_copies(summary: Summary, *, quiet: bool) -> None:
    copies = summary.copies
    if not copies:
        return
    copy, first = next(iter(copies.items()))
    what = "is a copy of another" if len(copies) == 1 else "are copies of others"
    named = f"{copy} of {first}{', ...' * (len(copies) > 1)}"
    others = [photo for photo in summary.photos if photo.path not in copies]
    cracked = sum(photo.verdict == "crack" for photo in others)
    zones = several(sum(photo.zones for photo in others), "zone")
    total = several(len(summary.photos) + len(summary.unread), "photo")
    say(
        f"{len(copies)} of {total} {what}, byte for byte ({named}); without {'it' if len(copies) == 1 else 'them'}: "
        f"{cracked} cracked, {zones}",
        quiet=quiet,
    )


def _measures(photo: Worst) -> tuple[object, ...]:
    """Zones, widest and length of a photo as they are read: in mm, in px, or each for the zones that have it."""
    if not photo.zones:
        return "", "", ""
    widths = [] if photo.width_mm is None else [f"{photo.width_mm:.2f} mm"]
    lengths = [] if photo.length_mm is None else [f"{photo.length_mm:.0f} mm"]
    if photo.width_px or not widths:
        widths.append(f"{photo.width_px:.1f} px")
    if photo.length_px or not lengths:
        lengths.append(f"{photo.length_px:.0f} px")
    return photo.zones, " and ".join(widths), " and ".join(lengths)


def _name(photo: Worst) -> str:
    return f"{photo.path}: {photo.remark}" if photo.remark else photo.path


def _counted(summary: Summary, *, listed: bool) -> str:
    """How many there are of each verdict. listed: whether the table names the sound ones."""
    facts = summary.facts()
    again = sum(photo.suspicious for photo in summary.photos)
    remarks = [f"{again} suspicious"] * (again > 0)
    if not listed and facts["sound"] > again:
        remarks.append("the others not listed" if again else "not listed")
    sound = f"{facts['sound']} sound" + f" ({', '.join(remarks)})" * bool(remarks)
    bare = sum(photo.bare for photo in summary.photos)
    cracked = f"{facts['crack']} cracked" + f" ({bare} without a zone)" * (bare > 0)
    said = [cracked, sound, f"{facts['cannot judge']} cannot be judged{refused_cracks(summary.photos)}"]
    said += [f"{facts['unreadable']} unreadable"] * bool(facts["unreadable"])
    unlikely = sum(photo.unlikely for photo in summary.photos)
    zones = several(facts["zones"], "zone") + f" ({unlikely} less likely than not)" * (unlikely > 0)
    return f"{several(facts['photos'], 'photo')}: {', '.join(said)}; {zones}"
