"""A bundle in 8-bit integers: quicker where the processor multiplies bytes (VNNI), and let out only if it agrees."""

import copy
import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.arguments import PATH, PATHS, WHOLE, record, refuse_wrong
from crackscope.bundles import Bundle, InputSpec
from crackscope.errors import BundleError, ImageError
from crackscope.files import replaceable
from crackscope.images import read
from crackscope.scoring.agreeing import (
    USUAL_GATE,
    Gate,
    QuantisedFacts,
    QuantisedReport,
    answers,
    compare,
    passes,
    told_apart,
)
from crackscope.scoring.bias_correction import corrected
from crackscope.scoring.dense import dense_plan
from crackscope.scoring.model import Model, load
from crackscope.scoring.packing import pack
from crackscope.scoring.tiling import middle_piece

TOLERANCE_INT8 = 0.1
"""Golden outputs of bytes jump where a sum lies near a step; processors without VNNI may saturate and differ more."""

LEAST_COMPARED = 20
_MOST_COMPARED = 512
_KEPT_FLOAT = (3, 8, 16)
"""So many of the first convolutions are tried in float32. In bytes the very first is slower (MobileNetV2 at 227 px, one
core: 4.9 ms with none kept, 3.5 with one or two, 3.6 with three), and the second costs half of the agreement. The third
leaves half as many channels to turn into bytes: a block of 1024 px takes 84 ms with three kept, 87 with two."""


def quantise(
    bundle: str | Path | Bundle | Model | None,
    sources: Sequence[str],
    out: str | Path,
    *,
    gate: Gate = USUAL_GATE,
    limit: int = 256,
) -> QuantisedReport:
    """Write an 8-bit copy of a bundle: weights per channel, activations calibrated on pictures it was trained on, what
    rounding moves on average corrected (see `bias_correction.py`).

    bundle: as `load` takes it. sources: paths of training rows; up to `limit` of them, evenly spread, calibrate, and up
    to 512 others are compared. The first convolutions stay float32: they are cheap, and see the full range of pixels.
    When that does not pass the gate, more of them do. Raises BundleError with the figures, and writes nothing, when no
    attempt passes; also when there are too few readable pictures, the bundle is in bytes already, or the outcome could
    not be run as it could; OutputError before it reads any of them when the folder cannot be written.
    """
    refuse_wrong(sources=(sources, PATHS), out=(out, PATH), gate=(gate, record(Gate)), limit=(limit, WHOLE))
    if limit < 1:
        raise BundleError(f"limit is {limit}: it must be 1 or more, and is 256 unless said")
    replaceable(out)
    model = load(bundle)
    opened = model.bundle
    if opened.manifest.precision == "int8":
        raise BundleError(f"{opened.path} is quantised already; give the bundle it was made from")
    calibrating, comparing = _parts(sources, limit)
    spec = opened.manifest.input
    pictures = [pixels for path in calibrating if (pixels := _piece(path, spec)) is not None]
    held_out = [pixels for path in comparing if (pixels := _piece(path, spec)) is not None]
    if not pictures or len(held_out) < LEAST_COMPARED:
        raise BundleError(
            f"only pictures of the training part count, and {len(pictures)} to calibrate on and {len(held_out)} to "
            f"compare are too few; give data whose training part holds at least {2 * LEAST_COMPARED} readable ones"
        )
    plain = answers(model, model.graph, held_out)
    report: QuantisedReport | None = None
    for kept in _KEPT_FLOAT:
        quantised = _quantised(opened.model, pictures, kept)
        if quantised is None:
            break
        stride = opened.manifest.stride
        if dense_plan(opened.model, stride) and not dense_plan(quantised, stride):
            raise BundleError(
                f"{opened.path} in 8 bits cannot be run over photos without seams, as it can in float32; use that"
            )
        report = compare(model, plain, quantised, held_out, QuantisedFacts(len(pictures), kept))
        if passes(report, gate):
            _write(opened, quantised, Path(out), report)
            return report
    if report is None:
        raise BundleError(f"{opened.path} has nothing to quantise; use the float32 bundle")
    raise BundleError(told_apart(report, gate))


