"""Zones: connected cracks with their measures, in px."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import logistic
from crackscope.inspection.border_ends import led_out
from crackscope.inspection.centreline import JOINING, Joining, Network, centre_lines, connected, own_lines
from crackscope.inspection.line_ends import led_to_tips
from crackscope.inspection.mask import Cracks
from crackscope.inspection.outlines import shape_of
from crackscope.inspection.places import Scene
from crackscope.inspection.polylines import simplified, told
from crackscope.inspection.profiles import normals
from crackscope.inspection.sampling import logits_at
from crackscope.inspection.skeleton import Line
from crackscope.inspection.summing import summed_up, widest_place
from crackscope.inspection.widths import Course, measure_courses
from crackscope.records import Zone
from crackscope.scoring import Heatmap, Quality

_EDGE_PX = 4.0
"""So far inside the edges of a gaping crack its logits are read; of thinner ones, in the middle."""
_SIMPLIFIED_PX = 0.25
"""So far a centre line as it is told may lie off the one that was measured along."""
_EIGHTH_POWER = ((2, 56), (4, 28), (6, 8), (8, 1))
"""cos x to the power of 8 by the cosines of times x, a share of each, but for a constant and a common factor."""


@dataclass(frozen=True, slots=True)
class ZoneOptions:
    """What makes a zone.

    joining: which lines are one. logit_scale, logit_shift: how the heatmap's logits become those of a probability.
    times: how many times smaller the photo is than it was taken.
    """

    joining: Joining = JOINING
    logit_scale: float = 1.0
    logit_shift: float = 0.0
    times: int = 1


class Traced(NamedTuple):
    """A zone with the widths that its measures sum up.

    at, way: float64 [k, 2], the places that were measured, px, and the unit vector along the crack there.
    width_px: float64 [k]. owners: the groups of the mask whose pixels are the zone's.
    """

    zone: Zone
    at: NDArray[np.float64]
    way: NDArray[np.float64]
    width_px: NDArray[np.float64]
    owners: frozenset[int] = frozenset()


def measure_zones(
    pixels: NDArray[np.uint8],
    cracks: Cracks,
    heat: Heatmap,
    quality: Quality,
    options: ZoneOptions = ZoneOptions(),
) -> tuple[Zone, ...]:
    """Measure the cracks of a photo, uint8 [h, w, 3] RGB; the widest comes first.

    cracks: from `find_cracks`. quality: of the photo, whose sharpness and noise the widths and their uncertainty
    follow from. What is known in px only is filled in; the mm stay None.
    """
    return tuple(traced.zone for traced in trace_zones(pixels, cracks, heat, quality, options))


def trace_zones(
    pixels: NDArray[np.uint8],
    cracks: Cracks,
    heat: Heatmap,
    quality: Quality,
    options: ZoneOptions = ZoneOptions(),
) -> tuple[Traced, ...]:
    """As `measure_zones`, with the widths along each zone: for those who know what a px means at each place."""
    known = cracks.known if options.joining == JOINING else None
    owned = own_lines(cracks.mask, cracks.groups, options.joining, known)
    networks = connected(led_to_tips(cracks.mask, led_out(cracks.mask, centre_lines(owned, options.joining))))
    measured = measure_courses(Scene(pixels, heat.void, heat.stride), networks, quality, options.times)
    zones = [
        _zone(cracks, (heat, quality), network, courses, options)
        for network, courses in zip(networks, measured, strict=True)
    ]
    zones.sort(key=lambda traced: _severity(traced.zone))
    return tuple(
        traced._replace(zone=msgspec.structs.replace(traced.zone, number=number))
        for number, traced in enumerate(zones, 1)
    )


def numbered(zones: Iterable[Zone]) -> tuple[Zone, ...]:
    """The zones of one photo by largest width, the widest first and with the number 1; of those that a scale leaves
    without mm, beyond a plane's horizon, the widest comes after all others."""
    ordered = sorted(zones, key=_severity)
    return tuple(msgspec.structs.replace(zone, number=number) for number, zone in enumerate(ordered, 1))


