"""What a bundle's graph is turned into: smaller, quicker, and wrapped for QGIS."""

import json
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from crackscope.bundles import export_deepness, model_card, store_as_float16
from crackscope.errors import BundleError, OutputError
from crackscope.scoring import load
from tests.small_bundle import small_manifest, small_model, write_small_bundle


def run(model: bytes, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, feed)


def convolution(kernel: np.ndarray) -> bytes:
    """One 3x3 convolution, float32 [1, 2, h, w] -> [1, 300, h - 2, w - 2]."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "kernel"], ["y"], kernel_shape=[3, 3])],
        "convolution",
        [value("x", TensorProto.FLOAT, [1, 2, "h", "w"])],
        [value("y", TensorProto.FLOAT, [1, 300, None, None])],
        [numpy_helper.from_array(kernel, "kernel")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


KERNEL = np.random.default_rng(0).normal(size=(300, 2, 3, 3)).astype(np.float32)


def test_float16_halves_the_file_and_rounds_the_weights() -> None:
    model = convolution(KERNEL)
    stored = store_as_float16(model)
    assert len(stored) < 0.6 * len(model)
    x = np.random.default_rng(1).normal(size=(1, 2, 9, 8)).astype(np.float32)
    rounded = convolution(KERNEL.astype(np.float16).astype(np.float32))
    assert np.array_equal(run(stored, {"x": x})[0], run(rounded, {"x": x})[0])


@pytest.mark.parametrize("value", [1e6, np.inf, np.nan])
def test_weights_that_do_not_fit_are_named(value: float) -> None:
    kernel = KERNEL.copy()
    kernel[0, 0, 0, 0] = value
    with pytest.raises(BundleError, match="'kernel' does not fit"):
        store_as_float16(convolution(kernel))


@pytest.mark.parametrize("fixed", [False, True])
def test_deepness_gets_probabilities_as_large_as_its_tiles(tmp_path: Path, fixed: bool) -> None:
    bundle = write_small_bundle(tmp_path / "b", fixed=fixed)
    path = export_deepness(bundle, tmp_path / "crack.onnx", resolution_cm=0.1)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (taken,), (given,) = session.get_inputs(), session.get_outputs()
    side = 64 if fixed else 512
    assert taken.shape == ["n", 3, side, side]
    assert given.shape == ["n", 1, side, side]
    pixels = np.full((side, side, 3), 180, np.uint8)
    pixels[30:32] = 60
    tiles = np.float32(pixels[None] / 255).transpose(0, 3, 1, 2)
    (crack,) = session.run(None, {"tiles": np.concatenate([tiles, tiles])})
    assert crack.shape == (2, 1, side, side)
    assert crack[0, 0, 30].min() > 0.9
    assert crack[0, 0, 5].max() < 0.1
    said = {key: json.loads(value) for key, value in session.get_modelmeta().custom_metadata_map.items()}
    assert said["model_type"] == "Segmentor"
    assert said["class_names"] == {"0": "sound", "1": "crack"}
    assert (said["tile_size"], said["resolution"], said["seg_thresh"]) == (side, 0.1, 0.5)


def test_every_byte_survives_the_way_through_deepness(tmp_path: Path) -> None:
    """Deepness divides by 255; the wrapped graph must see the very pixels that a photo has."""
    bundle = write_small_bundle(tmp_path / "b", fixed=True)
    session = onnxruntime.InferenceSession(
        export_deepness(bundle, tmp_path / "d.onnx"), providers=["CPUExecutionProvider"]
    )
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    (crack,) = session.run(None, {"tiles": np.float32(pixels[None] * (1.0 / 255)).transpose(0, 3, 1, 2)})
    logits = load(bundle).score(pixels).map
    enlarged = cv2.resize(logits, (64, 64), interpolation=cv2.INTER_LINEAR)
    assert np.allclose(crack[0, 0], 1 / (1 + np.exp(-(1.5 * enlarged - 0.25))), atol=1e-5)


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    bundle = write_small_bundle(tmp_path / "b")
    with pytest.raises(OutputError, match="cannot write"):
        export_deepness(bundle, bundle.path / "model.onnx" / "d.onnx")


def test_the_model_describes_itself(tmp_path: Path) -> None:
    bundle = write_small_bundle(tmp_path / "b")
    session = onnxruntime.InferenceSession(bundle.model, providers=["CPUExecutionProvider"])
    said = session.get_modelmeta().custom_metadata_map
    assert json.loads(said["class_names"])["1"] == "crack"
    assert "uint8 [n, h, w, 3]" in said["crackscope.input"]


def test_the_card_says_what_matters() -> None:
    card = model_card(small_manifest())
    for words in (
        "# small",
        "CC0",
        "any size from 16 px",
        "crackscope.load",
        "onnxruntime",
        "## Limits",
        "temperature",
    ):
        assert words in card


def test_the_card_s_lines_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from crackscope.images import write_png

    bundle = write_small_bundle(tmp_path / "b")
    monkeypatch.chdir(tmp_path / "b")
    write_png(np.full((64, 64, 3), 180, np.uint8), tmp_path / "b" / "picture.jpg")
    blocks = (tmp_path / "b" / "README.md").read_text().split("\n\n")
    code = [block for block in blocks if block.startswith("    ")]
    scope: dict[str, object] = {}
    exec("\n".join(line[4:] for line in code[1].splitlines()), scope)
    exec("\n".join(line[4:] for line in code[0].splitlines()).replace("this/folder", "."), {})
    probability = scope["probability"]
    assert isinstance(probability, np.ndarray)
    assert probability[0] == pytest.approx(load(bundle).predict("picture.jpg").probability, abs=1e-6)


def test_the_small_model_is_itself_safe_to_build_twice() -> None:
    assert small_model() == small_model()
