"""Labels that were turned over are found among the least believed."""

import numpy as np
import pytest

from crackscope.errors import JudgingError
from crackscope.judging import label_doubts, labels_opposed
from crackscope.records import Row


def world(count=600, seed=0, apart=5.0):
    """Rows in pairs that are copies, what a network might say of them, and which labels are true."""
    rng = np.random.default_rng(seed)
    crack = np.repeat(rng.random(count // 2) < 0.5, 2)
    embedding = np.repeat(rng.normal(size=(count // 2, 12)), 2, axis=0) + rng.normal(scale=0.1, size=(count, 12))
    embedding[:, 0] += np.where(crack, apart, 0)
    score = np.where(crack, 2.0, -2.0) + rng.normal(scale=1.5, size=count)
    return crack, score, embedding


def rows_of(crack, *, grouped=True):
    return [
        Row(path=f"/{place}.jpg", label="crack" if one else "sound", group=f"g{place // 2}" if grouped else "")
        for place, one in enumerate(crack.tolist())
    ]


@pytest.mark.parametrize("grouped", [True, False])
def test_labels_turned_over_come_first(grouped):
    crack, score, embedding = world()
    turned = np.random.default_rng(1).permutation(len(crack))[:18]
    given = crack.copy()
    given[turned] = ~given[turned]
    doubts = label_doubts(rows_of(given, grouped=grouped), score, embedding)
    first = {one.path for one in doubts[:30]}
    assert sum(f"/{place}.jpg" in first for place in turned.tolist()) >= 17
    assert [one.believed for one in doubts] == sorted(one.believed for one in doubts)
    assert all(one.doubted for one in doubts[:10])


def test_what_is_no_number_is_refused_by_the_name_of_its_picture():
    crack, score, embedding = world(60)
    for numbers, bad in ((score, (7,)), (embedding, (7, 3))):
        spoilt = [score.copy(), embedding.copy()]
        spoilt[0 if numbers is score else 1][bad] = np.nan
        with pytest.raises(JudgingError, match=r"no number for /7\.jpg"):
            label_doubts(rows_of(crack), *spoilt)


@pytest.mark.parametrize("rare", ["crack", "sound"])
def test_a_rare_label_is_believed_as_a_frequent_one_is(rare):
    """Ten to one, and one more that carries the rare label wrongly: rarity alone says nothing against a label."""
    rng = np.random.default_rng(1)
    truly, wrong = np.arange(264) < 24, 24
    embedding = rng.normal(size=(264, 12))
    embedding[:, 0] += np.where(truly, 2.5, 0)
    embedding[wrong, 0] = -1
    score = np.where(truly, 1.0, -1.0) + rng.normal(size=264)
    carried = truly.copy()
    carried[wrong] = True
    crack = carried if rare == "crack" else ~carried
    told = {
        int(one.path[1:-4]): one
        for one in label_doubts(rows_of(crack, grouped=False), score if rare == "crack" else -score, embedding)
    }
    assert told[wrong].doubted
    assert told[wrong].label == rare
    right = [told[place] for place in np.flatnonzero(truly).tolist()]
    assert not any(one.doubted for one in right)
    assert sum(one.believed < 0.5 for one in right) <= len(right) / 4


def test_clean_labels_are_hardly_doubted():
    crack, score, embedding = world()
    assert sum(one.doubted for one in label_doubts(rows_of(crack), score, embedding)) < 6


def test_a_label_is_doubted_where_the_other_is_as_sure_as_it_is_where_it_stands():
    crack, score, embedding = world(apart=0.5)
    doubts = label_doubts(rows_of(crack), score * 0.3, embedding)
    usual = {label: np.mean([one.believed for one in doubts if one.label == label]) for label in ("crack", "sound")}
    for one in doubts:
        other = "sound" if one.label == "crack" else "crack"
        assert one.doubted == (1 - one.believed >= usual[other])
    for label in usual:
        assert any(one.doubted for one in doubts if one.label == label)
        assert any(one.believed < 0.5 and not one.doubted for one in doubts if one.label == label)


@pytest.mark.parametrize("way", ["crack", "sound"])
def test_wrong_labels_of_an_easy_set_are_doubted_though_all_others_are_believed_more(way):
    crack, score, embedding = world(apart=9.0)
    truly = np.flatnonzero(crack == (way == "sound"))
    turned = truly[:: len(truly) // 9][:9]
    given = crack.copy()
    given[turned] = ~given[turned]
    doubts = label_doubts(rows_of(given), score, embedding)
    wrong = {f"/{place}.jpg" for place in turned.tolist()}
    usual = np.mean([one.believed for one in doubts if one.label != way])
    doubted = {one.path for one in doubts if one.doubted}
    assert doubted <= wrong
    assert len(doubted) >= 8
    assert any(1 - one.believed < usual for one in doubts if one.path in doubted)


def test_the_order_of_the_rows_does_not_matter_to_the_worst():
    crack, score, embedding = world(200)
    crack[7] = ~crack[7]
    rows = rows_of(crack, grouped=False)
    order = np.random.default_rng(2).permutation(200)
    doubts = label_doubts(rows, score, embedding)
    again = label_doubts([rows[place] for place in order], score[order], embedding[order])
    assert doubts[0].path == again[0].path == "/7.jpg"


def test_too_few_rows_or_groups_are_refused():
    crack, score, embedding = world(20)
    crack[:] = False
    crack[:3] = True
    with pytest.raises(JudgingError, match="fewer than 10"):
        label_doubts(rows_of(crack), score, embedding)
    crack, score, embedding = world(60)
    rows = [Row(path=row.path, label=row.label, group=row.label) for row in rows_of(crack)]
    with pytest.raises(JudgingError, match="one group"):
        label_doubts(rows, score, embedding)


def test_copies_are_one_picture_with_one_doubt():
    crack, score, embedding = world(200)
    crack[6] = crack[7] = ~crack[7]
    rows = rows_of(crack)
    doubts = label_doubts(rows, score, embedding, copies=[place // 2 for place in range(200)])
    assert len(doubts) == 100
    assert (doubts[0].path, doubts[0].copies) == ("/6.jpg", ("/7.jpg",))
    assert {path for one in doubts for path in (one.path, *one.copies)} == {row.path for row in rows}


def test_copies_that_disagree_are_doubted_apart():
    crack, score, embedding = world(200)
    crack[7] = ~crack[7]
    doubts = label_doubts(rows_of(crack), score, embedding, copies=[place // 2 for place in range(200)])
    assert len(doubts) == 101
    assert (doubts[0].path, doubts[0].copies) == ("/7.jpg", ())


def test_swapped_classes_are_told_by_the_network_alone():
    crack, score, _ = world(200)
    assert labels_opposed(rows_of(~crack), score) < 0.2
    assert labels_opposed(rows_of(crack), score) is None
    noise = np.random.default_rng(0).normal(size=200)
    assert labels_opposed(rows_of(crack), noise) is None
    assert labels_opposed(rows_of(crack), np.zeros(200)) is None
    assert labels_opposed(rows_of(crack[:2]), score[:2]) is None
    assert labels_opposed(rows_of(np.array([True, True, False, False])), np.array([0.0, 2.0, 1.0, 3.0])) is None


def test_the_area_is_the_share_of_pairs_in_order():
    crack, score, _ = world(60)
    score = np.round(score)
    pairs = score[~crack][:, None] - score[crack][None]
    assert labels_opposed(rows_of(~crack), score) == pytest.approx(np.mean((pairs > 0) + (pairs == 0) / 2))
