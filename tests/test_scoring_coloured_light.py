"""In coloured light pictures are seen in grey; what is coloured itself stays as it is."""

import io
import json
import re
import shutil
import textwrap
from dataclasses import replace
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from crackscope.cli import main
from crackscope.images import write_png
from crackscope.inspection import InspectOptions, inspect_photo, open_photo
from crackscope.scoring import COLOURED, Facing, Model, cast, load, out_of_coloured_light
from crackscope.surfaces import CrackSpec, SurfaceSpec, generate, make

LIGHTS = {"sodium": (1.0, 0.45, 0.01), "green": (0.12, 1.0, 0.15), "blue": (0.1, 0.25, 1.0), "red": (1.0, 0.04, 0.04)}
FIRST_SEED, COUNT = 8_100_000, 40
"""Nothing was fitted on these seeds."""
SEEDS = range(FIRST_SEED, FIRST_SEED + COUNT)
FINE = CrackSpec((0.9, 1.4), contrast=0.4)
"""Cracks that are hardly seen: plain ones are found in any light."""
FADING = np.linspace(0.8, 0.5, 61)
"""Shares of blue, from a colour that stays to one that is all taken out."""
shares = st.floats(0.05, 1)


@pytest.fixture(scope="module")
def model() -> Model:
    return load()


@pytest.fixture(scope="module")
def blind(model: Model) -> Model:
    """The same bundle without a limit for colour."""
    manifest = msgspec.structs.replace(model.manifest, coloured=0.0)
    return load(replace(model.bundle, manifest=manifest), check=False)


