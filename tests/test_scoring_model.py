"""Pictures in, records out: the picture alone decides, whatever the way in."""

import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

import crackscope
from crackscope.bundles import Bundle, QualityRule, VerdictRule, open_bundle
from crackscope.errors import BundleError, ImageError
from crackscope.images import write_png
from crackscope.records import Prediction, Unread
from crackscope.scoring import Model, Runner, load, pack, predict, quality
from crackscope.scoring.tiling import cut
from tests.small_bundle import STRIDE, small_manifest, small_model, write_small_bundle


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_bundle(tmp_path_factory.mktemp("bundles") / "small").path


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return load(folder, threads=2)


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(write_small_bundle(tmp_path_factory.mktemp("bundles") / "fixed", fixed=True).path, threads=2)


def wall(height: int, width: int, seed: int = 0, line: int | None = None) -> NDArray[np.uint8]:
    """A pale surface with faint texture; a dark line across it at the row `line`."""
    pixels = np.random.default_rng(seed).integers(178, 183, (height, width, 3), dtype=np.uint8)
    if line is not None:
        pixels[line] = 60
    return pixels


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    place = tmp_path_factory.mktemp("pictures")
    for number in range(24):
        write_png(wall(40 + number, 64, number, 20 if number % 3 == 0 else None), place / f"{number:02}.png")
    return sorted(map(str, place.iterdir()))


def bare(record: Prediction | Unread) -> tuple[str, float]:
    assert isinstance(record, Prediction)
    return record.verdict, record.probability


def test_lines_are_cracks_to_the_small_network(model: Model) -> None:
    assert model.predict(wall(64, 64, line=30)).verdict == "crack"
    assert model.predict(wall(64, 64)).verdict == "sound"


def test_every_way_in_gives_the_same(model: Model, folder: Path, pictures: list[str]) -> None:
    path = pictures[0]
    data = Path(path).read_bytes()
    picture = Image.open(path)
    wanted = bare(model.predict(path))
    for source in (Path(path), data, io.BytesIO(data), np.asarray(picture), picture):
        assert bare(model.predict(source)) == wanted
    assert bare(predict(path, folder)) == bare(predict(path, open_bundle(folder))) == wanted
    assert bare(crackscope.load(folder).predict(path)) == wanted
    assert model.probability(model.score(np.asarray(picture)).score) == wanted[1]


def test_threads_and_company_change_nothing(folder: Path, model: Model, pictures: list[str]) -> None:
    alone = [bare(model.predict(path)) for path in pictures]
    for threads in (1, 2, 5):
        many = load(folder, threads=threads)
        assert [bare(record) for record in many.predict_all(pictures)] == alone
        assert [bare(record) for record in many.predict_all(reversed(pictures))] == alone[::-1]


@pytest.mark.parametrize("count", [1, 2, 9, 61])
def test_small_ones_read_ahead_and_large_ones_between_keep_their_order(
    folder: Path, pictures: list[str], count: int
) -> None:
    large, missing = wall(1100, 1000, line=500), "none.png"
    sources = [(pictures[0], large, missing, pictures[1], pictures[2])[number * number % 5] for number in range(count)]
    for threads in (1, 2):
        model = load(folder, threads=threads)
        alone = {id(source): bare(model.predict(source)) for source in sources if source is not missing}
        records = list(model.predict_all(sources))
        assert len(records) == count
        for source, record in zip(sources, records, strict=True):
            assert isinstance(record, Unread) if source is missing else bare(record) == alone[id(source)]


def test_a_record_says_what_was_seen(model: Model, pictures: list[str]) -> None:
    record = model.predict(pictures[3])
    assert (record.path, record.width, record.height, record.tiles) == (pictures[3], 64, 43, 1)
    assert record.seconds > 0


def test_what_cannot_be_read_does_not_stop_the_rest(model: Model, pictures: list[str], tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "cut.png").write_bytes(Path(pictures[0]).read_bytes()[:200])
    sources = [
        pictures[0],
        str(tmp_path / "text.jpg"),
        pictures[1],
        str(tmp_path / "none.png"),
        str(tmp_path / "cut.png"),
    ]
    records = list(model.predict_all([*sources, pictures[2]]))
    assert [record.path for record in records] == [*sources, pictures[2]]
    kinds = [record.error.kind for record in records if isinstance(record, Unread)]
    assert kinds[:2] == ["not-a-picture", "missing"]
    assert len(kinds) == 3
    with pytest.raises(ImageError):
        model.predict(tmp_path / "none.png")


