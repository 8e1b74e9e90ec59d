"""8-bit bundles: let out when they agree with float32, refused with the figures when they do not."""

from pathlib import Path

import msgspec
import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from crackscope.bundles import Offset, default_bundle, feature_sizes, open_bundle, with_offset
from crackscope.errors import BundleError
from crackscope.images import write_png
from crackscope.scoring import DenseOptions, Gate, load, pack, quantise, repack
from crackscope.surfaces import generate
from tests.small_bundle import EMBEDDING, deep_model, small_manifest, small_model


def wall(seed: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(150, 200, (64, 64, 3), dtype=np.uint8)
    if seed % 2:
        pixels[rng.integers(8, 56)] = 40
    return pixels


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    place = tmp_path_factory.mktemp("rows")
    for seed in range(60):
        write_png(wall(seed), place / f"{seed:02}.png")
    return sorted(map(str, place.iterdir()))


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("bundles") / "deep"
    return pack(place, small_manifest(), model=deep_model(), weights=b"weights").path


def test_an_8_bit_bundle_agrees(deep: Path, rows: list[str], tmp_path: Path) -> None:
    report = quantise(deep, rows, tmp_path / "int8", limit=16)
    assert (report.calibrated, report.compared) == (16, 44)
    assert report.verdicts_changed <= 0.005
    assert report.mean_change <= 0.01
    assert report.cells_changed <= 0.2
    small = open_bundle(tmp_path / "int8")
    assert small.manifest.precision == "int8"
    assert small.weights is not None
    assert "int8 beside float32" in small.manifest.figures
    proto = onnx.load_model_from_string(small.model)
    assert {entry.domain for entry in proto.opset_import} == {""}
    assert "QuantizeLinear" in {node.op_type for node in proto.graph.node}
    one, other = load(deep), load(tmp_path / "int8")
    changes = [abs(one.predict(path).probability - other.predict(path).probability) for path in rows]
    assert 0 < np.mean(changes) < 0.02


def test_a_bundle_is_taken_however_load_takes_it(deep: Path, rows: list[str], tmp_path: Path) -> None:
    named, opened = tmp_path / "named", tmp_path / "opened"
    quantise(str(deep), rows, named, limit=16)
    for bundle in (open_bundle(deep), load(deep)):
        out = opened / type(bundle).__name__
        quantise(bundle, rows, out, limit=16)
        assert (out / "model.onnx").read_bytes() == (named / "model.onnx").read_bytes()
        with pytest.raises(BundleError, match=f"{out} is quantised already"):
            quantise(load(out), rows, tmp_path / "again")
    with pytest.raises(BundleError, match="too few"):
        quantise(None, [], tmp_path / "of the package")


@pytest.fixture(scope="module")
def surfaces() -> list[NDArray[np.uint8]]:
    return [generate(seed, (160, 160), cracked=seed % 2 == 0).pixels for seed in range(60)]


@pytest.fixture(scope="module")
def default_in_bytes(surfaces: list[NDArray[np.uint8]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("surfaces")
    for number, pixels in enumerate(surfaces):
        write_png(pixels, place / f"{number:02}.png")
    rows = sorted(map(str, place.glob("*.png")))
    quantise(default_bundle(), rows, place / "int8", gate=Gate(verdicts=0.2, mean=0.1), limit=20)
    return place / "int8"


def test_a_photo_ends_in_bytes_as_it_ends_in_numbers(default_in_bytes: Path, surfaces: list[NDArray[np.uint8]]) -> None:
    """Beyond its borders a photo is continued wherever the graph is cut, so both graphs must be cut alike."""
    plain, small = load(), load(default_in_bytes)
    changes = [small.heatmap(pixels).logits - plain.heatmap(pixels).logits for pixels in surfaces[40:]]
    assert -0.1 < np.mean(changes) < 0.1
    assert np.std(changes) < 0.4


def test_rounding_moves_no_feature_on_average(default_in_bytes: Path, surfaces: list[NDArray[np.uint8]]) -> None:
    """On pictures that were not calibrated on; uncorrected, features lie .06 off on average."""
    plain, small = load(), load(default_in_bytes)
    changes = [small.embed(pixels) - plain.embed(pixels) for pixels in surfaces[40:]]
    assert np.abs(np.mean(changes, 0)).mean() < 0.03


@pytest.mark.parametrize("in_bytes", [False, True])
def test_parts_of_a_photo_look_as_they_do_in_the_whole(default_in_bytes: Path, in_bytes: bool) -> None:
    """What lies around a part is unknown to it, which is not the same as a byte of zero."""
    model = load(default_in_bytes if in_bytes else None)
    pixels = generate(4, (1024, 768), cracked=True, kind="asphalt", width_px=(3.0, 5.0)).pixels
    whole, parts = (model.heatmap(pixels, options=DenseOptions(coarse=coarse)) for coarse in (False, True))
    hot = whole.logits > model.manifest.mask_threshold
    assert hot.mean() > 0.005
    assert 0.5 < parts.skipped < 1
    assert (parts.logits > model.manifest.mask_threshold)[hot].mean() > 0.97
    assert np.abs(parts.logits - whole.logits)[hot].mean() < 0.25


def twice_the_same(*, stored_once: bool) -> bytes:
    """A deep model with biases, two of whose convolutions have the same kernel."""
    proto = onnx.load_model_from_string(deep_model())
    rng = np.random.default_rng(2)
    made = {node.output[0]: node for node in proto.graph.node}
    stored = {tensor.name: tensor for tensor in proto.graph.initializer}
    for number in range(6):
        bias = (0.3 * rng.normal(size=16)).astype(np.float32)
        proto.graph.initializer.append(onnx.numpy_helper.from_array(bias, f"b{number}"))
        made[f"c{number}"].input.append(f"b{number}")
    if stored_once:
        made["c4"].input[1] = "k3"
        proto.graph.initializer.remove(stored["k4"])
    else:
        stored["k4"].raw_data = stored["k3"].raw_data
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString())


def test_convolutions_that_share_a_kernel_are_each_corrected_as_if_it_were_stored_twice(
    rows: list[str], tmp_path: Path
) -> None:
    scores = []
    for name, model in (("once", twice_the_same(stored_once=True)), ("twice", twice_the_same(stored_once=False))):
        path = pack(tmp_path / name, small_manifest(), model=model, weights=None).path
        quantise(path, rows, tmp_path / f"{name}-int8", limit=16)
        small = load(tmp_path / f"{name}-int8")
        scores.append([small.score(wall(seed)).score for seed in range(20)])
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)


def test_a_bundle_that_disagrees_is_refused_with_the_figures(deep: Path, rows: list[str], tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"verdicts turned over \(gate 0.00%\).*probability changed by"):
        quantise(deep, rows, tmp_path / "int8", gate=Gate(verdicts=0.0, mean=1e-9), limit=4)
    assert list(tmp_path.iterdir()) == []


def scored_apart() -> bytes:
    """A deep model whose score is of the pixels alone, which stay in numbers; its map goes deep."""
    proto = onnx.load_model_from_string(deep_model())
    nodes = [node for node in proto.graph.node if node.output[0] != "score"]
    size = {"kernel_shape": [4, 4], "strides": [4, 4]}
    light = next(place for place, node in enumerate(nodes) if node.output[0] == "light")
    nodes[light + 1 : light + 1] = [
        onnx.helper.make_node("AveragePool", ["planes"], ["lit"], **size),
        onnx.helper.make_node("Div", ["lit", "gain"], ["dimmed"]),
        onnx.helper.make_node("ReduceMax", ["dimmed", "axes"], ["score"], keepdims=0),
    ]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString())


