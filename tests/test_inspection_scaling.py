"""A scale that was asked for and is missing is said with its reason wherever findings are read; a wrong one at once."""

import csv
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from crackscope import images, surfaces
from crackscope.cli import main
from crackscope.errors import InspectionError
from crackscope.inspection import InspectOptions, Scaling, inspect
from crackscope.scoring import Model, load
from tests.small_bundle import write_small_bundle
from tests.small_page import Page

LACKING = {
    "marker": (Scaling(marker_mm=50, dictionary="5X5_100"), "no marker of 5X5_100 is seen: name the dictionary"),
    "distance": (
        Scaling(distance_m=2),
        "no focal length in EXIF, as for 35 mm film or with the size of the sensor: take the file that the camera",
    ),
    "table": (Scaling(table={"other.jpg": (0.5, 0.02)}), "no row in the table: add one for it"),
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(write_small_bundle(tmp_path_factory.mktemp("bundles") / "small").path)


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("walls") / "wall.png"
    images.write_png(surfaces.generate(1, (160, 120)).pixels, path)
    return path


@pytest.mark.parametrize("way", LACKING)
def test_a_photo_without_the_scale_that_was_asked_for_says_why_and_what_to_do(model, wall, way) -> None:
    scaling, doubt = LACKING[way]
    found = inspect(wall, bundle=model, options=InspectOptions(scaling=scaling))
    assert found.scale is None
    assert found.scale_doubt.startswith(doubt)
    assert found.scale_doubt.endswith(", or give the scale otherwise")


def test_where_none_was_asked_for_or_it_is_there_nothing_is_said(model, wall) -> None:
    for scaling in (Scaling(), Scaling(mm_per_px=0.2), Scaling(table={str(wall): (0.5, 0.0)})):
        assert inspect(wall, bundle=model, options=InspectOptions(scaling=scaling)).scale_doubt == ""


def test_files_hold_the_reason_and_the_terminal_says_it_once(model, wall, tmp_path, capsys) -> None:
    other = tmp_path / "other.png"
    images.write_png(surfaces.generate(2, (160, 120)).pixels, other)
    out, doubt = tmp_path / "out", Scaling(marker_mm=50).missing
    call = ["inspect", str(wall), str(other), "-o", str(out), "--marker-mm", "50"]
    assert main([*call, "--bundle", str(model.bundle.path)]) == 0
    said = capsys.readouterr()
    assert f"2 photos have no mm: {doubt}\n" in said.err
    assert (said.out + said.err).count("no marker of") == 1
    lines = [json.loads(line) for line in (out / "findings.jsonl").read_text("utf-8").splitlines()]
    assert {line["scale_doubt"] for line in lines} == {doubt}
    rows = list(csv.DictReader((out / "findings.csv").read_text("utf-8-sig").splitlines()))
    assert {row["scale_doubt"] for row in rows} == {doubt}
    assert Page(out / "index.html").text.count(doubt) >= 2


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"table": "s1.csv"}, r"dict from path to \(mm per px, relative error\).* not 's1\.csv'; .*read_scale_table"),
        ({"table": {"a.jpg": 0.5}}, r"a\.jpg has 0\.5, give two numbers"),
        ({"table": {"a.jpg": (0.5, 0.1, 0.1)}}, "give two numbers"),
        ({"table": {"a.jpg": ("0.5", 0.1)}}, r"the scale of a\.jpg must be a number above 0, not '0\.5'"),
        ({"table": {"a.jpg": (0, 0.1)}}, r"the scale of a\.jpg must be a number above 0, not 0"),
        ({"table": {"a.jpg": (0.5, 2)}}, r"the error of the scale of a\.jpg is a share"),
        ({"table": {Path("a.jpg"): (0.5, 0.1)}}, "give it as str"),
        ({"table": [("a.jpg", 0.5)]}, "not a list"),
        ({"mm_per_px": "0.2"}, r"the scale by mm per px must be a number above 0, not '0\.2'"),
        ({"marker_mm": True}, "the scale by marker must be a number above 0, not True"),
        ({"mm_per_px": 0.2, "relative_error": "5 %"}, r"the error of the scale is a share, 0\.02 for 2 %, not '5 %'"),
    ],
)
def test_what_is_no_scale_is_refused_with_what_is_wanted(given, says) -> None:
    with pytest.raises(InspectionError, match=says):
        Scaling(**given)


def test_numbers_of_numpy_are_taken_and_written(model, wall) -> None:
    for given in ({"mm_per_px": np.float32(0.25)}, {"table": {str(wall): (np.float32(0.25), np.int64(0))}}):
        found = inspect(wall, bundle=model, options=InspectOptions(scaling=Scaling(**given)))
        assert json.loads(msgspec.json.encode(found))["scale"]["mm_per_px"] == 0.25
