"""Scoring: bundle and pixels in; scores, verdicts and embeddings out. ONNX Runtime lives here and nowhere else."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from crackscope.arguments import refuse_wrong
from crackscope.bundles import Bundle, bundle_folder, edition
from crackscope.scoring.agreeing import Gate, QuantisedReport
from crackscope.scoring.by_chance import alarms_by_surface
from crackscope.scoring.coloured_light import COLOURED, cast, out_of_coloured_light
from crackscope.scoring.crew import StoppedError
from crackscope.scoring.dense import DenseOptions, Heatmap, grown
from crackscope.scoring.describing import Described, describe, keep_reference, showing_features
from crackscope.scoring.facing import AS_IT_IS, Facing, facing_of
from crackscope.scoring.further_looks import smaller
from crackscope.scoring.golden import TOLERANCE, golden_pictures, golden_shapes
from crackscope.scoring.heap import LARGE_BYTES, kept_heap, trim_heap
from crackscope.scoring.model import BUNDLE, LOADED, Model, load
from crackscope.scoring.packing import pack, repack
from crackscope.scoring.quality import Quality, quality
from crackscope.scoring.quantising import quantise
from crackscope.scoring.runtime import Graph, Raw, Runner
from crackscope.scoring.sight import Scored
from crackscope.scoring.stream import DrawnItems
from crackscope.scoring.tiling import Tile, middle_piece, take
from crackscope.scoring.verdict import Judgement, Look, known_chance, top_mean, unfit_pixels
from crackscope.scoring.void import put_back, surface_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from crackscope.images import Source
    from crackscope.records import Prediction

__all__ = [
    "AS_IT_IS",
    "BUNDLE",
    "COLOURED",
    "LARGE_BYTES",
    "LOADED",
    "TOLERANCE",
    "DenseOptions",
    "Described",
    "DrawnItems",
    "Facing",
    "Gate",
    "Graph",
    "Heatmap",
    "Judgement",
    "Look",
    "Model",
    "Quality",
    "QuantisedReport",
    "Raw",
    "Runner",
    "Scored",
    "StoppedError",
    "Tile",
    "alarms_by_surface",
    "cast",
    "describe",
    "embed",
    "facing_of",
    "golden_pictures",
    "golden_shapes",
    "grown",
    "keep_reference",
    "kept",
    "kept_heap",
    "known_chance",
    "load",
    "middle_piece",
    "out_of_coloured_light",
    "pack",
    "predict",
    "put_back",
    "quality",
    "quantise",
    "repack",
    "showing_features",
    "smaller",
    "surface_of",
    "take",
    "top_mean",
    "trim_heap",
    "unfit_pixels",
]


def kept(bundle: str | Path | Bundle | Model | None = None) -> Model:
    """A bundle (None: the one in the package), named as in `load`, that stays loaded for the next call, until another
    is written in its place; a loaded model as it is, and one that is open alone made ready each time. Raises
    BundleError when it cannot be used."""
    if isinstance(bundle, Bundle | Model):
        return load(bundle)
    refuse_wrong(bundle=(bundle, BUNDLE.or_none))
    folder = bundle_folder(bundle).absolute()
    return _kept(folder, edition(folder))


@lru_cache(maxsize=4)
def _kept(folder: Path, _edition: tuple[int, int, int] | None) -> Model:
    return load(folder)


def predict(source: "Source", bundle: str | Path | Bundle | Model | None = None) -> "Prediction":
    """Judge one picture with a bundle (None: the one in the package), which stays loaded for the next call, or with a
    loaded model.

    Raises ImageError when the picture cannot be read, BundleError when the bundle cannot be used.
    """
    return kept(bundle).predict(source)


def embed(source: "Source", bundle: str | Path | Bundle | Model | None = None) -> "NDArray[np.float32]":
    """Return the embedding of one picture, float32 [d], by a bundle (None: the one in the package) or a loaded model.

    Raises ImageError when the picture cannot be read, BundleError when the bundle cannot be used.
    """
    return kept(bundle).embed(source)
