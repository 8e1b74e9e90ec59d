"""Batches of a dense network: what they show, as the shares of a recipe say."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from crackscope import images, recipes
from crackscope.recipes import Augmentation, Kinds, Mixture
from crackscope.records import Row
from crackscope.surfaces import KINDS
from crackscope.training.batches import Batch, Hands
from crackscope.training.mixture import FromMixture
from crackscope.training.pictures import Reader

BARE = dict.fromkeys(KINDS, 0.0)


def pictures(kinds: dict[str, float]) -> np.ndarray:
    """A batch of generated surfaces of these kinds."""
    mixture = Mixture(cracked=0, masked=0, drawn=1, sound=1, generated=1, kinds=Kinds(**kinds))
    augmentation = msgspec.structs.replace(recipes.load("default").augmentation, crop=64)
    source = FromMixture([], [], Reader(None, augmentation, 0), mixture, (6, 1), Hands(1, False))
    (batch,) = source.epoch(0)
    return np.asarray(batch.inputs)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_surface_without_a_share_is_never_shown(kind: str) -> None:
    """Of one kind alone every picture is as if no other existed, however large its share is."""
    others = {name: float(name != kind) for name in KINDS}
    alone = pictures(BARE | {kind: 0.2})
    assert np.array_equal(alone, pictures(BARE | {kind: 3.0}))
    same = (alone == pictures(others)).reshape(len(alone), -1).all(1)
    assert not same.any()


ROWS_ALONE = Mixture(cracked=1, masked=1, drawn=0, sound=2, generated=0, distracted=0)
GREY = {"deck": 60, "wall": 120, "tunnel": 180}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Row]:
    """Sound and cracked rows, half of these with masks, as grey as their surface: 1 of a deck, 4 of a wall, 9 of a
    tunnel of each."""
    folder = tmp_path_factory.mktemp("rows")
    mask = str(folder / "mask.png")
    images.write_png(np.full((16, 16, 3), 255, np.uint8), mask)
    made = []
    for surface, count in (("deck", 1), ("wall", 4), ("tunnel", 9)):
        path = str(folder / f"{surface}.png")
        images.write_png(np.full((16, 16, 3), GREY[surface], np.uint8), path)
        made += [Row(path=path, label="sound", surface=surface)] * count
        made += [Row(path=path, label="crack", surface=surface)] * count
        made += [Row(path=path, label="crack", surface=surface, mask=mask)] * count
    return made


def batches(rows: Sequence[Row], mixture: Mixture, steps: int = 1, size: int = 16) -> list[Batch]:
    source = FromMixture(rows, [], Reader(None, Augmentation(), 0), mixture, (size, steps), Hands(1, False))
    return list(source.epoch(0))


def greys(drawn: Sequence[Batch]) -> np.ndarray:
    return np.concatenate([batch.inputs[:, 0, 0, 0].numpy() for batch in drawn])


def test_a_batch_holds_the_shares_of_its_recipe(rows: Sequence[Row]) -> None:
    (batch,) = batches(rows, ROWS_ALONE)
    assert batch.masked is not None
    assert batch.labels.tolist() == [1.0] * 8 + [0.0] * 8
    assert batch.masked.tolist() == [False] * 4 + [True] * 4 + [False] * 8
    (without,) = batches([row for row in rows if row.mask is None], ROWS_ALONE, size=15)
    assert without.labels.tolist() == [1.0] * 5 + [0.0] * 10


@pytest.mark.parametrize(("evenness", "shares"), [(0.0, (1, 4, 9)), (0.5, (1, 2, 3)), (1.0, (1, 1, 1))])
def test_surfaces_are_shown_as_often_as_their_evenness_says(
    rows: Sequence[Row], evenness: float, shares: tuple[int, ...]
) -> None:
    seen = greys(batches(rows, msgspec.structs.replace(ROWS_ALONE, evenness=evenness), steps=60))
    found = [(seen == grey).mean() for grey in GREY.values()]
    assert found == pytest.approx(np.array(shares) / sum(shares), abs=0.05)


def test_rows_of_a_doubted_surface_teach_so_much_less(rows: Sequence[Row]) -> None:
    (batch,) = batches(rows, msgspec.structs.replace(ROWS_ALONE, doubted=("wall",), doubt=0.75, evenness=1), size=32)
    assert batch.trust is not None
    assert {(grey, trust) for grey, trust in zip(greys([batch]).tolist(), batch.trust.tolist(), strict=True)} == {
        (60, 1.0),
        (120, 0.25),
        (180, 1.0),
    }


@pytest.mark.parametrize(("distracted", "asked"), [(0.0, list(range(16))), (1.0, list(range(8)))])
def test_what_is_recalled_is_asked_of_rows_as_they_are(
    rows: Sequence[Row], distracted: float, asked: list[int]
) -> None:
    """Of one on which something was drawn it cannot be: what it showed before is another picture."""
    (batch,) = batches(rows, msgspec.structs.replace(ROWS_ALONE, recall=1.0, distracted=distracted))
    assert batch.asked is not None
    assert batch.asked.tolist() == asked
    assert batches(rows, ROWS_ALONE)[0].asked is None
