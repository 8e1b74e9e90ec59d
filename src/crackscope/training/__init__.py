"""Training: from labelled pictures and a recipe to a run folder with a bundle in it."""

from crackscope.training.checks import check_rows
from crackscope.training.records import Dealt, Epoch, Listener, Parameters, Progress, Run, Stage, TrainOptions
from crackscope.training.run import train

__all__ = [
    "Dealt",
    "Epoch",
    "Listener",
    "Parameters",
    "Progress",
    "Run",
    "Stage",
    "TrainOptions",
    "check_rows",
    "train",
]
