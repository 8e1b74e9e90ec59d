"""Tables in as many columns as a terminal has, and as lines where it has too few."""

import io

import pytest
from rich.console import Console
from rich.text import Text

from crackscope.cli.console import WIDE, print_table
from crackscope.cli.tables import as_blocks, as_table, fits, without_rims

COLUMNS = ("verdict", ">probability", "picture")
ROWS = [("crack", "0.973", "a/long/folder/with/a/picture/in/it.png"), ("sound", "", "b.png")]
CELLS = [[Text(cell) for cell in row] for row in ROWS]
WHOLE = len("verdict") + len("probability") + len(ROWS[0][2]) + 2 * 3 + 2
"""Columns of the terminal that the table takes when nothing is broken: two gaps of 3 and the rims."""


def printed(*pieces, width=120) -> list[str]:
    paper = Console(file=io.StringIO(), width=width)
    for piece in pieces:
        paper.print(piece)
    return [line.rstrip() for line in paper.file.getvalue().splitlines()]


def test_numbers_are_set_flush_right_under_their_heads():
    head, _, first, second, *_ = (line for line in printed(as_table(COLUMNS, CELLS)) if line)
    assert head.split() == ["verdict", "probability", "picture"]
    end = head.index("probability") + len("probability")
    assert first[:end].endswith("0.973")
    assert first.index("crack") == head.index("verdict")
    assert first.index("a/long") == second.index("b.png") == head.index("picture")


@pytest.mark.parametrize("width", [WHOLE, WHOLE - 14, WHOLE - 15])
def test_a_table_fits_as_long_as_its_longest_column_keeps_some_room(width):
    assert len(ROWS[0][2]) - 14 == 24
    assert fits(COLUMNS, CELLS, width) == (width >= WHOLE - 14)
    head, _, *body = (line for line in printed(as_table(COLUMNS, CELLS), width=WHOLE - 14) if line)
    at = head.index("picture")
    assert "".join(line[at:].strip() for line in body) == ROWS[0][2] + "b.png"


def test_a_short_table_needs_no_more_room_than_it_takes():
    cells = [[Text("crack"), Text("0.9"), Text("b.png")]]
    takes = len("verdict") + len("probability") + len("picture") + 2 * 3 + 2
    assert fits(COLUMNS, cells, takes)
    assert not fits(COLUMNS, cells, takes - 1)


def test_blocks_begin_with_the_picture_and_leave_out_what_is_empty():
    assert printed(*as_blocks(COLUMNS, CELLS), width=60) == [
        ROWS[0][2],
        "  verdict crack, probability 0.973",
        "b.png",
        "  verdict sound",
    ]


def test_a_picture_leads_its_block_however_short_its_name():
    verdict, likely, _ = COLUMNS
    assert (
        printed(*as_blocks((verdict, likely, "photo"), [[Text("crack"), Text("0.9"), Text("b")]]), width=20)[0] == "b"
    )


def test_a_block_without_a_picture_begins_with_the_first_column_and_every_number_has_a_head():
    columns = ("figure", ">value", ">95 % interval", ">best without looking")
    row = [Text("accuracy"), Text("0.6429"), Text("0.47 to 0.79"), Text("0.5000")]
    assert printed(*as_blocks(columns, [row]), width=80) == [
        "accuracy",
        "  value 0.6429, 95 % interval 0.47 to 0.79, best without looking 0.5000",
    ]


def test_a_number_that_leads_stands_behind_its_head():
    rows = [[Text("10"), Text("0.870 (0.810 to 0.920)"), Text("measured")]]
    assert printed(*as_blocks((">patches a label", ">balanced accuracy", ""), rows), width=60) == [
        "patches a label 10",
        "  balanced accuracy 0.870 (0.810 to 0.920), measured",
    ]


def test_a_name_longer_than_the_terminal_is_broken_and_not_cut():
    lines = printed(*as_blocks(COLUMNS, CELLS[:1]), width=20)
    assert "".join(lines[:2]) == ROWS[0][2]


def test_blocks_keep_the_colour_of_their_first_line():
    first, *_ = as_blocks(("picture", "verdict"), [[Text("a.png is it", style="bold red"), Text("crack")]])
    assert (first.plain, first.style) == ("a.png is it", "bold red")


def test_on_a_pipe_a_table_begins_with_its_heads_and_no_line_ends_in_blanks(capsys):
    print_table("", COLUMNS, [(picture, "", verdict) for verdict, _, picture in ROWS])
    told = capsys.readouterr().out.split("\n")
    assert told[0].split() == ["verdict", "probability", "picture"]
    assert [line for line in told if line != line.rstrip()] == []
    assert "sound" in told[3]


def test_on_a_pipe_a_row_is_a_line_however_long(capsys):
    remark = "looks like a crack, though so do others: look at it; " * 9
    print_table("", COLUMNS, [("wall.png", ".500", f"wall.png: {remark}end"), ("floor.png", "", "floor.png")])
    head, rule, first, second, *_ = capsys.readouterr().out.split("\n")
    assert first.endswith(f"{remark}end")
    assert len(first) > len(rule) == WIDE
    assert set(rule.strip()) == {"─"}
    assert (head.split()[0], second.split()[0]) == ("verdict", "floor.png")


def test_on_a_pipe_the_rule_is_as_long_as_a_table_that_is_short(capsys):
    print_table("", COLUMNS, ROWS)
    _, rule, first, *_ = capsys.readouterr().out.split("\n")
    assert len(rule) == len(first) < WIDE


def test_only_what_is_around_a_table_is_taken_off():
    assert without_rims("   \n a  b  \n\n   c\n") == " a  b\n\n   c\n"
