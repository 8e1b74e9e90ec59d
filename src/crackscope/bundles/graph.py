"""Is a graph safe to run, and is it one of ours? Asked of the very bytes that the runtime gets.

A bundle may come from a stranger. Its graph may name standard operators only (custom ones need native code), may
not refer to other files (tensors stored outside the model would be read from wherever the process runs), and may
not hide either in functions, subgraphs or sparse tensors, none of which a crack network needs.
Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from dataclasses import dataclass, field

from crackscope.bundles.manifest import InputSpec, Manifest
from crackscope.bundles.wire import BYTES, VARINT, WireError, fields, text
from crackscope.errors import BundleError

STANDARD_DOMAINS = frozenset({"", "ai.onnx"})
UINT8, FLOAT = 2, 1
_CONTROL_FLOW = frozenset({"If", "Loop", "Scan", "SequenceMap"})
_MODEL_GRAPH, _MODEL_OPSETS, _MODEL_METADATA, _MODEL_TRAINING, _MODEL_FUNCTIONS = 7, 8, 14, 20, 25
_GRAPH_NODE, _GRAPH_TENSOR, _GRAPH_INPUT, _GRAPH_OUTPUT, _GRAPH_SPARSE = 1, 5, 11, 12, 15
_NODE_OPERATOR, _NODE_ATTRIBUTE, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS, _ATTRIBUTE_SPARSE = frozenset({5, 10}), frozenset({6, 11}), frozenset({22, 23})
_TENSOR_EXTERNAL, _TENSOR_LOCATION = 13, 14
_RUNTIME_FORMAT = b"ORTM"

Dimension = int | str | None


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a graph. kind: element type as ONNX numbers them. shape: None where nothing is said."""

    name: str
    kind: int
    shape: tuple[Dimension, ...]


@dataclass(slots=True)
class GraphFace:
    """What a graph takes and gives, and the metadata beside it."""

    inputs: list[Port] = field(default_factory=list)
    outputs: list[Port] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)


def read_face(model: bytes, where: str = "model.onnx") -> GraphFace:
    """Walk a whole ONNX file and return its face. Raises BundleError when it is damaged or not safe to run."""
    if model[4:8] == _RUNTIME_FORMAT:
        raise BundleError(f"{where} is in the runtime's own format, not ONNX; export it again")
    face = GraphFace()
    graphs = 0
    try:
        for number, kind, _, payload in fields(memoryview(model)):
            if kind != BYTES:
                continue
            if number in (_MODEL_FUNCTIONS, _MODEL_TRAINING):
                raise BundleError(f"{where} carries functions or training graphs, which are not let in; inline them")
            if number == _MODEL_OPSETS:
                _check_domain(_string_field(payload, 1), "the model", where)
            elif number == _MODEL_GRAPH:
                graphs += 1
                _walk_graph(payload, face, where)
            elif number == _MODEL_METADATA:
                face.metadata[_string_field(payload, 1)] = _string_field(payload, 2)
    except WireError as error:
        raise BundleError(f"{where} is damaged ({error}); fetch the bundle again") from None
    if graphs != 1:
        raise BundleError(f"{where} holds {graphs} graphs instead of one")
    if "ort_config" in face.metadata:
        raise BundleError(f"{where} tries to configure the runtime, which is not let in")
    return face


def _walk_graph(graph: memoryview, face: GraphFace, where: str) -> None:
    for number, kind, _, payload in fields(graph):
        if kind != BYTES:
            continue
        if number == _GRAPH_NODE:
            _walk_node(payload, where)
        elif number == _GRAPH_TENSOR:
            _walk_tensor(payload, where)
        elif number == _GRAPH_SPARSE:
            raise BundleError(f"{where} carries sparse tensors, which are not let in")
        elif number == _GRAPH_INPUT:
            face.inputs.append(_port(payload))
        elif number == _GRAPH_OUTPUT:
            face.outputs.append(_port(payload))


def _walk_node(node: memoryview, where: str) -> None:
    operators = [
        text(payload) for number, kind, _, payload in fields(node) if (number, kind) == (_NODE_OPERATOR, BYTES)
    ]
    operator = operators[-1] if operators else "?"
    if any(name in _CONTROL_FLOW for name in operators):
        raise BundleError(f"{where} uses the operator {operator}; a crack network needs no control flow")
    for number, kind, _, payload in fields(node):
        if kind != BYTES:
            continue
        if number == _NODE_DOMAIN:
            _check_domain(text(payload), f"the operator {operator}", where)
        elif number == _NODE_ATTRIBUTE:
            _walk_attribute(payload, operator, where)


def _walk_attribute(attribute: memoryview, operator: str, where: str) -> None:
    for number, kind, _, payload in fields(attribute):
        if kind != BYTES:
            continue
        if number in _ATTRIBUTE_TENSORS:
            _walk_tensor(payload, where)
        elif number in _ATTRIBUTE_GRAPHS:
            raise BundleError(f"{where} hides a graph inside the operator {operator}, which is not let in")
        elif number in _ATTRIBUTE_SPARSE:
            raise BundleError(f"{where} carries sparse tensors, which are not let in")


