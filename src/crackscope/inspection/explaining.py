"""The evidence for a verdict: where the network sees a crack, and what it says once that is painted over.

The activation map of the class is the bundle's own map of crack logits, as probabilities; of bundles with a pooled
head it is their class activation map (Zhou et al., "Learning Deep Features for Discriminative Localization", CVPR
2016). Painting over follows the idea of occlusion (Zeiler and Fergus, "Visualizing and Understanding Convolutional
Networks", ECCV 2014), with what lies around in place of grey (see `painting`). As a control the same shape is painted
over beside the zone, where nothing was found: if that moves the score as much, it was the painting and not the crack.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.arguments import WHOLE, record, refuse_wrong
from crackscope.errors import InspectionError
from crackscope.inspection.activation import activation_overlay, probabilities, touched_cells
from crackscope.inspection.again import Again
from crackscope.inspection.as_patch import patch_of
from crackscope.inspection.inspecting import (
    OPENED,
    Inspection,
    Seen,
    measure,
    see,
    shown_heat,
    without_marker,
    zones_from,
)
from crackscope.inspection.options import DEFAULTS, InspectOptions
from crackscope.inspection.painting import paint_over, places, shape_of, surroundings
from crackscope.inspection.photo import Photo
from crackscope.inspection.window import Window, window_around
from crackscope.records import Inspected, Prediction, Verdict, Zone
from crackscope.scoring import LOADED, Heatmap, Judgement, Look, Model, known_chance

MOST_ZONES = 8
"""Zones that are painted over one by one when none is named; each is seen twice again by the network."""


class Painted(msgspec.Struct, frozen=True, kw_only=True):
    """What is said with one zone painted over; 0 for all zones at once.

    probability, verdict: of the whole photo. zone_before, zone_after: mean crack probability over the zone's cells.
    share: of the pixels that were painted. chance: that a sound photo of this size shows as much as is left, 0 to 1;
    None where the verdict does not rest on it. control: probability of the photo when the same shape is painted over
    beside the zone instead, on the surface; None where there is no room for it. window: left, top, width, height of
    what the picture shows of the photo, px. patch: what `predict` says then of a picture that it takes for one patch;
    None of others.
    """

    zone: int
    probability: float
    verdict: Verdict
    zone_before: float
    zone_after: float
    share: float
    window: tuple[int, int, int, int]
    chance: float | None = None
    control: float | None = None
    patch: Prediction | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """By what a photo is called cracked.

    kind: `conformal`, when sound photos of its size show as much with a chance of at most `false_alarms`; or
    `threshold`, when its probability reaches `threshold`. All numbers 0 to 1.
    """

    kind: Literal["threshold", "conformal"]
    threshold: float
    false_alarms: float


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """photo: as inspected, with all zones. chance: that a sound photo of this size shows as much, 0 to 1; None where
    the verdict does not rest on it.

    rule: that the verdict follows. painted: each zone asked for; then, where there are several, all at once. patch:
    what `predict` says of a picture that it takes for one patch; None of others.
    """

    photo: Inspected
    chance: float | None
    rule: Rule
    painted: tuple[Painted, ...] = ()
    patch: Prediction | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """An explanation with its pictures.

    overlay: uint8 [h, w, 3], the photo under its activation map. pictures: zone -> the zone's surroundings with it
    painted over, uint8 [h, w, 3]; 0 -> the whole photo with all of them painted over.
    """

    explanation: Explanation
    overlay: NDArray[np.uint8]
    pictures: dict[int, NDArray[np.uint8]]


def explain(model: Model, photo: Photo, zone: int | None = None, options: InspectOptions = DEFAULTS) -> Evidence:
    """Explain what is said of a photo, or of one of its zones by number.

    Without a number the MOST_ZONES widest zones are painted over one by one, and then all of them. All zones
    count here, whatever the verdict and the least probability, and have the numbers that `inspect` gives them.
    Raises InspectionError for a zone that there is not.
    """
    refuse_wrong(model=(model, LOADED), photo=(photo, OPENED), zone=(zone, WHOLE.or_none))
    refuse_wrong(options=(options, record(InspectOptions)))
    options = msgspec.structs.replace(options, all_zones=True, least_probability=0.0)
    seen = see(model, photo, options)
    inspection = measure(seen, model.manifest, options, model.threads)
    zones = inspection.record.zones
    if zone is not None and zone not in {one.number for one in zones}:
        there = f"it has zones 1 to {len(zones)}" if zones else "no zone was found in it"
        raise InspectionError(f"{photo.path}: there is no zone {zone}, {there}")
    wanted = [one for one in zones if zone in (None, one.number)][:MOST_ZONES]
    painter = _Painter(model, inspection, seen, options)
    results = [painter.without(one.number, painter.shape([one])) for one in wanted]
    if zone is None and len(zones) > 1:
        results.append(painter.without(0, painter.found))
    manifest = model.manifest
    explanation = Explanation(
        photo=inspection.record,
        chance=inspection.record.chance,
        rule=Rule(kind=manifest.verdict.kind, threshold=manifest.threshold, false_alarms=options.false_alarms),
        painted=tuple(result for result, _pixels in results),
        patch=painter.said_of_patch(),
    )
    pictures = {result.zone: pixels for result, pixels in results}
    return Evidence(explanation, activation_overlay(model, photo.upright(), inspection.heat), pictures)


class _Painter:
    """Paints over parts of one photo, as it was seen, and asks the network again. Shapes are bool [h, w] of that."""

    def __init__(self, model: Model, inspection: Inspection, seen: Seen, options: InspectOptions) -> None:
        self._model, self._zones, self._seen, self._options = model, inspection.record.zones, seen, options
        self._soft = inspection.soft
        self._again = Again(model, seen.photo.pixels, seen.heat, options.dense, seen.photo.hidden)

    def shape(self, zones: Sequence[Zone]) -> NDArray[np.bool_]:
        """The pixels of these zones and a margin around them."""
        photo = self._seen.photo
        return photo.facing.turned(shape_of(zones, photo.shape))

    @cached_property
    def found(self) -> NDArray[np.bool_]:
        """The shape of all zones."""
        return self.shape(self._zones)

    @cached_property
    def _no_room(self) -> NDArray[np.bool_]:
        """Where no control may lie: on what was found, and where nothing lights up anyway, in a void or on a marker."""
        hidden = self._seen.heat.hidden
        if hidden is None:
            return self.found
        wide = hidden.repeat(self._seen.heat.stride, 0).repeat(self._seen.heat.stride, 1)
        return self.found | wide[: self.found.shape[0], : self.found.shape[1]]

    @cached_property
    def _patch(self) -> NDArray[np.uint8] | None:
        return patch_of(self._model, self._seen.photo)

    def said_of_patch(self, upright: NDArray[np.bool_] | None = None) -> Prediction | None:
        """What `predict` says of a patch with a shape of the photo as it is painted over; None of other pictures."""
        if self._patch is None:
            return None
        return self._model.predict(self._patch if upright is None else paint_over(self._patch, upright))

    def without(self, number: int, shape: NDArray[np.bool_]) -> tuple[Painted, NDArray[np.uint8]]:
        """What is said with this shape painted over, and what that shows of the photo as it is."""
        painted, heat = self._painted(shape)
        judged = self._judged(heat, painted)
        cells = touched_cells(shape, heat)
        told = self._seen.judgement
        afar = zones_from(told)
        soft = (self._seen.soft[times] for times in self._soft)
        shown = (
            shown_heat(self._seen.heat, told, afar, soft),
            shown_heat(heat, judged, afar, self._smaller(heat, painted)),
        )
        before, after = (float(probabilities(self._model, one.logits[cells]).mean()) for one in shown)
        facing = self._seen.photo.facing
        upright = facing.back(shape)
        window = surroundings(window_around(upright), upright.shape) if number else Window.whole(upright.shape)
        result = Painted(
            zone=number,
            probability=judged.probability,
            verdict=judged.verdict,
            zone_before=before,
            zone_after=after,
            share=float(shape.mean()),
            window=(window.left, window.top, window.right - window.left, window.bottom - window.top),
            chance=known_chance(self._model.manifest, judged),
            control=self._control(shape),
            patch=self.said_of_patch(upright),
        )
        lit = self._seen.photo.lit
        shown_as = painted if lit is None else paint_over(lit, shape)
        return result, window.of(facing.back(shown_as)).copy()

    def _control(self, shape: NDArray[np.bool_]) -> float | None:
        box = window_around(shape)
        part = box.of(shape)
        for place in places(box, shape.shape):
            if not (place.of(self._no_room) & part).any():
                moved = np.zeros_like(shape)
                place.of(moved)[...] = part
                painted, heat = self._painted(moved)
                return self._judged(heat, painted).probability
        return None

    def _judged(self, heat: Heatmap, painted: NDArray[np.uint8]) -> Judgement:
        rate, void = self._options.false_alarms, self._seen.photo.hidden
        return self._model.judge(heat, painted, rate, options=self._options.dense, void=void)

    def _smaller(self, heat: Heatmap, painted: NDArray[np.uint8]) -> Iterator[Look]:
        """The looks at smaller copies of a painted photo, where zones were measured in such."""
        for times in self._soft:
            yield self._model.look_smaller(heat, painted, times, options=self._options.dense)

    def _painted(self, shape: NDArray[np.bool_]) -> tuple[NDArray[np.uint8], Heatmap]:
        """The photo with a shape painted over, and what the network sees then."""
        seen = self._seen
        painted = paint_over(seen.photo.pixels, shape)
        heat = self._again.heatmap(painted, window_around(shape))
        return painted, without_marker(heat.beside(seen.photo.hidden), seen.ruler, seen.photo)
