"""HEIC photos as a user gives them: files, folders, standard input and bytes; with the extra, and without it."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import crackscope
from crackscope import datasets, images
from crackscope.cli import main
from crackscope.errors import ImageError
from crackscope.inspection import open_photo
from tests.small_bundle import write_small_bundle
from tests.small_exif import block
from tests.small_heif import DEEP, MAIN, TURNED, WALL, heif
from tests.small_page import Page
from tests.small_patches import write_patches
from tests.small_way import lines
from tests.test_images_exif import EXIF, FIRST, GPS

pytest.importorskip("pi_heif", reason="wants the extra heif, which the extra dev brings")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_small_bundle(tmp_path_factory.mktemp("bundle") / "bundle").path)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "IMG_1.HEIC").write_bytes(WALL)
    (folder / "IMG_2.heif").write_bytes(TURNED)
    (folder / "IMG_3.hif").write_bytes(DEEP)
    return folder


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the extra is not installed."""
    monkeypatch.setitem(sys.modules, "pi_heif", None)


def test_predict_takes_files_folders_patterns_streams_and_bytes(photos, bundle, capsys, monkeypatch):
    assert main(["predict", str(photos), "--bundle", bundle, "--jsonl"]) == 0
    of_folder = lines(capsys.readouterr().out)
    assert [(Path(line["path"]).name, line["width"], line["height"]) for line in of_folder] == [
        ("IMG_1.HEIC", 256, 192),
        ("IMG_2.heif", 96, 160),
        ("IMG_3.hif", 64, 48),
    ]
    assert main(["predict", str(photos / "*.HEIC"), "--bundle", bundle, "--jsonl"]) == 0
    (of_pattern,) = lines(capsys.readouterr().out)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(WALL)))
    assert main(["predict", "-", "--bundle", bundle, "--jsonl"]) == 0
    (of_stream,) = lines(capsys.readouterr().out)
    of_bytes = crackscope.predict(WALL, bundle=bundle)
    of_pixels = crackscope.predict(images.read(WALL).pixels, bundle=bundle)
    said = of_folder[0]["probability"]
    assert of_pattern["probability"] == of_stream["probability"] == said
    assert of_bytes.probability == of_pixels.probability == pytest.approx(said, abs=1e-6)


def test_predict_says_that_it_saw_one_of_several(tmp_path, bundle, capsys):
    (tmp_path / "several.heic").write_bytes(heif([MAIN, MAIN]))
    assert main(["predict", str(tmp_path / "several.heic"), "--bundle", bundle]) == 0
    assert "1 file has several pages" in capsys.readouterr().out


def test_inspect_reports_with_jpegs_and_places(photos, bundle, tmp_path):
    out = tmp_path / "report"
    assert main(["inspect", str(photos), "-o", str(out), "--bundle", bundle]) == 0
    features = json.loads((out / "photos.geojson").read_text())["features"]
    (placed,) = (one for one in features if one["geometry"])
    assert placed["properties"]["photo"] == str(photos / "IMG_2.heif")
    assert placed["properties"]["direction_deg"] == 271.25
    assert placed["geometry"]["coordinates"][:2] == [pytest.approx(151.2153), pytest.approx(-33.8568)]
    shown = {path.name: path for path in (out / "photos").iterdir()}
    assert sorted(shown) == ["IMG_1.jpg", "IMG_2.jpg", "IMG_3.jpg"]
    with Image.open(shown["IMG_2.jpg"]) as image:
        assert (image.format, image.size, image.getexif()[0x0112]) == ("JPEG", (96, 160), 1)
        assert np.abs(np.asarray(image).astype(int) - images.read(TURNED).pixels).mean() < 3
    for overlay in (out / "overlays").iterdir():
        assert images.read_header(overlay).format == "JPEG"
    assert "IMG_2.heif" in Page(out / "index.html").text


