"""What Python hands over that cannot be meant: an error that says what is wanted, and never a fault of ours."""

import numpy as np
import pytest

import crackscope
from crackscope import adaptation
from crackscope.errors import BundleError, DatasetError, InspectionError
from crackscope.inspection import InspectOptions

WALL = np.full((64, 64, 3), 128, np.uint8)


@pytest.mark.parametrize("threads", ["x", 0, 1.5, 10**20])
def test_threads_that_cannot_be(threads: object) -> None:
    with pytest.raises(BundleError, match="it must be 1 or more, up to 1024"):
        crackscope.load(threads=threads)  # type: ignore[arg-type]  # that is what is refused


def test_threads_may_be_a_number_of_numpy() -> None:
    assert crackscope.load(threads=np.int64(2)).threads == 2  # type: ignore[arg-type]  # a whole number all the same


def test_options_that_are_none() -> None:
    with pytest.raises(TypeError, match=r"options is 'x', give InspectOptions\(...\)"):
        crackscope.inspect(WALL, options="x")  # type: ignore[arg-type]  # that is what is refused


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("memory_mib", -1, "memory_mib is -1, give 1 or more"),
        ("memory_mib", "x", "memory_mib is 'x', give a whole number of MiB"),
        ("false_alarms", "x", "false_alarms is 'x', give a number between 0 and 1"),
        ("least_probability", None, "least_probability is None, give a number from 0 to 1"),
        ("scaling", 0.2, "scaling is 0.2, give what Scaling"),
    ],
)
def test_options_of_inspecting_that_cannot_be(name: str, value: object, says: str) -> None:
    with pytest.raises(InspectionError, match=says):
        InspectOptions(**{name: value})


def test_shares_and_seeds_that_are_no_numbers(tmp_path) -> None:
    for parts in ("60:20:20", ("a", "b", "c")):
        with pytest.raises(DatasetError, match="three numbers are wanted"):
            crackscope.split(tmp_path, parts=parts)  # type: ignore[arg-type]  # that is what is refused
    for label in ("crack", "sound"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "a.png").touch()
    with pytest.raises(DatasetError, match="the seed of the split is 'x': it must be 0 or more"):
        crackscope.split(tmp_path, seed="x")  # type: ignore[arg-type]  # that is what is refused


def test_adapt_is_at_hand_as_the_other_commands_are() -> None:
    assert crackscope.adapt is adaptation.adapt
