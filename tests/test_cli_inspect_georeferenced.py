"""`inspect` on GeoTIFFs: their own scale and place, where the user gives none."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from crackscope import images
from crackscope.cli import main
from crackscope.images.utm import from_utm
from crackscope.inspection import Scaling
from tests.small_bundle import write_small_bundle
from tests.small_calls import drawn_photos
from tests.small_pictures import as_tiff
from tests.test_images_georeference import EASTING, METRE, NORTHING, PROJECTED, keys, located


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos with one georeference each: good, of another system, with oblong pixels, none."""
    drawn = drawn_photos(tmp_path_factory.mktemp("drawn") / "photos")
    pixels = images.read(drawn / "0.jpg").pixels
    swiss = keys(model=1, projected=2056, lengths=METRE)
    tags = {
        "a good": [PROJECTED, *located(0.002, 0.002)],
        "b swiss": [swiss, *located(0.004, 0.004)],
        "c oblong": [PROJECTED, *located(0.002, 0.003)],
        "d bare": [],
    }
    folder = tmp_path_factory.mktemp("survey")
    for name, extra in tags.items():
        (folder / f"{name}.tif").write_bytes(as_tiff(pixels, photometric="rgb", extratags=extra))
    return folder


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_small_bundle(tmp_path_factory.mktemp("bundle") / "small").path)


