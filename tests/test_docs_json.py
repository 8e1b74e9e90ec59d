"""docs/json.md explains each key that a command prints with --json, each column of the tables, and nothing else.

What only a longer call prints is held against the page in test_cli_options.py: `demo`.
"""

import contextlib
import csv
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

import crackscope
from crackscope import images, surfaces
from crackscope.cli import main
from crackscope.cli.app import COMMANDS
from crackscope.records import UNLIKE_ANY_SURFACE
from crackscope.scoring import pack
from tests.small_bundle import deep_model, small_manifest, write_small_bundle
from tests.small_docs import Page
from tests.small_patches import patch, write_patches
from tests.small_suggested import write_photo
from tests.small_surfaces import remembering_bundle, write_surface
from tests.small_way import SMALL, lines

PAGE = Page("json.md")
DARK = np.full((64, 64, 3), 2, np.uint8)


def told(*words, status=0):
    """The objects that a call prints, one a line."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as remarks:
        assert main([*map(str, words), "--json"]) == status, (words, remarks.getvalue())
    return lines(out.getvalue())


def flawed(folder):
    """Patches as of photos of two surfaces, with whatever may be wrong: a copy with the other label, a dark one, one
    cut short. One surface is called as a set that the bundle in the package learnt from."""
    for number in range(36):
        cracked = number % 2 == 0
        place = folder / ("metu" if number < 18 else "brick") / ("crack" if cracked else "sound")
        place.mkdir(parents=True, exist_ok=True)
        images.write_png(patch(number, cracked=cracked)[0], place / f"{7000 + number // 3}-{number % 3}.png")
    first = folder / "metu" / "crack" / "7000-0.png"
    shutil.copy(first, folder / "metu" / "sound" / "copy.png")
    images.write_png(DARK, folder / "metu" / "sound" / "dark.png")
    (folder / "metu" / "crack" / "cut.png").write_bytes(first.read_bytes()[:60])
    return folder


def photos(folder):
    """One of patches, one that is half white, one that is dark, one cut short."""
    write_photo(folder / "patches.png", 1, 3)
    half = np.random.default_rng(0).integers(60, 200, (64, 128, 1)).astype(np.uint8).repeat(3, axis=2)
    half[:, :64] = 255
    images.write_png(half, folder / "half.png")
    images.write_png(DARK, folder / "dark.png")
    (folder / "cut.png").write_bytes((folder / "patches.png").read_bytes()[:90])
    return folder


def mislabelled(folder):
    """Six patches a label, two of them under the other one."""
    write_surface(folder, 6)
    for number in (0, 1):
        for label, other in (("sound", "crack"), ("crack", "sound")):
            (folder / label / f"{number:04d}.png").rename(folder / other / f"wrong{number}.png")
    return folder


def judged(way, place):
    """What the commands print that take labelled pictures."""
    data = flawed(place / "data")
    call = ["evaluate", "default", data, "--part", "all", "--prevalence", "0.02", "-o", place / "judged"]
    yield "scan", told("scan", data, "--bundle", "default", "--doubts", place / "doubts", status=1)
    yield "scan", told("scan", data, status=1)
    yield "split", told("split", data, "-o", place / "split.csv", status=1)
    yield "evaluate", told(*call, status=1)
    told("evaluate", way.bundle, way.split, "-o", place / "other")
    yield "compare", told("compare", way.run, place / "other", "-o", place / "compared")
    call = ["matrix", "--on", f"a={data}", "--bundle", "default", "--part", "all", "-o", place / "matrix"]
    yield "matrix", told(*call, status=1)
    yield "train", told("train", way.split, "-o", way.run, *SMALL, "--resume", "--no-evaluate")


def learnt(way, place):
    """What `adapt` and `suggest` print."""
    bundle = remembering_bundle(place / "remembering").path
    write_surface(place / "faint", 12, faint=0.3)
    call = ["adapt", bundle, place / "faint", "-o", place / "adapted", "--most-forgotten", "1", "--curve"]
    yield "adapt", told(*call)
    yield "bundle show", told("bundle", "show", place / "adapted")
    call = ["adapt", bundle, mislabelled(place / "wrong"), "-o", place / "refused", "--curve"]
    yield "refused", told(*call, status=2)
    yield "suggest", told("suggest", way.bundle, place / "photos", "-n", "4", "-o", place / "suggested", status=1)


def used(way, place):
    """What the commands print that take a photo, a bundle or nothing."""
    small = write_small_bundle(place / "small").path
    images.write_png(patch(2, 100, cracked=True)[0], place / "photo.png")
    yield "explain", told("explain", place / "photo.png", "-o", place / "why", "--bundle", small)
    cut = place / "photos" / "cut.png"
    yield "inspect", told("inspect", place / "photo.png", cut, "-o", place / "report", "--bundle", small, status=1)
    yield "bundle show", told("bundle", "show", "default")
    yield "bundle check", told("bundle", "check", small)
    deep = pack(place / "deep", small_manifest(), model=deep_model(), weights=b"weights").path
    many = write_patches(place / "many", 36)
    yield "bundle export", told("bundle", "export", deep, "--int8", "--calibrate", many, "-o", place / "int8")
    yield "bundle export", told("bundle", "export", deep, "--onnx", place / "deep.onnx")
    yield "generate", told("generate", "-o", place / "drawn", "-n", "2", "--size", "32")
    yield "recipes", told("recipes")
    yield "recipes NAME", told("recipes", "probe")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("calls")


@pytest.fixture(scope="module")
def printed(way, place):
    """Name of what is explained -> the objects of it that were printed."""
    photos(place / "photos")
    found = {}
    for name, objects in (*judged(way, place), *learnt(way, place), *used(way, place)):
        found.setdefault(name, []).extend(objects)
    found["run.json"] = [json.loads((way.run / "run.json").read_text())]
    return found


def test_what_is_printed_has_the_keys_that_are_explained(printed):
    faults = [fault for name, objects in printed.items() for one in objects for fault in PAGE.faults(name, one)]
    assert faults == []
    assert {name for name in COMMANDS if name not in ("predict", "demo", "bundle")} <= printed.keys()
    # What stands within a key was looked at only where there was some of it.
    never = [missed for name, key in PAGE.records.items() if name != "demo" for missed in key.unmet(name)]
    assert never == []


def test_files_hold_what_is_printed(way, place, printed):
    for path, name in (("judged/metrics", "evaluate"), ("compared/compare", "compare"), ("matrix/matrix", "matrix")):
        assert [json.loads((place / f"{path}.json").read_text())] == printed[name]
    (said,) = printed["explain"]
    kept = json.loads((place / "why" / "explain.json").read_text())
    assert kept == {name: value for name, value in said.items() if name not in ("out", "files")}
    assert set(said["files"]) == {path.name for path in (place / "why").iterdir()}


def test_tables_have_the_columns_that_are_named(way, place, printed):
    named = dict(re.findall(r"^\| (?:a |`)(split|\w+\.csv)`? \| (`.*?`) \|", PAGE.text, re.MULTILINE))
    files = {
        "split": place / "masked.csv",
        "history.csv": way.run / "history.csv",
        "predictions.csv": place / "judged" / "predictions.csv",
        "compare.csv": place / "compared" / "compare.csv",
        "matrix.csv": place / "matrix" / "matrix.csv",
        "suggestions.csv": place / "suggested" / "suggestions.csv",
        "doubts.csv": place / "doubts" / "doubts.csv",
        "truth.csv": way.data / "truth.csv",
    }
    told("split", way.data / "truth.csv", "-o", files["split"])
    assert named.keys() == files.keys()
    for name, path in files.items():
        with path.open(encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == re.findall(r"`(\w+)`", named[name]), name


def test_the_examples_have_keys_that_are_explained():
    assert [fault for name, one in PAGE.examples for fault in PAGE.faults(name, one, whole=False)] == []
    shown = {name for name, _ in PAGE.examples}
    assert {name for name in COMMANDS if name not in ("predict", "train", "bundle")} <= shown


def test_the_variables_of_the_environment_are_those_that_are_read():
    sources = Path(crackscope.__file__).parent.rglob("*.py")
    read = {name for path in sources for name in re.findall(r'"(CRACKSCOPE_[A-Z_]+)"', path.read_text("utf-8"))}
    assert set(re.findall(r"^\| `(CRACKSCOPE_\w+)` \|", PAGE.text, re.MULTILINE)) == read


def test_a_line_of_predict_has_the_keys_that_its_page_explains(place, printed):
    page = Page("predictions.md")
    good, bad = told("predict", place / "photo.png", place / "gone.png", "--bundle", place / "small", status=1)
    (keys,) = page.records.values()
    assert good.keys() == keys.within.keys() - {"error"}
    assert bad.keys() == {"path", "error"}
    assert bad["error"].keys() == keys.within["error"].within.keys()
    assert told("predict", place / "gone.png", "--bundle", place / "small", status=2) == []


def test_why_a_picture_cannot_be_judged_has_a_kind_that_its_page_names(tmp_path):
    """Of a wholly transparent one as well, by predict and inspect alike."""
    wall = surfaces.generate(0, (256, 256), cracked=False).pixels
    blurred = np.repeat(np.repeat(wall[::32, ::32], 32, 0), 32, 1)
    grey = surfaces.generate(0, (400, 400)).pixels
    given = {
        "too small": wall[:16, :16],
        "too dark": wall // 99,
        "overexposed": np.dstack([wall, np.zeros_like(wall[..., :1])]),
        "blurred": gaussian_filter(blurred, (9, 9, 0)),
        "black and white": np.asarray(Image.fromarray(grey).convert("1").convert("RGB")),
    }
    row = next(line for line in Page("predictions.md").text.splitlines() if line.startswith("| `reason` |"))
    named = re.findall(r"`([^`]+)`", row.split("Where dots")[0])[1:]
    assert named == [*given, UNLIKE_ANY_SURFACE]
    for kind, pixels in given.items():
        path = tmp_path / f"{kind}.png"
        Image.fromarray(pixels).save(path)
        for said in (crackscope.predict(path), crackscope.inspect(path)):
            assert (said.verdict, said.reason.partition(":")[0]) == ("cannot judge", kind)
