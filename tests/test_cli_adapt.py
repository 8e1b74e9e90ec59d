"""`adapt`, `suggest`, `matrix` and `scan --bundle` as they are typed."""

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from crackscope import images
from crackscope.adaptation import AdaptOptions, RefusedError, Worth, adapt
from crackscope.bundles import KnownSurface, LocalCalibration, TrainedOn, open_bundle, pack_projection
from crackscope.cli import main
from crackscope.cli.adapt import no_better
from crackscope.judging import evaluate
from crackscope.recipes import text
from crackscope.records import Measure
from crackscope.scoring import repack
from crackscope.surfaces import generate
from tests.small_patches import write_patches
from tests.small_surfaces import remembering_bundle, write_surface
from tests.small_way import SMALL


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A bundle, and a faint surface of 12 patches a label."""
    folder = tmp_path_factory.mktemp("cli")
    bundle = remembering_bundle(folder / "bundle").path
    write_surface(folder / "faint", 12, faint=0.3)
    return str(bundle), str(folder / "faint")


def test_adapt_tells_what_was_won_and_lost_and_writes_a_bundle(made, tmp_path, capsys):
    bundle, data = made
    out = tmp_path / "out"
    assert main(["adapt", bundle, data, "-o", str(out), "--most-forgotten", "1", "--curve", "--name", "mine"]) == 0
    told = capsys.readouterr()
    for words in ("12 cracked and 12 sound", "balanced accuracy", "old surfaces", "60 pictures", "to be expected"):
        assert words in told.out
    (warned,) = told.err.splitlines()
    assert warned.startswith("worse on the surfaces that it knew (60 pictures that it keeps a word of): ")
    assert main(["bundle", "show", str(out), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["name"] == "mine"
    assert shown["trained_on"][-1]["pictures"] == 24
    assert main(["predict", data, "--bundle", str(out), "--jsonl"]) == 0


def test_pictures_that_nothing_labels_are_told_and_left_out(made, tmp_path, capsys):
    bundle, data = made
    here = shutil.copytree(data, tmp_path / "set")
    write_patches(tmp_path / "other", 2)
    (tmp_path / "other" / "crack").rename(here / "Haarrisse")
    call = ["adapt", bundle, str(here), "--most-forgotten", "1", "-o"]
    assert main([*call, str(tmp_path / "out")]) == 0
    line = "pictures without a label are left out, 2 in all: Haarrisse (2); name the class folders with --positive NAME"
    assert line in capsys.readouterr().out
    assert main([*call, str(tmp_path / "json"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["unlabelled"], told["labels"]) == ({"Haarrisse": 2}, {"sound": 12, "crack": 12})
    assert main(["adapt", bundle, data, "--most-forgotten", "1", "-o", str(tmp_path / "none")]) == 0
    assert "without a label" not in capsys.readouterr().out


def test_an_adapted_bundle_is_called_as_its_folder_and_told_from_others_in_a_matrix(
    made, tmp_path, monkeypatch, capsys
):
    bundle, data = made
    monkeypatch.chdir(tmp_path)
    for out in ("north", "deep/south/"):
        assert main(["adapt", bundle, data, "-o", out, "--most-forgotten", "1", "--quiet"]) == 0
    assert [open_bundle(tmp_path / out).manifest.name for out in ("north", "deep/south")] == ["north", "south"]
    capsys.readouterr()
    assert main(["matrix", "--on", f"faint={data}", "--bundle", "north", "--bundle", "deep/south"]) == 0
    rows = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert {"north", "south"} <= set(rows)


def test_what_it_lost_on_old_surfaces_is_warned_of_with_figures_and_what_to_do(made, tmp_path, capsys):
    bundle, data = made
    asked = ["adapt", bundle, data, "--most-forgotten", "1"]
    assert main([*asked, "-o", str(tmp_path / "one"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    old, new = (
        {name: told[when][name]["value"] for name in ("balanced_accuracy", "recall", "false_alarms")}
        for when in ("old_before", "old_after")
    )
    assert main([*asked, "-o", str(tmp_path / "two")]) == 0
    (warned,) = capsys.readouterr().err.splitlines()
    assert f"balanced accuracy {old['balanced_accuracy']:.3f} (now {new['balanced_accuracy']:.3f})" in warned
    assert f"false alarms {old['false_alarms']:.3f} (now {new['false_alarms']:.3f}); keep " in warned
    assert old["recall"] == new["recall"]
    assert "recall" not in warned
    assert "--most-forgotten 0.01, say, refuses such losses" in warned


def test_what_is_written_though_its_scores_fit_no_better_is_said_to_be_so(made, tmp_path, capsys):
    bundle, _ = made
    data = tmp_path / "data"
    write_surface(data, 6, faint=0.35)
    first = {label: min((data / label).iterdir()) for label in ("crack", "sound")}
    for label, other in (("crack", "sound"), ("sound", "crack")):
        first[label].rename(data / other / f"swapped-{first[label].name}")
    asked = ["adapt", bundle, str(data), "--most-forgotten", "1"]
    assert main([*asked, "-o", str(tmp_path / "one"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    before, after = told["before"], told["after"]
    assert after["balanced_accuracy"]["value"] > before["balanced_accuracy"]["value"]
    assert after["margin_loss"] > before["margin_loss"]
    assert main([*asked, "-o", str(tmp_path / "two")]) == 0
    losses = f"({before['margin_loss']:.4f}, now {after['margin_loss']:.4f}), within the error of so few"
    said = f"no better on these patches than before by log loss about the threshold {losses}"
    first, *_ = capsys.readouterr().err.splitlines()
    assert first.startswith(f"it may not have helped: {said}, so it was written all the same; to go back, go on with ")
    assert f"go on with {bundle}, which is as it was; or label" in first
    assert "or check the labels (`crackscope scan DATA --bundle BUNDLE` names doubtful ones)" in first


def test_what_may_not_have_helped_is_said_before_anything_else(made, tmp_path):
    bundle, _ = made
    write_surface(tmp_path / "data", 6, faint=0.3, first=100)
    words = "adapt", bundle, str(tmp_path / "data"), "-o", str(tmp_path / "out"), "--most-forgotten", "1"
    call = [sys.executable, "-u", "-m", "crackscope", *words]
    both = subprocess.run(call, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout
    said = (
        "it may not have helped: no better on these patches than before by balanced accuracy (0.833, now 0.833), within"
    )
    assert both.startswith(said)


def test_what_called_fewer_rightly_did_not_help_and_each_worse_figure_is_told(tmp_path):
    def worth(balanced, recall, alarms, loss):
        rates = [Measure(value=one, low=None, high=None) for one in (balanced, recall, alarms)]
        return Worth(balanced_accuracy=rates[0], recall=rates[1], false_alarms=rates[2], margin_loss=loss)

    here, there = worth(0.962, 0.923, 0.0, 0.21), worth(0.933, 0.923, 0.057, 0.18)
    told = no_better(here, there, "default", str(tmp_path / "mine"))
    assert told.startswith(
        "it did not help: no better on these patches than before by balanced accuracy (0.962, now 0.933), false alarms "
        "(0.000, now 0.057), within the error of so few, so it was written all the same; to go back, go on with default"
    )
    assert no_better(there, worth(0.962, 0.923, 0.0, 0.17), "default", str(tmp_path / "mine")) == ""


def test_where_all_were_called_rightly_before_nothing_is_to_gain_and_none_is_called_no_better(made, tmp_path, capsys):
    bundle, _ = made
    write_surface(tmp_path / "plain", 6, first=700)
    assert main(["adapt", bundle, str(tmp_path / "plain"), "--most-forgotten", "1", "-o", str(tmp_path / "out")]) == 0
    told = capsys.readouterr()
    assert re.search(r"balanced accuracy +1\.0000 \(.*\) +1\.0000 \(", told.out)
    (said,) = told.err.splitlines()
    assert said.startswith("nothing to gain on these patches, all of which were called rightly before as well: ")


@pytest.mark.parametrize("relative", [True, False])
def test_labelled_patches_that_cannot_be_judged_teach_nothing_and_are_named(tmp_path, monkeypatch, capsys, relative):
    """By the bundle in the package, which knows what is too dark and what is too small; as the call names them."""
    monkeypatch.chdir(tmp_path)
    data, out = Path("data") if relative else tmp_path / "data", str(tmp_path / "out")
    write_surface(data, 6)
    images.write_png(np.full((64, 64, 3), 5, np.uint8), data / "sound" / "black.png")
    images.write_png(np.full((8, 8, 3), 90, np.uint8), data / "crack" / "tiny.png")
    asked = ["adapt", "default", str(data), "-o", out, "--most-forgotten", "1"]
    assert main(asked) == 0
    told = capsys.readouterr()
    assert "6 cracked and 6 sound" in told.out
    for name, why in (("sound/black.png", "too dark: 100%"), ("crack/tiny.png", "too small: 8x8 px")):
        assert f"left out, as it cannot be judged: {data}/{name}: {why}" in told.err
    for number in range(4):
        images.write_png(np.full((64, 64, 3), number, np.uint8), data / "crack" / f"{number:04d}.png")
    assert main([*asked, "--force"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    said = "2 readable patches are labelled cracked, with 6 patches left out that cannot be judged"
    assert f"{said} ({data}/crack/0000.png: too dark" in told


def test_patches_whose_names_look_like_those_of_few_photos_are_told_with_what_counts_each_photo_once(
    made, tmp_path, capsys
):
    bundle, data = made
    photos = tmp_path / "photos"
    for label in ("crack", "sound"):
        (photos / label).mkdir(parents=True)
        for number, path in enumerate(sorted(Path(data, label).iterdir())):
            shutil.copy(path, photos / label / f"{7000 + number // 2}-{2 * number + (label == 'crack')}.png")
    call = ["adapt", bundle, str(photos), "--most-forgotten", "1", "-o"]
    assert main([*call, str(tmp_path / "apart")]) == 0
    told = capsys.readouterr().out
    assert "24 groups" in told
    assert (
        "look grouped by photo, 7000-0.png with 7000-1.png, 6 groups in all: --group-by '^(\\d+)-' counts each" in told
    )
    assert main([*call, str(tmp_path / "held"), "--group-by", r"^(\d+)-"]) == 0
    told = capsys.readouterr().out
    assert "6 groups" in told
    assert "look grouped" not in told


def test_adapt_as_json_is_one_record(made, tmp_path, capsys):
    bundle, data = made
    assert main(["adapt", bundle, data, "-o", str(tmp_path / "out"), "--most-forgotten", "1", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["labels"] == {"sound": 12, "crack": 12}
    assert record["after"]["balanced_accuracy"]["value"] > record["before"]["balanced_accuracy"]["value"]


def test_a_refusal_is_one_line_and_nothing_is_written(made, tmp_path, capsys):
    bundle, data = made
    swapped = tmp_path / "swapped"
    shutil.copytree(f"{data}/crack", swapped / "sound")
    shutil.copytree(f"{data}/sound", swapped / "crack")
    assert main(["adapt", bundle, str(swapped), "-o", str(tmp_path / "out")]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_what_more_labels_would_bring_is_told_also_where_nothing_is_written(made, tmp_path, capsys):
    """Of six patches a label two lie under the other one."""
    bundle, _ = made
    data = tmp_path / "data"
    write_surface(data, 6)
    for number in (0, 1):
        (data / "sound" / f"{number:04d}.png").rename(data / "crack" / f"wrong{number}.png")
        (data / "crack" / f"{number:04d}.png").rename(data / "sound" / f"wrong{number}.png")
    call = ["adapt", bundle, str(data), "-o", str(tmp_path / "out"), "--curve"]
    assert main(call) == 2
    told = capsys.readouterr()
    assert "to be expected" in told.out
    assert "nothing was written" in told.err
    assert main([*call, "--json"]) == 2
    record = json.loads(capsys.readouterr().out)
    assert "nothing was written" in record["refused"]
    assert len(record["curve"]["points"]) > 2
    assert not (tmp_path / "out").exists()


def test_what_more_labels_would_bring_is_not_told_from_five_of_each(made, tmp_path, capsys):
    bundle, _ = made
    data = tmp_path / "data"
    write_surface(data, 5)
    call = ["adapt", bundle, str(data), "--most-forgotten", "1", "--curve", "-o"]
    assert main([*call, str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "what more of them would bring cannot be told from so few patches" in told
    assert "not defined" not in told
    assert "to be expected" not in told
    assert main([*call, str(tmp_path / "json"), "--json"]) == 0
    (point,) = json.loads(capsys.readouterr().out)["curve"]["points"]
    assert point["balanced_accuracy"]["high"] - point["balanced_accuracy"]["low"] > 0.2


def test_suggest_writes_a_folder_to_sort(made, tmp_path, capsys):
    bundle, data = made
    out = tmp_path / "out"
    assert main(["suggest", bundle, f"{data}/crack", f"{data}/sound", "-n", "6", "-o", str(out)]) == 0
    assert "6 of 24" in capsys.readouterr().out
    assert len(list((out / "unsorted").iterdir())) == 6
    assert sorted(path.name for path in out.iterdir()) == [
        "contact-sheet.jpg",
        "crack",
        "label-studio.json",
        "label-studio.xml",
        "sound",
        "suggestions.csv",
        "unsorted",
    ]
    assert main(["suggest", bundle, data, "-o", str(out)]) == 2
    assert "not empty" in capsys.readouterr().err


def test_suggestions_that_nobody_has_sorted_are_no_data_yet(made, tmp_path, capsys):
    bundle, data = made
    out = tmp_path / "out"
    assert main(["suggest", bundle, f"{data}/crack", "-n", "4", "-o", str(out)]) == 0
    (out / "unsorted").rename(out / "to-label")
    capsys.readouterr()
    assert main(["adapt", bundle, str(out), "-o", str(tmp_path / "mine")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "is sorted yet; move them from unsorted/ into crack/ and sound/" in said


def test_what_suggest_leaves_is_not_counted_as_pictures_without_a_label(made, tmp_path, capsys):
    bundle, data = made
    out = tmp_path / "out"
    assert main(["suggest", bundle, f"{data}/crack", f"{data}/sound", "-n", "10", "-o", str(out)]) == 0
    waiting = sorted((out / "unsorted").iterdir())
    for number, path in enumerate(waiting[:8]):
        path.rename(out / ("crack" if number % 2 else "sound") / path.name)
    capsys.readouterr()
    main(["scan", str(out), "--json"])
    report = json.loads(capsys.readouterr().out)
    assert report["unlabelled"] == {}


def test_a_bundle_in_the_way_is_kept_unless_it_was_adapted_and_force_is_given(made, tmp_path, capsys):
    bundle, data = made
    out = tmp_path / "out"
    asked = ["adapt", bundle, data, "--most-forgotten", "1", "-q", "-o"]
    assert main([*asked, str(out)]) == 0
    written = (out / "bundle.json").read_bytes()
    assert main([*asked, str(out), "--name", "other"]) == 2
    told = capsys.readouterr().err
    assert "not empty" in told
    assert "--force writes over" in told
    assert "force=True" not in told
    assert (out / "bundle.json").read_bytes() == written
    assert main([*asked, str(out), "--name", "other", "--force"]) == 0
    assert (out / "bundle.json").read_bytes() != written
    other = tmp_path / "other"
    shutil.copytree(bundle, other)
    assert main([*asked, str(other), "--force"]) == 2
    assert "other than an adapted bundle" in capsys.readouterr().err


def test_what_lies_beside_a_bundle_is_not_written_over(made, tmp_path, capsys):
    """Notes, or the very patches that it learns from."""
    bundle, data = made
    out = tmp_path / "out"
    asked = ["adapt", bundle, "--most-forgotten", "1", "-q", "-o", str(out)]
    assert main([*asked, data]) == 0
    written = (out / "bundle.json").read_bytes()
    shutil.copytree(data, out / "labelled")
    capsys.readouterr()
    assert main([*asked, str(out / "labelled"), "--name", "other", "--force"]) == 2
    assert "holds more than a bundle, which would be lost, labelled for one" in capsys.readouterr().err
    assert (out / "bundle.json").read_bytes() == written
    assert len(list((out / "labelled").rglob("*.png"))) == len(list(Path(data).rglob("*.png"))) > 0
    shutil.rmtree(out / "labelled")
    assert main([*asked, data, "--name", "other", "--force"]) == 0
    assert (out / "bundle.json").read_bytes() != written


def test_suggest_goes_on_past_what_cannot_be_read(made, tmp_path, capsys):
    bundle, data = made
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"")
    assert main(["suggest", bundle, str(bad), data, "-n", "3", "-o", str(tmp_path / "out"), "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["unread"]) == 1


def test_suggest_says_in_one_line_how_many_it_leaves_out_unjudged(tmp_path, capsys):
    """By the bundle in the package, which knows what is too dark to judge and what is blurred."""
    generated = tmp_path / "walls"
    assert main(["generate", "-o", str(generated), "-n", "2", "--size", "128", "--quiet"]) == 0
    for number in range(2):
        images.write_png(np.full((128, 128, 3), 2, np.uint8), generated / "sound" / f"dark-{number}.png")
    call = ["suggest", "default", str(generated / "sound"), "-n", "9", "-o"]
    assert main([*call, str(tmp_path / "out")]) == 0
    told = capsys.readouterr()
    assert told.err == "left out: 2 pictures that cannot be judged (2 too dark)\n"
    assert "1 of 1 patch to label" in told.out
    assert main([*call, str(tmp_path / "again"), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["unfit"]) == 2
    half = np.full((240, 480, 3), 255, np.uint8)
    half[:, :240] = np.random.default_rng(0).integers(60, 200, (240, 240, 1))
    images.write_png(half, tmp_path / "half.png")
    assert main(["suggest", "default", str(tmp_path / "half.png"), "-n", "9", "-o", str(tmp_path / "half")]) == 0
    told = capsys.readouterr()
    assert told.err == "left out: 1 patch that cannot be judged (1 overexposed)\n"
    assert "2 of 2 patches to label" in told.out


def test_suggest_leaves_nothing_behind_when_it_refuses(made, tmp_path, capsys):
    out, dark = tmp_path / "out", tmp_path / "dark.png"
    images.write_png(np.full((128, 128, 3), 2, np.uint8), dark)
    assert main(["suggest", "default", str(dark), "-o", str(out)]) == 2
    assert "the only picture cannot be judged" in capsys.readouterr().err
    assert not out.exists()
    assert main(["suggest", "nowhere", str(dark), "-o", str(tmp_path)]) == 2
    assert f"the folder is not empty, {tmp_path}" in capsys.readouterr().err


def test_matrix_of_bundles(made, tmp_path, capsys):
    bundle, data = made
    write_surface(tmp_path / "plain", 10)
    asked = ["matrix", "--on", f"faint={data}", "--on", f"plain={tmp_path / 'plain'}", "--bundle", f"mine={bundle}"]
    assert main([*asked, "-o", str(tmp_path / "m")]) == 0
    told = capsys.readouterr().out
    for words in ("always crack", "never crack", "false alarm rate", "faint: all of it, 12 cracked, 12 sound"):
        assert words in told
    assert "rows judged" not in told
    assert (tmp_path / "m" / "matrix.html").is_file()
    assert main([*asked, "--part", "test", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert [column["part"] for column in table["columns"]] == ["test", "test"]
    assert len(table["cells"]) == 2


def test_a_bundle_of_a_matrix_may_have_the_sign_of_a_name_in_its_own(made, tmp_path, capsys):
    write_surface(tmp_path / "plain", 6)
    (tmp_path / "rate=0.1").symlink_to(made[0])
    place = str(tmp_path / "rate=0.1")
    for asked, called in ((place, open_bundle(place).manifest.name), (f"mine={place}", "mine")):
        assert main(["matrix", "--on", f"plain={tmp_path / 'plain'}", "--bundle", asked, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["rows"] == [called]


def test_surfaces_of_a_matrix_that_are_the_same_pictures_are_named(made, tmp_path, capsys):
    bundle, data = made
    shutil.copytree(data, tmp_path / "copy")
    write_surface(tmp_path / "other", 6, faint=0.3, first=400)
    on = [f"--on={name}={tmp_path / folder}" for name, folder in (("one", "copy"), ("two", data), ("three", "other"))]
    assert main(["matrix", *on, "--bundle", bundle]) == 0
    told = capsys.readouterr().err
    assert "one and two are the same pictures, so their columns say the same: check the paths\n" in told
    assert "three" not in told
    assert main(["matrix", *on[1:], "--bundle", bundle]) == 0
    assert "the same pictures, so" not in capsys.readouterr().err


def test_matrix_on_a_tree_without_a_test_part_says_how_to_judge_on_all_of_it(made, tmp_path, capsys):
    bundle, data = made
    for part in ("train", "val"):
        shutil.copytree(data, tmp_path / "tree" / part)
    asked = ["matrix", "--on", f"tree={tmp_path / 'tree'}", "--bundle", bundle]
    assert main(asked) == 2
    assert "tree has no test part to judge on: give --part all" in capsys.readouterr().err
    assert main([*asked, "--part", "all"]) == 0


def test_matrix_says_how_many_rows_each_judged(made, tmp_path, capsys):
    """The bundle in the package refuses what is too dark, the other takes it for a surface."""
    bundle, _ = made
    for seed in range(12):
        label = "crack" if seed % 2 else "sound"
        (tmp_path / "plain" / label).mkdir(parents=True, exist_ok=True)
        surface = generate(seed, (224, 224), label == "crack")
        images.write_png(surface.pixels, tmp_path / "plain" / label / f"{seed}.png")
    images.write_png(np.full((64, 64, 3), 2, np.uint8), tmp_path / "plain" / "sound" / "dark.png")
    bundles = ["--bundle", f"mine={bundle}", "--bundle", "shipped=default"]
    assert main(["matrix", "--on", f"plain={tmp_path / 'plain'}", *bundles]) == 0
    told = capsys.readouterr().out
    assert "rows judged, cracked + sound" in told
    assert "6 + 7\n" in told
    assert "6 + 6, 1 not" in told
    assert "plain: all of it, 6 cracked, 7 sound\n" in told
    assert "On plain not all classifiers judged as many rows" in told


def test_matrix_of_a_recipe_trains_on_each_surface(tmp_path, capsys):
    for name, faint in (("one", 1.0), ("two", 0.6)):
        write_surface(tmp_path / name, 12, faint=faint)
    asked = ["matrix", "--on", f"one={tmp_path / 'one'}", "--on", f"two={tmp_path / 'two'}", "--recipe", "probe"]
    small = ["--weights", "none", "--set", "input=64", "--set", "phases.0.epochs=1", "--threads", "1", "--json"]
    assert main([*asked, *small]) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["rows"] == ["one", "two"]
    assert [cell["own"] for cell in table["cells"]] == [True, False, False, True]
    assert {column["part"] for column in table["columns"]} == {"test"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["a=x", "a=y", "--recipe", "probe"], "two surfaces are called 'a', give each --on a name"),
        (["a=x", "a=y", "--bundle", "default"], "two surfaces are called 'a', give each --on a name"),
        (
            ["a b=x", "a.b=y", "a-b=z", "--recipe", "probe"],
            "'a b' and 'a-b' would share the folder runs/probe-a-b, rename one",
        ),
        (["Deck=x", "deck=y", "--recipe", "probe"], "'Deck' and 'deck' would share the folder runs/probe-Deck"),
        (["a=x", "--bundle", "b=no", "--bundle", "b=default"], "two rows would be called 'b', name the bundle"),
        (["a=x", "--recipe", "probe", "--bundle", "a, probe=default"], "two rows would be called 'a, probe', name the"),
        (["a=x", "--recipe", "probe", "--recipe", "probe.toml"], "two rows would be called 'a, probe'"),
        (["b=x", "--recipe", "probe"], "the folder is not empty, mat/runs/probe-b, name a new one"),
        (["b=x", "--recipe", "probe.toml", "--set", "name=pro:be"], "not empty, mat/runs/pro-be-b, name"),
        (["c=x", "--recipe", "probe"], "mat/runs/probe-c"),
    ],
)
def test_a_matrix_whose_names_clash_is_refused_before_anything_is_opened(tmp_path, monkeypatch, capsys, words, says):
    """No surface is there: opening it would be refused with other words."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "probe.toml").write_text(text("probe"))
    for run in ("probe-b", "pro-be-b"):
        (tmp_path / "mat" / "runs" / run).mkdir(parents=True)
        (tmp_path / "mat" / "runs" / run / "run.json").touch()
    (tmp_path / "mat" / "runs" / "probe-c").touch()
    first = next((place for place, word in enumerate(words) if word.startswith("--")), len(words))
    surfaces = [word for name in words[:first] for word in ("--on", name)]
    assert main(["matrix", *surfaces, *words[first:], "-o", "mat"]) == 2
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("lacking", "says"),
    [("val", "two: it has no val part, and the recipe probe stops"), ("test", "two holds no test rows to judge on")],
)
def test_a_surface_that_teaches_nothing_is_refused_before_another_is_learnt(tmp_path, capsys, lacking, says):
    for surface in ("one", "two"):
        for part in ("train", "val", "test"):
            write_patches(tmp_path / surface / part, 4)
    shutil.rmtree(tmp_path / "two" / lacking)
    surfaces = ["--on", f"one={tmp_path / 'one'}", "--on", f"two={tmp_path / 'two'}"]
    assert main(["matrix", *surfaces, *SMALL[:2], "-o", str(tmp_path / "m")]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


def test_rows_of_one_name_are_refused_before_anything_is_trained(made, tmp_path, capsys):
    bundle, data = made
    asked = ["matrix", "--on", f"a={data}", "--recipe", "probe", "--weights", "none", "-o", str(tmp_path / "m")]
    assert main([*asked, "--bundle", f"a, probe={bundle}"]) == 2
    assert "two rows would be called 'a, probe', name the bundle otherwise" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--on", "a=DATA"], "nothing to judge"),
        (["--on", "DATA", "--bundle", "default"], "--on decks=PATH"),
        (["--on", "a=DATA", "--recipe", "probe", "--part", "all"], "trained on"),
        (["--on", "a=nowhere", "--bundle", "default"], "nowhere"),
    ],
)
def test_calls_that_make_no_sense_are_refused(words, says, capsys):
    assert main(["matrix", *words]) == 2
    assert says in capsys.readouterr().err


