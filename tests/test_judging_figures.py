"""The figures are scikit-learn's, with ties, weights and one class only."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from crackscope.errors import JudgingError
from crackscope.judging import FIGURES, Bootstrap, Evaluation, Origin, curves, evaluate_scores
from crackscope.judging.figures import figures
from crackscope.judging.sample import sample
from crackscope.records import Failure, Row, Unread

FEW = Bootstrap(resamples=20)


def rows_of(labels, groups=None, surfaces=None) -> list[Row]:
    groups = groups or [""] * len(labels)
    surfaces = surfaces or [""] * len(labels)
    return [
        Row(path=f"/data/{place:05}.jpg", label="crack" if label else "sound", group=group, surface=surface)
        for place, (label, group, surface) in enumerate(zip(labels, groups, surfaces, strict=True))
    ]


def judged(labels, scores, threshold=0.5, **more) -> Evaluation:
    return evaluate_scores(rows_of(labels), scores, threshold, bootstrap=FEW, **more)


# Few different scores, so that ties are the rule.
scored = st.lists(
    st.tuples(st.booleans(), st.one_of(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), st.floats(0, 1))),
    min_size=1,
    max_size=60,
)


@settings(max_examples=80)
@given(scored, st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]))
def test_figures_equal_scikit_learns(pairs, threshold):
    labels = np.array([label for label, _ in pairs])
    scores = np.array([score for _, score in pairs])
    said = scores >= threshold
    evaluation = judged(labels, scores, threshold)
    expected = {"accuracy": metrics.accuracy_score(labels, said)}
    if said.any():
        expected["precision"] = metrics.precision_score(labels, said, zero_division=0)
    if labels.any():
        expected["recall"] = metrics.recall_score(labels, said)
    if labels.any() or said.any():
        expected["f1"] = metrics.f1_score(labels, said)
    if labels.any() and not labels.all():
        expected["balanced_accuracy"] = metrics.balanced_accuracy_score(labels, said)
        expected["mcc"] = metrics.matthews_corrcoef(labels, said)
        expected["roc_auc"] = metrics.roc_auc_score(labels, scores)
        expected["average_precision"] = metrics.average_precision_score(labels, scores)
    expected["log_loss"] = metrics.log_loss(labels, np.clip(scores, 1e-300, 1), labels=[False, True])
    for name in set(FIGURES) - {"ece"}:
        value = evaluation.figures[name].value
        if name in expected:
            assert value == pytest.approx(expected[name], abs=1e-9), name
        else:
            assert value is None, name
    (tn, fp), (fn, tp) = evaluation.confusion
    assert [[tn, fp], [fn, tp]] == metrics.confusion_matrix(labels, said, labels=[False, True]).tolist()


@settings(max_examples=60)
@given(scored, st.integers(0, 2**32 - 1))
def test_figures_of_a_resample_equal_scikit_learns_with_weights(pairs, seed):
    labels = np.array([label for label, _ in pairs])
    scores = np.array([score for _, score in pairs])
    said = scores >= 0.5
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.arange(len(pairs)) // 2)
    counts = rng.integers(0, 4, size=(1, group.max() + 1)).astype(np.int32)
    weights = counts[0, group]
    if not weights[labels].sum() or not weights[~labels].sum():
        return
    values = figures(sample(labels, said, scores, group), counts)
    assert values["roc_auc"][0] == pytest.approx(metrics.roc_auc_score(labels, scores, sample_weight=weights))
    assert values["average_precision"][0] == pytest.approx(
        metrics.average_precision_score(labels, scores, sample_weight=weights)
    )
    assert values["f1"][0] == pytest.approx(metrics.f1_score(labels, said, sample_weight=weights))
    assert values["mcc"][0] == pytest.approx(metrics.matthews_corrcoef(labels, said, sample_weight=weights), abs=1e-9)
    assert values["log_loss"][0] == pytest.approx(metrics.log_loss(labels, scores, sample_weight=weights))


@settings(max_examples=60)
@given(scored)
def test_the_report_by_class_is_scikit_learns(pairs):
    labels = [label for label, _ in pairs]
    said = [score >= 0.5 for _, score in pairs]
    ours = judged(labels, [score for _, score in pairs]).by_class
    theirs = metrics.classification_report(
        labels, said, labels=[False, True], target_names=["sound", "crack"], output_dict=True, zero_division=0
    )
    names = {"sound": "sound", "crack": "crack", "weighted": "weighted avg"}
    if len(set(labels)) == 2:
        names["macro"] = "macro avg"
    else:
        assert ours.macro.f1 is None
    for mine, their in names.items():
        line = getattr(ours, mine)
        assert line.support == theirs[their]["support"]
        for figure in ("precision", "recall"):
            assert (getattr(line, figure) or 0.0) == pytest.approx(theirs[their][figure])
        assert (line.f1 or 0.0) == pytest.approx(theirs[their]["f1-score"])


def test_curves_are_scikit_learns():
    rng = np.random.default_rng(3)
    labels = rng.random(300) < 0.4
    scores = np.clip(np.round(labels * 0.3 + rng.random(300) * 0.7, 2), 0, 1)
    lines = curves(judged(labels, scores))
    fpr, tpr, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    assert lines.roc is not None
    assert lines.pr is not None
    np.testing.assert_allclose(lines.roc.x, fpr)
    np.testing.assert_allclose(lines.roc.y, tpr)
    np.testing.assert_allclose(lines.pr.x[1:], recall[:-1][::-1])
    np.testing.assert_allclose(lines.pr.y[1:], precision[:-1][::-1])
    assert (lines.roc.low <= lines.roc.high).all()


def test_calibration_error_counts_by_hand():
    # Two bins: (.0, .0667] holds two sound at .05, (.8667, .9333] holds three at .9, two of them cracked.
    evaluation = judged([0, 0, 1, 1, 0], [0.05, 0.05, 0.9, 0.9, 0.9])
    assert evaluation.ece.value == pytest.approx((2 * 0.05 + 3 * abs(2 / 3 - 0.9)) / 5)
    assert len(evaluation.reliability) == 15
    assert [bin.count for bin in evaluation.reliability if bin.count] == [2, 3]
    assert evaluation.reliability[13].crack_share == pytest.approx(2 / 3)
    assert evaluation.reliability[13].mean_probability == pytest.approx(0.9)


@given(st.integers(0, 15))
def test_a_bin_holds_its_upper_end(step):
    reliability = judged([0, 1], [step / 15, step / 15]).reliability
    assert next(bin for bin in reliability if bin.count).high == pytest.approx(max(step, 1) / 15)


def test_baselines_are_what_scikit_learns_dummies_score():
    labels = np.array([1] * 30 + [0] * 70)
    evaluation = judged(labels, labels * 0.5 + 0.25)
    ones = np.ones(100)
    always = evaluation.baselines["always crack"]
    assert always.accuracy == pytest.approx(metrics.accuracy_score(labels, ones))
    assert always.precision == pytest.approx(metrics.precision_score(labels, ones))
    assert always.f1 == pytest.approx(metrics.f1_score(labels, ones))
    assert always.average_precision == pytest.approx(metrics.average_precision_score(labels, ones))
    assert always.mcc == 0
    never = evaluation.baselines["always sound"]
    assert (never.accuracy, never.precision, never.recall, never.f1) == (pytest.approx(0.7), None, 0.0, 0.0)
    assert (always.ece, never.ece) == pytest.approx((0.7, 0.3))
    dice = evaluation.baselines["by frequency"]
    assert dice.ece == 0
    assert dice.accuracy == pytest.approx(0.3**2 + 0.7**2)
    assert dice.precision == dice.recall == pytest.approx(0.3)
    assert dice.log_loss == pytest.approx(metrics.log_loss(labels, ones * 0.3))


def test_one_class_only_leaves_what_is_undefined_open():
    evaluation = judged([0, 0, 0], [0.1, 0.2, 0.7])
    assert evaluation.accuracy.value == pytest.approx(2 / 3)
    for name in ("recall", "balanced_accuracy", "mcc", "roc_auc", "average_precision"):
        measure = evaluation.figures[name]
        assert (measure.value, measure.low, measure.high) == (None, None, None), name
    assert curves(evaluation).roc is None


def test_rows_that_cannot_be_judged_enter_no_figure():
    evaluation = evaluate_scores(
        rows_of([1, 0, 1, 0]),
        [0.9, 0.1, 0.2, 0.8],
        verdicts=["crack", "sound", "cannot judge", "cannot judge"],
        bootstrap=FEW,
    )
    assert (evaluation.n, evaluation.accuracy.value) == (2, 1.0)
    assert evaluation.cannot_judge == {"sound": 1, "crack": 1}
    assert [row.correct for row in evaluation.predictions] == [True, True, None, None]


def test_surfaces_are_judged_apart():
    evaluation = evaluate_scores(
        rows_of([1, 0, 1, 0], surfaces=["deck", "deck", "wall", ""]), [0.9, 0.1, 0.2, 0.8], bootstrap=FEW
    )
    assert list(evaluation.by_surface) == ["", "deck", "wall"]
    assert evaluation.by_surface["deck"].figures["accuracy"].value == 1
    assert evaluation.by_surface["wall"].figures["recall"].value == 0
    assert judged([1, 0], [0.9, 0.1]).by_surface == {}


def test_what_could_not_be_read_is_named():
    lost = Unread(path="/data/lost.jpg", error=Failure(kind="missing", message="there is no /data/lost.jpg"))
    assert judged([1, 0], [0.9, 0.1], origin=Origin(unread=(lost,))).unread == (lost,)


@pytest.mark.parametrize(
    ("labels", "scores", "threshold", "words"),
    [
        ([], [], 0.5, "nothing to judge"),
        ([1, 0], [0.5], 0.5, "one a row"),
        ([1, 0], [0.5, float("nan")], 0.5, "row 1 is nan"),
        ([1, 0], [0.5, 1.5], 0.5, "between 0 and 1"),
        ([1, 0], [0.5, 0.5], 2.0, "threshold"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_one_line(labels, scores, threshold, words):
    with pytest.raises(JudgingError, match=words) as caught:
        judged(labels, scores, threshold)
    assert "\n" not in str(caught.value)
