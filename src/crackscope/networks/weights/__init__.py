"""Weights of backbones: where they come from, how they get here, and how each kind of file is read."""

from crackscope.networks.weights.cache import cache_folder
from crackscope.networks.weights.download import Patience, Progress
from crackscope.networks.weights.files import read_file
from crackscope.networks.weights.find import find_weights
from crackscope.networks.weights.record import Weights

__all__ = ["Patience", "Progress", "Weights", "cache_folder", "find_weights", "read_file"]
