"""The report of an evaluation: all in one page that needs nothing, and that no file name can make do anything."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crackscope import images
from crackscope.errors import JudgingError, OutputError
from crackscope.judging import Bootstrap, BundleFacts, Origin, SplitFacts, Stated, curves, evaluate_scores, load
from crackscope.records import Failure, Measure, Row, Unread, Verdict
from crackscope.reports import write_curves, write_evaluation
from crackscope.reports.evaluation_page import page_values
from crackscope.reports.rendering import render
from crackscope.reports.scale import scale_for
from tests.small_page import Page
from tests.small_patches import patch

EVIL = "<script>alert('1')</script>\"&' onerror=x {{ 7*7 }} \u202e裂缝\udcff</title></style>"
FILES = {
    "report.html",
    "metrics.json",
    "predictions.csv",
    "confusion_matrix.png",
    "roc.png",
    "pr.png",
    "reliability.png",
    "samples.png",
}
HISTORY = """epoch,phase,train_loss,train_accuracy,val_loss,val_accuracy,learning_rate,seconds
1,1,0.4,0.81,0.3,0.85,0.001,2.5
2,1,0.1,0.95,0.12,0.94,0.001,2.5
1,2,0.004,0.99,0.09,0.97,0.0001,2.5
2,2,0.003,0.995,0.1,0.96,0.0001,2.5
"""


@dataclass
class Folder:
    """Pictures and their rows."""

    rows: list[Row]
    scores: np.ndarray


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Folder:
    folder = tmp_path_factory.mktemp("pictures")
    rows, scores = [], []
    rng = np.random.default_rng(0)
    for number in range(40):
        cracked = number % 2 == 0
        path = folder / f"{number:02}.png"
        images.write_png(patch(number, 48, cracked=cracked)[0], path)
        rows.append(Row(path=str(path), label="crack" if cracked else "sound", group=f"g{number // 3}"))
        scores.append(1 / (1 + np.exp(-(2 if cracked else -2) - 2 * rng.normal())))
    return Folder(rows, np.array(scores))


def rendered(evaluation, run: Path) -> Page:
    """The page alone, without plots and samples, of an evaluation in a run's folder."""
    path = run / "page.html"
    title = evaluation.bundle.name if evaluation.bundle else "Evaluation"
    path.write_bytes(render("evaluation.html", title, page_values(evaluation, curves(evaluation), [], run)))
    return Page(path)


def judged(pictures: Folder, scores=None, **origin):
    values = pictures.scores if scores is None else scores
    return evaluate_scores(pictures.rows, values, bootstrap=Bootstrap(resamples=60), origin=Origin(**origin))


@pytest.fixture(scope="module")
def written(pictures, tmp_path_factory) -> Path:
    run = tmp_path_factory.mktemp("run")
    (run / "history.csv").write_text(HISTORY)
    (run / "summary.txt").write_text("Conv_1 <b>bold</b> 409,600\n")
    evaluation = judged(
        pictures,
        bundle=BundleFacts(name=EVIL, fingerprint="0" * 64, precision="float32"),
        split=SplitFacts(fingerprint="1" * 64, random=True, seed=4, leak_share=1 / 3),
        part="test",
        unread=(Unread(path=f"/lost/{EVIL}.jpg", error=Failure(kind="damaged", message=f"{EVIL} is damaged")),),
    )
    assert evaluation.accuracy.value < 1
    write_evaluation(evaluation, run / "evaluation")
    return run / "evaluation"


@pytest.fixture(scope="module")
def page(written) -> Page:
    return Page(written / "report.html")


def test_everything_of_the_design_is_written(written):
    assert {path.name for path in written.iterdir()} == FILES
    for name in FILES:
        if name.endswith(".png"):
            assert images.read_header(written / name).format == "PNG"
            assert images.read(written / name).pixels.std() > 5
    assert load(written).n == 40


