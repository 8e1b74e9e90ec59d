"""A bundle that is judged on what it learnt from: it is said, on the terminal and on the pages."""

import json

import msgspec
import numpy as np
import pytest

from crackscope import datasets, scoring
from crackscope.bundles import Bundle, KnownSurface, LocalCalibration, TrainedOn, pack_projection
from crackscope.cli import main
from crackscope.judging import Bootstrap, Entry, MetBefore, Surface, evaluate, load, matrix
from crackscope.judging.met_sets import met_before
from crackscope.records import Row
from crackscope.reports import conclusions
from crackscope.reports.formatting import number
from crackscope.reports.met_sentences import met_before_sentence, met_before_sentences
from crackscope.scoring.packing import repack
from tests.small_bundle import EMBEDDING, write_small_bundle
from tests.small_page import Page
from tests.small_surfaces import write_surface


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Data in a folder `decks`, a split of them, and a bundle that was trained on that split, as a set called decks."""
    folder = tmp_path_factory.mktemp("met")
    write_surface(folder / "decks", 12)
    split = datasets.split(folder / "decks")
    datasets.write_split(split, folder / "split.csv")
    return folder, taught(folder, TrainedOn(name="Decks", fingerprint=split.fingerprint, pictures=14))


def taught(folder, *sets: TrainedOn, weights: str = "none") -> Bundle:
    plain = write_small_bundle(folder / "plain" / str(len(list(folder.iterdir()))))
    manifest = msgspec.structs.replace(plain.manifest, trained_on=sets, recipe={"network": {"weights": weights}})
    return repack(folder / f"taught-{len(list(folder.iterdir()))}", plain, manifest, model=plain.model, reference=None)


def met(bundle: Bundle, data, part) -> MetBefore | None:
    return evaluate(scoring.load(bundle), data, part=part, resamples=20).met_before


def test_the_split_that_it_was_trained_on_but_for_the_test_part(places):
    folder, bundle = places
    split = datasets.read_split(folder / "split.csv")
    for part in ("train", "val", None):
        assert met(bundle, split, part) == MetBefore(by="split", sets=("Decks",), pictures=14, of_each={"Decks": 14})
    assert met(bundle, split, "test") is None


def test_a_set_of_the_same_name_by_its_folder_or_its_surface(places, tmp_path):
    folder, bundle = places
    other = datasets.split(folder / "decks", seed=7)
    assert met(bundle, other, "test") == MetBefore(by="name", sets=("Decks",), pictures=14, of_each={"Decks": 14})
    nobodys = TrainedOn(name="unnamed", pictures=3), TrainedOn(name="", pictures=4)
    unnamed = taught(tmp_path, *nobodys, TrainedOn(name="walls", pictures=2))
    assert met(unnamed, other, None) is None
    nameless = datasets.Split(rows=tuple(msgspec.structs.replace(row, surface="unnamed") for row in other.rows))
    assert met(unnamed, nameless, None) is None
    walls = datasets.Split(rows=tuple(msgspec.structs.replace(row, surface="walls") for row in other.rows))
    assert met(unnamed, walls, None) == MetBefore(by="name", sets=("walls",), pictures=2, of_each={"walls": 2})


def test_what_its_starting_weights_learnt_from_counts_too(places, tmp_path):
    folder, _ = places
    dealt = datasets.split(folder / "decks")
    rows = tuple(msgspec.structs.replace(row, surface="metu") for row in dealt.rows)
    metu = msgspec.structs.replace(dealt, rows=rows)
    trained = TrainedOn(name="unnamed", fingerprint=metu.fingerprint, pictures=14)
    started = met(taught(tmp_path, trained, weights="default"), metu, "test")
    assert started == MetBefore(by="weights", sets=("metu",), pictures=6720, of_each={"metu": 6720})
    assert met(taught(tmp_path, trained), metu, "test") is None
    all_of_it = met(taught(tmp_path, trained, weights="default"), metu, None)
    assert all_of_it == MetBefore(by="split", sets=(), pictures=14)


def test_what_its_starting_weights_learnt_from_is_told_of_data_of_any_name(places, tmp_path):
    folder, _ = places
    dealt = datasets.split(folder / "decks")
    for weights, says in (("default", "starting weights"), ("none", None)):
        model = scoring.load(taught(tmp_path, weights=weights))
        judged = evaluate(model, dealt, part=None, resamples=20)
        assert judged.met_before is None
        told = [line for line in conclusions(judged) if "flatter" in line]
        assert len(told) == bool(says)
        assert all(says in line and "metu, " in line and "pavement" in line for line in told)
        surface = Surface(name="here", split=dealt, part=None)
        table = matrix([Entry(name="a", model=model, trained_on="")], [surface], bootstrap=Bootstrap(resamples=20))
        assert [line.split(":")[0] for line in met_before_sentences(table)] == ["a"] * bool(says)
        assert [line.removeprefix("a: ") for line in met_before_sentences(table)] == told


ROAD = MetBefore(by="look", sets=("road",), pictures=9, of_each={"road": 9})


@pytest.mark.parametrize(("limit", "expected"), [(50.0, ROAD), (1e-6, None)])
def test_a_set_under_another_name_by_what_its_pictures_look_like(places, tmp_path, limit, expected):
    folder, _ = places
    plain = write_small_bundle(tmp_path / "plain")
    road = KnownSurface(name="road", scale=1.0, shift=0.0, threshold=0.5, centre=(0.0,))
    wide = pack_projection(np.full((1, EMBEDDING), 1e-6))
    local = LocalCalibration(projection=wide, origin=(1.0,), limit=limit, surfaces=(road,))
    learnt = (TrainedOn(name="road", pictures=9), TrainedOn(name="deck", pictures=8))
    manifest = msgspec.structs.replace(plain.manifest, trained_on=learnt, local=local)
    bundle = repack(tmp_path / "bundle", plain, manifest, model=plain.model, reference=None)
    found = met(bundle, datasets.split(folder / "decks"), None)
    assert found == expected
    assert ("look to the bundle like" in met_before_sentence(found, None)) is (found is not None)


@pytest.mark.parametrize(
    ("read_as", "sets"),
    [
        ({"": {"road": 50, "": 50}}, ("road",)),
        ({"": {"road": 49, "": 51}}, None),
        ({"east": {"road": 60}, "west": {"Deck": 6, "": 34}}, ("road",)),
        ({"east": {"road": 60}, "west": {"Deck": 10, "": 30}}, ("road", "deck")),
    ],
)
def test_half_of_the_pictures_must_look_like_a_set_and_a_tenth_like_each_that_is_named(tmp_path, read_as, sets):
    learnt = (TrainedOn(name="road", pictures=9), TrainedOn(name="deck", pictures=8))
    manifest = msgspec.structs.replace(write_small_bundle(tmp_path / "plain").manifest, trained_on=learnt)
    found = met_before(manifest, "", None, [Row(path="/elsewhere/1.png", label="crack")], read_as=read_as)
    assert (found and (found.by, found.sets)) == (sets and ("look", sets))


def test_of_several_sets_the_pictures_of_each_are_told(places, tmp_path):
    folder, _ = places
    dealt = datasets.split(folder / "decks")
    learnt = [
        TrainedOn(name=name, pictures=pictures) for name, pictures in (("deck", 592), ("metu", 6720), ("wall", 1))
    ]
    rows = tuple(
        msgspec.structs.replace(row, surface=("deck", "metu", "wall")[number % 3])
        for number, row in enumerate(dealt.rows)
    )
    judged = evaluate(scoring.load(taught(tmp_path, *learnt)), datasets.Split(rows=rows), part=None, resamples=20)
    assert judged.met_before.of_each == {"deck": 592, "metu": 6720, "wall": 1}
    said = "The bundle learnt from 592 pictures of deck, 6,720 of metu, 1 of wall, as these data are called: "
    assert conclusions(judged)[0].startswith(said)
    nameless = TrainedOn(name="unnamed", fingerprint=dealt.fingerprint, pictures=7)
    own = [msgspec.structs.replace(one, fingerprint=dealt.fingerprint) for one in learnt]
    judged = evaluate(scoring.load(taught(tmp_path, *own, nameless)), dealt, part=None, resamples=20)
    said = "learnt from 592 pictures of deck, 6,720 of metu, 1 of wall, 7 of no name: the figures flatter"
    assert said in conclusions(judged)[0]
    before = msgspec.structs.replace(judged.met_before, of_each={})
    assert "learnt from 7,320 pictures of deck, metu, wall: the" in met_before_sentence(before, None)


def test_it_is_kept_and_said(places, tmp_path, capsys):
    folder, bundle = places
    call = ["evaluate", str(bundle.path), str(folder / "split.csv"), "--part"]
    assert main([*call, "all", "-o", str(tmp_path / "out")]) == 0
    said = "The bundle was trained on this very split, and it learnt from 14 pictures of Decks: the figures flatter."
    assert said in " ".join(capsys.readouterr().out.split())
    assert said in Page(tmp_path / "out" / "report.html").text
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["met_before"]["by"] == "split"
    assert conclusions(load(tmp_path / "out"))[0].startswith(said)
    assert main([*call, "test"]) == 0
    assert "flatter" not in capsys.readouterr().out


def test_a_matrix_says_it_of_each_cell(places, tmp_path, capsys):
    folder, bundle = places
    write_surface(tmp_path / "else", 16, faint=0.3)
    surfaces = ["--on", f"ours={folder / 'decks'}", "--on", f"others={tmp_path / 'else'}"]
    assert main(["matrix", *surfaces, "--bundle", f"b={bundle.path}", "--part", "all", "-o", str(tmp_path / "m")]) == 0
    said = capsys.readouterr().err
    assert "b on ours: The bundle" in said
    assert "b on others" not in said
    page = Page(tmp_path / "m" / "matrix.html")
    assert "b on ours: The bundle" in page.text
    assert page.text.count("learnt from it?") == 4 + 1  # in the cell of each figure, and in the legend


def test_a_matrix_knows_a_set_again_by_the_name_that_the_call_gives_it(places, tmp_path, capsys):
    _, bundle = places
    write_surface(tmp_path / "data", 12, faint=0.6)
    write_surface(tmp_path / "else", 16, faint=0.3)
    surfaces = ["--on", f"decks={tmp_path / 'data'}", "--on", f"others={tmp_path / 'else'}"]
    assert main(["matrix", *surfaces, "--bundle", f"b={bundle.path}", "-o", str(tmp_path / "m")]) == 0
    assert "b on decks: The bundle learnt from 14 pictures of Decks" in " ".join(capsys.readouterr().err.split())
    table = json.loads((tmp_path / "m" / "matrix.json").read_text())
    (other,) = (cell["figures"]["balanced_accuracy"]["value"] for cell in table["cells"] if not cell["met_before"])
    headline = f"it was not trained on here, balanced accuracy is {number(other)}. "
    assert headline in Page(tmp_path / "m" / "matrix.html").text