def _severity(zone: Zone) -> tuple[bool, float, float, tuple[int, int, int, int]]:
    """Small for severe ones: by the largest width, by which reports sort zones and colour them, any in mm before all
    in px, which cannot be held against it."""
    widest = zone.width_max_px if zone.width_max_mm is None else zone.width_max_mm
    return zone.width_max_mm is None, -widest.value, -zone.length_px, zone.box


def _zone(
    cracks: Cracks,
    seen: tuple[Heatmap, Quality],
    network: Network,
    courses: Sequence[Course],
    options: ZoneOptions,
) -> Traced:
    heat, quality = seen
    shape = shape_of(cracks.mask, cracks.groups, network.owners)
    widths = summed_up(courses, quality)
    zone = Zone(
        number=0,
        probability=_probability(courses, heat, options),
        outline=shape.rings,
        centreline=tuple(told(simplified(course.points, _SIMPLIFIED_PX)) for course in courses),
        box=shape.box,
        area_px=shape.area_px,
        orientation_deg=_orientation([course.points for course in courses]),
        branches=len(network.junctions),
        length_px=sum(course.length_px for course in courses),
        width_mean_px=widths.mean,
        width_median_px=widths.median,
        width_p95_px=widths.p95,
        width_max_px=widths.max,
        holes=shape.holes,
        widest_at=told(widest_place(courses)[None])[0],
    )
    at, way = (np.concatenate(parts) for parts in zip(*(_places(course) for course in courses), strict=True))
    return Traced(zone, at, way, np.concatenate([course.fit.width for course in courses]), network.owners)


def _places(course: Course) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The measured places of a line and its direction there, float64 [k, 2] each."""
    left = normals(course.points)[course.at]
    return course.points[course.at], np.stack([-left[:, 1], left[:, 0]], 1)


def _probability(courses: Sequence[Course], heat: Heatmap, options: ZoneOptions) -> float:
    """Of the mean logit along the centre line, or along its lips where the crack gapes."""
    logits = np.concatenate([_hottest_across(heat, course) for course in courses])
    return float(logistic(options.logit_scale * logits.mean() + options.logit_shift))


def _hottest_across(heat: Heatmap, course: Course) -> NDArray[np.float64]:
    """The largest of three logits at each point of a line: in its middle, and just inside both edges.

    The network knows a crack by its edges: in the middle of one that is wider than what it learnt from, it sees none.
    """
    if not len(course.at):
        return logits_at(heat, course.points)
    width = np.interp(np.arange(len(course.points)), course.at, course.fit.width)
    aside = np.maximum(width / 2 - _EDGE_PX, 0)[:, None] * normals(course.points)
    three = [logits_at(heat, course.points + side * aside) for side in (-1, 0, 1)]
    return np.asarray(np.max(three, axis=0), np.float64)


def _orientation(lines: Sequence[Line]) -> float:
    """The direction that most of the length runs in, in degrees, 0 along the rows, anticlockwise, 0 to 180.

    That is where the length, each step of it weighted by the 8th power of the cosine of how far it turns away from
    there, is largest. The square, whose largest sum is at the mean direction, tells of two cracks that cross one in
    which none of them runs.
    """
    step = np.concatenate([np.diff(points, axis=0) for points in lines])
    long, angle = np.hypot(step[:, 0], step[:, 1]), np.arctan2(-step[:, 1], step[:, 0])
    degrees = np.arange(1800) / 10
    along = np.zeros(len(degrees))
    for times, share in _EIGHTH_POWER:
        whole = complex((long * np.exp(1j * times * angle)).sum())
        along += share * (whole * np.exp(-1j * times * np.radians(degrees))).real
    return float(degrees[along.argmax()])
