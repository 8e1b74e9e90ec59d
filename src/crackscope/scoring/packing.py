"""Making a bundle out of an exported network."""

from pathlib import Path

import msgspec

from crackscope.bundles import Bundle, Manifest, Reference, model_card, store_as_float16, write_bundle
from crackscope.scoring.golden import TOLERANCE, make_golden
from crackscope.scoring.runtime import Graph


def pack(  # noqa: PLR0913 - a file of the bundle each, and how it is rounded
    folder: str | Path,
    manifest: Manifest,
    *,
    model: bytes,
    weights: bytes | None,
    as_float16: bool = False,
    tolerance: float = TOLERANCE,
    features: bytes | None = None,
) -> Bundle:
    """Write a bundle: weights rounded if asked to, golden outputs, card, folder.

    model: ONNX file with the face of a bundle. weights: safetensors bytes, None for a bundle that cannot learn on.
    features: as `write_bundle` takes them.
    as_float16: store weights of the graph as float16; golden outputs are those of the rounded weights.
    manifest: its precision, golden outputs and hashes are filled in here. Raises BundleError, OutputError.
    """
    if as_float16:
        model = store_as_float16(model)
        manifest = msgspec.structs.replace(manifest, precision="float16-stored")
    golden = make_golden(Graph(model).run, manifest.input, tolerance)
    manifest = msgspec.structs.replace(manifest, golden=golden)
    card = model_card(manifest)
    return write_bundle(folder, manifest, model=model, weights=weights, card=card, features=features)


def repack(
    folder: str | Path, bundle: Bundle, manifest: Manifest, *, model: bytes, reference: Reference | None
) -> Bundle:
    """Write a bundle that was changed: golden outputs and card are made anew, torch weights and features go along.

    bundle: where it came from; may lie in the same folder. model: the graph, as it was or changed.
    Raises BundleError, OutputError.
    """
    tolerance = bundle.manifest.golden.tolerance if bundle.manifest.golden else TOLERANCE
    manifest = msgspec.structs.replace(manifest, golden=make_golden(Graph(model).run, manifest.input, tolerance))
    weights = bundle.weights.read_bytes() if bundle.weights else None
    card = model_card(manifest)
    return write_bundle(
        folder, manifest, model=model, weights=weights, card=card, reference=reference, features=bundle.features
    )