def inspected(survey: Path, bundle: str, out: Path, *more: str) -> list[dict[str, str]]:
    assert main(["inspect", str(survey), "-o", str(out), "--bundle", bundle, "--all-zones", *more]) == 0
    with open(out / "findings.csv", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_scale_and_place_come_from_the_georeference(survey, bundle, tmp_path, capsys):
    rows = inspected(survey, bundle, tmp_path / "out", "--classes", "1,2,4")
    told = {Path(row["photo"]).stem: (row["mm_per_px"], row["scale_source"]) for row in rows}
    source = "georeference"
    assert told == {"a good": ("2.0", source), "b swiss": ("4.0", source), "c oblong": ("", ""), "d bare": ("", "")}
    assert {row["width_class"] for row in rows if "good" in row["photo"]} <= {"up to 1", "1-2", "2-4", "over 4"}
    photos = json.loads((tmp_path / "out" / "inspection.json").read_text())["photos"]
    assert photos[2]["scale_doubt"] == "its pixels are not square, 2 x 3 mm, save it with square ones"
    assert photos[1]["place"]["doubt"] == "its system, EPSG:2056, is not turned into latitude and longitude"
    assert photos[3]["scale_doubt"] == photos[3]["place"]["doubt"] == ""
    shapes = [one["geometry"] for one in json.loads((tmp_path / "out" / "photos.geojson").read_text())["features"]]
    width, height = photos[0]["width"], photos[0]["height"]
    place = from_utm(EASTING + 0.001 * width, NORTHING - 0.001 * height, 32, south=False)
    assert shapes[0]["coordinates"] == pytest.approx(place[::-1], abs=1e-7)
    assert shapes[1] is shapes[3] is None
    printed = " ".join(capsys.readouterr().out.split())
    for doubt in ("no mm: its pixels are not square, 2 x 3 mm", "no place: its system, EPSG:2056"):
        assert doubt in printed
    page = (tmp_path / "out" / "index.html").read_text()
    assert "(by georeference)" in page
    assert "no place: its system, EPSG:2056" in page


def test_cracks_of_georeferenced_photos_are_lines_on_the_map(survey, bundle, tmp_path):
    rows = inspected(survey, bundle, tmp_path / "out", "--quiet")
    lines = [json.loads(line) for line in (tmp_path / "out" / "findings.jsonl").read_text().splitlines()]
    zones = {(line["photo"], line["zone"]["number"]): line["zone"] for line in lines if line["zone"]}
    features = json.loads((tmp_path / "out" / "cracks.geojson").read_text())["features"]
    named = [(one["properties"]["photo"], one["properties"]["number"]) for one in features]
    # Of the oblong pixels it is known where they lie, and not how long anything is.
    placed = [
        (row["photo"], int(row["zone"]))
        for row in rows
        if row["zone"] and ("good" in row["photo"] or "obl" in row["photo"])
    ]
    assert named == placed
    for feature, key in zip(features, named, strict=True):
        down, zone, told = 0.003 if "oblong" in key[0] else 0.002, zones[key], feature["properties"]
        assert feature["geometry"]["type"] == "MultiLineString"
        (x, y), drawn = zone["centreline"][0][0], feature["geometry"]["coordinates"]
        place = from_utm(EASTING + 0.002 * (x + 0.5), NORTHING - down * (y + 0.5), 32, south=False)
        assert drawn[0][0] == pytest.approx(place[::-1], abs=1e-9)
        assert [len(line) for line in drawn] == [len(line) for line in zone["centreline"]]
        assert told["length_mm"] == (None if "oblong" in key[0] else pytest.approx(zone["length_mm"], abs=0.01))
        assert (tmp_path / "out" / told["overlay"]).is_file()
    assert "cracks.geojson" in (tmp_path / "out" / "index.html").read_text()


def test_without_a_georeference_there_is_no_map_of_cracks(survey, bundle, tmp_path):
    inspected(survey / "d bare.tif", bundle, tmp_path / "out", "--quiet")
    assert not (tmp_path / "out" / "cracks.geojson").exists()
    assert "cracks.geojson" not in (tmp_path / "out" / "index.html").read_text()


def test_what_the_user_says_of_the_scale_wins(survey, bundle, tmp_path):
    rows = inspected(survey, bundle, tmp_path / "flag", "--mm-per-px", "7", "--quiet")
    assert {(row["mm_per_px"], row["scale_source"]) for row in rows} == {("7.0", "flag")}
    rows = inspected(survey, bundle, tmp_path / "distance", "--distance-m", "7", "--quiet")
    assert {row["scale_source"] for row in rows} == {""}
    photos = json.loads((tmp_path / "distance" / "inspection.json").read_text())["photos"]
    assert {one["scale_doubt"] for one in photos} == {Scaling(distance_m=7).missing}


def test_pixels_that_cannot_be_give_no_mm_and_are_told_once(survey, bundle, tmp_path, capsys):
    pixels = images.read(survey / "a good.tif").pixels
    for name, extra in {"far": located(30.0, 30.0), "nowhere": located(0.002, 0.002, y=2e7)}.items():
        (tmp_path / "odd").mkdir(exist_ok=True)
        path = tmp_path / "odd" / f"{name}.tif"
        path.write_bytes(as_tiff(pixels, photometric="rgb", extratags=[PROJECTED, *extra]))
    rows = inspected(tmp_path / "odd", bundle, tmp_path / "out")
    assert {row["width_max_mm"] for row in rows if row["zone"]} == {""}
    told = {Path(row["photo"]).stem: row["scale_doubt"] for row in rows}
    assert told["far"].startswith("its georeference gives pixels of 30 x 30 m, in which no crack is seen")
    assert told["nowhere"].startswith("its georeference gives a place that there is not, georeference it anew")
    assert "no place" not in capsys.readouterr().out


def test_nodata_of_an_orthophoto_is_no_surface(survey, bundle, tmp_path):
    pixels = images.read(survey / "a good.tif").pixels.copy()
    pixels[:, :30] = pixels[40:70, 60:90] = 0
    nodata = (42_113, "s", 0, "0", False)
    path = tmp_path / "ortho.tif"
    path.write_bytes(as_tiff(pixels, photometric="rgb", extratags=[nodata, PROJECTED, *located(0.002, 0.002)]))
    rows = inspected(path, bundle, tmp_path / "out", "--quiet")
    hidden = np.zeros(pixels.shape[:2], np.bool_)
    hidden[:, :30] = hidden[40:70, 60:90] = True
    assert np.array_equal(images.read(path).hidden, hidden)
    assert rows[0]["mm_per_px"] == "2.0"
    assert [int(row["box_left"]) >= 30 for row in rows if row["zone"]] == [True]
