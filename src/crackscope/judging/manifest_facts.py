"""What a bundle says of itself, as far as an evaluation repeats it. Figures and recipe may hold anything."""

from typing import Any, TypeGuard

from crackscope.bundles import Manifest, fingerprint
from crackscope.judging.evaluation import BundleFacts, CalibrationFacts, Stated, SurfaceFacts
from crackscope.judging.intervals import exact
from crackscope.judging.met_sets import names_of_weights


def facts_of(manifest: Manifest) -> BundleFacts:
    """Name, fingerprint, precision, calibration by surface, and what the threshold was chosen for."""
    fitted = manifest.calibration
    return BundleFacts(
        name=manifest.name,
        fingerprint=fingerprint(manifest),
        precision=manifest.precision,
        stated=stated(manifest),
        calibration=CalibrationFacts(
            method=fitted.method, fitted_on=fitted.fitted_on, before_adapting=manifest.adapted
        ),
        surfaces=_surfaces(manifest),
        started_from=names_of_weights(manifest),
    )


def _surfaces(manifest: Manifest) -> tuple[SurfaceFacts, ...]:
    """What an adapted bundle states of its surfaces' held-out pictures is of the one before, and no more told."""
    return tuple(
        SurfaceFacts(
            name=known.name,
            scale=known.scale,
            shift=known.shift,
            threshold=known.threshold,
            fitted_on=known.fitted_on,
            misses=None if manifest.adapted else known.misses,
            false_alarms=None if manifest.adapted else known.false_alarms,
        )
        for known in (manifest.local.surfaces if manifest.local else ())
    )


def stated(manifest: Manifest) -> Stated | None:
    """What the bundle states of its threshold, None when it states nothing that can be read.

    An adapted bundle gives other scores: what its parent stated of its threshold no longer holds.
    """
    figures = manifest.figures
    misses, alarms = _share(figures.get("held_out_misses")), _share(figures.get("held_out_false_alarms"))
    if manifest.adapted or (misses is None and alarms is None):
        return None
    pictures = _count(figures.get("held_out_pictures"))
    cracked = _count(figures.get("held_out_cracked"))
    if pictures is not None and (cracked is None or cracked >= pictures):
        cracked = pictures / 2  # In the bundle of the package, which keeps no count of them, they are 610 of 1,218.
    missed = _bounds(misses, cracked)
    alarmed = _bounds(alarms, None if pictures is None or cracked is None else pictures - cracked)
    return Stated(
        miss_rate=_share(manifest.recipe.get("miss_rate")) or None,
        misses=misses,
        false_alarms=alarms,
        pictures=None if pictures is None else int(pictures),
        misses_low=missed[0],
        misses_high=missed[1],
        false_alarms_low=alarmed[0],
        false_alarms_high=alarmed[1],
    )


def _bounds(share: float | None, trials: float | None) -> tuple[float, float] | tuple[None, None]:
    return (None, None) if share is None or trials is None else exact(share, trials)


def _count(value: Any) -> float | None:
    return float(value) if _is_number(value) and 0 < value < 1e12 else None


def _share(value: Any) -> float | None:
    return float(value) if _is_number(value) and 0 <= value <= 1 else None


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