def test_the_head_says_what_was_judged_on_what(pictures, tmp_path):
    """A bundle is often called as its recipe alone, and so are many."""
    folder = Path(pictures.rows[0].path).parent
    probe = BundleFacts(name="probe", fingerprint="0" * 64, precision="float32")
    page = Page(write_evaluation(judged(pictures, bundle=probe), tmp_path / "ev"))
    assert f"crackscope evaluation probe on {folder.name} " in page.text
    assert f"data {folder}" in page.text
    assert f"<title>probe on {folder.name}</title>" in page.source


def test_the_page_needs_nothing_from_outside(page):
    for tag, attributes in page.elements:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form")
        for name in ("src", "href", "xlink:href", "action", "srcset"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:image/jpeg;base64,", "#")), (tag, name, value)
    assert not re.search(r"url\(|@import|https?://", page.source)


def test_names_can_do_nothing_in_the_page(page):
    assert page.count("script") == 2
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert page.count("title") - 1 == page.source.count("<title>") - 1
    assert "alert('1')" in page.text
    assert "{{ 7*7 }}" in page.text
    assert "<b>bold</b>" in page.text
    assert not page.open


def test_only_our_own_script_may_run(page):
    policy = next(a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()
    assert policy is not None
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_every_element_that_the_script_touches_is_there(page):
    wanted = set(re.findall(r'getElementById\("([\w-]+)"\)', page.scripts[1]))
    wanted |= {f"out-{name}" for name in re.findall(r'\bput\("(\w+)"', page.scripts[1])}
    assert wanted <= page.ids
    assert "out-f1" in wanted


def test_every_link_leads_somewhere_in_the_page(page):
    links = {attributes["href"].removeprefix("#") for tag, attributes in page.elements if tag == "a"}
    assert "how" in links
    assert links <= page.ids


@pytest.mark.parametrize(
    ("best", "ticks"),
    [(0.88, ["0", ".5", ".8", ".9"]), (0.97, ["0", ".5", ".9", ".99"]), (1.0, ["0", ".5", ".8", ".9"])],
)
def test_the_scale_of_the_bars_is_named_between_its_ends(best, ticks):
    scale = scale_for(
        [("accuracy", Measure(value=best, low=0.5, high=1.0)), ("log_loss", Measure(value=0.1, low=None, high=None))]
    )
    assert [name for _, name in scale.ticks] == ticks
    places = [place for place, _ in scale.ticks]
    assert min(np.diff(places)) > 15
    half = scale.bar("accuracy", Measure(value=0.5, low=0.4, high=0.6), None)
    assert half.dot == places[1]


def test_axes_that_are_not_even_say_so(page):
    assert "heights are square roots of the counts" in page.text
    assert "Their scale is no even one" in page.text


def test_the_scores_are_in_the_page(page, pictures):
    scores = json.loads(page.scripts[0])
    assert scores["threshold"] == 0.5
    cracks = [score for row, score in zip(pictures.rows, pictures.scores, strict=True) if row.label == "crack"]
    assert scores["crack"] == sorted(cracks)
    assert len(scores["sound"]) == 20


def test_what_a_reader_must_see_is_there(page, written):
    evaluation = load(written)
    assert f"{evaluation.accuracy.value:.4f}" in page.text
    assert f"{evaluation.mcc.low:.4f} to {evaluation.mcc.high:.4f}" in page.text
    for words in (
        "33.3 % of the test rows have a near-copy among the training rows: accuracy of a bundle trained on those may",
        "always crack",
        "macro average",
        "The rows stand in only 14 groups",
        "1 picture is unreadable",
        "Loss by epoch",
        "validation 0.09 at epoch 3",
        "Worst errors",
    ):
        assert words in page.text, words
    assert "Closest calls" not in page.text


def test_copies_in_the_training_part_are_told_of_the_test_part_alone(pictures, tmp_path):
    split = SplitFacts(fingerprint="1" * 64, random=True, leak_share=1 / 3)
    for part in ("test", "val", None):
        page = Page(write_evaluation(judged(pictures, split=split, part=part), tmp_path / str(part)))
        assert ("does not keep copies together" in page.text) is (part == "test")


def test_pictures_are_small_and_said_in_words(page):
    shown = [attributes for tag, attributes in page.elements if tag == "img"]
    assert len(shown) > 24
    assert all(attributes["alt"].startswith("labelled ") for attributes in shown)
    picture = images.read(base64.b64decode(shown[0]["src"].partition(",")[2]))
    assert max(picture.pixels.shape) == 48
    charts = [attributes for tag, attributes in page.elements if tag == "svg" and attributes.get("role") == "img"]
    narrow = [attributes["aria-label"] for attributes in charts if attributes.get("class") == "narrow"]
    assert narrow == [attributes["aria-label"] for attributes in charts if attributes.get("class") == "wide"]
    assert len(charts) - len(narrow) == 6
    assert all(attributes["aria-label"] for attributes in charts)


def test_the_worst_errors_come_first(pictures, tmp_path):
    wrong = np.array([0.9 if row.label == "crack" else 0.1 for row in pictures.rows])
    wrong[[4, 7, 9]] = 0.3, 0.8, 0.99
    text = Page(write_evaluation(judged(pictures, wrong), tmp_path)).text
    section = text.partition("Worst errors")[2].partition("Sample predictions")[0]
    assert re.findall(r"(\d\d)\.png", section) == ["09", "07", "04"]


def test_without_an_error_the_closest_calls_are_shown(pictures, tmp_path):
    scores = np.array([0.99 if row.label == "crack" else 0.01 for row in pictures.rows])
    scores[8] = 0.51
    text = Page(write_evaluation(judged(pictures, scores), tmp_path)).text
    assert "No row was called wrongly" in text
    assert re.search(r"\d\d\.png", text.partition("Closest calls")[2].partition("came nearest")[2]).group() == "08.png"
    assert "an exact bound stands there" in text


def test_a_picture_that_has_gone_is_said_to_be_gone(tmp_path):
    rows = [Row(path=str(tmp_path / f"{name}.png"), label=name) for name in ("crack", "sound")]
    page = Page(write_evaluation(evaluate_scores(rows, [0.6, 0.7], bootstrap=Bootstrap(20)), tmp_path / "out"))
    assert "can no longer be read" in page.text
    assert page.count("img") == 0


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        ({0}, "1 row, a cracked one: left out of all figures, see below."),
        ({1}, "1 row, a sound one: left out"),
        ({1, 3}, "2 rows, none of them cracked: left out"),
        ({0, 1, 2}, "3 rows, 2 of them cracked: left out"),
    ],
)
def test_how_many_of_those_not_judged_are_cracked_is_said_in_words(tmp_path, refused, said):
    rows = [Row(path=f"/{n}.png", label=("crack", "sound")[n % 2]) for n in range(40)]
    verdicts: list[Verdict] = ["cannot judge" if n in refused else row.label for n, row in enumerate(rows)]
    scores = [0.9 - 0.8 * (n % 2) for n in range(40)]
    write_evaluation(evaluate_scores(rows, scores, verdicts=verdicts, bootstrap=Bootstrap(60)), tmp_path)
    assert f"The bundle could not judge {said}" in Page(tmp_path / "report.html").text


