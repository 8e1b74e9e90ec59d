"""Heatmaps of whole photos: the same however the photo is cut, and the same as the network run at once."""

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from crackscope.bundles import Bundle, InputSpec, Manifest
from crackscope.images import halved, resize, write_png
from crackscope.networks import embedding_size, export_network, halo
from crackscope.recipes import Head, Network
from crackscope.scoring import DenseOptions, Heatmap, Model, grown, load, pack, quantise
from crackscope.scoring.anatomy import dissect
from crackscope.scoring.dense import any_in
from crackscope.scoring.stages import plan
from crackscope.surfaces import generate
from tests.networks_random import random_network
from tests.small_bundle import STRIDE, deep_model, small_manifest, small_model, write_small_bundle

SAME = 1e-3
ONE = DenseOptions(scales=1)
"""How far two heatmaps of one photo may differ that was cut in two ways."""

NETWORKS = {
    "keras, dense": (Network(backbone="mobilenetv2", cut="block_13"), Head(kind="dense")),
    "torchvision, hidden layers": (
        Network(backbone="mobilenetv2", family="torchvision", cut="block_6"),
        Head(outputs="softmax", layers=(8,)),
    ),
    "resnet50, dense": (Network(backbone="resnet50", cut="conv3"), Head(kind="dense")),
    "zeros before a maximum": (Network(backbone="resnet50v2", cut="conv3"), Head()),
    "tf-slim, floors": (Network(backbone="resnet50v2", family="tf-slim", cut="conv3"), Head(kind="dense")),
    "vgg16": (Network(backbone="vgg16", cut="block2"), Head()),
}


@cache
def photo(height: int, width: int, seed: int = 3, cracked: bool = True) -> NDArray[np.uint8]:
    return generate(seed, (width, height), cracked).pixels


@pytest.fixture(scope="module")
def model() -> Model:
    return load(threads=2)


@pytest.fixture(scope="module")
def whole(model: Model) -> Heatmap:
    return model.heatmap(photo(704, 864), options=ONE)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(write_small_bundle(tmp_path_factory.mktemp("dense") / "small").path, threads=2)


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(write_small_bundle(tmp_path_factory.mktemp("dense") / "fixed", fixed=True).path, threads=2)


def bundle_of(folder: Path, kind: str) -> Bundle:
    network = random_network(*NETWORKS[kind])
    manifest = Manifest(
        name="random",
        created_with="0",
        stride=network.stride,
        halo=halo(network),
        embedding=embedding_size(network),
        input=InputSpec(native=64, minimum=network.minimum_side),
    )
    return pack(folder, manifest, model=export_network(network), weights=None)


