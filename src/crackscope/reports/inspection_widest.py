"""The widest crack of a photo, of those that are more likely cracks than not, and of an inspection, of those that are
likely, where there are any.

What the script of the page says of the cracks that are shown is worded alike (`inspection_words.js`), and photos are
put in the same order there (`inspection_shown.js`).
"""

from collections.abc import Mapping, Sequence

from crackscope.records import SUSPICIOUS, Inspected, Zone
from crackscope.reports.formatting import count
from crackscope.reports.inspection_classes import largest_width
from crackscope.reports.inspection_marks import chance_text, length_number, length_text

EVEN = SUSPICIOUS
"""Probability from which on a crack is at least as likely one as not."""

LIKELY = 0.8
"""Probability from which on a crack is likely: the edge of a joint may well have .5."""

Found = tuple[Inspected, Zone]


def unlikely(cracks: Sequence[Found]) -> list[Found]:
    """Those that are less likely cracks than not."""
    return [one for one in cracks if one[1].probability < EVEN]


def telling(cracks: Sequence[Found]) -> Sequence[Found]:
    """Those that tell how bad it is: at least as likely cracks as not; all where none is."""
    return [one for one in cracks if one[1].probability >= EVEN] or cracks


def widest_zone(photo: Inspected) -> Zone | None:
    """The zone of a photo with the largest width, of those that tell how bad it is, any in mm before all in px; None
    where no zone was measured."""
    widest = _widest(telling([(photo, zone) for zone in photo.zones]))
    return None if widest is None else widest[1]


def severity(photo: Inspected) -> tuple[int, float, float]:
    """What photos are sorted by, the worst first: their widest zones, in mm before in px, and all photos whose zones
    are less likely cracks than not behind those; then how long their zones are. Photos without a zone come last, by
    their probability."""
    widest = widest_zone(photo)
    if widest is None:
        return 4, 0.0, -photo.probability
    width, unit = largest_width(widest)
    rank = 2 * (widest.probability < EVEN) + (unit == "px")
    return rank, -width.value, -sum(zone.length_px for zone in photo.zones)


def doubtful(cracks: Sequence[Found]) -> Sequence[Found]:
    """Those that are more likely cracks than not and still not likely, where others are: the widest is not of them."""
    some = any(one[1].probability >= LIKELY for one in cracks)
    return [one for one in cracks if some and EVEN <= one[1].probability < LIKELY]


def surely_widest(cracks: Sequence[Found]) -> Found | None:
    """The crack whose largest width has the largest lower end: a measure may be large and say little. mm stand before
    px; one that is not likely counts where none is, one that is less likely than not where all are."""
    return _surest(_leading(cracks))


def sure_heading(cracks: Sequence[Found]) -> str:
    """What the figure is called that says how wide the most surely wide crack is at least: it is the widest one's,
    unless another measures more and says less."""
    if surely_widest(cracks) is not _widest(_leading(cracks)):
        return "Largest width that is sure"
    return "Widest likely crack, at least" if doubtful(cracks) else "Widest crack, at least"


def _leading(cracks: Sequence[Found]) -> Sequence[Found]:
    return [one for one in cracks if one[1].probability >= LIKELY] or telling(cracks)


def widest_said(cracks: Sequence[Found], names: Mapping[str, str]) -> str:
    """Which likely crack is the widest, which surely is, and which less likely ones would be wider; "" where none was
    measured. Each figure names its crack.

    names: of the photos, by path.
    """
    doubted, between = unlikely(cracks), doubtful(cracks)
    likely = len(doubted) < len(cracks)
    widest, surest = _widest(_leading(cracks)), surely_widest(cracks)
    if widest is None or surest is None:
        return ""
    which = "The widest crack" + " that is more likely than not" * (likely and bool(doubted))
    if between:
        which = f"The widest crack of a probability of {LIKELY:g} or more"
    said = "" if likely else "No crack is more likely than not. "
    said += f"{which} measures {_measured(widest)}, {_home(widest, names)}."
    if surest is not widest:
        width, unit = largest_width(surest[1])
        said += (
            f" The largest width that is sure is {length_text(width.low, unit)}, of {_home(surest, names)}, which "
            f"measures {length_text(width.value, unit)} (probability {_chance(surest)})."
        )
    if (wider := _wider(between, widest, surest)) is not None:
        said += f" A less likely one may be wider: {_measured(wider)}, {_home(wider, names)}."
    other = _widest(doubted) if likely else None
    if other is None or _value(other) <= max(_value(widest), _value(wider or widest)):
        return said
    few = len(doubted) == 1
    return (
        f"{said} {len(doubted):,} of {count(len(cracks), 'crack')} {'is' if few else 'are'} less likely than not, "
        f"{'' if few else 'the widest of them '}{_measured(other)}, {_home(other, names)}."
    )


def _wider(cracks: Sequence[Found], widest: Found, surest: Found) -> Found | None:
    """That of these cracks which is wider than the widest, or else more surely wide than what surely is; None for
    none."""
    by_value, by_low = _widest(cracks), _surest(cracks)
    if by_value is not None and _value(by_value) > _value(widest):
        return by_value
    return by_low if by_low is not None and _low(by_low) > _low(surest) else None


def _widest(cracks: Sequence[Found]) -> Found | None:
    return max(cracks, key=_value, default=None)


def _surest(cracks: Sequence[Found]) -> Found | None:
    return max(cracks, key=_low, default=None)


def _value(found: Found) -> tuple[bool, float]:
    """What is the larger the wider a crack is; mm stand before px."""
    return found[1].width_max_mm is not None, largest_width(found[1])[0].value


def _low(found: Found) -> tuple[bool, float]:
    return found[1].width_max_mm is not None, largest_width(found[1])[0].low


def _measured(found: Found) -> str:
    width, unit = largest_width(found[1])
    span = f"{length_number(width.low, unit)} to {length_number(width.high, unit)}"
    return f"{length_text(width.value, unit)} ({span}; probability {_chance(found)})"


def _chance(found: Found) -> str:
    return chance_text(found[1].probability)


def _home(found: Found, names: Mapping[str, str]) -> str:
    return f"crack {found[1].number} in {names[found[0].path]}"
