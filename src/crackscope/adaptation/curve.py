"""What more labels would buy: the error against the number of labels, and where it leads.

Changes are learnt from ever more of the patches at hand and judged on the others. The errors are fitted by a power law
that ends at a floor, e(n) = floor + drop * n^-power (Cortes et al., "Learning curves: asymptotic values and rate of
convergence", 1994). What was measured has the interval of `validating.worth`. What is expected has the wider of two: of
the law fitted to groups drawn again, which shows how far its slope is known, and of the law fitted to the ends of the
measured intervals, as groups drawn again have no spread where all were called rightly.
"""

import msgspec
import numpy as np

from crackscope.adaptation.fitting import Prior, changed, learn
from crackscope.adaptation.patches import Floats, Numbers, Patches
from crackscope.adaptation.steps import Step, unwatched
from crackscope.adaptation.validating import worth
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

    Where patches are too few to fit a law to there are measured points alone, where nothing can be judged none at all.
    of_photos: whether patches of one photo are counted as one.
    """

    points: tuple[CurvePoint, ...]
    of_photos: bool = False


def learning_curve(
    prior: Prior, patches: Patches, seed: int, *, of_photos: bool = False, step: Step = unwatched
) -> Curve:
    """Measure how the balanced accuracy grows with labels, and where it would go; it takes a few times as long as to
    judge a change."""
    rng = np.random.default_rng(seed)
    drawn = {
        size: np.stack([_drawn_once(prior, patches, size, rng, step) for _ in range(_DRAWS)])
        for size in _sizes(patches.fewest_groups)
    }
    margins = {size: found for size, found in drawn.items() if _both_labels(found, patches)}
    points = [
        CurvePoint(a_label=size, balanced_accuracy=_measured(found, patches), measured=True)
        for size, found in margins.items()
    ]
    if len(points) > 1:
        counts = _resamples(patches, rng)
        errors = np.stack([_errors(found, patches, counts) for found in margins.values()], axis=1)
        points += _expected(points, errors, patches.fewest_groups)
    return Curve(points=tuple(points), of_photos=of_photos)


def draws(patches: Patches) -> int:
    """How many changes a curve learns."""
    return len(_sizes(patches.fewest_groups)) * _DRAWS


def _sizes(fewest: int) -> list[int]:
    """Numbers of groups a label, evenly apart on a scale of powers; some are left to judge on."""
    most = max(_LEAST, min(fewest - _LEAST_JUDGED, round(0.8 * fewest)))
    sizes = np.geomspace(_LEAST, most, _MOST_SIZES).round().astype(int)
    return sorted({int(size) for size in sizes})


def _drawn_once(prior: Prior, patches: Patches, size: int, rng: np.random.Generator, step: Step) -> Floats:
    """Margins by a change learnt from `size` groups a label: float64 [n], NaN for a patch that was learnt."""
    margins = np.full(len(patches), np.nan)
    learnt = np.isin(patches.group, some_groups(patches, size, rng))
    if not learnt.all() and len(np.unique(patches.crack[learnt])) == 2:
        margins[~learnt] = changed(prior, learn(prior, patches.at(learnt)), patches.at(~learnt))
    step()
    return margins


def some_groups(patches: Patches, size: int, rng: np.random.Generator) -> Numbers:
    """Groups by lot, `size` of each label, which may be the same ones: a photo may hold both.

    Those of the rarer label come first. The other has more where all of its groups hold both.
    """
    rarer = patches.groups_of(True) <= patches.groups_of(False)
    few, many = (rng.permutation(np.unique(patches.group[patches.crack == label])) for label in (rarer, not rarer))
    lacking = size - int(np.isin(few[:size], many).sum())
    alone_first = many[np.argsort(np.isin(many, few), kind="stable")]
    more = alone_first[~np.isin(alone_first, few[:size])]
    return np.asarray(np.concatenate([few[:size], more[:lacking]]), np.intp)


def _both_labels(margins: Floats, patches: Patches) -> bool:
    """Whether patches of both labels were judged."""
    judged = patches.crack[np.isfinite(margins).any(axis=0)]
    return bool(judged.any() and not judged.all())


def _measured(margins: Floats, patches: Patches) -> Measure:
    """The balanced accuracy over all draws, one trial a group."""
    judged = np.isfinite(margins)
    return worth(margins[judged][None], patches.at(np.nonzero(judged)[1])).balanced_accuracy


def _resamples(patches: Patches, rng: np.random.Generator) -> Floats:
    """How often each patch counts: the first line once each, then with groups drawn again: float64 [1 + r, n]."""
    groups = int(patches.group.max()) + 1
    drawn = rng.multinomial(groups, np.full(groups, 1 / groups), size=_RESAMPLES)
    return np.vstack([np.ones(len(patches)), drawn[:, patches.group]])


def _errors(margins: Floats, patches: Patches, counts: Floats) -> Floats:
    """One less the balanced accuracy, over all draws, for each resample: float64 [1 + r]; NaN where a label is out."""
    judged = np.isfinite(margins)
    hits, trials = (judged & ((margins >= 0) == patches.crack)).sum(axis=0), judged.sum(axis=0)
    recalls: list[Floats] = []
    for crack in (True, False):
        of_label = patches.crack == crack
        with np.errstate(invalid="ignore", divide="ignore"):
            recalls.append((counts @ (hits * of_label)) / (counts @ (trials * of_label)))
    return np.asarray(1 - (recalls[0] + recalls[1]) / 2)


def _expected(measured: list[CurvePoint], errors: Floats, fewest: int) -> list[CurvePoint]:
    """Points with more labels than there are. errors: float64 [1 + r, s], of the measured sizes."""
    sizes = np.array([point.a_label for point in measured], np.float64)
    ahead = np.array([2 * fewest, 4 * fewest])
    ends = np.array([(one.balanced_accuracy.low, one.balanced_accuracy.high) for one in measured], np.float64)
    drawn = errors[np.isfinite(errors).all(axis=1)]
    fitted = np.stack([_ahead(sizes, one, ahead) for one in (*drawn, *(1 - ends.T))])
    reach = np.vstack([np.quantile(fitted[:-2], [0.025, 0.975], axis=0), fitted[-2:], fitted[:1]])
    return [
        CurvePoint(
            a_label=int(size),
            balanced_accuracy=Measure(value=1 - float(value), low=1 - float(most), high=1 - float(least)),
            measured=False,
        )
        for size, value, most, least in zip(ahead, fitted[0], reach.max(axis=0), reach.min(axis=0), strict=True)
    ]


def _ahead(sizes: Floats, errors: Floats, ahead: Numbers) -> Floats:
    """Errors that a falling power law with a floor says of larger numbers."""
    from scipy.optimize import nnls

    best: tuple[float, Floats] | None = None
    for power in _POWERS:
        basis = np.column_stack([np.ones(len(sizes)), sizes**-power])
        factors, rest = nnls(basis, errors)
        if best is None or rest < best[0]:
            best = rest, np.asarray(factors[0] + factors[1] * ahead.astype(float) ** -power)
    assert best is not None
    return np.asarray(best[1], np.float64)
