"""The table of `suggest`, saved anew by a spreadsheet: read as it was, or refused; never passed over in silence."""

import csv
import re
import shutil

import pytest

from crackscope.cli import main
from tests.small_suggested import adapted, sort_patches, suggested, write_photo
from tests.small_surfaces import remembering_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return str(remembering_bundle(tmp_path_factory.mktemp("bundles") / "small").path)


def as_excel_saves_it(text):
    return b"\xff\xfe" + text.replace(",", "\t").replace("\n", "\r\n").encode("utf-16-le")


READ = {
    "UTF-16 with tabs": as_excel_saves_it,
    "semicolons and a BOM": lambda text: text.replace(",", ";").replace("\n", "\r\n").encode("utf-8-sig"),
    "columns left out and moved": lambda text: "".join(
        f"{cells[2]},{cells[1]}\n" for cells in csv.reader(text.splitlines())
    ).encode(),
    "Capitals": lambda text: text.replace("patch,photo", "Patch , PHOTO", 1).encode(),
    "rows left out": lambda text: text.partition("\n2,")[0].encode(),
}
UNREAD = {
    "cp1252": (lambda text: text.encode("cp1252"), r"not UTF-8 text \(byte \d+\), so .*; save it as CSV in UTF-8"),
    "UTF-16 without a mark": (
        lambda text: text.replace("ü", "ue").encode("utf-16-le"),
        r"not UTF-8 text \(byte 1\), so .*; save it as",
    ),
    "letters lost": (
        lambda text: text.replace("ü", "?").encode(),
        r"line 2: unsorted/0001_s\?d.* has lost letters, so",
    ),
    "a column called otherwise": (lambda text: text.replace(",photo,", ",Foto,", 1).encode(), "1: no column photo, so"),
    "no header": (lambda text: text.partition("\n")[2].encode(), "line 1: no column patch and photo, so"),
    "an open quote": (
        lambda text: text.replace("2,unsorted", '2,"unsorted', 1).encode(),
        "line 3: a quote .* not closed",
    ),
    "nothing": (lambda text: b"", "line 1: no column patch and photo, so"),
}


@pytest.fixture(scope="module")
def south(bundle, tmp_path_factory):
    """Sorted patches of two photos with an umlaut in their names."""
    folder = tmp_path_factory.mktemp("south")
    for number in range(2):
        write_photo(folder / "photos" / f"süd {number}.png", number, 6)
    sort_patches(suggested(bundle, folder / "photos", folder / "sorted"))
    return folder / "sorted"


@pytest.mark.parametrize("saved", READ.values(), ids=READ)
def test_a_table_that_a_spreadsheet_saved_still_tells_the_photos(bundle, south, tmp_path, capsys, saved):
    folder = shutil.copytree(south, tmp_path / "copy")
    table = folder / "suggestions.csv"
    table.write_bytes(saved(table.read_text()))
    record = adapted(bundle, folder, tmp_path / "out", capsys)
    whole = saved != READ["rows left out"]
    assert (record["photos"], record["suggested"]) == ((2, 24) if whole else (1, 1))


@pytest.mark.parametrize(("saved", "says"), UNREAD.values(), ids=UNREAD)
@pytest.mark.parametrize("command", ["adapt", "split", "scan", "evaluate"])
def test_one_that_cannot_be_read_any_more_is_named_with_what_to_do(
    bundle, south, tmp_path, capsys, saved, says, command
):
    folder = shutil.copytree(south, tmp_path / "copy")
    table = folder / "suggestions.csv"
    table.write_bytes(saved(table.read_text()))
    words = {"adapt": [bundle], "evaluate": [bundle]}.get(command, [])
    assert main([command, *words, str(folder), *(["-o", str(tmp_path / "out")] if command != "scan" else [])]) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith(f"crackscope: {table}: ")
    assert re.search(says, told)
    assert not (tmp_path / "out").exists()


def test_somebody_elses_table_of_that_name_is_none(bundle, south, tmp_path, capsys):
    shutil.copytree(south, tmp_path / "mine" / "copy")
    (tmp_path / "mine" / "copy" / "suggestions.csv").unlink()
    (tmp_path / "mine" / "suggestions.csv").write_bytes("Vorschlag,von\nmehr Kuchen,Jürgen\n".encode("cp1252"))
    assert adapted(bundle, tmp_path / "mine" / "copy", tmp_path / "out", capsys)["photos"] == 0


def test_photos_whose_names_break_lines_are_kept_apart(bundle, tmp_path, capsys):
    for number, name in enumerate(("ab", "a\nb", "a\u2028b", "a\x1cb")):
        write_photo(tmp_path / "photos" / f"{name}.png", number, 3)
    folder = suggested(bundle, tmp_path / "photos", tmp_path / "out")
    for one in (folder / "unsorted").iterdir():
        one.rename(folder / ("crack" if one.stem.endswith("_0") else "sound") / one.name)
    record = adapted(bundle, folder, tmp_path / "mine", capsys)
    assert (record["photos"], record["suggested"]) == (4, 24)