@pytest.fixture(scope="module")
def daylight() -> np.ndarray:
    return generate(FIRST_SEED, (896, 640), cracked=True, kind="concrete").pixels


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a patch in daylight and the same under a sodium lamp."""
    folder = tmp_path_factory.mktemp("two")
    pixels = generate(FIRST_SEED, (224, 224), cracked=True, kind="concrete").pixels
    write_png(pixels, folder / "grey.png")
    write_png(lit(pixels, LIGHTS["sodium"]), folder / "orange.png")
    return folder


def concrete(seed: int, side: int = 64) -> np.ndarray:
    rng = np.random.default_rng(seed)
    grey = rng.normal(140, 12, (side, side, 1)) + rng.normal(0, 2, (side, side, 3))
    return np.clip(grey, 0, 255).astype(np.uint8)


def lit(pixels: np.ndarray, light: tuple[float, float, float]) -> np.ndarray:
    """As a camera saves a picture in this light: each colour by its share, noise, JPEG."""
    seen = 255 * ((pixels / 255) ** 2.2 * np.array(light)) ** (1 / 2.2)
    seen += np.random.default_rng(0).normal(0, 3, pixels.shape)
    file = io.BytesIO()
    Image.fromarray(np.clip(np.rint(seen), 0, 255).astype(np.uint8)).save(file, "JPEG", quality=80)
    return np.array(Image.open(file))


def called(model: Model, pictures: list[np.ndarray]) -> float:
    return [model.predict(pixels).verdict for pixels in pictures].count("crack") / len(pictures)


@pytest.fixture(scope="module")
def cracked() -> list[np.ndarray]:
    return [make(SurfaceSpec(seed=seed, kind="concrete", crack=FINE)).pixels for seed in SEEDS]


@pytest.fixture(scope="module")
def sound() -> list[np.ndarray]:
    return [generate(seed, cracked=False, kind="concrete").pixels for seed in SEEDS]


@pytest.fixture(scope="module")
def found_in_daylight(model: Model, cracked: list[np.ndarray]) -> float:
    return called(model, [lit(pixels, (1, 1, 1)) for pixels in cracked])


def told(lines: list[str]) -> dict[str, bool]:
    """What JSON lines say of each picture, by its name."""
    said = [json.loads(line) for line in lines]
    return {Path(one["path"] if "path" in one else one["photo"]).name: one["in_grey"] for one in said}


class TestWhatIsTakenOut:
    @pytest.mark.parametrize("light", LIGHTS.values())
    def test_the_colour_of_the_light(self, light):
        daylight = generate(FIRST_SEED, (128, 128), kind="concrete").pixels
        seen = out_of_coloured_light(lit(daylight, light), COLOURED)
        assert seen.dtype == np.uint8
        assert (seen == seen[..., :1]).all()
        plain = lit(daylight, (1, 1, 1)).mean(-1).ravel()
        assert np.corrcoef(plain, seen[..., 0].ravel())[0, 1] > 0.85

    def test_weak_colours_count_little(self):
        """What is left of blue under sodium lamps is noise."""
        orange = np.stack([concrete(2)[..., 0], concrete(2)[..., 0] // 2, np.zeros((64, 64), np.uint8)], -1)
        noisy = orange.copy()
        noisy[..., 2] = np.random.default_rng(3).integers(0, 12, (64, 64))
        left, there = (out_of_coloured_light(one, COLOURED).astype(int) for one in (orange, noisy))
        assert np.abs((left - left.mean()) - (there - there.mean())).max() <= 3

    @given(seed=st.integers(0, 99), light=st.tuples(shares, shares, shares), turn=st.integers(0, 7))
    def test_the_same_however_the_picture_is_held(self, seed, light, turn):
        held = Facing(*(bool(turn >> bit & 1) for bit in range(3)))
        pixels = np.rint(concrete(seed) * np.array(light)).astype(np.uint8)
        one, other = out_of_coloured_light(held.turned(pixels), COLOURED), out_of_coloured_light(pixels, COLOURED)
        # Means of places that are summed in another order may round to the other side.
        assert np.abs(one.astype(int) - held.turned(other)).max() <= 1

    def test_a_little_more_colour_changes_a_little(self):
        grey = concrete(4).astype(float)
        steps = [out_of_coloured_light(np.rint(grey * [1, 1, blue]).astype(np.uint8), COLOURED) for blue in FADING]
        moved = [np.abs(one.astype(int) - other).mean() for one, other in zip(steps[1:], steps[:-1], strict=True)]
        assert max(moved) < 3
        assert cast(steps[-1]) == 1

    @pytest.mark.parametrize("light", [(1, 1, 1), (1, 0.8, 0.5), *LIGHTS.values()])
    def test_the_lines_in_the_docs_for_who_runs_the_graph_alone(self, model, light):
        text = (Path(__file__).parents[1] / "docs" / "predictions.md").read_text(encoding="utf-8")
        (lines,) = re.findall(r"    levels = .*?clip\(0, 255\)\n", text, re.S)
        pixels = lit(generate(FIRST_SEED + 1, (227, 227)).pixels, light)
        known = {"pixels": pixels, "cv2": cv2, "height": 227, "width": 227}
        exec(textwrap.dedent(lines), known)  # our own docs, as a reader would run them
        assert np.abs(known["seen"] - model.in_plain_light(pixels)).max() <= 1


class TestWhatStays:
    @pytest.mark.parametrize("seed", range(4))
    def test_a_picture_in_daylight_is_the_very_same(self, seed):
        pixels = concrete(seed)
        assert out_of_coloured_light(pixels, COLOURED) is pixels

    def test_a_bundle_without_a_limit_changes_nothing(self, blind):
        orange = lit(concrete(1), LIGHTS["sodium"])
        assert blind.in_plain_light(orange) is orange

    def test_what_is_coloured_in_places(self):
        """Red bricks, grey mortar: the picture is as red as one in red light."""
        bricks = concrete(5)
        bricks[np.arange(64) % 16 > 3] = concrete(6)[np.arange(64) % 16 > 3] * np.array([1, 0.5, 0.4])
        assert cast(bricks) > COLOURED + 0.2
        assert out_of_coloured_light(bricks, COLOURED) is bricks

    @pytest.mark.parametrize("shape", [(1, 1), (1, 40), (9, 3)])
    @pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (255, 0, 0), (9, 2, 0)])
    def test_the_size_of_whatever_there_is(self, shape, colour):
        seen = out_of_coloured_light(np.full((*shape, 3), colour, np.uint8), COLOURED)
        assert seen.shape == (*shape, 3)


class TestVerdicts:
    @pytest.mark.parametrize("name", LIGHTS)
    def test_cracks_are_found_as_in_daylight(self, model, blind, cracked, sound, found_in_daylight, name):
        seen = [lit(pixels, LIGHTS[name]) for pixels in cracked]
        assert called(model, seen) >= found_in_daylight - 0.1
        assert called(model, seen) > called(blind, seen)
        assert called(model, [lit(pixels, LIGHTS[name]) for pixels in sound]) <= 0.1

    def test_scores_and_embeddings_are_those_of_the_picture_as_it_is_seen(self, model, blind):
        orange = lit(generate(FIRST_SEED, cracked=True).pixels, LIGHTS["sodium"])
        grey = model.in_plain_light(orange)
        assert model.score(orange).score == blind.score(grey).score
        assert np.array_equal(model.embed(orange), blind.embed(grey))
        assert model.predict(orange).probability == blind.predict(grey).probability


class TestPhotos:
    @pytest.mark.parametrize("name", ["sodium", "blue"])
    def test_found_and_measured_as_in_daylight_and_shown_as_they_are(self, model, daylight, name):
        before = inspect_photo(model, open_photo(lit(daylight, (1, 1, 1)))).record
        orange = lit(daylight, LIGHTS[name])
        inspection = inspect_photo(model, open_photo(orange))
        after = inspection.record
        assert before.verdict == after.verdict == "crack"
        (length, width), (length_there, width_there) = (
            (sum(zone.length_px for zone in one.zones), one.zones[0].width_median_px.value) for one in (before, after)
        )
        assert length_there == pytest.approx(length, rel=0.15)
        assert width_there == pytest.approx(width, rel=0.2)
        assert np.array_equal(inspection.photo.upright(), orange)
        assert model.predict(orange).verdict == "crack"

    def test_a_frame_around_a_photo_in_coloured_light_is_put_back(self, model, daylight):
        orange = lit(daylight, LIGHTS["sodium"])
        framed = np.pad(orange, ((80, 80), (0, 0), (0, 0)))
        inspection = inspect_photo(model, open_photo(framed), InspectOptions(all_zones=True))
        assert inspection.photo.lit is not None
        assert np.array_equal(inspection.photo.upright(), framed)
        assert np.array_equal(inspection.photo.upright_over(), framed), "in the memory of its pixels, too"

    def test_a_photo_in_daylight_is_kept_once(self, model, daylight):
        photo = open_photo(daylight)
        assert photo.in_plain_light(model) is photo

    @pytest.mark.parametrize("seed", [14, 16])
    def test_what_fills_a_void_says_nothing_of_the_light(self, model, seed):
        """It is of one colour, as only light is: brickwork in a square that stands on its corner stays as it is."""
        bricks = generate(seed, (600, 600), cracked=False, kind="brick").pixels
        assert cast(bricks) > COLOURED + 0.1
        rows, columns = abs(np.mgrid[:600, :600] - 299.5)
        for one in (bricks, np.where((rows + columns < 295)[..., None], bricks, np.uint8(0))):
            assert not model.predict(one).in_grey
            assert not inspect_photo(model, open_photo(one)).record.in_grey


class TestWhatIsSaid:
    @pytest.mark.parametrize("sides", [(224, 224), (896, 640)])
    def test_predictions_say_whether_the_picture_was_seen_in_grey(self, model, blind, sides):
        pixels = generate(FIRST_SEED, sides, cracked=True, kind="concrete").pixels
        orange = lit(pixels, LIGHTS["sodium"])
        assert [one.predict(seen).in_grey for one in (model, blind) for seen in (pixels, orange)] == [0, 1, 0, 0]

    def test_so_does_one_of_a_picture_that_cannot_be_judged(self, model):
        said = model.predict(np.full((224, 224, 3), (200, 90, 2), np.uint8))
        assert (said.verdict, said.in_grey) == ("cannot judge", True)

    def test_lines_of_predict(self, two, capsys):
        assert main(["predict", str(two), "--jsonl"]) == 0
        assert told(capsys.readouterr().out.splitlines()) == {"grey.png": False, "orange.png": True}

    def test_findings_and_report_and_a_journal_of_before_the_key(self, two, tmp_path):
        out = tmp_path / "out"
        call = ["inspect", str(two), "-o", str(out), "--quiet"]
        assert main(call) == 0
        lines = (out / "findings.jsonl").read_text().splitlines()
        assert told(lines) == {"grey.png": False, "orange.png": True}
        said = "seen in grey: its light has a strong colour"
        page = (out / "index.html").read_text()
        assert said in page
        journal = out / "inspection.jsonl"
        without = journal.read_text().replace(',"in_grey":true', "").replace(',"in_grey":false', "")
        assert "in_grey" not in without
        journal.write_text(without)
        assert main([*call, "--resume"]) == 0
        assert told((out / "findings.jsonl").read_text().splitlines()) == {"grey.png": False, "orange.png": False}
        assert journal.read_text() == without
        assert said not in (out / "index.html").read_text()

    @pytest.mark.parametrize("command", ["predict", "inspect"])
    def test_a_line_below_the_table(self, two, tmp_path, capsys, command):
        words = ["-o", str(tmp_path / "out")] if command == "inspect" else []
        one = "photo" if command == "inspect" else "picture"
        orange = two / "orange.png"
        said = f"1 of 2 {one}s was seen in grey ({orange}): its light has a strong colour\n"
        assert main([command, str(two), *words]) == 0
        table, line, _ = capsys.readouterr().out.partition(said)
        assert line
        assert f"2 {one}s: " in table
        shutil.copy(orange, tmp_path / "more.png")
        given = [str(orange), str(tmp_path / "more.png")]
        assert main([command, *given, *(["-o", str(tmp_path / "both")] if words else [])]) == 0
        said = f"2 of 2 {one}s were seen in grey ({orange}, ...): their light has a strong colour\n"
        assert said in capsys.readouterr().out
        assert main([command, str(orange), *(["-o", str(tmp_path / "alone")] if words else [])]) == 0
        said = f"the only {one} was seen in grey ({orange}): its light has a strong colour\n"
        assert said in capsys.readouterr().out
        assert main([command, str(two / "grey.png"), *(["-o", str(tmp_path / "grey")] if words else [])]) == 0
        assert "in grey" not in capsys.readouterr().out

    @pytest.mark.parametrize("coloured", [False, True])
    def test_explain_of_a_photo_tells_it_on_the_terminal_and_on_its_page(self, daylight, tmp_path, capsys, coloured):
        write_png(lit(daylight, LIGHTS["sodium"]) if coloured else daylight, tmp_path / "photo.png")
        assert main(["explain", str(tmp_path / "photo.png"), "-o", str(tmp_path / "out")]) == 0
        said = "seen in grey: its light has a strong colour"
        terminal = " ".join(capsys.readouterr().out.split())
        assert "as a patch" not in terminal
        assert (said in terminal) is coloured
        assert (f"<li>{said}</li>" in (tmp_path / "out" / "index.html").read_text()) is coloured

    @pytest.mark.parametrize("name", ["grey", "orange"])
    def test_what_explain_writes(self, two, tmp_path, name):
        assert main(["explain", str(two / f"{name}.png"), "-o", str(tmp_path / "out"), "--quiet"]) == 0
        assert json.loads((tmp_path / "out" / "explain.json").read_text())["in_grey"] is (name == "orange")

    @pytest.mark.parametrize(
        ("name", "seen"), [("grey", "as it is"), ("orange", "in grey, since its light has a strong colour")]
    )
    def test_why_a_patch_and_a_photo_may_differ(self, two, tmp_path, capsys, name, seen):
        assert main(["explain", str(two / f"{name}.png"), "-o", str(tmp_path / "out")]) == 0
        sentence = f"as a patch it is seen once, {seen}, and held against a threshold"
        assert sentence in " ".join(capsys.readouterr().out.split())
        assert sentence in (tmp_path / "out" / "index.html").read_text()
