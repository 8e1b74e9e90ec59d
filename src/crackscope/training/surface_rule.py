"""What tells pictures of built surfaces from everything else: a linear rule over how they look to networks."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it comes without types

from crackscope.bundles import SurfaceRule

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

REFUSED = 0.01
"""Share of held-out pictures of surfaces that the rule may refuse."""


class Hold(NamedTuple):
    """How a rule is held back. let_pass: share of held-out other pictures that may pass; no surface is refused for
    less, since new ones lie farther out. inverse_ridge: what weights are held small by, as scikit-learn counts it."""

    let_pass: float
    inverse_ridge: float


BY_EMBEDDING = Hold(0.04, 0.03)
"""With a tenth of the inverse ridge more photographs of other things are refused, but of generated painted walls a
fifth as well; with ten times as much, fewer photographs (docs/tries.md)."""

BY_FEATURES = Hold(0.02, 0.003)
"""Features of a network that learnt no cracks part both so much better that half as many others may pass, and no more
surfaces are refused that the rule was not fitted on (docs/tries.md)."""

UNUSUAL = 0.1
"""What a picture without colour counts, of one with: few photos are such. It matters little to the default network: of
383 tiles of real brick, stone, render and concrete (`benchmarks/materials.py`) 2 in 100 are refused at 1, .5, .1 and
.02; of generated other things without colour 3, 4, 7 and 7 in 100 pass, with colour hardly any."""

_FOLDS = 5


def fit_surface_rule(
    looks: NDArray[np.float32],
    surface: NDArray[np.bool_],
    source: NDArray[np.int64],
    usual: NDArray[np.bool_],
    hold: Hold = BY_EMBEDDING,
) -> SurfaceRule | None:
    """Fit logistic regression on looks float32 [n, d], embeddings and what features are behind them; `surface` bool [n]
    says which show one.

    source: int [n], equal for pieces of one picture. usual: bool [n], which of them are as most photos are; the others
    count `UNUSUAL` as much, and the limit is read off the usual ones. It comes from scores out of fold, so that it
    holds for pictures that the weights were not fitted to. None where there are not enough of either sort.
    """
    if min((surface & usual).sum(), (~surface & usual).sum()) < 2 * _FOLDS:
        return None
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

    features = looks.astype(np.float64)
    mean, spread = features.mean(0), features.std(0) + 1e-6
    alike = (features - mean) / spread
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)
    counts = {"sample_weight": np.where(usual, 1.0, UNUSUAL)}
    # On a busy machine threads that wait for each other take many times as long as one; and each number of them sums in
    # an order of its own.
    with threadpool_limits(1, "blas"):
        logits = cross_val_predict(
            _regression(hold), alike, surface, groups=source, cv=folds, method="decision_function", params=counts
        )
        fitted = _regression(hold).fit(alike, surface, **counts)
    known, other = logits[surface & usual], logits[~surface & usual]
    limit = min(float(np.quantile(known, REFUSED)), float(np.quantile(other, 1 - hold.let_pass)))
    weights = fitted.coef_[0] / spread
    return SurfaceRule(
        weights=tuple(float(f"{weight:.6g}") for weight in weights),
        shift=float(fitted.intercept_[0] - (weights * mean).sum()),
        limit=limit,
        refused=round(float((known < limit).mean()), 4),
        kept=round(float((other >= limit).mean()), 4),
    )


def _regression(hold: Hold) -> "LogisticRegression":
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=hold.inverse_ridge, class_weight="balanced", max_iter=800)