def _parts(sources: Sequence[str], limit: int) -> tuple[list[str], list[str]]:
    """Evenly spread rows to calibrate on, at most half of them all, and evenly spread others to compare."""
    count = min(limit, len(sources) // 2)
    chosen = set(np.linspace(0, len(sources) - 1, count).round().astype(int).tolist()) if count else set()
    rest = [path for number, path in enumerate(sources) if number not in chosen]
    spread = np.unique(np.linspace(0, len(rest) - 1, min(len(rest), _MOST_COMPARED)).round().astype(int))
    return [sources[number] for number in sorted(chosen)], [rest[number] for number in spread] if rest else []


def _piece(path: str, spec: InputSpec) -> NDArray[np.uint8] | None:
    """The picture, or the middle tile of a photo; None when it cannot be read."""
    try:
        return middle_piece(read(path).pixels, spec)
    except ImageError:
        return None


def _write(bundle: Bundle, model: bytes, out: Path, report: QuantisedReport) -> None:
    figures = bundle.manifest.figures | {"int8 beside float32": msgspec.to_builtins(report)}
    manifest = msgspec.structs.replace(
        bundle.manifest, name=f"{bundle.manifest.name}-int8", precision="int8", figures=figures
    )
    weights = bundle.weights.read_bytes() if bundle.weights else None
    pack(out, manifest, model=model, weights=weights, tolerance=TOLERANCE_INT8, features=bundle.features)


def _quantised(model: bytes, pictures: list[NDArray[np.uint8]], kept: int) -> bytes | None:
    """The graph with 8-bit weights and activations, in standard operators; None when too few would be in bytes."""
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    with tempfile.TemporaryDirectory(prefix="crackscope-") as folder, _quiet():
        prepared = _prepared(model, Path(folder) / "prepared.onnx")
        chosen = _worthwhile(prepared, kept)
        if not chosen:
            return None
        target = Path(folder) / "int8.onnx"
        quantize_static(
            copy.deepcopy(prepared),  # the quantiser moves its weights into files
            target,
            _Reader(pictures),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv", "Add", "Clip", "Relu", "Pad", "Resize"],
            nodes_to_quantize=chosen,
        )
        return _standard(corrected(_in_order_of(model, target.read_bytes()), prepared, pictures))


def _in_order_of(model: bytes, quantised: bytes) -> bytes:
    """Put operators in the order of the graph that they come from, which the runtime and the quantiser change: a dense
    pass cuts a graph by its order, and both are to be cut alike. Raises BundleError should the outcome be no graph."""
    import onnx

    proto: Any = onnx.load_model_from_string(quantised)
    plain: Any = onnx.load_model_from_string(model)
    places = {name: place for place, node in enumerate(plain.graph.node) for name in node.output}
    for node in proto.graph.node:
        for name in node.output:
            # What is only put another way stands where it was made; weights come before all.
            places.setdefault(name, places.get(node.input[0], -1))
    # Of operators that say the same the runtime leaves one, which may be the last: it stands before all that use it.
    for node in reversed(proto.graph.node):
        first = min(places[name] for name in node.output)
        places |= {name: min(places.get(name, first), first) for name in node.input if name}
    ordered = sorted(proto.graph.node, key=lambda node: min(places[name] for name in node.output))
    del proto.graph.node[:]
    proto.graph.node.extend(ordered)
    try:
        onnx.checker.check_model(proto)
    except onnx.checker.ValidationError as error:
        raise BundleError(f"in 8 bits this network is no valid graph ({error}); use the float32 bundle") from None
    return bytes(proto.SerializeToString())


class _Reader:
    """Hands the calibration pictures to the quantiser one by one."""

    def __init__(self, pictures: list[NDArray[np.uint8]]) -> None:
        self._pictures = iter(pictures)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        """Return the next input, None at the end."""
        pixels = next(self._pictures, None)
        return None if pixels is None else {"images": pixels[None]}


def _prepared(model: bytes, path: Path) -> Any:
    """The graph with constants folded and shapes inferred, as the quantiser wants it, every operator with a name."""
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 4
    onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    proto: Any = onnx.load_model_from_string(_standard(path.read_bytes()))
    for number, node in enumerate(proto.graph.node):
        node.name = f"{node.op_type}.{number}"
    return onnx.shape_inference.infer_shapes(proto)


def _worthwhile(proto: Any, kept: int) -> list[str]:
    """Names of operators to quantise: convolutions after the first `kept`, and what passes bytes on between them."""
    outputs = {port.name for port in proto.graph.output}
    in_bytes: set[str] = set()
    stored = {tensor.name for tensor in proto.graph.initializer}
    chosen, convolutions = [], 0
    for node in proto.graph.node:
        if node.op_type == "Conv":
            convolutions += 1
            worth = convolutions > kept
        elif node.op_type in ("Add", "Clip", "Relu", "Pad", "Resize"):
            incoming = [name for name in node.input[: 2 if node.op_type == "Add" else 1] if name]
            worth = all(name in in_bytes and name not in stored for name in incoming)
        else:
            worth = False
        if worth and not outputs & set(node.output):
            chosen.append(node.name)
            in_bytes |= set(node.output)
    return chosen


def _standard(model: bytes) -> bytes:
    """Drop the imports of domains that no operator uses, which the runtime and the quantiser leave behind."""
    import onnx

    proto: Any = onnx.load_model_from_string(model)
    used = {node.domain for node in proto.graph.node} | {""}
    kept = [entry for entry in proto.opset_import if entry.domain in used]
    del proto.opset_import[:]
    proto.opset_import.extend(kept)
    del proto.metadata_props[:]
    return bytes(proto.SerializeToString(deterministic=True))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the quantiser's advice to programmers from the user's terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
