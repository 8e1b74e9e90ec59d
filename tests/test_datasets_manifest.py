"""Labels, parts, masks and surfaces as manifests name them."""

import os
import unicodedata
from pathlib import Path

import pytest

from crackscope import datasets
from crackscope.errors import DatasetError
from tests.small_labelled import mask, picture


def write_manifest(folder: Path, *lines: str) -> Path:
    path = folder / "labels.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_manifest_with_every_column(tmp_path: Path) -> None:
    picture(tmp_path / "p" / "a.png")
    picture(tmp_path / "p" / "b.png")
    mask(tmp_path / "m" / "b.png", cracked=True)
    path = write_manifest(
        tmp_path,
        "Path,Label,part,group,mask,surface",
        "p/a.png,No_Crack,valid,photo 1,,wall",
        "p/b.png,,test,,m/b.png,",
    )
    first, second = datasets.read_rows(path)
    assert (first.label, first.part, first.group, first.surface) == ("sound", "val", "photo 1", "wall")
    assert (second.label, second.part, second.mask) == ("crack", "test", str(tmp_path / "m" / "b.png"))


def test_empty_columns_that_a_spreadsheet_keeps_mean_nothing(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        picture(tmp_path / name, seed=ord(name[0]))
    path = write_manifest(tmp_path, "path,label,,", "a.png,crack,,", "b.png,sound,,")
    assert [row.label for row in datasets.read_rows(path)] == ["crack", "sound"]
    with pytest.raises(DatasetError, match=r"no such column \(columns: path, label\)"):
        datasets.split(path, group_by="photo")


def test_blanks_around_cells_mean_nothing_but_in_names_that_have_them(tmp_path: Path) -> None:
    for name in ("a.png", " b.png"):
        picture(tmp_path / name, seed=len(name))
    (tmp_path / "rows.csv").write_text(" path , label \n a.png , crack \n b.png,sound\n")
    rows = datasets.read_rows(tmp_path / "rows.csv")
    assert [Path(row.path).name for row in rows] == ["a.png", " b.png"]
    assert [row.label for row in rows] == ["crack", "sound"]


def test_empty_lines_of_a_manifest_are_passed_over(tmp_path: Path) -> None:
    for name in "ab":
        picture(tmp_path / f"{name}.png")
    (tmp_path / "all.csv").write_text("path,label\n\na.png,crack\n , \nb.png,sound\n\n", encoding="utf-8")
    assert [row.label for row in datasets.read_rows(tmp_path / "all.csv")] == ["crack", "sound"]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_manifests_from_spreadsheets(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "labels.csv"
    lines = [separator.join(cells) for cells in (("path", "label"), ("a.png", "1"), ("b.png", "0"))]
    path.write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    assert [row.label for row in datasets.read_rows(path)] == ["crack", "sound"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("c.png,maybe,", "line 4: label 'maybe'"),
        ("c.png,,", "line 4: no label"),
        (",crack,", "line 4: no path"),
        ("c.png,crack,train,x,y", "line 4: 2 cells more"),
        ("c.png", "line 4: 2 cells fewer"),
        ("c.png,crack", "line 4: 1 cell fewer"),
        ("c.png,crack,holdout", "line 4: part 'holdout'"),
        ("a.png,crack,train", "line 4: the path of line 2 again"),
        ("a.png,sound,train", "line 4: the path of line 2 again, crack there and sound here"),
        ('"c.png,crack,train\nd.png,crack,test\n', 'line 4: a quote (") is not closed'),
        ('"c.png,crack,train', 'line 4: a quote (") is not closed'),
        ('\n"c.png,crack,train\nd.png,crack,test\n"e.png",crack,test\n', 'line 5: a quote (") is not closed'),
        ('c.png,"cr\nack"', "line 4: 1 cell fewer"),
        ('"c\nd.png",crack,train\ne.png,maybe,', "line 6: label 'maybe'"),
        ('"c\nd\ne.png",crack,train\n\nf.png,,', "line 8: no label"),
        ('"c"d.png,crack,train', "line 4: not readable as CSV"),
        ('"c.png,crack,train\n' + "d.png,crack,test\n" * 9999, 'line 4: a quote (") is not closed'),
    ],
)
def test_bad_rows_are_named_by_line(tmp_path: Path, line: str, said: str) -> None:
    path = write_manifest(tmp_path, "path,label,part", "a.png,crack,train", "b.png,sound,train", line)
    with pytest.raises(DatasetError) as caught:
        datasets.read_rows(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_column_split_that_names_parts_is_that_of_the_parts(tmp_path: Path) -> None:
    lines = ["a.png,crack,train", "b.png,sound,Validation", "c.png,sound,test"]
    rows = datasets.read_rows(write_manifest(tmp_path, "path,label,Split", *lines))
    assert [row.part for row in rows] == ["train", "val", "test"]
    with pytest.raises(DatasetError, match="line 5: part 'trian'"):
        datasets.read_rows(write_manifest(tmp_path, "path,label,Split", *lines, "d.png,crack,trian"))
    folds = datasets.read_rows(write_manifest(tmp_path, "path,label,split", "a.png,crack,1", "b.png,sound,2"))
    assert [row.part for row in folds] == [None, None]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("header", ['"path,label', 'path,"label', '"path,label,part'])
@pytest.mark.parametrize("row", ["a.png,crack", '"a.png",crack', 'a.png,"crack"'])
def test_a_quote_left_open_in_the_header_is_named(tmp_path: Path, header: str, row: str, end: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(end.join([header, row, ""]).encode())
    with pytest.raises(DatasetError) as caught:
        datasets.read_rows(path)
    assert str(caught.value) == f'{path}: line 1: a quote (") is not closed, close it or leave it out'


@pytest.mark.parametrize("order", ["le", "be"])
def test_text_in_16_bits_is_read_where_it_says_so(tmp_path: Path, order: str) -> None:
    for name in ("süd.png", "стена.png"):
        picture(tmp_path / name)
    path = tmp_path / "labels.csv"
    content = "\ufeffpath\tlabel\r\nsüd.png\tcrack\r\nстена.png\tsound\r\n".encode(f"utf-16-{order}")
    path.write_bytes(content)
    rows = datasets.read_rows(path)
    assert [(Path(row.path).name, row.label) for row in rows] == [("süd.png", "crack"), ("стена.png", "sound")]
    for broken in (content[:-1], content[2:]):
        path.write_bytes(broken)
        with pytest.raises(DatasetError, match=r"not UTF-8 text \(byte \d+\); save it as CSV in UTF-8"):
            datasets.read_rows(path)


def test_a_header_may_name_another_column_over_two_lines(tmp_path: Path) -> None:
    rows = datasets.read_rows(write_manifest(tmp_path, 'path,label,"seen\nby"', "a.png,crack,me", "b.png,sound,you"))
    assert [row.label for row in rows] == ["crack", "sound"]


def test_one_fault_of_many_lines_is_told_once_with_the_option_that_names_the_word(tmp_path: Path) -> None:
    for number in range(20):
        picture(tmp_path / f"{number}.png", seed=number)
    words = ["crack" if number % 2 else "Not Bad" for number in range(20)]
    path = write_manifest(tmp_path, "path,label", *(f"{number}.png,{word}" for number, word in enumerate(words)))
    with pytest.raises(DatasetError) as caught:
        datasets.read_rows(path)
    assert str(caught.value) == (
        f"{path}: 10 lines (2, 4, 6, 8, 10 and 5 more): label 'Not Bad' is not a word for crack or sound, "
        "say which with --positive 'Not Bad' or --negative 'Not Bad'"
    )
    rows = datasets.read_rows(path, datasets.Layout(negative=("Not Bad",)))
    assert [row.label for row in rows] == ["crack" if number % 2 else "sound" for number in range(20)]


def test_of_many_faults_some_are_told_and_the_rest_counted(tmp_path: Path) -> None:
    path = write_manifest(tmp_path, "path,label", *(f"{number}.png,word{number // 2}" for number in range(14)))
    with pytest.raises(DatasetError) as caught:
        datasets.read_rows(path)
    assert str(caught.value).count("is not a word") == 5
    assert str(caught.value).endswith("; and 4 more lines")


@pytest.mark.parametrize(
    "content", [b"", b"name,label\na,crack\n", b"path,path,label\n", b"\xff\xfep\x00", b'path,label\n"a,crack\n']
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"labels\.csv"):
        datasets.read_rows(path)


def test_names_that_are_no_utf_8_are_taken_as_our_own_tables_spell_them(tmp_path: Path) -> None:
    odd = picture(tmp_path / os.fsdecode(b"p\xff") / os.fsdecode(b"a\xe9.png"))
    covered = tmp_path / os.fsdecode(b"m\xfe.png")
    mask(covered, cracked=True)
    literal = picture(tmp_path / "udcff.png", seed=1)
    lines = (r"p\udcff/a\udce9.png,,m\udcfe.png", r".\udcff.png,sound,", r"gone\udcff.png,sound,")
    first, second = datasets.read_rows(write_manifest(tmp_path, "path,label,mask", *lines[:2]))
    assert (first.path, first.label, first.mask) == (str(odd), "crack", str(covered))
    assert second.path == str(literal)
    (lost,) = datasets.scan(write_manifest(tmp_path, "path,label,mask", *lines)).unreadable
    assert (lost.path, lost.error.kind) == (str(tmp_path / "gone\udcff.png"), "missing")


def test_a_table_of_bytes_that_are_no_utf_8_says_how_to_write_them(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(b"path,label\na\xff.png,crack\n")
    with pytest.raises(DatasetError, match=r"byte 12\); save it as CSV in UTF-8 \(a byte FF .* is written .udcff\)"):
        datasets.read_rows(tmp_path / "labels.csv")


def in_windows_letters(path: Path, *lines: str) -> Path:
    path.write_bytes("\r\n".join([*lines, ""]).encode("cp1252"))
    return path


def test_what_a_spreadsheet_saved_in_windows_western_letters_is_read_where_its_files_are_there(tmp_path: Path) -> None:
    for number, name in enumerate(("Süd/Größe €.png", "plain.png")):
        picture(tmp_path / name, seed=number)
    mask(tmp_path / "Süd" / "Maske ß.png", cracked=True)
    header = "Path;Label;Mask;Surface;Höhe"
    rows = (r"Süd\Größe €.png;;Süd\Maske ß.png;Brücke;1", "plain.png;hält;;Mauer;2")
    path = in_windows_letters(tmp_path / "labels.csv", header, *rows)
    layout = datasets.Layout(negative=("hält",))
    first, second = datasets.read_rows(path, layout)
    assert (first.path, first.label, first.surface) == (str(tmp_path / "Süd" / "Größe €.png"), "crack", "Brücke")
    assert first.mask == str(tmp_path / "Süd" / "Maske ß.png")
    assert (second.path, second.label, second.surface) == (str(tmp_path / "plain.png"), "sound", "Mauer")


@pytest.mark.parametrize(("table", "disk"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_that_stand_by_themselves_on_a_mac(tmp_path: Path, table: str, disk: str) -> None:
    for number, name in enumerate(("Süd/Größe.png", "Süd/Höhe.png")):
        picture(tmp_path / unicodedata.normalize(disk, name), seed=number)
    written = [unicodedata.normalize(table, row) for row in ("Süd/Größe.png,crack", r"Süd\Höhe.png,sound")]
    rows = datasets.read_rows(write_manifest(tmp_path, "path,label", *written))
    found = [unicodedata.normalize(disk, str(tmp_path / "Süd" / name)) for name in ("Größe.png", "Höhe.png")]
    assert [row.path for row in rows] == found


@pytest.mark.parametrize("row", ["gone ü.png,crack,", "a.png,,gone ü.png", "a.png,crack,\x81"])
def test_windows_letters_that_may_be_others_are_refused(tmp_path: Path, row: str) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "labels.csv").write_bytes(f"path,label,mask\n{row}\n".encode("latin-1"))
    with pytest.raises(DatasetError, match=r"not UTF-8 text \(byte \d+\); save it as CSV in UTF-8"):
        datasets.read_rows(tmp_path / "labels.csv")


def manifest(folder: Path, lines: list[str], header: str = "path,label") -> Path:
    for number in range(4):
        picture(folder / f"{number}.png", number)
    (folder / "a folder").mkdir()
    (folder / "walls.csv").write_text("\n".join([header, *lines, ""]))
    return folder / "walls.csv"


def test_what_a_manifest_names_and_is_no_picture_is_told_with_its_line(tmp_path: Path) -> None:
    lines = ["0.png,crack", "gone.png,crack", "1.png,sound", "", "a folder,sound", "2.png,crack", "3.png,sound"]
    path = manifest(tmp_path, lines)
    report = datasets.scan(path)
    told = {Path(one.path).name: one.error for one in report.unreadable}
    assert {name: error.kind for name, error in told.items()} == {"gone.png": "missing", "a folder": "not-a-picture"}
    assert "check the path (line 3 of walls.csv)" in told["gone.png"].message
    assert "it is a folder" in told["a folder"].message
    assert "(line 6 of walls.csv)" in told["a folder"].message
    assert report.problems == ("2 pictures (33.3%) cannot be read: mend the files, or remove the lines that name them",)
    assert datasets.split(path, parts=(50, 0, 50)).unreadable == report.unreadable


def test_what_a_split_names_and_is_no_picture_is_told_with_its_line(tmp_path: Path) -> None:
    lines = ["0.png,crack,train,", "gone.png,crack,train,", "1.png,sound,train,", "a folder,sound,test,"]
    split = datasets.read_split(manifest(tmp_path, lines, "path,label,part,group"))
    gone, folder = split.unreadable
    assert (gone.error.kind, folder.error.kind) == ("missing", "not-a-picture")
    assert gone.error.message.endswith("check the path (line 3 of walls.csv)")
    assert folder.error.message.endswith("it is no plain file; name a picture (line 5 of walls.csv)")


def test_a_label_that_is_lost_with_its_masks_names_the_first_line(tmp_path: Path) -> None:
    lines = ["0.png,crack,none.png", "1.png,crack,none.png", "2.png,sound,", "3.png,sound,"]
    path = manifest(tmp_path, lines, "path,label,mask")
    with pytest.raises(DatasetError, match=r"labelled crack.* 2 could not be read.*none\.png.*line 2 of walls\.csv"):
        datasets.split(path)
    assert "--positive" not in datasets.scan(path).problems[0]


def test_the_header_alone_says_what_stands_between_columns(tmp_path: Path) -> None:
    for name in ("a, b, c, d.png", "e, f, g, h.png"):
        picture(tmp_path / name)
    (tmp_path / "all.csv").write_text("path;label\na, b, c, d.png;1\ne, f, g, h.png;0\n", encoding="utf-8")
    rows = datasets.read_rows(tmp_path / "all.csv")
    assert [(Path(row.path).name, row.label) for row in rows] == [
        ("a, b, c, d.png", "crack"),
        ("e, f, g, h.png", "sound"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        (
            "labels.csv",
            f'[{{"id":1,"data":{{"image":"{"x" * 5000}"}}}},{{"id":2}}]',
            "labels.csv: JSON, not CSV; write",
        ),
        ("labels.csv", '{\n  "path": 1\n}\n', "labels.csv: JSON, not CSV; write"),
        ("labels.json", f'{{"{"x" * 5000}": 1}}', "labels.json: no JSON or JSON-MIN export of Label Studio"),
        ("labels.csv", f"{'x' * 5000},label\n1,2\n", "line 1: the header wants path,label"),
        ("labels.csv", "Path,lable\n1,2\n", "[,surface], not Path,lable: did you mean label by lable?"),
        ("labels.csv", "paht,lable,part\n1,2,3\n", ": did you mean path by paht and label by lable?"),
        (
            "suggestions.csv",
            "rank;patch;photo;left\n1;a.png;b.png;0\n",
            "wrote, which says no labels; give its folder,",
        ),
        ("labels.csv", "path,class\n1,2\n", "[,surface], not path,class"),
        ("labels.csv", "path,label" + ",more" * 1000 + "\n1,2\n", "line 1: a column stands twice in the header"),
        ("labels.csv", f"path,label,{'x' * 200_000}\n1,2,3\n", "line 1: not readable as CSV (field larger than"),
    ],
)
def test_of_what_is_no_manifest_little_is_quoted(tmp_path: Path, name: str, content: str, says: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DatasetError) as refused:
        datasets.load(tmp_path / name)
    told = str(refused.value)
    assert says in told
    assert "\n" not in told
    assert len(told) < len(str(tmp_path)) + 400


@pytest.mark.parametrize(
    "content",
    [
        '[{"image": "Brücke.png", "label": "crack"}]'.encode("latin-1"),
        '[{"image": "a.png", "label": "crack"}]'.encode("utf-16"),
        b'[{"data": {"image": ' + b"[" * 100_000,
    ],
)
def test_an_export_that_is_no_text_or_without_end_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "labels.json").write_bytes(content)
    with pytest.raises(DatasetError, match=r"json: no JSON or JSON-MIN export of Label Studio \(.*\); export it"):
        datasets.load(tmp_path / "labels.json")
