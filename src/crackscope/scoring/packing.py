"""Making a bundle out of an exported network."""

from pathlib import Path

import msgspec
import numpy as np

from crackscope.bundles import Bundle, InputSpec, Manifest, model_card, same_padding, store_as_float16, write_bundle
from crackscope.scoring.golden import TOLERANCE, golden_pictures, make_golden
from crackscope.scoring.runtime import Graph


def pack(
    folder: str | Path,
    manifest: Manifest,
    *,
    model: bytes,
    weights: bytes | None,
    as_float16: bool = False,
    tolerance: float = TOLERANCE,
) -> Bundle:
    """Write a bundle: graph made quicker and, if asked to, smaller; golden outputs; card; folder.

    model: ONNX file with the face of a bundle. weights: safetensors bytes, None for a bundle that cannot learn on.
    as_float16: store weights of the graph as float16; golden outputs are those of the rounded weights.
    manifest: its precision, golden outputs and hashes are filled in here. Raises BundleError, OutputError.
    """
    model = _quicker(model, manifest.input)
    if as_float16:
        model = store_as_float16(model)
        manifest = msgspec.structs.replace(manifest, precision="float16-stored")
    golden = make_golden(Graph(model).run, manifest.input, tolerance)
    manifest = msgspec.structs.replace(manifest, golden=golden)
    return write_bundle(folder, manifest, model=model, weights=weights, card=model_card(manifest))


def _quicker(model: bytes, spec: InputSpec) -> bytes:
    """Take reckoned paddings into their convolutions, if that changes no bit at even and odd sizes."""
    changed = same_padding(model)
    side = spec.native if spec.fixed and spec.native else spec.multiple * -(-max(spec.minimum, 64) // spec.multiple)
    further = () if spec.fixed else (side + spec.multiple, side + 2 * spec.multiple)
    before, after = Graph(model), Graph(changed)
    for pixels in golden_pictures(0, [(side, side), *((tall, side) for tall in further)]):
        one, other = before.run(pixels), after.run(pixels)
        same = one.score == other.score and np.array_equal(one.map, other.map)
        if not same or not np.array_equal(one.embedding, other.embedding):
            return model
    return changed
