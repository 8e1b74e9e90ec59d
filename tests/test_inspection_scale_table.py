"""The scale of each photo from a CSV, as spreadsheets of any country write it."""

import os
import re
import unicodedata

import pytest

from crackscope.errors import InspectionError
from crackscope.inspection import read_scale_table


class TestTable:
    def write(self, folder, text):
        file = folder / "scale.csv"
        file.write_text(text, encoding="utf-8", newline="")
        return file

    @pytest.fixture
    def photos(self, tmp_path):
        (tmp_path / "in").mkdir()
        names = [tmp_path / "in" / name for name in ("a.png", "b.png", "c, d.png")]
        for name in names:
            name.write_bytes(b"x")
        return [str(name) for name in names]

    def test_by_path_and_by_name(self, tmp_path, photos):
        file = self.write(tmp_path, 'path,mm_per_px,relative_error\nin/a.png,0.5,\nb.png,0.25,0.02\n"c, d.png",1,0\n')
        scales = {photos[0]: (0.5, 0.0), photos[1]: (0.25, 0.02), photos[2]: (1.0, 0.0)}
        assert read_scale_table(file, photos).scales == scales

    def test_a_name_that_is_no_utf_8_as_findings_csv_spells_it(self, tmp_path):
        odd = tmp_path / os.fsdecode(b"\xff.png")
        odd.write_bytes(b"x")
        file = self.write(tmp_path, "photo,mm_per_px\n\\udcff.png,0.5\n")
        assert read_scale_table(file, [str(odd)]).scales == {str(odd): (0.5, 0.0)}

    @pytest.mark.parametrize("name", ["=1+1.png", "-a.png", "@a.png", "+a.png"])
    def test_a_name_with_the_apostrophe_that_findings_csv_puts_before_it(self, tmp_path, name):
        (tmp_path / name).write_bytes(b"x")
        photo = str(tmp_path / name)
        file = self.write(tmp_path, f"photo,mm_per_px\n'{name},0.5\n")
        assert read_scale_table(file, [photo]).scales == {photo: (0.5, 0.0)}
        (tmp_path / f"'{name}").write_bytes(b"x")
        with pytest.raises(InspectionError, match=f"line 2 is for '{re.escape(name)}"):
            read_scale_table(file, [photo])

    def test_photos_without_a_row_and_rows_of_others_are_fine(self, tmp_path, photos):
        file = self.write(tmp_path, "path,mm_per_px\nin/a.png,0.5\nin/b.png,2\n")
        assert read_scale_table(file, photos[1:]).scales == {photos[1]: (2.0, 0.0)}

    def test_rows_of_photos_that_are_not_among_those_are_named_the_missing_first(self, tmp_path, photos):
        file = self.write(tmp_path, "path,mm_per_px\nin/a.png,0.5\nin/b.png,2\nin/bb.png,2\nfar/z.png,3\n")
        table = read_scale_table(file, photos[1:])
        assert table.scales == {photos[1]: (2.0, 0.0)}
        assert (table.others, table.rows) == (("in/bb.png", "far/z.png", "in/a.png"), 4)
        assert read_scale_table(file, photos).others == ("in/bb.png", "far/z.png")

    @pytest.mark.parametrize("row", ["in/a.png,1", "in/z.png,1", f"{'long' * 100},1"])
    def test_a_table_of_other_photos_alone_is_refused(self, tmp_path, photos, row):
        file = self.write(tmp_path, f"path,mm_per_px\n{row}\n")
        with pytest.raises(InspectionError, match=f"no row is for any of the photos, line 2 is for {row[:-2]}"):
            read_scale_table(file, photos[1:])

    @pytest.mark.parametrize(
        "text",
        [
            "path;mm_per_px;relative_error\nin/a.png;0,5;0,02\n",
            "path\tmm_per_px\trelative_error\r\nin/a.png\t0,5\t0.02\r\n",
            "\ufeffphoto;mm_per_px;relative_error\r\nin/a.png;0.5;,02\r\n\r\n;;\r\n",
            'Relative_Error,MM_per_px,"Path"\n0.02,"0,5",in/a.png\n',
        ],
    )
    def test_as_spreadsheets_write_it(self, tmp_path, photos, text):
        assert read_scale_table(self.write(tmp_path, text), photos).scales == {photos[0]: (0.5, 0.02)}

    @pytest.mark.parametrize(
        "text",
        [
            "path;mm_per_px\nin/a.png;1,500\nin/b.png;12\n",
            "path\tmm_per_px\nin/a.png\t1,500\nin/b.png\t,5\n",
            'path,mm_per_px\nin/b.png,"0,250"\nin/a.png,"1,500"\n',
            "path,mm_per_px\nin/a.png,1.500\n",
            "path,mm_per_px\nin/a.png,\u0661.\u0665\n",
        ],
    )
    def test_a_comma_is_decimal_where_the_table_tells_so(self, tmp_path, photos, text):
        assert read_scale_table(self.write(tmp_path, text), photos).scales[photos[0]] == (1.5, 0.0)

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("", "columns path,mm_per_px"),
            ("photo,scale\nin/a.png,1\n", "columns path,mm_per_px"),
            ("path,mm_per_px\n", "no rows below the header"),
            ("path;mm_per_px\r\n;\r\n\r\n", "no rows below the header"),
            ("path,mm_per_px\nin/a.png,1\nin/z.png,1\nin/z.png,2\n", "line 4: in/z.png stands in line 3 too"),
            ("path,mm_per_px\n,1\n", "line 2: the path is missing"),
            ("path,mm_per_px\nin/a.png,1\na.png,1\n", "line 3: a.png stands in line 2 too"),
            ("path,mm_per_px\nin/a.png,0\n", "line 2: mm_per_px is 0"),
            ("path,mm_per_px\nin/a.png,-2\n", "above 0"),
            ("path,mm_per_px\nin/a.png,nan\n", "above 0"),
            ("path,mm_per_px\nin/a.png,1e300\n", "cannot be 1e300"),
            ("path,mm_per_px\nin/a.png,0,5\n", "line 2: 3 cells for 2 columns; decimal commas want semicolons"),
            ("path;mm_per_px\nin/a.png;1.000,5\n", "mm_per_px is 1.000,5"),
            ("path;mm_per_px\nin/a.png;0,5;;\n", "line 2: 4 cells for 2 columns"),
            ("path,photo,mm_per_px\na.png,a.png,1\n", "a column stands twice"),
            ("p\0a\0t\0h\0", "save it as CSV UTF-8"),
            ("path,mm_per_px\nin/a.png\n", "mm_per_px is missing"),
            ("path,mm_per_px\nin/a.png, \n", "line 2: mm_per_px is missing"),
            ('path,mm_per_px\nin/a.png,"1\n2"\n', "line 3: mm_per_px is 1 2, it must be a number"),
            ('path,mm_per_px,relative_error\nin/a.png,1,"a\nb"\n', "line 3: relative_error is a b, it must be a share"),
            ('path,mm_per_px\nin/a.png,"1,500"\n', "mm_per_px is 1,500, which may be 1.5 or 1500; write it without"),
            ("path\tmm_per_px\nin/b.png\t2\nin/a.png\t12,125\n", "line 3: mm_per_px is 12,125, which may be 12.125 or"),
            ("path;mm_per_px\nin/a.png;1,500,000\n", "mm_per_px is 1,500,000, it must be a number"),
            ("path,mm_per_px\nin/a.png,1_5\n", "mm_per_px is 1_5, it must be a number"),
            ("path,mm_per_px,relative_error\nin/a.png,1,2\n", "share from 0 to below 1"),
            (
                "path,mm_per_px,relative_error\nin/a.png,1,1\n",
                "relative_error is 1, it must be a share from 0 to below 1",
            ),
            ('path,mm_per_px\nin/a.png,1\n\n"in/b.png,1\nin/c.png,1\n', 'line 4: a quote (") is not closed'),
            ('path,mm_per_px\nin/a.png,1\nin/b.png,"1', 'line 3: a quote (") is not closed'),
            ('path,mm_per_px\n"in/a.png,1\n"in/b.png",1\n', 'line 3 or before: a quote (") is not closed'),
            ('"path,mm_per_px\nin/a.png,1\n', 'line 1: a quote (") is not closed'),
            ('path,mm_per_px\n"in/a.png,1\n"c, d.png",1\n', 'line 3 or before: a quote (") is not closed'),
        ],
    )
    def test_refused_in_one_line(self, tmp_path, photos, text, says):
        with pytest.raises(InspectionError) as refusal:
            read_scale_table(self.write(tmp_path, text), photos)
        assert says in str(refusal.value)
        assert "\n" not in str(refusal.value)

    def test_a_name_that_fits_two_photos(self, tmp_path, photos):
        with pytest.raises(InspectionError, match="several photos"):
            read_scale_table(self.write(tmp_path, "path,mm_per_px\nx.png,1\n"), ["one/x.png", "two/x.png"])

    @pytest.mark.parametrize("name", ["in\\a.png", "in/A.PNG", "IN\\A.png", "A.png"])
    def test_names_as_another_system_writes_them(self, tmp_path, photos, name):
        file = self.write(tmp_path, f"path,mm_per_px\n{name},0.5\nin\\B.png,1\n")
        assert read_scale_table(file, photos).scales == {photos[0]: (0.5, 0.0), photos[1]: (1.0, 0.0)}

    def test_a_name_that_fits_two_photos_but_for_capitals(self, tmp_path):
        file = self.write(tmp_path, "path,mm_per_px\nX.png,1\n")
        with pytest.raises(InspectionError, match=r"line 2: X\.png: several photos end so"):
            read_scale_table(file, ["one/x.png", "two/x.PNG"])
        assert read_scale_table(file, ["one/x.png", "two/X.png"]).scales == {"two/X.png": (1.0, 0.0)}

    @pytest.mark.skipif(os.name == "nt", reason="backslashes part folders there")
    def test_a_backslash_that_is_part_of_a_name(self, tmp_path):
        photo = tmp_path / "in\\a.png"
        photo.write_bytes(b"x")
        file = self.write(tmp_path, "path,mm_per_px\nin\\a.png,0.5\n")
        assert read_scale_table(file, [str(photo)]).scales == {str(photo): (0.5, 0.0)}
        away = "elsewhere/in\\a.png"
        photo.unlink()
        assert read_scale_table(file, [away]).scales == {away: (0.5, 0.0)}

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
    def test_in_utf_16_with_its_mark(self, tmp_path, photos, encoding):
        file = tmp_path / "scale.csv"
        mark = "\ufeff" * (encoding != "utf-16")
        file.write_bytes(f"{mark}path\tmm_per_px\r\nin/a.png\t0,5\r\n".encode(encoding))
        assert read_scale_table(file, photos).scales == {photos[0]: (0.5, 0.0)}
        file.write_bytes(file.read_bytes() + b"x")
        with pytest.raises(InspectionError, match="is no CSV file in UTF-16, save it as CSV UTF-8"):
            read_scale_table(file, photos)

    @pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
    def test_names_that_a_spreadsheet_saved_in_the_letters_of_its_system(self, tmp_path, encoding):
        names = ["Südwand.png", "plain.png", "Straße, Größe.png"]
        photos = [str(tmp_path / "in" / name) for name in names]
        (tmp_path / "in").mkdir()
        for photo in photos[:2]:
            (tmp_path / photo).write_bytes(b"x")
        file = tmp_path / "scale.csv"
        rows = f"path;mm_per_px\nin/{names[0]};0,5\nplain.png;0,25\n{names[2]};1\n"
        file.write_bytes(rows.encode(encoding))
        table = read_scale_table(file, photos)
        assert table.scales == {photos[0]: (0.5, 0.0), photos[1]: (0.25, 0.0), photos[2]: (1.0, 0.0)}
        assert not table.others

    def test_a_name_of_odd_bytes_goes_before_the_same_bytes_as_letters(self, tmp_path):
        photos = [str(tmp_path / os.fsdecode(name)) for name in (b"\xfc.png", "ü.png".encode())]
        for photo in photos:
            with open(photo, "wb"):
                pass
        file = tmp_path / "scale.csv"
        file.write_bytes(b"path,mm_per_px\n\xfc.png,0.5\n")
        assert read_scale_table(file, photos).scales == {photos[0]: (0.5, 0.0)}

    def test_names_in_letters_that_nobody_knows_are_told_apart_from_misspelt_ones(self, tmp_path):
        file = tmp_path / "scale.csv"
        file.write_bytes("path,mm_per_px\nSüdwand.png,0.5\n".encode("cp850"))
        with pytest.raises(InspectionError, match=r"line 2 is for .*png, which is no UTF-8: save it as CSV UTF-8$"):
            read_scale_table(file, [str(tmp_path / "Südwand.png")])

    def test_accents_that_stand_by_themselves_in_names_from_a_mac(self, tmp_path):
        apart, whole = (unicodedata.normalize(form, "Süd/Köln.png") for form in ("NFD", "NFC"))
        table = self.write(tmp_path, f"path,mm_per_px\n{whole},0.5\n")
        assert read_scale_table(table, [f"in/{apart}"]).scales == {f"in/{apart}": (0.5, 0.0)}
        both = [f"in/{apart}", f"in/{whole}"]
        assert read_scale_table(table, both).scales == {both[1]: (0.5, 0.0)}

    def test_two_names_of_one_file_have_its_scale(self, tmp_path, photos):
        other = tmp_path / "other.png"
        other.symlink_to(photos[0])
        table = read_scale_table(self.write(tmp_path, "path,mm_per_px\nin/a.png,0.5\n"), [photos[0], str(other)])
        assert table.scales == {photos[0]: (0.5, 0.0), str(other): (0.5, 0.0)}

    def test_no_such_file(self, tmp_path):
        with pytest.raises(InspectionError, match="cannot be read"):
            read_scale_table(tmp_path / "none.csv", [])