def inner(map_: NDArray[np.float32], px: int, stride: int) -> NDArray[np.float32]:
    """What lies more than so many px from the border."""
    cells = -(-px // stride)
    return map_[cells:-cells, cells:-cells]


def test_a_heatmap_is_what_the_network_says_at_once(model: Model, whole: Heatmap) -> None:
    raw = model.graph.run(photo(704, 864))
    assert whole.logits.shape == raw.map.shape
    assert whole.logits.dtype == np.float32
    assert not whole.tiled
    assert whole.skipped == 0
    # Farther in than the network sees, zeros around the photo and its reflection make no difference.
    one, other = (inner(map_, 288, whole.stride) for map_ in (whole.logits, raw.map))
    assert one.std() > 0.5
    assert np.abs(one - other).max() <= SAME


@pytest.mark.parametrize("kind", NETWORKS)
def test_every_network_that_training_makes_goes_in_stages(kind: str, tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path / "bundle", kind)
    pixels = photo(416, 448)
    made = load(bundle, threads=2)
    heat = made.heatmap(pixels, options=DenseOptions(memory_mib=48))
    raw = made.graph.run(pixels)
    assert not heat.tiled
    assert heat.logits.shape == raw.map.shape
    one, other = (inner(map_, min(bundle.manifest.halo, 176), heat.stride) for map_ in (heat.logits, raw.map))
    scale = max(1.0, float(np.abs(other).max()))
    assert np.abs(one - other).max() <= SAME * scale
    assert heat.embedding.shape == raw.embedding.shape


@pytest.mark.parametrize("memory", [8, 30, 400])
def test_memory_changes_nothing(model: Model, whole: Heatmap, memory: int) -> None:
    heat = model.heatmap(photo(704, 864), options=DenseOptions(memory_mib=memory, scales=1))
    assert np.abs(heat.logits - whole.logits).max() <= SAME
    assert np.abs(heat.embedding - whole.embedding).max() <= SAME


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_nothing(model: Model, whole: Heatmap, threads: int) -> None:
    heat = load(model.bundle, threads=threads, check=False).heatmap(photo(704, 864), options=ONE)
    assert np.abs(heat.logits - whole.logits).max() <= SAME


def test_a_photo_cut_elsewhere_says_the_same(model: Model, whole: Heatmap) -> None:
    part = model.heatmap(np.ascontiguousarray(photo(704, 864)[32:, 96:]), options=ONE)
    rows, columns = slice(288 // 4, 384 // 4), slice(288 // 4, 480 // 4)
    assert np.abs(part.logits[rows, columns] - whole.logits[8:, 24:][rows, columns]).max() <= SAME


def test_a_heatmap_agrees_with_patches_scored_one_by_one(model: Model, whole: Heatmap) -> None:
    pixels = photo(704, 864)
    for top, left in ((0, 0), (64, 192), (96, 256)):
        patch = np.ascontiguousarray(pixels[top : top + 608, left : left + 608])
        middle = model.graph.run(patch).map[72:80, 72:80]
        there = whole.logits[top // 4 + 72 : top // 4 + 80, left // 4 + 72 : left // 4 + 80]
        assert np.abs(middle - there).max() <= SAME


def test_two_scales_give_the_mean_of_both(model: Model, whole: Heatmap) -> None:
    pixels = photo(704, 864)
    half = model.heatmap(resize(pixels, 432, 352), options=ONE).logits
    both = model.heatmap(pixels, options=DenseOptions(scales=2)).logits
    assert both.shape == whole.logits.shape
    # A cell of the half map lies under four of the full one; enlarged bilinearly, their mean is nearly that cell again.
    rough = (2 * both - whole.logits).reshape(88, 2, 108, 2).mean((1, 3))
    assert np.corrcoef(rough.ravel(), half.ravel())[0, 1] > 0.95
    assert abs(rough.mean() - half.mean()) < 0.05


def test_a_patch_is_judged_alike_by_its_heatmap(model: Model) -> None:
    scores, tops = [], []
    for seed in range(12):
        pixels = generate(seed, (224, 224), seed % 2 == 0).pixels
        values = np.sort(model.heatmap(pixels).logits, axis=None)
        scores.append(model.score(pixels).score)
        tops.append(float(values[-47:].mean()))
    assert np.corrcoef(scores, tops)[0, 1] > 0.9


@settings(max_examples=40)
@given(height=st.integers(1, 150), width=st.integers(1, 150), coarse=st.booleans())
def test_every_pixel_of_any_size_is_covered(small: Model, fixed: Model, height: int, width: int, coarse: bool) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    for taken in (small, fixed):
        heat = taken.heatmap(pixels, options=DenseOptions(memory_mib=1, coarse=coarse))
        assert heat.logits.shape == (-(-height // STRIDE), -(-width // STRIDE))
        assert np.isfinite(heat.logits).all()
        assert np.isfinite(heat.embedding).all()


@settings(max_examples=30)
@given(
    seed=st.integers(0, 1000),
    height=st.integers(8, 40),
    width=st.integers(8, 40),
    top=st.integers(0, 5),
    left=st.integers(0, 5),
)
def test_cells_lie_where_their_pixels_do(small: Model, seed: int, height: int, width: int, top: int, left: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(100, 255, (STRIDE * height, STRIDE * width, 3), dtype=np.uint8)
    heat = small.heatmap(pixels).logits
    part = small.heatmap(np.ascontiguousarray(pixels[STRIDE * top :, STRIDE * left :])).logits
    assert np.abs(part[1:, 1:] - heat[top + 1 :, left + 1 :]).max() <= SAME
    # This network answers dark lines the same whichever way it looks at them.
    turned = small.heatmap(np.ascontiguousarray(np.rot90(pixels))).logits
    assert np.abs(turned - np.rot90(heat)).max() <= SAME
    assert np.abs(heat - small.graph.run(pixels).map)[1:-1, 1:-1].max() <= SAME


def test_a_network_of_one_size_is_tiled_and_says_so(fixed: Model) -> None:
    pixels = np.full((301, 517, 3), 180, np.uint8)
    pixels[150, 100:400] = 40
    heat = fixed.heatmap(pixels)
    assert heat.tiled
    hot = heat.logits > 0
    assert hot[150 // STRIDE, 104 // STRIDE : 396 // STRIDE].all()
    assert not hot[:36].any()
    assert not hot[39:].any()


def global_model() -> bytes:
    """The small model with its map shifted by the mean of the whole picture."""
    proto = onnx.load_model_from_string(small_model())
    nodes = list(proto.graph.node)
    nodes[7].output[0] = "local"
    nodes.insert(8, helper.make_node("ReduceMean", ["light", "plane"], ["mean"], keepdims=1))
    nodes.insert(9, helper.make_node("Sub", ["mean", "mean"], ["nothing"]))
    nodes.insert(10, helper.make_node("Add", ["local", "nothing"], ["map"]))
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    return bytes(proto.SerializeToString())


def test_a_network_that_sees_all_of_a_picture_is_tiled(small: Model, tmp_path: Path) -> None:
    made = load(pack(tmp_path / "global", small_manifest(), model=global_model(), weights=None))
    pixels = photo(203, 310)
    heat = made.heatmap(pixels)
    assert heat.tiled
    assert np.abs(heat.logits - small.heatmap(pixels).logits)[1:-1, 1:-1].max() <= 0.5


def test_tiles_blend_without_seams(fixed: Model, small: Model) -> None:
    pixels = photo(203, 310)
    one, other = fixed.heatmap(pixels).logits, small.heatmap(pixels).logits
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.95


def test_8_bits_go_the_same_way(tmp_path: Path) -> None:
    source = pack(tmp_path / "deep", small_manifest(), model=deep_model(), weights=None)
    rows = [write_png(photo(64, 64, seed, seed % 2 == 0), tmp_path / f"{seed}.png") for seed in range(50)]
    quantise(source.path, [str(tmp_path / f"{seed}.png") for seed in range(len(rows))], tmp_path / "int8", limit=16)
    made = load(tmp_path / "int8", threads=2)
    pixels = photo(416, 448)
    heat = made.heatmap(pixels, options=DenseOptions(memory_mib=17))
    assert not heat.tiled
    assert np.abs(inner(heat.logits, 16, STRIDE) - inner(made.graph.run(pixels).map, 16, STRIDE)).max() <= SAME


def late_model(depth: int = 40, channels: int = 64) -> bytes:
    """The small model with a wide layer before its map, and an embedding that is made after it."""
    proto = onnx.load_model_from_string(small_model(channels=channels))
    rng = np.random.default_rng(1)
    nodes = [node for node in proto.graph.node if node.output[0] not in ("gained", "map", "features", "active")]

    def convolve(before: str, after: str, width: int, deep: int) -> Any:
        kernel = (rng.normal(size=(width, deep, 3, 3)) * (2 / (9 * deep)) ** 0.5).astype(np.float32)
        proto.graph.initializer.append(numpy_helper.from_array(kernel, f"{after}.kernel"))
        return helper.make_node(
            "Conv", [before, f"{after}.kernel"], [after], kernel_shape=[3, 3], pads=[1, 1, 1, 1], name=after
        )

    at = next(place for place, node in enumerate(nodes) if node.output[0] == "score")
    made = [convolve("cells", "wide", 9, 1), convolve("wide", "map", 1, 9)]
    deep = ["cells", *(f"deep.{number}" for number in range(depth))]
    later = [convolve(*pair, channels, 1 if pair[0] == "cells" else channels) for pair in pairwise(deep)]
    nodes[-1].input[0] = deep[-1]
    del proto.graph.node[:]
    proto.graph.node.extend([*nodes[:at], *made, nodes[at], *later, *nodes[at + 1 :]])
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString())


def test_what_is_made_after_the_map_does_not_hide_it(tmp_path: Path) -> None:
    manifest = msgspec.structs.replace(small_manifest(), embedding=64)
    made = load(pack(tmp_path / "late", manifest, model=late_model(), weights=None))
    pixels = photo(160, 192)
    heat = made.heatmap(pixels)
    assert not heat.tiled
    assert np.abs(inner(heat.logits, 32, STRIDE) - inner(made.graph.run(pixels).map, 32, STRIDE)).max() <= SAME


def half_cracked() -> NDArray[np.uint8]:
    """A photo whose left half is plain and whose right half is cracked."""
    return np.concatenate([np.full((1024, 768, 3), 170, np.uint8), photo(1024, 512, 3)], axis=1)


def test_what_leaves_no_doubt_is_skipped_and_the_rest_is_seen(model: Model) -> None:
    fine = model.heatmap(half_cracked())
    heat = model.heatmap(half_cracked(), options=DenseOptions(coarse=True))
    assert 0.4 < heat.skipped < 1
    crack = fine.logits > model.manifest.mask_threshold
    assert crack.any()
    assert (heat.logits > model.manifest.mask_threshold)[crack].mean() > 0.9


def test_parts_of_a_photo_do_not_depend_on_blocks(model: Model) -> None:
    heats = [
        model.heatmap(half_cracked(), options=DenseOptions(coarse=True, memory_mib=memory)) for memory in (20, 40, 300)
    ]
    for heat in heats[1:]:
        assert heat.skipped == heats[0].skipped
        assert np.abs(heat.logits - heats[0].logits).max() <= SAME


@pytest.mark.parametrize(("limit", "skipped"), [(1e9, 0.0), (-1e9, 1.0)])
def test_the_limit_of_doubt_decides(model: Model, whole: Heatmap, limit: float, skipped: float) -> None:
    heat = model.heatmap(photo(704, 864), options=DenseOptions(coarse=True, doubt_logits=limit, scales=1))
    assert heat.skipped == skipped
    assert heat.logits.shape == whole.logits.shape
    assert (np.abs(heat.logits - whole.logits).max() <= SAME) == (skipped == 0)


def test_small_photos_are_seen_at_full_scale(model: Model) -> None:
    pixels = photo(200, 230)
    heat = model.heatmap(pixels, options=DenseOptions(coarse=True))
    assert heat.skipped == 0
    assert np.array_equal(heat.logits, model.heatmap(pixels).logits)


def test_a_stride_that_the_graph_does_not_have_is_not_trusted(tmp_path: Path) -> None:
    manifest = msgspec.structs.replace(small_manifest(), stride=2 * STRIDE)
    made = load(pack(tmp_path / "lies", manifest, model=small_model(), weights=None))
    assert made.heatmap(photo(64, 64)).tiled


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 12))
def test_every_place_in_doubt_is_seen(small: Model, seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = np.full((640, 768, 3), 180, np.uint8)
    for _ in range(count):
        row, column = int(rng.integers(8, 620)), int(rng.integers(8, 740))
        pixels[row : row + 3, column : column + 20] = 30
    fine = small.heatmap(pixels).logits
    heat = small.heatmap(pixels, options=DenseOptions(coarse=True, memory_mib=17))
    assert heat.skipped > 0
    hot = fine > small.manifest.mask_threshold
    assert hot.any()
    assert np.abs(heat.logits - fine)[hot].max() <= SAME


@settings(max_examples=60)
@given(cells=arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))), side=st.integers(1, 5))
def test_a_square_holds_what_any_of_its_cells_holds(cells: NDArray[np.bool_], side: int) -> None:
    rows, columns = (-(-length // side) for length in cells.shape)
    there = {(row // side, column // side) for row, column in np.argwhere(cells).tolist()}
    expected = [[(row, column) in there for column in range(columns)] for row in range(rows)]
    assert any_in(cells, side).tolist() == expected


def in_doubt(rough: NDArray[np.float32], least: float, doubt: float) -> set[tuple[int, int]]:
    """The cells from which a way leads, over cells that come near, to one that reaches the least logit."""
    near = {(row, column) for row, column in np.argwhere(rough >= least - doubt).tolist()}
    found, at_hand = set(), [place for place in near if rough[place] >= least]
    while at_hand:
        row, column = at_hand.pop()
        if (row, column) in near and (row, column) not in found:
            found.add((row, column))
            at_hand += [(row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return found


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 12), doubt=st.floats(0, 4))
def test_seen_again_is_what_hangs_together_with_a_suspicious_place_and_nothing_else(
    small: Model, seed: int, count: int, doubt: float
) -> None:
    rng = np.random.default_rng(seed)
    pixels = np.full((630, 770, 3), 180, np.uint8)
    for _ in range(count):
        # Down a stair, ever paler: its last cells hang together by their corners.
        row, column, shade = int(rng.integers(8, 540)), int(rng.integers(8, 680)), int(rng.integers(20, 120))
        for step in range(8):
            place = pixels[row + 8 * step : row + 8 * step + 6, column + 8 * step : column + 8 * step + 6]
            place[...] = min(170, shade + 10 * step)
    fine, half = small.heatmap(pixels, options=ONE).logits, small.heatmap(halved(pixels), options=ONE).logits
    rough, least = grown(half, fine.shape), small.manifest.mask_threshold
    squares = plan(dissect(small.bundle.model)).grain // STRIDE
    again = np.zeros(fine.shape, np.bool_)
    for row, column in in_doubt(rough, least, doubt):
        # 8 px around, and whole squares, since the graph is run on these alone.
        above, left = (max(0, place - 2) // squares * squares for place in (row, column))
        below, right = (
            (min(place + 2, end - 1) // squares + 1) * squares
            for place, end in zip((row, column), fine.shape, strict=True)
        )
        again[above:below, left:right] = True
    heat = small.heatmap(pixels, options=DenseOptions(coarse=True, doubt_logits=doubt, scales=1))
    assert heat.skipped == pytest.approx(1 - again.mean())
    assert np.abs(heat.logits - np.where(again, fine, rough)).max() <= SAME