def test_one_class_alone_still_makes_a_report(pictures, tmp_path):
    rows = [row for row in pictures.rows if row.label == "sound"]
    evaluation = evaluate_scores(rows, np.linspace(0, 0.9, len(rows)), bootstrap=Bootstrap(20))
    text = Page(write_evaluation(evaluation, tmp_path)).text
    assert "All rows are sound" in text
    assert "ROC and precision-recall need rows of both classes" in text


def test_surfaces_stand_in_a_table(pictures, tmp_path):
    rows = [Row(path=row.path, label=row.label, surface=f"<i>{n % 2}") for n, row in enumerate(pictures.rows)]
    page = Page(write_evaluation(evaluate_scores(rows, pictures.scores, bootstrap=Bootstrap(20)), tmp_path))
    assert "By surface" in page.text
    assert "<i>0" in page.text
    assert page.count("i") == 0


def test_what_the_bundle_states_of_its_threshold_stands_there_with_its_bounds(pictures, tmp_path):
    stated = Stated(misses=0.049, false_alarms=0.013, pictures=612, misses_low=0.028, misses_high=0.08)
    bundle = BundleFacts(name="b", fingerprint="f" * 64, stated=stated)
    text = rendered(judged(pictures, bundle=bundle), tmp_path).text
    assert "missed 4.9 % (2.8 to 8.0 %) of the cracked and gave false alarms on 1.3 % of the sound" in text
    assert "4.9 % 2.8 % to 8.0 %" in text