def test_a_turned_photo_has_the_focal_length_of_the_same_jpeg():
    first, exif = {**FIRST, 0x0112: 6}, {**EXIF, 0xA002: 160, 0xA003: 96}
    by_sensor = {tag: value for tag, value in exif.items() if tag != 0xA405}
    for told, data in ((exif, TURNED), (by_sensor, TURNED.replace(b"\x05\xa4", b"\xff\xa4"))):
        jpeg = io.BytesIO()
        Image.fromarray(np.zeros((96, 160, 3), np.uint8)).save(jpeg, "JPEG", exif=b"Exif\0\0" + block(first, told, GPS))
        focal = open_photo(jpeg.getvalue()).focal
        assert focal is not None
        assert open_photo(data).focal == focal


def test_scan_takes_them_as_patches(tmp_path):
    data = write_patches(tmp_path / "data", 4)
    (data / "crack" / "phone.heic").write_bytes(WALL)
    report = datasets.scan(data)
    assert (report.labels["crack"], report.unreadable) == (5, ())


def test_a_jpeg_of_the_same_name_is_taken_and_that_is_told(photos, bundle, capsys):
    images.write_jpeg(images.read(WALL).pixels, photos / "IMG_1.jpg")
    (photos / "IMG_2.dng").write_bytes(b"II*\0")
    call = ["predict", str(photos), "--bundle", bundle, "--jsonl"]
    assert main(call) == 0
    told = capsys.readouterr()
    assert [Path(line["path"]).name for line in lines(told.out)] == ["IMG_1.jpg", "IMG_2.heif", "IMG_3.hif"]
    assert "passed over 2 photos in a format that is not read, or HEIF" in told.err
    assert main([*call, str(photos / "IMG_1.HEIC")]) == 0
    assert len(lines(capsys.readouterr().out)) == 4


def test_a_heic_is_judged_beside_a_jpeg_that_breaks_off(photos, bundle, tmp_path, capsys):
    images.write_jpeg(images.read(WALL).pixels, photos / "IMG_1.jpg")
    whole = (photos / "IMG_1.jpg").read_bytes()
    (photos / "IMG_1.jpg").write_bytes(whole[: len(whole) // 2])
    assert main(["predict", str(photos), "--bundle", bundle, "--jsonl"]) == 1
    told = capsys.readouterr()
    heic, jpeg, *_ = lines(told.out)
    assert [Path(line["path"]).name for line in (heic, jpeg)] == ["IMG_1.HEIC", "IMG_1.jpg"]
    assert "verdict" in heic
    assert jpeg["error"]["kind"] == "truncated"
    assert "passed over" not in told.err
    out = tmp_path / "report"
    assert main(["inspect", str(photos), "-o", str(out), "--bundle", bundle]) == 1
    told = capsys.readouterr()
    assert "1 unreadable" in told.out
    assert "passed over" not in told.err


@pytest.mark.usefixtures("without")
def test_without_the_extra_each_is_listed_with_what_to_do(photos, bundle, tmp_path, capsys):
    images.write_png(np.full((64, 64, 3), 128, np.uint8), photos / "other.png")
    assert main(["predict", str(photos), "--bundle", bundle, "--jsonl"]) == 1
    *unread, other = lines(capsys.readouterr().out)
    assert [line["error"]["kind"] for line in unread] == ["unsupported"] * 3
    assert all("[heif]" in line["error"]["message"] for line in unread)
    assert "error" not in other
    out = tmp_path / "report"
    assert main(["inspect", str(photos), "-o", str(out), "--bundle", bundle]) == 1
    assert "3 unreadable" in capsys.readouterr().out
    assert "Most Compatible" in Page(out / "index.html").text


@pytest.mark.usefixtures("without")
def test_without_the_extra_scan_names_them(tmp_path):
    data = write_patches(tmp_path / "data", 4)
    (data / "crack" / "phone.heic").write_bytes(WALL)
    report = datasets.scan(data)
    assert [one.error.kind for one in report.unreadable] == ["unsupported"]


@pytest.mark.usefixtures("without")
def test_without_the_extra_python_gets_one_line(photos, bundle):
    for name, source in ((str(photos / "IMG_1.HEIC"), photos / "IMG_1.HEIC"), ("<bytes>", WALL)):
        with pytest.raises(ImageError, match="Most Compatible") as caught:
            crackscope.predict(source, bundle=bundle)
        assert caught.value.kind == "unsupported"
        assert str(caught.value).startswith(f"{name}: it is a HEIC file, which wants the extra heif: ")
        assert "\n" not in str(caught.value)