def test_a_defect_in_one_does_not_lose_the_others(model: Model, pictures: list[str]) -> None:
    records = list(model.predict_all([pictures[0], 7, pictures[1]]))  # type: ignore[list-item]  # what is no source
    assert [isinstance(record, Prediction) for record in records] == [True, False, True]


def test_sources_are_drawn_a_few_ahead_only(model: Model, pictures: list[str]) -> None:
    drawn = []

    def endless() -> Iterator[str]:
        while True:
            drawn.append(1)
            yield pictures[0]

    answers = model.predict_all(endless())
    next(answers)
    assert len(drawn) < 50
    answers.close()


def test_stopping_early_ends_the_threads(folder: Path) -> None:
    model = load(folder, threads=2)
    before = threading.active_count()
    answers = model.predict_all(wall(1500, 1500, seed) for seed in range(1000))
    next(answers)
    answers.close()
    for thread in threading.enumerate():
        if thread.name.startswith("crackscope_"):
            thread.join(20)
    assert threading.active_count() <= before + 2


def test_an_error_of_the_caller_s_sources_is_raised(model: Model, pictures: list[str]) -> None:
    def broken() -> Iterator[str]:
        yield pictures[0]
        raise RuntimeError("the list ends here")

    with pytest.raises(RuntimeError, match="the list ends here"):
        list(model.predict_all(broken()))


@pytest.mark.parametrize("row", [0, 63, 64, 200, 341, 516])
@pytest.mark.parametrize("kind", ["free", "fixed"])
def test_a_line_anywhere_in_a_photo_is_seen(model: Model, fixed: Model, kind: str, row: int) -> None:
    photo = wall(517, 301)
    assert (model if kind == "free" else fixed).predict(photo).verdict == "sound"
    photo[row, 120:180] = 40
    record = (model if kind == "free" else fixed).predict(photo)
    assert record.verdict == "crack"
    assert record.tiles > 1


