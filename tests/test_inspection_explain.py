"""The evidence for a verdict: the activation map, and what is said once a zone is painted over."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscope import images, surfaces
from crackscope.cli import main
from crackscope.errors import InspectionError
from crackscope.inspection import InspectOptions, explain, inspect_photo, open_photo, paint_over
from crackscope.inspection.activation import probabilities, touched_cells
from crackscope.inspection.again import Again
from crackscope.inspection.painting import places, surroundings
from crackscope.inspection.window import Window
from crackscope.scoring import DenseOptions, Heatmap, Model, facing_of, load
from tests.small_bundle import write_small_bundle
from tests.small_page import Page


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(write_small_bundle(tmp_path_factory.mktemp("bundle") / "small"))


def wall(*lines: int, side=160) -> np.ndarray:
    """A plain wall with upright dark lines, 4 px wide, from these columns on."""
    rng = np.random.default_rng(5)
    pixels = np.clip(rng.normal(180, 1.0, (side, side, 1)), 0, 255).astype(np.uint8).repeat(3, axis=2)
    for column in lines:
        pixels[20:-20, column : column + 4] = 60
    return pixels


def test_painting_over_the_only_crack_takes_it_away(model):
    evidence = explain(model, open_photo(wall(60)))
    photo, (painted,) = evidence.explanation.photo, evidence.explanation.painted
    assert len(photo.zones) == 1
    assert painted.zone == 1
    assert painted.probability < 0.5 < photo.probability
    assert painted.zone_after < 0.5 * painted.zone_before
    assert abs(painted.control - photo.probability) < 0.05
    assert 0 < painted.share < 0.2


def test_the_blurred_edge_of_a_crack_goes_with_it(model):
    pixels = wall(60)
    evidence = explain(model, open_photo(pixels))
    assert evidence.explanation.painted[0].window == (0, 0, 160, 160)
    (columns,) = np.nonzero((evidence.pictures[1] != pixels).any(axis=(0, 2)))
    assert columns.min() <= 57
    assert columns.max() >= 66


def test_painting_over_one_of_two_leaves_the_other(model):
    evidence = explain(model, open_photo(wall(40, 110)))
    one, two, both = evidence.explanation.painted
    assert (one.zone, two.zone, both.zone) == (1, 2, 0)
    assert min(one.probability, two.probability) > both.probability
    assert both.probability < 0.5
    assert set(evidence.pictures) == {0, 1, 2}


def test_pictures_show_the_surroundings_of_each_zone_and_the_whole_for_all(model):
    pixels = wall(200, 900, side=1000)
    evidence = explain(model, open_photo(pixels))
    for painted in evidence.explanation.painted:
        left, top, width, height = painted.window
        picture = evidence.pictures[painted.zone]
        assert picture.shape == (height, width, 3)
        changed = (picture != pixels[top : top + height, left : left + width]).any(-1)
        zones = [zone for zone in evidence.explanation.photo.zones if painted.zone in (0, zone.number)]
        for zone in zones:
            x, y = zone.box[0] + zone.box[2] // 2 - left, zone.box[1] + zone.box[3] // 2 - top
            assert changed[y, x]
        assert painted.zone or (width, height) == (1000, 1000)
        assert not painted.zone or width < 1000


@pytest.mark.parametrize(("size", "zone"), [((1203, 1101), 3), ((3000, 240), 1)])
def test_a_large_photo_seen_again_in_part_says_what_it_says_seen_whole(size, zone):
    model = load()
    pixels = surfaces.generate(4, size, cracked=False, kind="concrete").pixels.copy()
    width, height = min(256, size[0]), min(256, size[1])
    pixels[:height, :width] = surfaces.generate(2, (width, height), kind="concrete", width_px=(4.0, 6.0)).pixels
    if zone > 1:
        pixels[-height:, -width:] = surfaces.generate(6, (width, height), kind="concrete", width_px=(4.0, 6.0)).pixels
    evidence = explain(model, open_photo(pixels), zone=zone)
    (painted,) = evidence.explanation.painted
    left, top, wide, high = painted.window
    whole = pixels.copy()
    whole[top : top + high, left : left + wide] = evidence.pictures[zone]
    whole = facing_of(pixels).turned(whole)
    judged = model.judge(model.heatmap(whole), whole)
    assert painted.verdict == judged.verdict
    assert painted.probability == pytest.approx(judged.probability, abs=1e-6)
    assert painted.chance == pytest.approx(judged.chance, abs=1e-6)
    assert abs(painted.probability - evidence.explanation.photo.probability) > 1e-3


@pytest.mark.parametrize("scales", [1, 2])
def test_a_map_worked_out_anew_in_part_is_that_of_the_whole(model, scales):
    options = DenseOptions(scales=scales)
    pixels = wall(300, 900, side=1300)
    before = model.heatmap(pixels, options=options)
    changed = pixels.copy()
    changed[600:640, 300:304] = 180
    part = Again(model, pixels, before, options).heatmap(changed, Window(300, 600, 304, 640))
    assert np.abs(part.logits - before.logits).max() > 10
    whole = model.heatmap(changed, options=options)
    assert np.abs(part.logits - whole.logits).max() < 1e-4
    assert (part.half is None) == (scales == 1)
    if scales == 2:
        assert np.abs(part.half.logits - before.half.logits).max() > 1
        assert np.abs(part.half.logits - whole.half.logits).max() < 1e-4


@pytest.mark.parametrize("scales", [1, 2])
def test_a_dark_opening_that_a_part_cuts_through_is_no_void_there(model, scales):
    options = DenseOptions(scales=scales)
    pixels = wall(300, side=1300)
    pixels[200:900, 500:900] = 3
    before = model.heatmap(pixels, options=options)
    assert before.void is None
    changed = pixels.copy()
    changed[600:640, 300:304] = 180
    part = Again(model, pixels, before, options).heatmap(changed, Window(300, 600, 304, 640))
    assert np.abs(part.logits - model.heatmap(changed, options=options).logits).max() < 1e-4


def test_a_photo_that_has_changed_almost_everywhere_is_seen_whole(model):
    options = DenseOptions(scales=1)
    pixels = wall(300, side=1300)
    changed = 255 - pixels
    before, whole = (model.heatmap(one, options=options) for one in (pixels, changed))
    part = Again(model, pixels, before, options).heatmap(changed, Window(5, 5, 1295, 1295))
    assert part.embedding == pytest.approx(whole.embedding)
    assert np.abs(whole.embedding - before.embedding).max() > 1e-3


def test_no_control_lies_where_the_photo_shows_nothing(model):
    """Painted over there, any shape leaves the verdict as it is."""
    pixels = wall()
    y, x = np.mgrid[:160, :160]
    inside = (np.minimum(x, y) > 4) & (np.maximum(x, y) < 156)
    pixels[inside & ((abs(x - y) < 3) | (abs(x + y - 159) < 3))] = 60
    for photo in (pixels, np.pad(pixels, ((0, 0), (0, 200), (0, 0)))):
        (painted,) = explain(model, open_photo(photo)).explanation.painted
        assert painted.control is None


def test_one_zone_by_number(model):
    evidence = explain(model, open_photo(wall(40, 110)), zone=2)
    assert [painted.zone for painted in evidence.explanation.painted] == [2]


def test_zones_below_the_least_probability_are_explained_too(model):
    photo = open_photo(wall(40, 110))
    most = max(zone.probability for zone in explain(model, photo).explanation.photo.zones)
    likely = InspectOptions(least_probability=(1 + most) / 2)
    assert not inspect_photo(model, photo, likely).record.zones
    assert [painted.zone for painted in explain(model, photo, 2, likely).explanation.painted] == [2]


def test_a_zone_that_there_is_not(model):
    with pytest.raises(InspectionError, match="no zone 3, it has zones 1 to 1"):
        explain(model, open_photo(wall(60)), zone=3)
    with pytest.raises(InspectionError, match="no zone was found"):
        explain(model, open_photo(wall()), zone=1)


def test_a_sound_photo_has_a_map_and_nothing_to_paint(model):
    evidence = explain(model, open_photo(wall()))
    assert evidence.explanation.painted == ()
    assert evidence.overlay.shape == (160, 160, 3)


def test_the_map_lights_up_where_the_crack_is(model):
    overlay = explain(model, open_photo(wall(60))).overlay.astype(int)
    redness = overlay[..., 0] - overlay[..., 1]
    assert redness[40:120, 60:64].mean() > 50 + redness[40:120, 100:].mean()


def test_zones_are_those_of_the_inspection(model):
    photo = open_photo(wall(40, 110))
    inspected = inspect_photo(model, photo, InspectOptions(all_zones=True)).record
    assert explain(model, photo).explanation.photo.zones == inspected.zones


def test_default_bundle():
    made = surfaces.generate(2, (256, 256), kind="concrete", width_px=(4.0, 6.0))
    evidence = explain(load(), open_photo(made.pixels))
    everything = evidence.explanation.painted[-1]
    assert everything.zone_after < everything.zone_before


@settings(max_examples=20)
@given(st.integers(0, 2**16), st.integers(1, 20), st.integers(1, 20))
def test_painting_touches_nothing_else(seed, width, height):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    shape = np.zeros((40, 50), np.bool_)
    top, left = rng.integers(0, 40), rng.integers(0, 50)
    shape[top : top + height, left : left + width] = True
    painted = paint_over(pixels, shape)
    assert (painted[~shape] == pixels[~shape]).all()
    assert painted.shape == pixels.shape


@pytest.mark.parametrize("stride", [4, 32])
def test_a_shape_touches_each_cell_that_one_of_its_pixels_lies_in(stride):
    shape = np.zeros((3 * stride - 1, 5 * stride - 3), np.bool_)
    shape[stride, 2 * stride - 1] = shape[-1, -1] = True
    heat = Heatmap(np.zeros((3, 5), np.float32), stride, np.zeros(0, np.float32))
    assert np.argwhere(touched_cells(shape, heat)).tolist() == [[1, 1], [2, 4]]


@pytest.mark.parametrize("box", [Window(100, 50, 1100, 60), Window(50, 100, 60, 1100), Window(1900, 1980, 2000, 2000)])
def test_surroundings_are_no_slimmer_than_two_to_three_and_hold_the_zone(box):
    shown = surroundings(box, (2000, 2000))
    sides = sorted([shown.right - shown.left, shown.bottom - shown.top])
    assert sides[0] >= max(240, round(sides[1] * 2 / 3) - 1)
    assert 0 <= shown.left <= box.left < box.right <= shown.right <= 2000
    assert 0 <= shown.top <= box.top < box.bottom <= shown.bottom <= 2000


def test_places_beside_a_zone_lie_in_the_photo_near_ones_first():
    box = Window(300, 40, 330, 200)
    found = list(places(box, (400, 500)))
    away = [(place.left - box.left) ** 2 + (place.top - box.top) ** 2 for place in found]
    assert away == sorted(away)
    assert len(set(found)) == len(found) > 100
    assert all((place.right - place.left, place.bottom - place.top) == (30, 160) for place in found)
    assert all(0 <= place.left <= 470 and 0 <= place.top <= 240 for place in found)


def test_probabilities_are_calibrated():
    model = load()
    fitted = model.manifest.calibration
    logits = np.array([[-3, 0, 2.5]], np.float32)
    assert abs(fitted.shift) > 0.1
    wanted = 1 / (1 + np.exp(-(fitted.scale * logits + fitted.shift)))
    assert probabilities(model, logits) == pytest.approx(wanted, abs=1e-6)


def test_painting_over_nothing_changes_nothing():
    pixels = wall(60)
    assert (paint_over(pixels, np.zeros(pixels.shape[:2], np.bool_)) == pixels).all()


class TestCommand:
    def test_writes_pictures_and_figures(self, model, tmp_path, capsys):
        photo = tmp_path / "wall.png"
        images.write_png(wall(60), photo)
        out = tmp_path / "out"
        assert main(["explain", str(photo), "-o", str(out), "--bundle", str(model.bundle.path)]) == 0
        names = {"index.html", "photo.jpg", "activation.jpg", "zone-1.png", "zone-1-painted-over.png", "explain.json"}
        assert {file.name for file in out.iterdir()} == names
        facts = json.loads((out / "explain.json").read_text())
        assert facts["painted"][0]["probability"] < facts["probability"]
        printed = capsys.readouterr().out
        assert "zone 1" in printed
        threshold = f"cracked from a probability of {model.manifest.threshold:.3f} on"
        assert threshold in printed
        assert threshold in (out / "index.html").read_text()
        assert facts["rule"]["threshold"] == model.manifest.threshold
        # By a threshold no chance is asked for, as `predict` and `inspect` say, too.
        assert facts["chance"] is None
        assert facts["painted"][0]["chance"] is None

    def test_the_terminal_says_how_many_of_the_zones_are_painted_over(self, model, tmp_path, capsys):
        photo = tmp_path / "wall.png"
        images.write_png(wall(*range(24, 300, 26), side=324), photo)
        words = ["explain", str(photo), "--bundle", str(model.bundle.path), "-o"]
        assert main([*words, str(tmp_path / "all")]) == 0
        zones = json.loads((tmp_path / "all" / "explain.json").read_text())["zones"]
        assert zones > 8
        assert f"8 of {zones} zones painted over, the widest ones\n" in capsys.readouterr().out
        assert main([*words, str(tmp_path / "one"), "--zone", "2"]) == 0
        assert f"1 of {zones} zones painted over\n" in capsys.readouterr().out
        images.write_png(wall(60), photo)
        assert main([*words, str(tmp_path / "only")]) == 0
        assert "zones painted over" not in capsys.readouterr().out

    def test_the_rule_of_the_bundle_in_the_package(self, tmp_path, capsys):
        photo = tmp_path / "wall.png"
        images.write_png(surfaces.generate(2, (256, 256), kind="concrete", width_px=(4.0, 6.0)).pixels, photo)
        asked = ["explain", str(photo), "-o", str(tmp_path / "out"), "--false-alarms", "0.02"]
        assert main(asked) == 0
        assert "at most 2 of 100 sound photos of this size would show as much" in capsys.readouterr().out
        facts = json.loads((tmp_path / "out" / "explain.json").read_text())
        assert facts["rule"]["kind"] == "conformal"
        called = "crack" if facts["chance"] <= 0.02 else "sound"
        assert facts["verdict"] == called

    def test_of_what_cannot_be_judged_the_reason_is_told_and_no_rule_that_did_not_decide(self, tmp_path, capsys):
        images.write_png(np.full((300, 300, 3), 2, np.uint8), tmp_path / "dark.png")
        assert main(["explain", str(tmp_path / "dark.png"), "-o", str(tmp_path / "out")]) == 0
        for told in (capsys.readouterr().out, Page(tmp_path / "out" / "index.html").text):
            assert "cannot be judged, too dark: 100% of the pixels are black. The rule for what is cracked was" in told
            assert "would show as much" not in told

    def test_of_a_patch_both_are_said_what_predict_says_and_what_inspect_says(self, tmp_path, capsys):
        bundle = ["--bundle", str(write_small_bundle(tmp_path / "bundle", native=80).path)]
        images.write_png(wall(60, 110), tmp_path / "wall.png")
        assert main(["predict", str(tmp_path / "wall.png"), "--jsonl", *bundle]) == 0
        predicted = json.loads(capsys.readouterr().out)
        assert main(["explain", str(tmp_path / "wall.png"), "-o", str(tmp_path / "out"), *bundle]) == 0
        told = " ".join(capsys.readouterr().out.split())
        facts = json.loads((tmp_path / "out" / "explain.json").read_text())
        page = Page(tmp_path / "out" / "index.html").text
        assert facts["patch"] == {name: predicted[name] for name in facts["patch"]}
        assert f"as a patch (predict): crack, probability of a crack {predicted['probability']:.3f}" in told
        assert f"as a photo (inspect): crack, probability of a crack {facts['probability']:.3f}" in told
        assert f"takes it for: called cracked, probability of a crack {predicted['probability']:.3f}" in page
        assert f"takes it for: called cracked, probability of a crack {facts['probability']:.3f}" in page
        for words in (told, page):
            assert "For patches go by predict, for photos by inspect." in words
        one, _, both = facts["painted"]
        assert one["patch"]["verdict"] == "crack"
        assert both["patch"]["verdict"] == "sound"
        assert f"sound, {both['patch']['probability']:.3f}" in page
        assert "As a patch it is called sound then." in page

    def test_of_a_photo_nothing_is_said_as_of_a_patch(self, model, tmp_path, capsys):
        images.write_png(wall(60), tmp_path / "wall.png")
        call = ["explain", str(tmp_path / "wall.png"), "-o", str(tmp_path / "out"), "--bundle", str(model.bundle.path)]
        assert main(call) == 0
        facts = json.loads((tmp_path / "out" / "explain.json").read_text())
        assert facts["patch"] is None
        assert [one["patch"] for one in facts["painted"]] == [None]
        assert "patch" not in capsys.readouterr().out + Page(tmp_path / "out" / "index.html").text

    def test_json(self, model, tmp_path, capsys):
        photo = tmp_path / "wall.png"
        images.write_png(wall(), photo)
        words = ["explain", str(photo), "-o", str(tmp_path / "out"), "--bundle", str(model.bundle.path), "--json"]
        assert main(words) == 0
        assert json.loads(capsys.readouterr().out)["painted"] == []

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (["none.png", "-o", "out"], "none.png"),
            (["wall.png"], "--out"),
            (["wall.png", "-o", "out", "--zone", "9"], "no zone 9"),
            (["wall.png", "-o", "."], "not empty"),
            (["wall.png", "-o", "out", "--zone", "0"], "--zone"),
        ],
    )
    def test_refusals_are_one_line(self, model, tmp_path, monkeypatch, capsys, words, says):
        images.write_png(wall(60), tmp_path / "wall.png")
        monkeypatch.chdir(tmp_path)
        assert main(["explain", *words, "--bundle", str(model.bundle.path)]) == 2
        printed = capsys.readouterr().err
        assert printed.count("\n") == 1
        assert says in printed
        assert not (tmp_path / "out").exists()


def test_what_a_crack_encloses_is_not_painted_over(model):
    import cv2

    pixels = wall()
    cv2.circle(pixels, (80, 80), 45, (60, 60, 60), 4)
    evidence = explain(model, open_photo(pixels), zone=1)
    (painted,) = evidence.explanation.painted
    left, top, width, height = painted.window
    changed = np.zeros(pixels.shape[:2], np.bool_)
    place = slice(top, top + height), slice(left, left + width)
    changed[place] = (evidence.pictures[1] != pixels[place]).any(-1)
    assert changed[80, 33:38].any()
    assert not changed[70:90, 70:90].any()


def test_what_lies_within_a_crack_goes_with_it(model):
    pixels = wall(*range(64, 96, 4))
    pixels[67:93, 67:93] = 160
    evidence = explain(model, open_photo(pixels), zone=1)
    (zone,) = evidence.explanation.photo.zones
    assert zone.holes
    (painted,) = evidence.explanation.painted
    left, top, *_ = painted.window
    assert evidence.pictures[1][80 - top, 50 - left : 110 - left].min() > 165
