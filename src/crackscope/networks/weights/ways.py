"""What else a network may begin with, where its publisher's weights cannot be had."""

import msgspec

from crackscope.bundles import default_bundle
from crackscope.errors import BundleError, WeightsError
from crackscope.networks.weights.bundle_file import read_bundle
from crackscope.recipes import Network

_OFFLINE = "--recipe probe --weights default"
"""What begins with the bundle in the package and trains a linear head alone: seconds for some hundred patches."""


def other_ways(network: Network) -> str:
    """The end of a message: files, bundles, random weights; and the bundle in the package where it fits the network."""
    default = _default(network)
    ways = f"give --weights FILE, a bundle, {default}or --weights none for random ones"
    return f"{ways}; to learn offline, in minutes, call it with {_OFFLINE}"


def _default(network: Network) -> str:
    """ "--weights default, ", with the cut that it needs; "" where the bundle in the package is of another network."""
    from crackscope.networks.building import backbone_of
    from crackscope.networks.loading import last_stage

    try:
        weights = read_bundle(default_bundle(), msgspec.structs.replace(network, weights="default"))
    except (BundleError, WeightsError):
        return ""
    backbone = backbone_of(network)
    stage = last_stage(backbone, weights)
    if not stage:
        return ""
    needed = "" if stage == backbone.stage_names()[-1] else f" with --set network.cut={stage}"
    return f"--weights default{needed}, "
