"""Zones of a low probability left out of all findings, as the one who inspects asks for it."""

import csv
import json

import cv2
import numpy as np
import pytest

from crackscope import images
from crackscope.cli import main
from crackscope.errors import InspectionError
from crackscope.inspection import InspectOptions, inspect_photo, open_photo
from crackscope.scoring import load
from tests.small_bundle import write_small_bundle
from tests.small_calls import one_line


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> str:
    return str(write_small_bundle(tmp_path_factory.mktemp("bundle") / "small").path)


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> str:
    """Four level lines, each darker than the one above."""
    pixels = np.random.default_rng(0).integers(140, 160, (256, 320, 3)).astype(np.uint8)
    for number, grey in enumerate((100, 80, 60, 10)):
        pixels[40 + 56 * number : 45 + 56 * number, 30:290] = grey
    path = tmp_path_factory.mktemp("photo") / "lines.png"
    images.write_png(pixels, path)
    return str(path)


def probabilities(zones) -> list[float]:
    return [zone.probability for zone in zones]


def test_the_likely_ones_stay_as_they_are(bundle, photo):
    model = load(bundle)
    whole = inspect_photo(model, open_photo(photo), InspectOptions(all_zones=True))
    steps = sorted(probabilities(whole.record.zones))
    assert len(set(steps)) == len(steps) >= 3
    for least in (0.0, steps[1], steps[-1], 1.0):
        told = inspect_photo(model, open_photo(photo), InspectOptions(all_zones=True, least_probability=least))
        assert told.record.zones == tuple(zone for zone in whole.record.zones if zone.probability >= least)
        assert (told.record.verdict, told.record.probability) == (whole.record.verdict, whole.record.probability)
        assert told.mask.sum() == sum(zone.area_px for zone in told.record.zones)
        assert told.record.left_out == len(whole.record.zones) - len(told.record.zones)
        assert told.record.crack_share == pytest.approx(told.mask.mean())
        assert not (told.mask & ~whole.mask).any()


def nested(greys: tuple[int, int, int]) -> np.ndarray:
    """A line, a thin ring, and a line within the ring."""
    pixels = np.random.default_rng(1).integers(140, 160, (320, 420, 3)).astype(np.uint8)
    ring = [np.array([(150, 40), (380, 70), (350, 290), (170, 260)], np.int32)]
    cv2.polylines(pixels, ring, True, (greys[1],) * 3, 5)
    cv2.line(pixels, (210, 130), (310, 220), (greys[2],) * 3, 6)
    cv2.line(pixels, (40, 30), (60, 290), (greys[0],) * 3, 5)
    return pixels


@pytest.mark.parametrize("greys", [(70, 10, 40), (40, 70, 10), (70, 40, 10)])
def test_a_crack_within_another_keeps_its_own_pixels_alone(bundle, greys):
    model, pixels = load(bundle), nested(greys)
    whole = inspect_photo(model, open_photo(pixels), InspectOptions(all_zones=True))
    steps = sorted(probabilities(whole.record.zones))
    assert len(steps) == 3
    for least in steps[1:]:
        told = inspect_photo(model, open_photo(pixels), InspectOptions(all_zones=True, least_probability=least))
        assert told.mask.sum() == sum(zone.area_px for zone in told.record.zones)
        assert not (told.mask & ~whole.mask).any()


@pytest.mark.parametrize("least", [-0.1, 1.1, float("nan")])
def test_only_probabilities_are_taken(least):
    with pytest.raises(InspectionError, match="least probability"):
        InspectOptions(least_probability=least)


@pytest.mark.parametrize("least", ["-0.1", "1.1", "nan", "half"])
def test_other_words_are_refused_in_one_line(photo, tmp_path, capsys, least):
    assert main(["inspect", photo, "-o", str(tmp_path / "out"), "--least-probability", least]) == 2
    assert "--least-probability" in one_line(capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_no_file_of_a_report_holds_them(bundle, photo, tmp_path, capsys):
    call = ["inspect", photo, "--bundle", bundle, "--all-zones", "--json"]
    assert main([*call, "-o", str(tmp_path / "all")]) == 0
    every = json.loads(capsys.readouterr().out)["zones"]
    lines = (tmp_path / "all" / "findings.jsonl").read_text().splitlines()
    steps = sorted(json.loads(line)["zone"]["probability"] for line in lines)
    least = (steps[-1] + steps[-2]) / 2
    out = tmp_path / "likely"
    assert main([*call, "-o", str(out), "--least-probability", str(least)]) == 0
    assert json.loads(capsys.readouterr().out)["zones"] == 1 < every
    with (out / "findings.csv").open(newline="", encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    assert float(row["probability"]) == pytest.approx(steps[-1], abs=1e-4)
    (coco,) = json.loads((out / "coco.json").read_text())["annotations"]
    (task,) = json.loads((out / "label-studio.json").read_text())
    assert len(task["predictions"][0]["result"]) == len(coco["segmentation"])
    assert json.loads((out / "photos.geojson").read_text())["features"][0]["properties"]["zones"] == 1
    whole = json.loads((out / "inspection.json").read_text())
    assert (whole["zones"], whole["facts"]["least_probability"]) == (1, least)
    assert f"{every - 1} cracks with a probability below {least:g} are left out" in (out / "index.html").read_text()
    (line,) = (out / "findings.jsonl").read_text().splitlines()
    assert json.loads(line)["left_out"] == every - 1
    assert "left out, here and" not in (tmp_path / "all" / "index.html").read_text()
    assert main([*call, "-o", str(out), "--resume"]) == 2
    assert "another least probability of a zone" in one_line(capsys.readouterr().err)
