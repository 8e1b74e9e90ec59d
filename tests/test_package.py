"""What importing the package costs, told by what it does not import."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import mypy.api
import numpy as np
import pytest

import crackscope
from crackscope import images
from crackscope.cli.app import COMMANDS

HEAVY = ("torch", "onnxruntime", "onnx", "sklearn", "skimage", "scipy", "matplotlib", "h5py", "timm", "pi_heif")


def modules_after(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after this code."""
    told = "; import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    ended = subprocess.run([sys.executable, "-c", code + told], capture_output=True, text=True, check=True)
    return set(json.loads(ended.stdout.splitlines()[-1]))


def test_import_is_light():
    loaded = modules_after("import crackscope")
    assert not loaded & {*HEAVY, "numpy", "PIL", "cv2", "msgspec", "click", "rich", "jinja2"}


def test_nothing_is_imported_before_the_command_line_hears_an_interrupt():
    """What Python loads before any program is not ours."""
    assert modules_after("import crackscope.cli") - modules_after("pass") == {"crackscope"}


def test_help_is_light():
    loaded = modules_after("from crackscope.cli import main; main(['--help'])")
    assert "click" in loaded
    assert not loaded & {*HEAVY, "numpy", "PIL", "cv2", "msgspec", "rich", "jinja2"}


def test_a_prediction_is_light(tmp_path: Path) -> None:
    images.write_png(np.full((64, 64, 3), 128, np.uint8), tmp_path / "wall.png")
    loaded = modules_after(f"from crackscope.cli import main; main(['predict', {str(tmp_path / 'wall.png')!r}])")
    assert "onnxruntime" in loaded
    assert not loaded & ({*HEAVY, "jinja2"} - {"onnxruntime"})


def test_python_names_a_bundle_as_the_command_line_does(way) -> None:
    assert crackscope.load(way.run).manifest == crackscope.load(way.bundle).manifest
    picture = next((way.data / "crack").iterdir())
    said = crackscope.predict(picture, bundle=way.run).probability
    assert said == crackscope.load(str(way.run)).predict(picture).probability
    assert crackscope.load("default").manifest == crackscope.load().manifest


def test_nothing_is_kept_of_who_predicts(tmp_path: Path) -> None:
    """ONNX Runtime keeps a device id in the home folder where its reports to its makers are not switched off."""
    images.write_png(np.full((64, 64, 3), 128, np.uint8), tmp_path / "wall.png")
    home = tmp_path / "home"
    home.mkdir()
    passed = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_"))}
    call = [sys.executable, "-m", "crackscope", "predict", str(tmp_path / "wall.png")]
    subprocess.run(call, env=passed | {"HOME": str(home)}, capture_output=True, check=True)
    assert list(home.rglob("*")) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_is_light(command):
    loaded = modules_after(f"from crackscope.cli import main; main(['{command}', '--help'])")
    assert not loaded & {*HEAVY, "numpy", "PIL", "cv2"}


@pytest.mark.parametrize("name", crackscope.__all__)
def test_public_name_is_there(name):
    assert callable(getattr(crackscope, name))


def test_unknown_public_name_is_refused():
    with pytest.raises(AttributeError, match="predikt"):
        _ = crackscope.predikt


def test_a_checker_of_types_finds_names_that_there_are_not(tmp_path: Path) -> None:
    """Of the rooms whose names are loaded on first use, and alone: what they import is passed over."""
    code = "import crackscope, crackscope.networks, crackscope.reports\n"
    rooms = {"": ("load", "lod"), ".networks": ("build", "bild"), ".reports": ("write_photo", "write_foto")}
    code += "".join(f"crackscope{room}.{name}\n" for room, names in rooms.items() for name in names)
    (tmp_path / "asks.py").write_text(code)
    package = Path(crackscope.__file__).parent
    files = [package / "__init__.py", *(package / room[1:] / "__init__.py" for room in rooms if room)]
    call = ["--strict", "--follow-imports=skip", "--cache-dir", str(tmp_path / "kept"), "--config-file", os.devnull]
    told = mypy.api.run([*call, *map(str, files), str(tmp_path / "asks.py")])[0]
    assert re.findall(r'asks\.py:(\d): error: Module has no attribute "(\w+)"', told) == [
        ("3", "lod"),
        ("5", "bild"),
        ("7", "write_foto"),
    ]
    assert told.count("error:") == 3


def test_dir_lists_the_public_names():
    assert set(crackscope.__all__) <= set(dir(crackscope))