def test_a_map_that_disagrees_is_refused_though_every_score_agrees(tmp_path: Path) -> None:
    """What is calibrated on is dark, so that bytes cannot hold what comes of the others."""
    rows = [str(tmp_path / f"{number:02}.png") for number in range(60)]
    calibrating = set(np.linspace(0, 59, 16).round().astype(int).tolist())
    for number, path in enumerate(rows):
        write_png(wall(number) // 8 if number in calibrating else wall(number), path)
    manifest = small_manifest()
    model = load(pack(tmp_path / "plain", manifest, model=scored_apart(), weights=None))
    maps = [model.graph.run(wall(number)).map for number in range(60)]
    manifest = msgspec.structs.replace(manifest, mask_threshold=float(np.quantile(maps, 0.7)))
    path = pack(tmp_path / "bundle", manifest, model=scored_apart(), weights=None).path
    with pytest.raises(BundleError, match=r"0\.00% of verdicts .* 0\.0000 .* marked by one alone \(gate 20\.0%\)"):
        quantise(path, rows, tmp_path / "int8", limit=16)
    assert not (tmp_path / "int8").exists()
    report = quantise(path, rows, tmp_path / "int8", gate=Gate(cells=1), limit=16)
    figures = open_bundle(tmp_path / "int8").manifest.figures["int8 beside float32"]
    assert figures["cells_changed"] == report.cells_changed > 0.5


def test_too_few_pictures_are_refused(deep: Path, rows: list[str], tmp_path: Path) -> None:
    for sources in ([], rows[:10], [str(tmp_path / "none.png")] * 60):
        with pytest.raises(
            BundleError, match=r"only pictures of the training part count.* too few; give data whose training part"
        ):
            quantise(deep, sources, tmp_path / "int8")


def test_bytes_are_not_quantised_again(deep: Path, rows: list[str], tmp_path: Path) -> None:
    quantise(deep, rows, tmp_path / "int8", limit=8)
    with pytest.raises(BundleError, match="quantised already"):
        quantise(tmp_path / "int8", rows, tmp_path / "again")


def test_a_network_with_nothing_to_quantise_is_refused(rows: list[str], tmp_path: Path) -> None:
    proto = onnx.load_model_from_string(small_model())
    features = next(node for node in proto.graph.node if node.output[0] == "features")
    features.CopyFrom(onnx.helper.make_node("Tile", ["light", "times"], ["features"]))
    proto.graph.initializer.append(onnx.helper.make_tensor("times", onnx.TensorProto.INT64, [4], [1, EMBEDDING, 1, 1]))
    shallow = pack(tmp_path / "shallow", small_manifest(), model=proto.SerializeToString(), weights=None).path
    with pytest.raises(BundleError, match="nothing to quantise"):
        quantise(shallow, rows, tmp_path / "int8", limit=4)


def test_any_reader_of_the_file_gets_the_same_answers(default_in_bytes: Path) -> None:
    """Operators are put another way when a session is opened; the file keeps to the plain ones."""
    session = onnxruntime.InferenceSession(str(default_in_bytes / "model.onnx"), providers=["CPUExecutionProvider"])
    graph = load(default_in_bytes).graph
    for seed in range(3):
        pixels = generate(seed, (227 + seed, 160), cracked=True).pixels
        score, heat, embedding = session.run(["score", "map", "embedding"], {"images": pixels[None]})
        ours = graph.run(pixels)
        assert ours.score == pytest.approx(float(np.asarray(score)[0]), abs=1e-5)
        np.testing.assert_allclose(ours.map, np.asarray(heat)[0, 0], atol=1e-5)
        np.testing.assert_allclose(ours.embedding, np.asarray(embedding)[0], atol=1e-5)


def test_an_adapted_bundle_goes_over_photos_in_bytes_as_it_does_in_numbers(
    surfaces: list[NDArray[np.uint8]], tmp_path: Path
) -> None:
    """The offset reads several sizes that are the same, of which the runtime leaves one, behind what uses it."""
    plain = open_bundle(default_bundle())
    weights = np.random.default_rng(0).normal(size=sum(feature_sizes(plain.model))).astype(np.float32)
    weights *= 2 / np.linalg.norm(weights)
    moved = with_offset(plain.model, Offset(scale=1.1, shift=0.2, weights=weights, window=112), plain.manifest.stride)
    manifest = msgspec.structs.replace(plain.manifest, halo=plain.manifest.halo + moved.reach)
    adapted = repack(tmp_path / "adapted", plain, manifest, model=moved.model, reference=None)
    for number, pixels in enumerate(surfaces):
        write_png(pixels, tmp_path / f"{number:02}.png")
    rows = sorted(map(str, tmp_path.glob("*.png")))
    quantise(adapted.path, rows, tmp_path / "int8", gate=Gate(verdicts=0.2, mean=0.1), limit=20)
    small = load(tmp_path / "int8")
    onnx.checker.check_model(onnx.load_model_from_string(small.bundle.model))
    one, other = (model.heatmap(surfaces[0]) for model in (load(adapted), small))
    assert not other.tiled
    assert np.std(other.logits - one.logits) < 0.6