def test_scan_with_a_bundle_names_labels_in_doubt(made, tmp_path, capsys):
    bundle, _ = made
    data = tmp_path / "data"
    write_surface(data, 24)
    wrong = [str(data / "sound" / f"wrong{number}.png") for number in range(4)]
    for number, path in enumerate(wrong):
        shutil.move(data / "crack" / f"{number:04d}.png", path)
    out = tmp_path / "doubts"
    assert main(["scan", str(data), "--bundle", bundle, "--doubts", str(out)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert any(line.startswith("labels probably wrong: ") and ": 0 of" not in line for line in told)
    assert told[-1] == "no problems found besides the labels that are probably wrong"
    lines = (out / "doubts.csv").read_text().splitlines()
    assert len(lines) == 1 + 48
    assert sorted(line.split(",")[1] for line in lines[1:5]) == wrong
    assert (out / "doubts.jpg").is_file()
    assert main(["scan", str(data), "--bundle", bundle, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["doubts"][0]["path"] in wrong
    assert main(["scan", str(data), "--doubts", str(out)]) == 2


def test_scan_asks_whether_the_classes_are_swapped(made, tmp_path, capsys):
    bundle, _ = made
    data = tmp_path / "data"
    write_surface(data, 12)
    shutil.copy(data / "crack" / "0001.png", data / "crack" / "again.png")
    names = ["--positive", "sound", "--negative", "crack"]
    assert main(["scan", str(data), "--bundle", bundle, *names]) == 0
    told = capsys.readouterr().out
    assert "are the classes swapped?" in told
    assert "probably wrong" not in told
    assert "of 24 " in told
    assert "copies counted once" in told
    assert main(["scan", str(data), "--bundle", bundle, *names, "--json"]) == 0
    assert "swapped?" in json.loads(capsys.readouterr().out)["problems"][0]


COUNTING = """
import collections, sys
opened = collections.Counter()
def seen(event, given):
    if event == "open" and str(given[0]).endswith(".png"):
        opened[str(given[0])] += 1
sys.addaudithook(seen)
from crackscope.cli import main
assert main(sys.argv[1:]) == 0
print(*sorted(set(opened.values())))
"""


@pytest.mark.parametrize("parts", [False, True])
def test_scan_with_a_bundle_opens_each_picture_once_to_look_and_once_to_judge(made, parts, tmp_path):
    bundle, _ = made
    write_surface(tmp_path / "data", 12)
    if parts:
        for part in ("train", "test"):
            shutil.copytree(tmp_path / "data", tmp_path / "tree" / part)
    call = ["scan", str(tmp_path / ("tree" if parts else "data")), "--bundle", bundle]
    ended = subprocess.run([sys.executable, "-c", COUNTING, *call], stdout=subprocess.PIPE, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "2"


def test_adapting_needs_no_torch(made, tmp_path):
    bundle, data = made
    program = (
        "import sys; sys.modules['torch'] = None; from crackscope.cli import main; "
        f"sys.exit(main(['adapt', {bundle!r}, {data!r}, '-o', {str(tmp_path / 'out')!r}, '--most-forgotten=1', '-q']))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.fixture(scope="module")
def uneven(tmp_path_factory):
    """Folders of so many cracked and sound patches that no split could be dealt of them."""
    folder = tmp_path_factory.mktemp("uneven")
    made = {}
    for cracked, sound in ((19, 1), (8, 2), (1, 1)):
        here = folder / f"{cracked}-{sound}"
        write_surface(here, 19)
        for label, count in (("crack", cracked), ("sound", sound)):
            for path in sorted((here / label).iterdir())[count:]:
                path.unlink()
        made[cracked, sound] = str(here)
    return made


def test_adapt_says_how_many_of_which_label_it_lacks(made, uneven, tmp_path, capsys):
    assert main(["adapt", made[0], uneven[19, 1], "-o", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert f"{uneven[19, 1]}: 1 readable patch is labelled sound, at least 5 are needed" in said
    assert "--parts" not in said
    spoilt = shutil.copytree(uneven[19, 1], tmp_path / "spoilt")
    (spoilt / "sound" / "cut.png").write_bytes(b"no picture")
    assert main(["adapt", made[0], str(spoilt), "-o", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert (
        f"1 readable patch is labelled sound, with 1 picture left out that cannot be read ({spoilt}/sound/cut" in said
    )


@pytest.mark.parametrize("counts", [(8, 2), (1, 1)])
def test_nothing_is_split_where_all_of_it_is_judged(made, uneven, tmp_path, capsys, counts):
    data, support = uneven[counts], {"crack": counts[0], "sound": counts[1]}
    assert main(["evaluate", made[0], data, "--part", "all", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["support"] == support
    for part in ([], ["--part", "all"]):
        assert main(["matrix", "--on", f"x={data}", "--bundle", f"b={made[0]}", "--json", *part]) == 0
        assert json.loads(capsys.readouterr().out)["columns"][0]["support"] == support
    assert evaluate(made[0], data, part=None, resamples=20).support == support
    assert main(["evaluate", made[0], data]) == 2
    assert "the part" in capsys.readouterr().err


def test_a_bundle_in_8_bits_is_not_adapted(made, tmp_path, capsys):
    bundle, data = made
    plain = open_bundle(bundle)
    manifest = msgspec.structs.replace(plain.manifest, precision="int8")
    repack(tmp_path / "int8", plain, manifest, model=plain.model, reference=None)
    assert main(["adapt", str(tmp_path / "int8"), data, "-o", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "int8 is in 8 bits" in told
    assert "adapt the float32 bundle" in told
    assert not (tmp_path / "out").exists()


def sorted_suggestions(made, out):
    """All patches of the faint surface suggested, and sorted by their photos' labels."""
    bundle, data = made
    assert main(["suggest", bundle, f"{data}/crack", f"{data}/sound", "-n", "24", "-o", str(out), "-q"]) == 0
    lines = csv.DictReader((out / "suggestions.csv").read_text().splitlines())
    for line in lines:
        patch = out / line["patch"]
        patch.rename(out / Path(line["photo"]).parent.name / patch.name)
    return str(out)


def test_figures_on_suggested_patches_are_not_those_of_ordinary_photos(made, tmp_path, capsys):
    labelled, out = sorted_suggestions(made, tmp_path / "labelled"), str(tmp_path / "out")
    capsys.readouterr()
    assert main(["adapt", made[0], labelled, "-o", out, "--most-forgotten", "1"]) == 0
    told = capsys.readouterr()
    (line,) = (line for line in told.out.splitlines() if "were suggested" in line)
    assert line.startswith("24 of 24 patches were suggested")
    assert "judge on photos that were not suggested" in line
    assert "suggested, so hard or likely cracked, unlike ordinary photos 24" in (Path(out) / "README.md").read_text()
    assert main(["adapt", made[0], made[1], "-o", f"{out}-plain", "--most-forgotten", "1"]) == 0
    assert "were suggested" not in capsys.readouterr().out


def test_pictures_that_the_bundle_was_adapted_to_are_told(made, tmp_path, capsys):
    bundle, data = made
    first = str(tmp_path / "first")
    assert main(["adapt", bundle, data, "-o", first, "--most-forgotten", "1"]) == 0
    told = capsys.readouterr()
    assert "judged on those left out in learning" in told.out
    assert "adapted before" not in told.out + told.err
    assert main(["adapt", first, data, "-o", str(tmp_path / "again"), "--most-forgotten", "1"]) == 0
    told = capsys.readouterr()
    assert "learnt from before" in told.out
    assert "left out in learning" not in told.out
    assert "learnt from these very pictures before" in told.err
    with pytest.raises(RefusedError, match=r"forget too much.*learnt from these very pictures before: label others"):
        adapt(first, data, tmp_path / "refused", AdaptOptions(most_forgotten=-1.0))
    write_surface(tmp_path / "more", 12, faint=0.3, first=2)
    assert main(["adapt", first, str(tmp_path / "more"), "-o", str(tmp_path / "third"), "--most-forgotten", "1"]) == 0
    told = capsys.readouterr()
    assert "The bundle learnt from 20 of the 24 pictures judged" in " ".join(told.err.split())
    assert "adapted before" not in told.out


def test_patches_that_a_bundle_was_adapted_to_are_known_again_one_by_one(made, tmp_path, capsys):
    """Of a bundle that keeps no digests of them, as those of before, it stays open."""
    folder, data = made
    first, among = tmp_path / "first", tmp_path / "among"
    adapt(folder, data, first, AdaptOptions(most_forgotten=1.0))
    write_surface(among, 4, faint=0.3, first=600)
    assert evaluate(first, among, part=None, resamples=20).met_before is None
    for label in ("crack", "sound"):
        for number in range(9):
            shutil.copy(f"{data}/{label}/{number:04d}.png", among / label / f"other-{number}.png")
    found = evaluate(first, among, part=None, resamples=20).met_before
    assert (found.by, found.learnt_from, found.chosen_on, found.judged) == ("pictures", 18, 0, 26)
    bundle = open_bundle(first)
    assert len(bundle.manifest.trained_on[-1].digests) == 24 * 16
    sets = tuple(msgspec.structs.replace(one, digests=msgspec.UNSET) for one in bundle.manifest.trained_on)
    before = msgspec.structs.replace(bundle.manifest, trained_on=sets)
    repack(tmp_path / "old", bundle, before, model=bundle.model, reference=bundle.reference())
    assert b"digests" not in (tmp_path / "old" / "bundle.json").read_bytes()
    assert evaluate(tmp_path / "old", among, part=None, resamples=20).met_before is None
    call = ["adapt", str(tmp_path / "old"), str(among), "-o", str(tmp_path / "second"), "--most-forgotten", "1"]
    assert main(call) == 0
    assert "was adapted before, to 24 patches: if some of them are among these" in capsys.readouterr().out


def test_patches_that_look_like_what_the_bundle_learnt_from_are_told(made, tmp_path, capsys):
    folder, data = made
    bundle = open_bundle(folder)
    fitted = bundle.manifest.calibration
    wall = KnownSurface(
        name="wall", centre=(0.0,), scale=fitted.scale, shift=fitted.shift, threshold=bundle.manifest.threshold
    )
    projection = pack_projection(np.eye(1, bundle.manifest.embedding))
    everything = LocalCalibration(projection=projection, origin=(0.0,), limit=1e9, surfaces=(wall,))
    manifest = msgspec.structs.replace(
        bundle.manifest, local=everything, trained_on=(TrainedOn(name="Wall", pictures=60), TrainedOn(name="deck"))
    )
    knowing = repack(tmp_path / "knowing", bundle, manifest, model=bundle.model, reference=bundle.reference())
    assert main(["adapt", str(knowing.path), data, "-o", str(tmp_path / "new"), "--most-forgotten", "1"]) == 0
    said = "Most of these data look to the bundle like what it learnt from, 60 pictures of Wall"
    assert said in capsys.readouterr().err
    assert main(["adapt", folder, data, "-o", str(tmp_path / "other"), "--most-forgotten", "1"]) == 0
    assert said[:20] not in capsys.readouterr().err


def test_one_picture_under_both_labels_is_refused_by_both_names(made, tmp_path, capsys):
    bundle, _ = made
    data = tmp_path / "data"
    write_surface(data, 8, faint=0.3)
    shutil.copy(data / "crack" / "0003.png", data / "sound" / "other.png")
    assert main(["adapt", bundle, str(data), "-o", str(tmp_path / "out"), "--most-forgotten", "1"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    for words in ("both labels", str(data / "crack" / "0003.png"), str(data / "sound" / "other.png"), "remove the"):
        assert words in told
    assert not (tmp_path / "out").exists()


def test_copies_under_both_labels_are_warned_of(made, tmp_path, capsys):
    bundle, _ = made
    data = tmp_path / "data"
    write_surface(data, 12, faint=0.3)
    mirrored = images.read(data / "crack" / "0003.png").pixels[:, ::-1].copy()
    images.write_png(mirrored, data / "sound" / "other.png")
    assert main(["adapt", bundle, str(data), "-o", str(tmp_path / "out"), "--most-forgotten", "1"]) == 0
    assert "1 group of copies holds both labels (crack/0003.png = sound/other.png): give " in capsys.readouterr().err
