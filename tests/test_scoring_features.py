"""What a network sees that learnt no cracks, kept in a bundle beside its own, and the rule that goes by it."""

import shutil

import msgspec
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from crackscope import adaptation
from crackscope.bundles import FEATURES, QualityRule, SurfaceRule, VerdictRule, open_bundle
from crackscope.cli import main
from crackscope.errors import BundleError
from crackscope.images import write_png
from crackscope.scoring import load, pack, quantise
from tests.small_bundle import EMBEDDING, deep_model, small_manifest, small_model


def colour_model(length: int = 3, name: str = "features", taken: str = "ReduceMean") -> bytes:
    """Features that are the mean red, green and blue, from 0 to 1, or what is `taken` for the mean."""
    nodes = [
        helper.make_node("Cast", ["images"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["real"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node(taken, ["planes", "plane"], ["mean"], keepdims=0),
        helper.make_node("Div", ["mean", "white"], [name]),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "colours",
        [value("images", TensorProto.UINT8, ["n", "h", "w", 3])],
        [value(name, TensorProto.FLOAT, ["n", length])],
        [
            helper.make_tensor("plane", TensorProto.INT64, [2], [2, 3]),
            helper.make_tensor("white", TensorProto.FLOAT, [], [255.0]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def green_is_no_surface(model: bytes | None = None):
    """A manifest whose rule refuses what is greener than grey, by its features alone."""
    surface = SurfaceRule(weights=(*EMBEDDING * (0.0,), 0.5, -1.0, 0.5), shift=0.0, limit=-0.1)
    rule = VerdictRule(
        kind="conformal", window_px=64, sound=(1.0,), chances=(0.02,), surface=surface, quality=QualityRule(dark=0.9)
    )
    return msgspec.structs.replace(small_manifest(), verdict=rule, features=3, scales=2)


@pytest.fixture(scope="module")
def seeing(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeing") / "bundle"
    return pack(folder, green_is_no_surface(), model=small_model(), weights=None, features=colour_model()).path


def painted(colour, size=(64, 64)):
    rng = np.random.default_rng(3)
    pixels = np.clip(rng.normal(colour, 12, (*size, 3)), 0, 255).astype(np.uint8)
    pixels[::16] = pixels[::16] // 2
    return pixels


@pytest.mark.parametrize("size", [(64, 64), (100, 90), (700, 1100)])
def test_what_the_features_tell_is_refused_as_patch_and_as_photo(seeing, size):
    model = load(seeing)
    assert model.predict(painted((130, 130, 130), size)).verdict != "cannot judge"
    refused = model.predict(painted((60, 160, 60), size))
    assert refused.verdict == "cannot judge"
    assert refused.reason.startswith("unlike any surface")


def test_the_features_of_a_photo_are_the_mean_of_windows_and_of_the_whole_without_what_shows_nothing(seeing):
    """Red is a third of the photo, and all of two of its four windows."""
    model = load(seeing)
    pixels = painted((60, 160, 60), (1536, 1536))
    pixels[:512] = painted((200, 60, 60), (512, 1536))
    seen = model.heatmap(pixels)
    windows, whole = np.array([130, 110, 60]), np.array([320 / 3, 380 / 3, 60])
    assert seen.features == pytest.approx((windows + whole) / 2 / 255, abs=0.02)
    void = np.zeros(pixels.shape[:2], np.bool_)
    void[:512] = True
    assert model.heatmap(pixels, void=void).features == pytest.approx([60 / 255, 160 / 255, 60 / 255], abs=0.03)
    assert seen.half is not None
    assert seen.half.features.tolist() == seen.features.tolist()
    assert seen.looks.tolist() == [*seen.embedding.tolist(), *seen.features.tolist()]


@pytest.mark.parametrize(
    ("size", "bright"), [((384, 384), 200), ((385, 385), 150), ((1536, 1536), 125), ((120, 5000), 200)]
)
def test_from_afar_a_photo_is_halved_until_it_can_be_seen_whole(tmp_path, size, bright):
    """Every eighth row is red, and the brightest is told: at half size half as bright. A strip is not made narrower."""
    brightest = colour_model(taken="ReduceMax")
    model = load(
        pack(tmp_path / "bundle", green_is_no_surface(), model=small_model(), weights=None, features=brightest)
    )
    pixels = np.zeros((*size, 3), np.uint8)
    pixels[::8] = (200, 0, 0)
    assert 255 * model.features(pixels)[0] == pytest.approx(bright, abs=2)


@given(st.integers(16, 900), st.integers(16, 900))
@settings(max_examples=15)
def test_of_an_even_picture_any_size_has_the_same_features(seeing, height, width):
    pixels = np.full((height, width, 3), (40, 90, 200), np.uint8)
    assert load(seeing, check=False).features(pixels) == pytest.approx(np.array([40, 90, 200]) / 255, abs=1e-6)


def test_a_bundle_without_features_has_none(tmp_path):
    model = load(pack(tmp_path / "bundle", small_manifest(), model=small_model(), weights=None))
    pixels = painted((130, 130, 130))
    assert model.features(pixels).shape == (0,)
    assert model.heatmap(pixels).features is None


def test_features_go_along_when_a_bundle_is_quantised_and_adapted(tmp_path, seeing):
    plain = pack(tmp_path / "deep", green_is_no_surface(), model=deep_model(), weights=None, features=colour_model())
    paths = []
    for number in range(120):
        paths.append(str(tmp_path / f"{number}.png"))
        write_png(painted((90 + number, 130, 130)), paths[-1])
    quantise(plain.path, paths, tmp_path / "int8", limit=20)
    assert open_bundle(tmp_path / "int8").features == colour_model()
    data = tmp_path / "labelled"
    for label, dark in (("crack", 0), ("sound", 110)):
        (data / label).mkdir(parents=True)
        for number in range(12):
            pixels = (
                np.random.default_rng(number + dark)
                .normal((90, 175, 90), 25, (64, 64, 3))
                .clip(0, 255)
                .astype(np.uint8)
            )
            pixels[:, 8 + 4 * number % 50 :][:, :3] = dark
            write_png(pixels, data / label / f"{number}.png")
    assert load(seeing).predict(data / "sound" / "3.png").verdict == "cannot judge"
    adaptation.adapt(seeing, data, tmp_path / "adapted")
    adapted = load(tmp_path / "adapted")
    assert adapted.bundle.features == colour_model()
    assert adapted.predict(data / "sound" / "3.png").verdict != "cannot judge"


@pytest.mark.parametrize(
    ("features", "said"),
    [
        (None, "features.onnx is missing, and bundle.json says otherwise"),
        (colour_model(4), r"features has the shape \['n', 4\], not \['n', 3\]"),
        (colour_model(name="score"), r"\['images', 'score'\] instead of \['images', 'features'\]"),
        (b"no graph", "features.onnx is damaged"),
    ],
)
def test_features_that_do_not_fit_are_not_written(tmp_path, features, said):
    with pytest.raises(BundleError, match=said):
        pack(tmp_path / "b", green_is_no_surface(), model=small_model(), weights=None, features=features)
    with pytest.raises(BundleError, match=r"features.onnx is there"):
        pack(tmp_path / "b", small_manifest(), model=small_model(), weights=None, features=colour_model())
    assert not (tmp_path / "b").exists()


def test_altered_or_missing_features_are_refused(tmp_path, seeing):
    shutil.copytree(seeing, tmp_path / "altered")
    (tmp_path / "altered" / FEATURES).write_bytes(colour_model() + b" ")
    with pytest.raises(BundleError, match=r"features.onnx was altered"):
        open_bundle(tmp_path / "altered")
    (tmp_path / "altered" / FEATURES).unlink()
    with pytest.raises(BundleError, match=r"features.onnx is missing"):
        open_bundle(tmp_path / "altered")


def test_bundle_show_tells_of_features(seeing, capsys):
    assert main(["bundle", "show", str(seeing)]) == 0
    assert "3 numbers, for what shows no surface" in capsys.readouterr().out
