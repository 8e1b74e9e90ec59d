"""Finds the weights that a recipe asks for: at the publisher's, in a file, in a bundle, or none by name."""

import os
from difflib import get_close_matches
from pathlib import Path

from crackscope.bundles import default_bundle
from crackscope.errors import BundleError, WeightsError
from crackscope.networks.weights.bundle_file import read_bundle
from crackscope.networks.weights.cache import cache_folder, obtain
from crackscope.networks.weights.download import Patience, Progress
from crackscope.networks.weights.files import read_file
from crackscope.networks.weights.missing import MissingLibraryError
from crackscope.networks.weights.publishers import published
from crackscope.networks.weights.record import Weights
from crackscope.recipes import Network

_PATIENCE = Patience()


def find_weights(
    network: Network,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
    patience: Patience = _PATIENCE,
) -> Weights | None:
    """The weights that `network.weights` names, read and checked; None for "none", which asks for random ones.

    network.weights: "publisher" (the cache, else a download), "default" (the bundle in the package), "none", or the
        path of a file, of a bundle, or of a run, whose bundle is taken.
    cache: where downloads are kept; $CRACKSCOPE_CACHE, $XDG_CACHE_HOME/crackscope or ~/.cache/crackscope unless given.
    progress: called with bytes that are here and bytes in all (0: not known) while downloading.
    Raises WeightsError: one line that says what is wrong and names the other ways, RecipeError when there is no such
    backbone. Never puts others in their place.
    """
    if network.weights == "none":
        return None
    try:
        return _found(network, cache, progress, patience)
    except WeightsError:
        from crackscope.networks.building import check_backbone

        check_backbone(network.backbone)  # of one that there is not, no weights need be told
        raise


def _found(network: Network, cache: Path | None, progress: Progress | None, patience: Patience) -> Weights:
    asked = network.weights
    if asked == "publisher":
        entry = published(network)
        found = obtain(entry, network, cache_folder(cache), patience, progress)
        try:
            return read_file(found.path, network, source=entry.url, sha256=found.sha256)
        except MissingLibraryError:
            raise
        except WeightsError as error:
            raise WeightsError(f"{error}; if it is damaged, delete {found.path}, and it is fetched again") from None
    if asked == "default":
        return _default(network)
    if asked == "":
        raise WeightsError("the name of the weights is empty: give a path, or publisher, default or none by name")
    path = Path(os.path.expanduser(asked))
    if path.is_dir():
        inner = path / "bundle"
        return read_bundle(inner if (inner / "bundle.json").is_file() else path, network)
    if not path.exists():
        near = get_close_matches(asked, ("publisher", "default", "none"), n=1)
        meant = f"did you mean {near[0]!r}? Else " if near else ""
        raise WeightsError(
            f"there is no weights file or bundle {asked}: {meant}give a path, or publisher, default or none by name"
        )
    return read_file(path, network)


def _default(network: Network) -> Weights:
    try:
        folder = default_bundle()
    except BundleError:
        raise WeightsError(
            "this build of crackscope carries no bundle to take weights from: give --weights FILE or a bundle"
        ) from None
    return read_bundle(folder, network)
