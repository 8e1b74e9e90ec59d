"""What a training begins with: a bundle, where its weights are those of one, and what those weights see."""

from pathlib import Path

from crackscope import networks
from crackscope.bundles import StartedFrom, fingerprint, open_bundle
from crackscope.networks import Weights
from crackscope.recipes import Recipe


def started_from(weights: Weights | None) -> StartedFrom | None:
    """The bundle that these weights were taken from; None where they are from elsewhere, or there are none."""
    if weights is None or not Path(weights.source).is_dir():
        return None
    manifest = open_bundle(weights.source).manifest
    earlier = manifest.started_from.trained_on if manifest.started_from else ()
    return StartedFrom(
        name=manifest.name,
        fingerprint=fingerprint(manifest),
        # A bundle and what it started from may have learnt from the same pictures: those are named, and counted, once.
        trained_on=tuple(dict.fromkeys((*manifest.trained_on, *earlier))),
    )


def features_from(weights: Weights | None, recipe: Recipe) -> bytes | None:
    """The graph of features.onnx for a bundle that tells surfaces from everything else: what the weights see that the
    training begins with, or, where they have learnt cracks in a bundle, that of the bundle. None where there is none:
    random weights, other networks than MobileNetV2, bundles made without."""
    if weights is None or recipe.verdict != "conformal":
        return None
    if Path(weights.source).is_dir():
        return open_bundle(weights.source).features
    return None if weights.family == "crackscope" else networks.export_features(recipe.network, weights)
