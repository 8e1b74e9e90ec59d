"""How good a change is, judged on patches that it did not learn from."""

from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.adaptation.fitting import Prior, changed, learn
from crackscope.adaptation.patches import Floats, Patches
from crackscope.adaptation.steps import Step, unwatched
from crackscope.records import NORMAL_95, Measure

_FOLDS, _MOST_REPEATS, _FITTED = 5, 10, 400
_NINE_IN_TEN = 1.2815515655446004
"""Below so many standard deviations above the mean lie nine in ten of a normal distribution."""


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """What answers to labelled patches are worth.

    balanced_accuracy, recall, false_alarms: shares with 95 % intervals. margin_loss: log loss of the
    margin above the threshold, as if an even chance lay there, both classes alike, natural logarithm; that of the
    stated probabilities is another one wherever the threshold is no even chance.
    """

    balanced_accuracy: Measure
    recall: Measure
    false_alarms: Measure
    margin_loss: float


def worth(margins: Floats, patches: Patches) -> Worth:
    """Judge margins, float64 [r, n] (several answers to each patch are averaged), against the labels.

    Shares get Wilson's interval (1927), one trial a group; their mean that of
    Zou and Donner ("Construction of confidence limits about effect measures", 2008), which is asymmetric as they are.
    """
    said = (margins >= 0).mean(axis=0)
    found = _share(said[patches.crack], patches.groups_of(True))
    alarms = _share(said[~patches.crack], patches.groups_of(False))
    assert found.value is not None
    assert alarms.value is not None
    losses = np.logaddexp(0, np.where(patches.crack, -margins, margins)).mean(axis=0)
    loss = (float(losses[patches.crack].mean()) + float(losses[~patches.crack].mean())) / 2
    return Worth(
        balanced_accuracy=_mean(found, _complement(alarms)), recall=found, false_alarms=alarms, margin_loss=loss
    )


def growth(margins: Floats, patches: Patches) -> tuple[float, float]:
    """How much the loss grows from the patches' own margins to others, float64 [r, n], and its standard error.

    Both classes alike, one trial a group.
    """
    before, after = (np.logaddexp(0, np.where(patches.crack, -one, one)) for one in (patches.margin[None], margins))
    each = (after - before).mean(axis=0)
    means, variance = [], 0.0
    for crack in (True, False):
        groups = patches.group[patches.crack == crack]
        sums, counts = np.bincount(groups, each[patches.crack == crack]), np.bincount(groups)
        trials = sums[counts > 0] / counts[counts > 0]
        means.append(float(trials.mean()))
        variance += float(trials.var(ddof=1)) / len(trials) / 4
    return (means[0] + means[1]) / 2, float(np.sqrt(variance))


def beats_guessing(judged: Worth, patches: Patches) -> bool:
    """Whether a balanced accuracy lies above a half with nine chances in ten, one trial a group.

    Shares are drawn towards a half by one hit and one miss more (Laplace), or few perfect ones would be beyond doubt.
    """
    value, spread = 0.0, 0.0
    for crack, share in ((True, judged.recall.value), (False, judged.false_alarms.value)):
        assert share is not None
        trials = patches.groups_of(crack)
        hits = trials * (share if crack else 1 - share)
        smoothed = (hits + 1) / (trials + 2)
        value += smoothed / 2
        spread += smoothed * (1 - smoothed) / (trials + 2) / 4
    return value - _NINE_IN_TEN * float(np.sqrt(spread)) > 0.5


def _share(hits: Floats, trials: int) -> Measure:
    share, spare = float(hits.mean()), NORMAL_95**2 / trials
    middle = (share + spare / 2) / (1 + spare)
    half = NORMAL_95 / (1 + spare) * np.sqrt(share * (1 - share) / trials + spare / (4 * trials))
    low, high = max(0.0, float(middle - half)), min(1.0, float(middle + half))
    return Measure(value=share, low=min(low, share), high=max(high, share) if share < 1 else 1.0)


def _complement(one: Measure) -> Measure:
    assert one.value is not None
    assert one.low is not None
    assert one.high is not None
    return Measure(value=1 - one.value, low=1 - one.high, high=1 - one.low)


def _mean(one: Measure, other: Measure) -> Measure:
    values, lows, highs = (
        np.array([getattr(measure, name) for measure in (one, other)], np.float64) for name in ("value", "low", "high")
    )
    middle = float(values.mean())
    below, above = (float(np.sqrt(((values - ends) ** 2).sum()) / 2) for ends in (lows, highs))
    return Measure(value=middle, low=max(0.0, middle - below), high=min(1.0, middle + above))


def crossed(prior: Prior, patches: Patches, seed: int, step: Step = unwatched) -> Floats:
    """Margins of each patch by changes that were learnt from others: float64 [repeats, n].

    Folds keep groups together and both labels in each; 5 of them, or as many as the rarer label has groups.
    """
    repeats = _repeats(patches)
    rng = np.random.default_rng(seed)
    margins = np.tile(patches.margin, (repeats, 1))
    for repeat in range(repeats):
        for held in folds(patches, rng):
            change = learn(prior, patches.at(~held))
            margins[repeat, held] = changed(prior, change, patches.at(held))
            step()
    return margins


def lessons(patches: Patches) -> int:
    """How many changes `crossed` learns at most."""
    return _repeats(patches) * _folds(patches)


def _repeats(patches: Patches) -> int:
    return int(np.clip(_FITTED // len(patches), 1, _MOST_REPEATS))


def _folds(patches: Patches) -> int:
    return min(_FOLDS, patches.fewest_groups)


def folds(patches: Patches, rng: np.random.Generator) -> Iterator[NDArray[np.bool_]]:
    """Yield bool [n], what is held out, a fold at a time; every patch is held out once.

    Where groups hold both labels, what is left of a fold may lack one of them: such a fold is passed over.
    """
    count = _folds(patches)
    fold_of = np.empty(int(patches.group.max()) + 1, np.intp)
    for crack in (True, False):
        groups = rng.permutation(np.unique(patches.group[patches.crack == crack]))
        fold_of[groups] = np.arange(len(groups)) % count
    for fold in range(count):
        held = fold_of[patches.group] == fold
        learnt = patches.crack[~held]
        if learnt.any() and not learnt.all() and held.any():
            yield held


def kept(old: Patches, patches: Patches, seed: int) -> Floats:
    """Margins of the old pictures after a change that only the other half of them held back: float64 [1, m]."""
    half = np.random.default_rng(seed).permutation(len(old)) % 2 == 0
    margins = np.empty((1, len(old)))
    for measured in (half, ~half):
        blind = Prior(old.at(~measured), patches)
        margins[0, measured] = changed(blind, learn(blind, patches), old.at(measured))
    return margins
