"""What bundle a training begins with, where its weights are those of one."""

from pathlib import Path

from crackscope.bundles import StartedFrom, fingerprint, open_bundle
from crackscope.networks import Weights


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
