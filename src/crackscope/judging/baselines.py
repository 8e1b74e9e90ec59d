"""What answers without a look at the pictures would score: the least that any classifier has to beat."""

import numpy as np

from crackscope.judging.evaluation import Baseline
from crackscope.judging.figures import confusion_figures, or_none


def baselines(cracks: float) -> dict[str, Baseline]:
    """Three ways to answer without looking, on rows of which the share `cracks` is cracked.

    By frequency: every row gets that share as its probability, and is called crack by a die that shows it as often; its
    figures are those of the expected confusion matrix.
    """
    return {
        "always crack": _baseline(cracks, says=1.0, ece=1 - cracks),
        "always sound": _baseline(cracks, says=0.0, ece=cracks),
        "by frequency": _baseline(cracks, says=cracks, ece=0.0),
    }


def _baseline(cracks: float, *, says: float, ece: float) -> Baseline:
    sounds = 1 - cracks
    cells = (sounds * (1 - says), sounds * says, cracks * (1 - says), cracks * says)
    values = confusion_figures(*(np.array([cell]) for cell in cells))
    known = {name: or_none(value[0]) for name, value in values.items()}
    tiny = float(np.finfo(np.float64).eps)
    sure = min(max(says, tiny), 1 - tiny)
    both = 0 < cracks < 1
    return Baseline(
        accuracy=known["accuracy"],
        precision=known["precision"],
        recall=known["recall"],
        f1=known["f1"],
        balanced_accuracy=known["balanced_accuracy"],
        mcc=0.0 if both else None,
        roc_auc=0.5 if both else None,
        average_precision=cracks if both else None,
        ece=ece,
        log_loss=float(-(cracks * np.log(sure) + sounds * np.log(1 - sure))),
    )
