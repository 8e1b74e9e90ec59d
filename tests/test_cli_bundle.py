"""`bundle` and `recipes` as they are typed."""

import hashlib
import json
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from crackscope.bundles import ADAPTED, Calibration, KnownSurface, LocalCalibration, StartedFrom, pack_projection
from crackscope.cli import main
from crackscope.scoring.packing import repack
from crackscope.scoring.quantising import LEAST_COMPARED
from tests.small_bundle import EMBEDDING, write_small_bundle
from tests.small_way import lines


def test_bundle_show_and_check(way, capsys):
    assert main(["bundle", "show", str(way.run), "--json"]) == 0
    (facts,) = lines(capsys.readouterr().out)
    assert facts["classes"] == ["sound", "crack"]
    judged = json.loads((way.run / "evaluation" / "metrics.json").read_text())
    assert facts["fingerprint"] == judged["bundle"]["fingerprint"]
    assert facts["fingerprint"] == hashlib.sha256((way.run / "bundle" / "bundle.json").read_bytes()).hexdigest()
    assert main(["bundle", "show", way.bundle]) == 0
    told = capsys.readouterr().out
    assert "stride" in told
    assert facts["fingerprint"] in told
    assert main(["bundle", "check", way.bundle]) == 0


def test_bundle_check_finds_one_altered_byte(way, capsys, tmp_path):
    for path in Path(way.bundle).iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    content = bytearray((tmp_path / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "model.onnx").write_bytes(content)
    assert main(["bundle", "check", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_bundle_export(way, tmp_path):
    onnx, deepness = tmp_path / "model.onnx", tmp_path / "deepness.onnx"
    assert main(["bundle", "export", way.bundle, "--onnx", str(onnx), "--deepness", str(deepness), "--quiet"]) == 0
    assert onnx.read_bytes() == (way.run / "bundle" / "model.onnx").read_bytes()
    assert deepness.stat().st_size > 0


@pytest.mark.parametrize("option", ["--onnx", "--deepness"])
def test_one_file_may_be_named_by_out_as_everywhere(way, option, tmp_path, capsys):
    for number, words in enumerate(([option, "-o", "OUT"], ["-o", "OUT", option], [option, "OUT"])):
        out = tmp_path / f"{number}.onnx"
        words = [word.replace("OUT", str(out)) for word in words]
        assert main(["bundle", "export", way.bundle, *words]) == 0
        assert capsys.readouterr().out == f"written: {out}\n"
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--onnx", "--onnx: name FILE behind it, or -o where one thing alone is written"),
        ("--onnx --deepness -o a.onnx", "--onnx and --deepness: name FILE behind each, or -o"),
        ("--onnx --int8 --calibrate DATA -o small", "--onnx: name FILE behind it"),
        ("--onnx=", "the name behind --onnx is empty, say where to write"),
        ("--onnx a.onnx --deepness ./a.onnx", "--onnx and --deepness name one file, give each its own"),
        (
            "--onnx small/model.onnx --int8 --calibrate DATA -o small",
            "model.onnx would lie in the 8-bit bundle small, name a file outside of it",
        ),
    ],
)
def test_an_export_writes_nothing_over_another(way, tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    assert main(["bundle", "export", way.bundle, *words.replace("DATA", str(way.split)).split()]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_refused_export_writes_nothing(way, tmp_path, capsys):
    """The training part is too small to quantise on; how many it must hold is told before, by --help."""
    onnx, out = tmp_path / "model.onnx", tmp_path / "int8"
    call = ["bundle", "export", way.bundle, "--onnx", str(onnx), "--int8", "--calibrate", str(way.split)]
    assert main([*call, "-o", str(out)]) == 2
    assert f"at least {2 * LEAST_COMPARED} readable ones" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert main(["bundle", "export", "--help"]) == 0
    assert f"which must hold {2 * LEAST_COMPARED} or more" in " ".join(capsys.readouterr().out.split())


@pytest.mark.skipif(sys.platform != "linux", reason="wants /proc")
@pytest.mark.parametrize("option", ["--onnx", "--deepness"])
def test_bundle_export_names_the_file_that_cannot_be_written(way, capsys, option):
    assert main(["bundle", "export", way.bundle, option, "/proc/model.onnx"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("crackscope: cannot write /proc/model.onnx: ")
    assert ".part" not in error


def test_recipes_show_the_network(capsys):
    assert main(["recipes", "mobilenetv2-freeze150"]) == 0
    printed = capsys.readouterr().out
    assert "block_16_project_BN" in printed
    assert all(count in printed for count in ("2,260,546", "415,362", "1,845,184"))
    assert "output at 227 x 227 px" in printed
    rows = {line.split("  ")[0]: line for line in printed.splitlines()}
    assert rows["dropout"].split() == ["dropout", "Dropout", "1280", "0"]
    assert rows["out_relu"].split()[2:7] == ["8", "x", "8", "x", "1280"]
    assert main(["recipes", "mobilenetv2-finetune"]) == 0
    printed = capsys.readouterr().out
    assert "learns in phase 1  learns in phase 2" in printed
    rows = {line.split("  ")[0]: line.split() for line in printed.splitlines()}
    assert rows["Conv_1"][-2:] == ["no", "yes"]
    assert rows["Conv1"][-2:] == ["no", "no"]
    assert rows["score"][-2:] == ["yes", "yes"]
    assert "1,281  in phase 1" in printed
    assert main(["recipes", "probe", "--json"]) == 0
    (told,) = lines(capsys.readouterr().out)
    assert len(told["parameters"]) == len(told["recipe"]["phases"])


def test_bundle_show_writes_counts_as_counts_and_how_each_surface_is_read(tmp_path, capsys):
    plain = write_small_bundle(tmp_path / "plain")
    same = KnownSurface(name="asphalt", centre=(0.0,), scale=1.25, shift=-0.5, threshold=0.45)
    local = LocalCalibration(
        projection=pack_projection(np.zeros((1, EMBEDDING))), origin=(0.0,), limit=99.0, surfaces=(same,)
    )
    figures = {
        "held_out_pictures": 1218.0,
        "held_out_misses": 0.0443,
        "validation_accuracy": 1.0,
        "int8 beside float32": {"compared": 304, "mean_change": 0.00087},
        "adapted": {
            "balanced accuracy before": {"value": 0.5, "low": 0.25, "high": 0.75},
            "balanced accuracy, cross-validated": {"value": 0.75, "low": 0.5, "high": 0.875},
            "labelled patches": 40,
        },
    }
    manifest = msgspec.structs.replace(plain.manifest, local=local, figures=figures)
    bundle = repack(tmp_path / "known", plain, manifest, model=plain.model, reference=None)
    assert main(["bundle", "show", str(bundle.path)]) == 0
    told = [line.split() for line in capsys.readouterr().out.splitlines()]
    lines_told = [" ".join(words) for words in told]
    assert "held out pictures, before it was adapted 1218" in lines_told
    assert "held out misses, before it was adapted 0.0443" in lines_told
    assert "validation accuracy, before it was adapted 1.0" in lines_told
    assert "int8 beside float32 compared 304, mean change 0.00087" in lines_told
    assert [line for line in lines_told if line.startswith("adapted")] == [
        "adapted balanced accuracy before 0.5 (0.25 to 0.75)",
        "adapted balanced accuracy, cross-validated 0.75 (0.5 to 0.875)",
        "adapted labelled patches 40",
    ]
    assert "probability sigmoid(1.5 x score - 0.25), temperature, before it was adapted" in lines_told
    (asphalt,) = (" ".join(words) for words in told if words[:2] == ["on", "asphalt"])
    assert asphalt == "on asphalt sigmoid(1.25 x score - 0.5), crack from 0.45 on, as everywhere else"


def test_bundle_show_names_pictures_that_the_weights_before_had_met_too_once(tmp_path, capsys):
    plain = write_small_bundle(tmp_path / "plain")
    learnt = plain.manifest.trained_on
    for before, told in ((learnt, "the same sets of pictures"), ((), "")):
        start = StartedFrom(name="first", fingerprint="0" * 64, trained_on=before)
        manifest = msgspec.structs.replace(plain.manifest, started_from=start)
        bundle = repack(tmp_path / f"then{bool(told)}", plain, manifest, model=plain.model, reference=None)
        assert main(["bundle", "show", str(bundle.path)]) == 0
        rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
        assert [row for row in rows if row.startswith("which had met")] == ([f"which had met {told}"] if told else [])
        assert sum(learnt[0].name in row for row in rows) == 1


def test_bundle_show_names_what_an_adapted_bundle_had_met_before_once(tmp_path, capsys):
    plain = write_small_bundle(tmp_path / "plain")
    learnt = plain.manifest.trained_on
    patches = msgspec.structs.replace(learnt[0], name=ADAPTED, pictures=40)
    start = StartedFrom(name="first", fingerprint="0" * 64, trained_on=learnt)
    manifest = msgspec.structs.replace(plain.manifest, started_from=start, trained_on=(*learnt, patches))
    bundle = repack(tmp_path / "adapted", plain, manifest, model=plain.model, reference=None)
    assert main(["bundle", "show", str(bundle.path)]) == 0
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    met = [row for row in rows if row.startswith("which had met")]
    assert met == ["which had met the same sets of pictures, but for what it was adapted to"]
    assert sum(f"{learnt[0].name}:" in row for row in rows) == 1


@pytest.mark.parametrize(
    ("calibration", "says"),
    [
        (Calibration(), "sigmoid(score), not calibrated"),
        (Calibration(scale=0.5, shift=0.25, method="Platt", fitted_on=3), "sigmoid(0.5 x score + 0.25), Platt"),
        (Calibration(shift=-1.72, method="Platt", fitted_on=3), "sigmoid(score - 1.72), Platt"),
    ],
)
def test_bundle_show_writes_the_way_to_a_probability_as_one_does(tmp_path, capsys, calibration, says):
    plain = write_small_bundle(tmp_path / "plain")
    manifest = msgspec.structs.replace(plain.manifest, calibration=calibration)
    bundle = repack(tmp_path / "other", plain, manifest, model=plain.model, reference=None)
    assert main(["bundle", "show", str(bundle.path)]) == 0
    assert f"probability {says}" in [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(("name", "meant"), [("defualt", True), ("somewhere", False)])
def test_a_bundle_that_there_is_not_is_answered_with_the_one_in_the_package_where_that_was_meant(capsys, name, meant):
    assert main(["bundle", "show", name]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"crackscope: {name} is not a folder; a bundle is a folder with model.onnx and bundle.json")
    assert said.count("\n") == 1
    assert ("; did you mean 'default', the one in the package?" in said) is meant