def _walk_tensor(tensor: memoryview, where: str) -> None:
    for number, kind, value, _ in fields(tensor):
        if (number, kind) == (_TENSOR_EXTERNAL, BYTES) or (number == _TENSOR_LOCATION and kind == VARINT and value):
            raise BundleError(f"{where} keeps numbers in another file, which is not let in; export it in one file")


def _check_domain(domain: str, who: str, where: str) -> None:
    if domain not in STANDARD_DOMAINS:
        raise BundleError(f"{where}: {who} is of the domain {domain!r}; only standard ONNX operators are let in")


def _string_field(message: memoryview, wanted: int) -> str:
    found = ""
    for number, kind, _, payload in fields(message):
        if (number, kind) == (wanted, BYTES):
            found = text(payload)
    return found


def _port(value_info: memoryview) -> Port:
    name, kind = "", 0
    shape: list[Dimension] = []
    for number, wire, _, payload in fields(value_info):
        if (number, wire) == (1, BYTES):
            name = text(payload)
        elif (number, wire) == (2, BYTES):
            kind, shape = _tensor_type(payload)
    return Port(name, kind, tuple(shape))


def _tensor_type(type_proto: memoryview) -> tuple[int, list[Dimension]]:
    kind, shape = 0, []
    for number, wire, _, tensor in fields(type_proto):
        if (number, wire) != (1, BYTES):
            continue
        for inner, inner_wire, value, payload in fields(tensor):
            if (inner, inner_wire) == (1, VARINT):
                kind = value
            elif (inner, inner_wire) == (2, BYTES):
                shape = [_dimension(entry) for at, w, _, entry in fields(payload) if (at, w) == (1, BYTES)]
    return kind, shape


def _dimension(entry: memoryview) -> Dimension:
    found: Dimension = None
    for number, wire, value, payload in fields(entry):
        if (number, wire) == (1, VARINT):
            found = value
        elif (number, wire) == (2, BYTES):
            found = text(payload)
    return found


def check_face(face: GraphFace, manifest: Manifest, where: str = "model.onnx") -> None:
    """Raise BundleError unless a graph takes `images` and gives `score`, `map` and `embedding` as a bundle must."""
    if [port.name for port in face.inputs] != ["images"]:
        raise BundleError(f"{where} takes {[port.name for port in face.inputs]} instead of ['images']")
    if [port.name for port in face.outputs] != ["score", "map", "embedding"]:
        names = [port.name for port in face.outputs]
        raise BundleError(f"{where} gives {names} instead of ['score', 'map', 'embedding']")
    images, (score, heat, embedding) = face.inputs[0], face.outputs
    _check_port(images, UINT8, ("n", *_sides(manifest.input), 3), where)
    _check_port(score, FLOAT, ("n",), where)
    _check_port(heat, FLOAT, ("n", 1, "h", "w"), where)
    _check_port(embedding, FLOAT, ("n", manifest.embedding), where)


def features_length(model: bytes) -> int:
    """How many features a graph as `check_features` asks for gives."""
    length = read_face(model).outputs[0].shape[-1]
    assert isinstance(length, int)
    return length


def check_features(face: GraphFace, length: int, where: str) -> None:
    """Raise BundleError unless a graph takes `images` of any size and gives `features`, float32 [n, length]."""
    ports = [port.name for port in (*face.inputs, *face.outputs)]
    if ports != ["images", "features"]:
        raise BundleError(f"{where} has {ports} instead of ['images', 'features']")
    _check_port(face.inputs[0], UINT8, ("n", "h", "w", 3), where)
    _check_port(face.outputs[0], FLOAT, ("n", length), where)


def _sides(size: InputSpec) -> tuple[Dimension, Dimension]:
    return (size.native, size.native) if size.fixed else ("h", "w")


def _check_port(port: Port, kind: int, wanted: tuple[Dimension, ...], where: str) -> None:
    if port.kind != kind:
        raise BundleError(f"{where}: {port.name} is not of type {'uint8' if kind == UINT8 else 'float32'}")
    of_picture = port.name == "images"
    if len(port.shape) != len(wanted) or not all(map(_fits, port.shape, wanted, [of_picture] * len(wanted))):
        raise BundleError(f"{where}: {port.name} has the shape {list(port.shape)}, not {list(wanted)}")


def _fits(there: Dimension, want: Dimension, of_picture: bool) -> bool:
    """Tell whether a stated dimension allows the wanted one; sides of pictures must be open where any is promised."""
    if not isinstance(there, int):
        return True
    if isinstance(want, int):
        return there == want
    return there == 1 if want == "n" else not of_picture