def test_a_photo_takes_the_largest_of_its_tiles(model: Model) -> None:
    photo = wall(400, 300, line=222)
    scored = model.score(photo)
    assert scored.tiles > 1
    assert scored.where.top <= 222 < scored.where.top + scored.where.height
    assert scored.map.shape == (100, 75)
    assert np.isfinite(scored.map).all()
    assert scored.map.max() == pytest.approx(scored.score)
    assert abs(int(scored.map.max(axis=1).argmax()) - 222 // STRIDE) <= 1
    assert model.predict(photo).probability == model.probability(scored.score)


def test_a_photo_is_the_same_on_any_number_of_threads(folder: Path) -> None:
    photo = wall(700, 900, line=333)
    answers = [load(folder, threads=threads).score(photo) for threads in (1, 2, 4)]
    for answer in answers[1:]:
        assert answer.score == answers[0].score
        assert np.array_equal(answer.map, answers[0].map)
        assert np.array_equal(answer.embedding, answers[0].embedding)


@settings(max_examples=40)
@given(height=st.integers(1, 150), width=st.integers(1, 150))
def test_any_size_is_taken(model: Model, fixed: Model, height: int, width: int) -> None:
    for taken in (model, fixed):
        scored = taken.score(wall(height, width))
        assert scored.map.shape == (-(-height // STRIDE), -(-width // STRIDE))
        assert np.isfinite(scored.map).all()
        assert np.isfinite(scored.embedding).all()
    assert (model.score(wall(height, width)).tiles == 1) == (max(height, width) <= 128)


@pytest.mark.parametrize(("top_share", "largest"), [(0.015, 128), (1.0, 80)])
def test_a_mean_over_the_picture_is_not_taken_over_one_much_larger(
    tmp_path: Path, top_share: float, largest: int
) -> None:
    manifest = msgspec.structs.replace(small_manifest(), verdict=VerdictRule(top_share=top_share))
    model = load(pack(tmp_path / "averaged", manifest, model=small_model(), weights=None), threads=1)
    assert [model.predict(wall(64, side)).tiles > 1 for side in (largest, largest + 1)] == [False, True]
    assert [model.score(wall(side, 64)).tiles > 1 for side in (largest, largest + 1)] == [False, True]


def test_neighbouring_tiles_share_an_eighth_of_a_side() -> None:
    """So that a crack in the border of one lies well within another."""
    tiles = cut(64, 1000, small_manifest(64).input)
    lefts = [tile.left for tile in tiles]
    assert lefts[-1] == 1000 - 64
    assert [after - before for before, after in pairwise(lefts[:-1])] == [56] * (len(lefts) - 2)


def test_extreme_shapes_are_taken(model: Model, fixed: Model) -> None:
    for shape in ((1, 3000), (3000, 1), (17, 2000)):
        for taken in (model, fixed):
            assert taken.predict(wall(*shape)).tiles > 1


def test_embeddings_are_those_of_the_picture(model: Model) -> None:
    pixels = wall(64, 64, line=10)
    vector = model.embed(pixels)
    assert vector.shape == (8,)
    assert vector.dtype == np.float32
    assert np.array_equal(vector, model.score(pixels).embedding)


def test_the_threshold_of_the_bundle_decides(tmp_path: Path) -> None:
    lenient = load(write_small_bundle(tmp_path / "lenient", threshold=0.0).path)
    assert lenient.predict(wall(64, 64)).verdict == "crack"


def test_probabilities_stay_between_0_and_1(model: Model) -> None:
    scores = [-1e9, -800.0, -5.0, 0.0, 5.0, 800.0, 1e9]
    found = [model.probability(score) for score in scores]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (0.0, 1.0)
    with pytest.raises(BundleError, match="NaN"):
        model.probability(float("nan"))


def test_a_runner_gives_the_first_output_whatever_else_runs(folder: Path, model: Model) -> None:
    runner = Runner((folder / "model.onnx").read_bytes())
    pictures = [wall(32 + 4 * (number % 5), 32, number) for number in range(30)]
    alone = [model.graph.score(pixels) for pixels in pictures]
    with ThreadPoolExecutor(3) as pool:
        assert [float(answer) for answer in pool.map(runner.run, pictures)] == alone


def test_bytes_that_are_no_graph_are_refused() -> None:
    with pytest.raises(BundleError, match="cannot be run"):
        Runner(b"nothing")


def test_threads_below_one_are_refused(folder: Path) -> None:
    with pytest.raises(BundleError, match="threads is 0: it must be 1 or more"):
        load(folder, threads=0)


@pytest.mark.parametrize("way", ["score", "heatmap"])
def test_other_arrays_than_pixels_are_refused(model: Model, way: str) -> None:
    pixels = np.full((64, 64, 3), 90, np.uint8)
    for other in (pixels / 255, pixels[..., 0], pixels[..., :2], pixels[:0]):
        with pytest.raises(ImageError, match=r"give uint8 \[h, w, 3\] RGB") as caught:
            getattr(model, way)(other)
        assert caught.value.kind == "unsupported"


def limited(whole: Bundle, rule: QualityRule) -> Bundle:
    """The same bundle with limits for pictures."""
    return replace(whole, manifest=msgspec.structs.replace(whole.manifest, verdict=VerdictRule(quality=rule)))


def blurred(side: int) -> NDArray[np.uint8]:
    """A dark square with edges some 12 px wide, uint8 [side, side, 3]."""
    drawn = np.full((side, side, 3), 200, np.uint8)
    drawn[side // 4 : -side // 4, side // 4 : -side // 4] = 60
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), 6), np.uint8)


def test_a_bundle_that_goes_by_its_threshold_refuses_what_its_limits_say(tmp_path: Path) -> None:
    whole = write_small_bundle(tmp_path / "b", threshold=0.0)
    asking = limited(whole, QualityRule(dark=0.6, smallest_px=32, blurred_px=3.0))
    grey = np.full((64, 64, 3), 128, np.uint8)
    for pixels, reason in ((grey, ""), (grey // 64, "too dark"), (grey[:20], "too small"), (blurred(400), "blurred")):
        assert load(whole).predict(pixels).verdict == "crack"
        said = load(asking).predict(pixels)
        assert said.reason.partition(":")[0] == reason
        assert (said.verdict, said.threshold) == (("cannot judge", None) if reason else ("crack", 0.0))


def test_a_bundle_that_goes_by_its_threshold_does_not_ask_for_the_blur_of_a_patch(tmp_path: Path) -> None:
    asking = load(limited(write_small_bundle(tmp_path / "b", threshold=0.0), QualityRule(blurred_px=3.0)))
    assert quality(blurred(64)).sharpness_px > 3
    assert asking.predict(blurred(64)).verdict == "crack"
    assert asking.predict(blurred(400)).verdict == "cannot judge"
