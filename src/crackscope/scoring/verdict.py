"""From a heatmap to a verdict."""

from typing import NamedTuple

from crackscope.records import Verdict
from crackscope.scoring.quality import Quality


class Judgement(NamedTuple):
    """What is said of a photo: verdict, probability of crack (0 to 1), the reason where it cannot be judged, quality."""

    verdict: Verdict
    probability: float
    reason: str
    quality: Quality
