"""Numbers as people read them, and the scale that they are drawn on."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crackscope.records import Measure
from crackscope.reports.chart import nice_ticks
from crackscope.reports.formatting import count, elided, number, p_value, percent, percent_interval, signed
from crackscope.reports.rendering import script_data
from crackscope.reports.scale import scale_for


@given(st.floats(0, 1, exclude_max=True))
@example(1 - 1e-9)
def test_nothing_is_rounded_up_to_one(value):
    assert float(number(value)) < 1
    assert abs(float(number(value)) - value) < 1e-4


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (1.0, "1.0000"), (0.99995, "0.999950"), (-1e-9, "0.0000"), (0.1, "0.1000")]
)
def test_numbers(value, text):
    assert number(value) == text


def test_shares_counts_and_differences():
    assert [percent(one) for one in (None, 0, 1, 0.5, 0.9987)] == ["–", "0 %", "100 %", "50.0 %", "99.87 %"]
    assert [count(one, "row") for one in (0, 1, 1600)] == ["0 rows", "1 row", "1,600 rows"]
    assert [signed(one) for one in (None, 0.00001, -0.5, 0.25)] == ["–", "0.0000", "−0.5000", "+0.2500"]
    assert [p_value(one) for one in (None, 0.0001, 0.04)] == ["–", "< .001", "0.040"]


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
@example(0.99999)
@example(0.00001)
def test_a_share_that_is_neither_none_nor_all_is_told_as_neither(share):
    sign, _, text = percent(share).removesuffix(" %").rpartition(" ")
    told = float(text)
    assert 0 < told < 100
    assert {"<": 100 * share < told, ">": 100 * share > told, "": abs(100 * share - told) < 0.051}[sign]


def test_the_ends_of_a_share_s_interval_are_told_so_too():
    assert [percent(one) for one in (0.00001, 0.0001, 0.9999, 0.99999)] == [
        "< 0.01 %",
        "0.01 %",
        "99.99 %",
        "> 99.99 %",
    ]
    spread = [Measure(value=value, low=low, high=high) for value, low, high in ((0.041, 1e-6, 0.056), (1, 0.99999, 1))]
    assert [percent_interval(one) for one in spread] == ["4.10 % (< 0.01 to 5.60 %)", "100 % (> 99.99 to 100 %)"]


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_lie_inside_and_are_few(low, width):
    high = low + width
    ticks = nice_ticks(low, high)
    assert len(ticks) <= 7
    assert all(low - 1e-6 * width - 1e-9 <= tick <= high + 1e-6 * width + 1e-9 for tick in ticks)
    assert ticks == sorted(ticks)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted), st.floats(-1, 1))
def test_a_bar_stays_on_its_scale_and_in_order(values, baseline):
    low, value, high = values
    measure = Measure(value=value, low=low, high=high)
    scale = scale_for([("accuracy", measure), ("ece", measure)])
    for name in ("accuracy", "ece"):
        bar = scale.bar(name, measure, baseline)
        assert 7 <= bar.low <= bar.dot <= bar.high <= 193
        assert 7 <= bar.tick <= 193
    assert scale.bar("log_loss", measure, None) is None


@given(st.text(st.characters(exclude_characters="…")), st.integers(3, 40))
def test_a_name_keeps_both_its_ends(name, letters):
    short = elided(name, letters)
    assert len(short) == min(len(name), letters)
    if short != name:
        start, _, end = short.partition("…")
        assert name.startswith(start)
        assert name.endswith(end)


def test_names_of_a_series_differ_when_they_are_cut():
    names = [f"bridge-47-north-abutment-2026-03-21-{number:04}.jpg" for number in range(3)]
    assert len({elided(name, 26) for name in names}) == 3
    assert elided(names[0], 26) == "bridge-47-no…3-21-0000.jpg"


@given(st.text())
@example("</script><script>alert(1)</script>")
@example("<!-- <script>")
@example("&lt;\u2028")
def test_data_can_neither_end_a_script_nor_begin_one(text):
    written = str(script_data({text: [text]}))
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written) == {text: [text]}
