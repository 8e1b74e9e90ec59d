"""A real bundle judged on real files, as a user runs it."""

import hashlib
import json

import pytest

from crackscope import scoring
from crackscope.bundles import open_bundle
from crackscope.datasets import load as load_split
from crackscope.errors import JudgingError
from crackscope.inspection import InspectOptions, open_journal
from crackscope.judging import evaluate, save
from tests.small_bundle import write_small_bundle
from tests.small_patches import write_patches


@pytest.fixture
def data(tmp_path):
    return write_patches(tmp_path / "data", count=20)


@pytest.fixture
def bundle(tmp_path):
    return write_small_bundle(tmp_path / "bundle", threshold=0.4).path


def test_the_bundle_that_ships_is_what_is_judged(data, bundle):
    split = load_split(data)
    calls = []
    evaluation = evaluate(bundle, split, part=None, resamples=50, progress=lambda *call: calls.append(call))
    assert evaluation.n == 40
    assert evaluation.threshold == 0.4
    assert evaluation.bundle.name == "small"
    assert len(evaluation.bundle.fingerprint) == 64
    assert (evaluation.split.fingerprint, evaluation.split.random) == (split.fingerprint, False)
    assert calls[-1] == (40, 40)
    model = scoring.load(bundle)
    for row in evaluation.predictions[:5]:
        answer = model.predict(row.path)
        assert (row.probability, row.verdict) == (answer.probability, answer.verdict)


def test_an_evaluation_names_its_bundle_as_an_inspection_does(data, bundle, tmp_path):
    """By what `sha256sum bundle.json` says."""
    model = scoring.load(bundle)
    with open_journal(tmp_path / "report", model, InspectOptions(), resume=False) as journal:
        inspected_with = journal.terms.bundle
    judged = evaluate(model, data, resamples=20).bundle.fingerprint
    assert judged == inspected_with == hashlib.sha256((bundle / "bundle.json").read_bytes()).hexdigest()


class Named:
    """A path of a class that is not Python's own."""

    def __init__(self, path):
        self._path = path

    def __fspath__(self):
        return str(self._path)


def test_threads_and_the_way_in_change_nothing(data, bundle):
    split = load_split(data)
    one = evaluate(bundle, split, threads=1, resamples=30)
    assert one == evaluate(scoring.load(bundle, threads=2), data, resamples=30)
    assert one == evaluate(open_bundle(bundle), Named(data), resamples=30)
    assert one == evaluate(Named(bundle), data, resamples=30)
    assert [row.path for row in one.predictions] == [row.path for row in split.part("test")]


def test_an_unreadable_picture_is_named_and_enters_no_figure(data, bundle, tmp_path):
    split = load_split(data)
    lost = split.part("test")[0].path
    with open(lost, "wb") as file:
        file.write(b"\x89PNG broken")
    evaluation = evaluate(bundle, split, resamples=30)
    assert [one.path for one in evaluation.unread] == [lost]
    assert evaluation.n == len(split.part("test")) - 1
    save(evaluation, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["unread"][0]["path"] == lost


def test_when_nothing_can_be_read_it_says_so(data, bundle):
    split = load_split(data)
    for row in split.part("test"):
        with open(row.path, "wb"):
            pass
    with pytest.raises(JudgingError, match="none of"):
        evaluate(bundle, split)


def test_a_part_without_rows_is_named(data, bundle):
    split = load_split(data, parts=(50, 0, 50))
    with pytest.raises(JudgingError, match=r"no val rows to judge on: name another part, train or test$"):
        evaluate(bundle, split, part="val")


def test_a_part_that_there_is_not_is_answered_with_those_that_there_are(data, bundle):
    with pytest.raises(JudgingError, match=r"^there is no part 'tets' to judge on: name train, val, test or all$"):
        evaluate(bundle, data, part="tets")


@pytest.mark.parametrize(("options", "says"), [({"resamples": 0}, "0 resamples"), ({"seed": -1}, "seed .* is -1")])
def test_a_drawing_that_cannot_be_is_refused_before_anything_is_read(tmp_path, options, says):
    with pytest.raises(JudgingError, match=says):
        evaluate(tmp_path / "no bundle", tmp_path / "no data", **options)


@pytest.mark.parametrize(
    ("name", "says"), [("prt", "'prt', did you mean 'part'"), ("options", "'options', there are part, threads, ")]
)
def test_an_option_that_there_is_not_is_refused(tmp_path, name, says):
    with pytest.raises(TypeError, match=says):
        evaluate(tmp_path / "no bundle", tmp_path / "no data", **{name: "all"})


def test_all_means_all_as_on_the_command_line(data, bundle):
    assert evaluate(bundle, data, part="all", resamples=5) == evaluate(bundle, data, part=None, resamples=5)
