"""What pictures and bundles may be given as, and what is said of what they may not."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import crackscope
from crackscope import images
from crackscope.errors import BundleError, ImageError
from crackscope.inspection import InspectOptions, Work, inspect_all, inspect_photo, open_photo
from crackscope.records import Unread
from crackscope.scoring import Model, load
from tests.small_bundle import write_small_bundle

PIXELS = np.full((64, 64, 3), 180, np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_bundle(tmp_path_factory.mktemp("bundles") / "small").path


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return load(folder, threads=2)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    place = tmp_path_factory.mktemp("pictures")
    for number in range(7):
        images.write_png(PIXELS + number, place / f"{number}.png")
    return sorted(map(str, place.iterdir()))


@pytest.mark.parametrize(
    "one",
    ["folder", Path("folder"), b"bytes", bytearray(b"bytes"), io.BytesIO(b"file"), PIXELS, PIXELS[..., 0]],
    ids=lambda one: type(one).__name__,
)
def test_one_picture_in_place_of_many_is_refused_at_the_call(model: Model, one) -> None:
    with pytest.raises(
        TypeError, match=r'many pictures, .*: predict takes one, and crackscope\.images\.find\("FOLDER"\)'
    ):
        model.predict_all(one)
    with pytest.raises(TypeError, match="open_photo and inspect_photo take one"):
        inspect_all(Work(model), one)


def test_a_pillow_image_is_one_picture(model: Model) -> None:
    with pytest.raises(TypeError, match="predict takes one"):
        model.predict_all(Image.fromarray(PIXELS))  # type: ignore[arg-type]  # that is what is refused


def test_what_is_named_there_is_what_helps(model: Model, pictures: list[str]) -> None:
    place = Path(pictures[0]).parent
    for one in (str(place), place, [str(place)], [place]):
        assert images.find(one) == pictures
    assert [said.path for said in model.predict_all(images.find(place))] == pictures


def test_an_array_of_pictures_is_many(model: Model) -> None:
    assert len(list(model.predict_all(np.stack([PIXELS, PIXELS])))) == 2


def and_then(pictures: list[str]) -> Iterator[str]:
    yield from pictures
    raise RuntimeError("the list ends here")


@pytest.mark.parametrize("count", [0, 1, 2, 7])
@pytest.mark.parametrize("threads", [1, 2, 9])
def test_what_was_read_before_its_source_broke_is_judged(model, pictures, count, threads) -> None:
    answers = load(model, threads=threads).predict_all(and_then(pictures[:count]))
    assert [next(answers).path for _ in range(count)] == pictures[:count]
    with pytest.raises(RuntimeError, match="the list ends here"):
        next(answers)
    with pytest.raises(StopIteration):
        next(answers)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_what_was_read_before_its_source_broke_is_inspected(model, pictures, count) -> None:
    answers = inspect_all(Work(model), and_then(pictures[:count]))
    assert [next(answers).path for _ in range(count)] == pictures[:count]
    with pytest.raises(RuntimeError, match="the list ends here"):
        next(answers)


def test_a_loaded_model_is_taken_wherever_a_bundle_is(model: Model, folder: Path, pictures: list[str]) -> None:
    path = pictures[0]
    said = crackscope.predict(path, bundle=model)
    assert said.probability == crackscope.predict(path, bundle=folder).probability
    assert np.array_equal(crackscope.embed(path, bundle=model), crackscope.embed(path, bundle=folder))
    inspected = inspect_photo(model, open_photo(path), InspectOptions()).record
    assert crackscope.inspect(path, bundle=model).probability == inspected.probability
    assert crackscope.load(model) is model
    more = crackscope.load(model, threads=5)
    assert (more.threads, more.bundle) == (5, model.bundle)


def test_pictures_without_a_path_are_called_alike_read_or_not(model: Model, pictures: list[str]) -> None:
    data = Path(pictures[0]).read_bytes()
    sources = [data, data[:60], io.BytesIO(data), io.BytesIO(b"text"), PIXELS, PIXELS[..., :2], None, 7]
    records = list(model.predict_all(sources))  # type: ignore[arg-type]  # what is no source
    kinds = ["<bytes>", "<bytes>", "<file>", "<file>", "<array>", "<array>", "<NoneType>", "<int>"]
    assert [record.path for record in records] == kinds
    unread = [record for record in records if isinstance(record, Unread)]
    assert len(unread) == 5
    assert all(record.error.message.startswith(f"{record.path}: ") for record in unread)


def test_a_list_of_pictures_is_sent_where_lists_are_taken(model: Model, pictures: list[str]) -> None:
    with pytest.raises(ImageError, match=r"<list>: a list is not a picture; .* many pictures to predict_all"):
        model.predict(pictures)  # type: ignore[arg-type]  # that is what is refused


@pytest.mark.parametrize("name", ["nope", __file__])
def test_a_bundle_that_there_is_not_is_answered_with_the_one_that_there_is(name: str) -> None:
    with pytest.raises(BundleError, match=r"name one, a run that wrote one, or 'default', the one in the package$"):
        crackscope.load(name)
