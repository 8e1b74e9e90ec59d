"""What more labels would buy: the error against the number of labels, and where it leads.

Changes are learnt from ever more of the patches at hand and judged on the others. The errors are fitted by a power law
that ends at a floor, e(n) = floor + drop * n^-power (Cortes et al., "Learning curves: asymptotic values and rate of
convergence", 1994). The interval comes from resampling the groups that the errors were counted on.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.adaptation.fitting import Prior, changed, learn
from crackscope.adaptation.patches import Floats, Patches
from crackscope.records import Measure

_DRAWS, _RESAMPLES = 20, 500
_LEAST, _MOST_SIZES = 3, 5
_LEAST_JUDGED = 2
_POWERS = (0.25, 0.5, 0.75, 1.0, 1.5)


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """Balanced accuracy with so many labelled patches of each label, those of one group (copies, say) counted as one.

    measured: False where the fit says so.
    """

    a_label: int
    balanced_accuracy: Measure
    measured: bool


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """Points by rising number of labels: some that were measured, then with twice and four times what there is.

    of_photos: whether patches of one photo are counted as one.
    """

    points: tuple[CurvePoint, ...]
    of_photos: bool = False


def learning_curve(prior: Prior, patches: Patches, seed: int, *, of_photos: bool = False) -> Curve:
    """Measure how the balanced accuracy grows with labels, and where it would go; as long again as `adapt` takes."""
    fewest = patches.fewest_groups
    sizes = _sizes(fewest)
    rng = np.random.default_rng(seed)
    right = np.stack([_drawn(prior, patches, size, rng) for size in sizes])
    counts = _resamples(patches, rng)
    errors = np.stack([_errors(right[place], patches, counts) for place in range(len(sizes))], axis=1)
    ahead = np.array([2 * fewest, 4 * fewest])
    fitted = np.stack([_ahead(np.array(sizes, float), one, ahead) for one in errors])
    points = [_point(size, errors[:, place], True) for place, size in enumerate(sizes)]
    points += [_point(int(size), fitted[:, place], False) for place, size in enumerate(ahead)]
    return Curve(points=tuple(points), of_photos=of_photos)


def _sizes(fewest: int) -> list[int]:
    """Numbers of groups a label, evenly apart on a scale of powers; some are left to judge on."""
    most = max(_LEAST, min(fewest - _LEAST_JUDGED, round(0.8 * fewest)))
    sizes = np.geomspace(_LEAST, most, _MOST_SIZES).round().astype(int)
    return sorted({int(size) for size in sizes})


def _drawn(prior: Prior, patches: Patches, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Whether each patch is called rightly by changes learnt from `size` groups a label: [draws, n], NaN if learnt."""
    right = np.full((_DRAWS, len(patches)), np.nan)
    for draw in range(_DRAWS):
        chosen = [rng.permutation(np.unique(patches.group[patches.crack == crack]))[:size] for crack in (True, False)]
        learnt = np.isin(patches.group, np.concatenate(chosen))
        if learnt.all() or len(np.unique(patches.crack[learnt])) < 2:
            continue
        rest = patches.at(~learnt)
        said = changed(prior, learn(prior, patches.at(learnt)), rest) >= 0
        right[draw, ~learnt] = said == rest.crack
    return right


def _resamples(patches: Patches, rng: np.random.Generator) -> Floats:
    """How often each patch counts: the first line once each, then with groups drawn again: float64 [1 + r, n]."""
    groups = int(patches.group.max()) + 1
    drawn = rng.multinomial(groups, np.full(groups, 1 / groups), size=_RESAMPLES)
    return np.vstack([np.ones(len(patches)), drawn[:, patches.group]])


def _errors(right: Floats, patches: Patches, counts: Floats) -> Floats:
    """One less the balanced accuracy, over all draws, for each resample: float64 [1 + r]; NaN where a label is out."""
    judged = np.isfinite(right)
    hits, trials = np.nansum(right, axis=0), judged.sum(axis=0)
    recalls: list[Floats] = []
    for crack in (True, False):
        of_label = patches.crack == crack
        with np.errstate(invalid="ignore", divide="ignore"):
            recalls.append((counts @ (hits * of_label)) / (counts @ (trials * of_label)))
    return np.asarray(1 - (recalls[0] + recalls[1]) / 2)


def _ahead(sizes: Floats, errors: Floats, ahead: NDArray[np.intp]) -> Floats:
    """Errors that a falling power law with a floor says of larger numbers; the last measured where none fits."""
    from scipy.optimize import nnls

    known = np.isfinite(errors)
    if known.sum() < 2:
        return np.full(len(ahead), np.nan)
    best: tuple[float, Floats] | None = None
    for power in _POWERS:
        basis = np.column_stack([np.ones(int(known.sum())), sizes[known] ** -power])
        factors, rest = nnls(basis, errors[known])
        if best is None or rest < best[0]:
            best = rest, np.asarray(factors[0] + factors[1] * ahead.astype(float) ** -power)
    assert best is not None
    return np.asarray(best[1], np.float64)


def _point(size: int, errors: Floats, measured: bool) -> CurvePoint:
    known = errors[1:][np.isfinite(errors[1:])]
    value = 1 - float(errors[0]) if np.isfinite(errors[0]) else None
    if value is None or not len(known):
        return CurvePoint(a_label=size, balanced_accuracy=Measure(value=value, low=None, high=None), measured=measured)
    low, high = 1 - np.quantile(known, [0.975, 0.025])
    bounds = Measure(value=value, low=min(float(low), value), high=max(float(high), value))
    return CurvePoint(a_label=size, balanced_accuracy=bounds, measured=measured)