def test_the_same_evaluation_makes_the_same_bytes(pictures, tmp_path):
    evaluation = judged(pictures)
    for name in ("a", "b"):
        write_evaluation(evaluation, tmp_path / name)
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_curves_of_a_run(tmp_path):
    (tmp_path / "history.csv").write_text(HISTORY)
    assert images.read(write_curves(tmp_path)).pixels.std() > 5


@pytest.mark.parametrize("rows", ["1,1,0.5,0.8,0.4,0.9,0.001,2\n", "1,1,nan,0.8,,,0.001,2\n2,1,0.4,0.9,,,0.001,2\n"])
def test_a_short_or_broken_training_is_shown_as_far_as_it_goes(tmp_path, rows):
    (tmp_path / "history.csv").write_text(HISTORY.partition("\n")[0] + "\n" + rows)
    evaluation = evaluate_scores([Row(path="/a.png", label="crack")], [0.9], bootstrap=Bootstrap(5))
    assert "Accuracy by epoch" in rendered(evaluation, tmp_path).text
    write_curves(tmp_path)


def test_a_run_without_history_has_no_curves(tmp_path):
    with pytest.raises(JudgingError, match=r"history\.csv"):
        write_curves(tmp_path)


@pytest.mark.parametrize("damage", ["x,y,z,a,b,c\n", f'1,1,"{"0" * 200_000}"\n', "\udcff"])
def test_a_damaged_history_is_named(tmp_path, damage):
    (tmp_path / "history.csv").write_bytes(f"{HISTORY}{damage}".encode("utf-8", "surrogateescape"))
    with pytest.raises(JudgingError, match=r"history\.csv cannot be read"):
        write_curves(tmp_path)


def test_what_stands_in_the_way_is_named(pictures, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="out"):
        write_evaluation(judged(pictures), tmp_path / "out")


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(min_size=1, max_size=30), surface=st.text(max_size=12))
def test_any_name_at_all_is_only_text(tmp_path, name, surface):
    lost = Unread(path=name, error=Failure(kind="missing", message=surface))
    evaluation = evaluate_scores(
        [Row(path="/a.png", label="crack", surface=surface), Row(path="/b.png", label="sound", surface=name)],
        [0.9, 0.1],
        bootstrap=Bootstrap(5),
        origin=Origin(bundle=BundleFacts(name=name, fingerprint=""), unread=(lost,)),
    )
    page = rendered(evaluation, tmp_path)
    assert page.count("script") == 2
    assert not page.open
    assert page.count("bdi") > 0


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_keep_the_contrast_of_wcag_aa(page):
    themes = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part)) for part in page.source.split(":root {")[1:3]]
    assert [theme["card"] for theme in themes] == ["#ffffff", "#1c2024"]
    for theme in themes:
        pairs = [(ink, ground) for ink in ("ink", "soft", "crack", "sound", "good") for ground in ("paper", "card")]
        for ink, ground in [*pairs, ("ink", "warn-paper")]:
            light, dark = sorted((luminance(theme[ink]), luminance(theme[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)
