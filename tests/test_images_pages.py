"""How many pages a file has, which is said wherever its first one is judged."""

import io
import json
import struct

import numpy as np
import pytest
from PIL import Image

from crackscope import images
from crackscope.cli import main
from crackscope.records import MOST_PAGES
from crackscope.wording import first_of
from tests.small_bundle import write_small_bundle
from tests.small_patches import write_patches
from tests.small_way import SMALL
from tests.test_images_damage import SEEDS

SEVERAL = ("png-moving", "webp-moving", "tiff-frames")
PAGES = [Image.fromarray(np.full((40, 50, 3), 60 * n, np.uint8)) for n in range(3)]


def of_several(kind: str, **options) -> bytes:
    file = io.BytesIO()
    PAGES[0].save(file, kind, save_all=True, append_images=PAGES[1:], **options)
    return file.getvalue()


def chain(starts: list[int], following: list[int], kind: int = 0) -> bytes:
    """A TIFF of directories at these places that hold SUBFILE alone, each with the place of the next."""
    data = bytearray(max(starts) + 18)
    data[:8] = b"II*\0" + struct.pack("<L", starts[0])
    for at, to in zip(starts, following, strict=True):
        data[at : at + 18] = struct.pack("<HHHLLL", 1, 254, 4, 1, kind, to)
    return bytes(data)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("TIFF", {}), ("TIFF", {"big_tiff": True}), ("WEBP", {"lossless": True}), ("PNG", {})],
)
def test_pages_are_counted_whatever_they_are_given_as(kind, options, tmp_path):
    data = of_several(kind, **options)
    (tmp_path / "scan").write_bytes(data)
    assert images.count_pages(data) == images.count_pages(str(tmp_path / "scan")) == 3
    assert images.count_pages(io.BytesIO(data)) == 3


def test_a_picture_before_an_animation_is_one_too():
    data = of_several("PNG", default_image=True)
    assert images.count_pages(data) == 3
    assert data.count(b"fcTL") == 2


def test_large_files_are_counted_to_their_end(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (4, 200, 200, 3), np.uint8)
    first, *others = map(Image.fromarray, noise)
    for kind in ("TIFF", "PNG", "WEBP"):
        path = tmp_path / kind
        first.save(path, kind, save_all=True, append_images=others)
        assert images.count_pages(path) == 4


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_the_others_have_one_page_and_none_raises_however_short(name):
    data = SEEDS[name]
    assert images.count_pages(data) == (2 if name in SEVERAL else 1)
    for end in (*range(min(len(data), 64)), *range(64, len(data), max(1, len(data) // 60))):
        assert images.count_pages(data[:end]) >= 1


def test_what_is_no_file_has_one(tmp_path):
    assert images.count_pages(tmp_path / "absent.tif") == 1
    assert images.count_pages(np.zeros((4, 4, 3), np.uint8)) == 1
    assert images.count_pages(PAGES[0]) == 1


def test_smaller_versions_and_masks_are_no_pages():
    assert images.count_pages(chain([8, 32, 64], [32, 64, 0])) == 3
    for kind in (1, 4, 5):
        assert images.count_pages(chain([8, 32, 64], [32, 64, 0], kind)) == 1


def test_chains_that_loop_or_leave_the_file_end():
    assert images.count_pages(chain([8, 32, 64], [32, 64, 32])) == 3
    assert images.count_pages(chain([8], [8])) == 1
    assert images.count_pages(chain([8, 32], [32, 0xFFFFFFF0])) == 2
    assert images.count_pages(chain([8, 32], [32, 49])) == 2


@pytest.mark.parametrize("kind", [0, 1])
def test_endless_chains_are_left_in_the_middle(kind):
    starts = [8 + 18 * n for n in range(100_000)]
    pages = images.count_pages(chain(starts, [*starts[1:], 0], kind))
    assert pages == (1 if kind else MOST_PAGES)
    assert first_of(MOST_PAGES) == "page 1 of 10,000 or more"


def test_predict_says_that_it_saw_the_first_page(tmp_path, capsys, monkeypatch):
    bundle = str(write_small_bundle(tmp_path / "bundle").path)
    (tmp_path / "scan.tif").write_bytes(of_several("TIFF"))
    PAGES[0].save(tmp_path / "one.png")
    call = ["predict", str(tmp_path / "scan.tif"), str(tmp_path / "one.png"), "--bundle", bundle]
    assert main([*call, "--jsonl"]) == 0
    assert [json.loads(line)["pages"] for line in capsys.readouterr().out.splitlines()] == [3, 1]
    assert main(call) == 0
    told = capsys.readouterr().out
    assert told.count("page 1 of 3") == 1
    assert "1 file has several pages" in told
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(of_several("WEBP"))))
    assert main(["predict", "-", "--bundle", bundle, "--jsonl"]) == 0
    assert json.loads(capsys.readouterr().out)["pages"] == 3


def test_inspect_says_so_on_the_terminal_in_the_files_and_on_the_page(tmp_path, capsys):
    bundle = str(write_small_bundle(tmp_path / "bundle").path)
    for name in ("a", "b"):
        wall = Image.fromarray(np.random.default_rng(3).integers(90, 160, (300, 400, 3), np.uint8))
        wall.save(tmp_path / f"{name}.tif", save_all=True, append_images=PAGES[:2])
    out = tmp_path / "report"
    photos = [str(tmp_path / "a.tif"), str(tmp_path / "b.tif")]
    assert main(["inspect", *photos, "-o", str(out), "--bundle", bundle]) == 0
    told = capsys.readouterr().out
    assert told.count("page 1 of 3") == 2
    assert "2 files have several pages" in told
    assert json.loads((out / "findings.jsonl").read_text().splitlines()[0])["pages"] == 3
    assert json.loads((out / "inspection.json").read_text())["photos"][1]["pages"] == 3
    assert (out / "index.html").read_text().count("page 1 of 3, the others not judged") == 2
    assert main(["explain", photos[0], "-o", str(tmp_path / "why"), "--bundle", bundle]) == 0
    assert "page 1 of 3" in capsys.readouterr().out.splitlines()[0]


def test_those_who_learn_and_judge_say_it_once(tmp_path, capsys):
    data = write_patches(tmp_path / "data", count=12)
    for path in sorted((data / "crack").iterdir())[:2]:
        Image.open(path).save(path.with_suffix(".tif"), save_all=True, append_images=PAGES[:2])
        path.unlink()
    run = str(tmp_path / "run")
    calls = {
        "was used": ["train", str(data), "-o", run, *SMALL],
        "was judged": ["evaluate", run, str(data), "--part", "all"],
        "was looked at": ["suggest", run, str(data), "-n", "2", "-o", str(tmp_path / "label")],
    }
    for done, call in calls.items():
        assert main(call) == 0
        told = capsys.readouterr().out
        assert told.count("2 files have several pages") == told.count(f"the first alone {done}") == 1
    assert main([*calls["was judged"], "--json"]) == 0
    assert "pages" not in capsys.readouterr().out
