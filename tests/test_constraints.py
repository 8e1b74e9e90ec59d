"""What pyproject.toml asks for is what the tests are run with, from the oldest that it allows on."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

HERE = Path(__file__).resolve().parents[1]
EXTRAS = ("train", "tensorboard", "heif")


def needed() -> list[Requirement]:
    """What the package and its extras ask for, but for themselves."""
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(line for name in EXTRAS for line in project["optional-dependencies"][name])]
    return [one for one in map(Requirement, asked) if one.name != "crackscope"]


def pinned(name: str) -> dict[str, Version]:
    """Versions by the name that pip goes by."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {re.sub("[-_.]+", "-", package).lower(): Version(version) for package, version in pairs}


@pytest.mark.parametrize("one", needed(), ids=lambda one: one.name)
def test_the_oldest_version_that_is_allowed_is_the_oldest_that_is_tested(one: Requirement) -> None:
    (bound,) = one.specifier
    assert bound.operator == ">="
    tested = pinned("constraints-oldest.txt")[one.name]
    assert tested.release[: len(Version(bound.version).release)] == Version(bound.version).release
    assert tested <= pinned("constraints.txt")[one.name]
