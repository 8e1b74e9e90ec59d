"""Patches that `suggest` chose are no sample of ordinary photos: every figure of them says so."""

import json
import shutil

import pytest

from crackscope.cli import main
from tests.small_suggested import sort_patches, suggested, write_photo
from tests.small_surfaces import remembering_bundle

SAYS = "suggested, chosen as hard or likely cracked, so"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return str(remembering_bundle(tmp_path_factory.mktemp("bundles") / "small").path)


@pytest.fixture(scope="module")
def chosen(bundle, tmp_path_factory):
    """24 sorted patches of two photos."""
    folder = tmp_path_factory.mktemp("chosen")
    for number in range(2):
        write_photo(folder / "photos" / f"{number}.png", number, 6)
    sort_patches(suggested(bundle, folder / "photos", folder / "sorted"))
    return folder / "sorted"


@pytest.fixture(scope="module")
def ordinary(chosen, tmp_path_factory):
    """The same patches, with nothing to tell that they were chosen."""
    folder = shutil.copytree(chosen, tmp_path_factory.mktemp("ordinary") / "sorted")
    (folder / "suggestions.csv").unlink()
    return folder


@pytest.fixture
def judged(bundle, tmp_path, capsys):
    def judge(data, name):
        assert main(["evaluate", bundle, str(data), "--part", "all", "-o", str(tmp_path / name)]) == 0
        told = capsys.readouterr().out
        metrics = json.loads((tmp_path / name / "metrics.json").read_text())
        return metrics["suggested"], told, (tmp_path / name / "report.html").read_text()

    return judge


def test_an_evaluation_says_how_many_of_its_pictures_were_suggested(judged, chosen, ordinary):
    count, told, page = judged(chosen, "chosen")
    assert count == 24
    assert f"24 of the 24 pictures judged were {SAYS}" in told
    assert f"24 of the 24 pictures judged were {SAYS}" in page
    count, told, page = judged(ordinary, "ordinary")
    assert count == 0
    assert SAYS not in told
    assert SAYS not in page


def test_the_report_is_told_of_last(judged, chosen):
    assert judged(chosen, "out")[1].splitlines()[-1].startswith("report: ")


def test_a_comparison_says_who_looks_worse_by_it(judged, chosen, ordinary, tmp_path, capsys):
    for name, data in (("one", chosen), ("plain", ordinary)):
        judged(data, name)
        shutil.copytree(tmp_path / name, tmp_path / f"{name} again")
        assert main(["compare", str(tmp_path / name), str(tmp_path / f"{name} again"), "-o", str(tmp_path / "c")]) == 0
        pages = capsys.readouterr().out, (tmp_path / "c" / "compare.html").read_text()
        assert [SAYS in one for one in pages] == [data is chosen] * 2
        shutil.rmtree(tmp_path / "c")


def test_a_matrix_says_of_which_surface(bundle, chosen, ordinary, tmp_path, capsys):
    on = [f"hard={chosen}", f"plain={ordinary}"]
    words = [word for one in on for word in ("--on", one)]
    assert main(["matrix", *words, "--bundle", bundle, "-o", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    for told in (said.out + said.err, (tmp_path / "out" / "matrix.html").read_text()):
        assert f"hard: 24 of the 24 pictures judged were {SAYS}" in told
        assert told.count(SAYS) == 1
