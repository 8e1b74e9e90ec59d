"""Networks that take pictures of one size only: what is refused, and what their bundles say."""

from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest

from crackscope import datasets, recipes
from crackscope.bundles import InputSpec, open_bundle
from crackscope.errors import RecipeError
from crackscope.images import write_jpeg
from crackscope.networks import CrackNetwork, build
from crackscope.recipes import Recipe
from crackscope.scoring import load
from crackscope.surfaces import generate
from crackscope.training.checks import check_side
from crackscope.training.pictures import Size, input_size
from crackscope.training.writing import Training, write_bundle

SIDE = 64


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return msgspec.structs.replace(recipes.load("probe"), calibrate=False)


@pytest.fixture(scope="module")
def network(recipe: Recipe) -> CrackNetwork:
    free = build(recipe.network, recipe.head)
    free.backbone.side = SIDE
    return CrackNetwork(free.backbone, free.head)


@pytest.mark.parametrize("asked", [{"input": 96}, {"augmentation": recipes.load("default").augmentation}])
def test_another_size_or_crop_is_refused(network: CrackNetwork, recipe: Recipe, asked: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match=f"mobilenetv2 takes {SIDE} px and no other size"):
        check_side(network, msgspec.structs.replace(recipe, **asked))


@pytest.mark.parametrize("side", [SIDE, "native"])
def test_its_own_size_is_not(network: CrackNetwork, recipe: Recipe, side: object) -> None:
    check_side(network, msgspec.structs.replace(recipe, input=side))
    assert input_size(recipe, [], network.side) == Size(SIDE, SIDE)


def test_a_bundle_takes_that_size_alone_and_larger_pictures_in_tiles(
    network: CrackNetwork, recipe: Recipe, tmp_path: Path
) -> None:
    for number in range(12):
        crack = number % 2 == 0
        picture = generate(number, (SIDE, SIDE), crack)
        write_jpeg(picture.pixels, tmp_path / "data" / ("crack" if crack else "sound") / f"{number}.jpg")
    split = datasets.load(tmp_path / "data")
    bundle = open_bundle(write_bundle(network, recipe, split, tmp_path, Training(Size(SIDE, SIDE), 6, (), 1, {})))
    assert bundle.manifest.input == InputSpec(native=SIDE, minimum=SIDE, multiple=1, fixed=True)
    sides = onnx.load_model_from_string(bundle.model).graph.input[0].type.tensor_type.shape.dim
    assert [side.dim_value for side in sides][1:] == [SIDE, SIDE, 3]

    model = load(bundle, threads=1)
    wide = generate(99, (SIDE + 20, SIDE), True).pixels
    assert (model.predict(wide[:, :SIDE]).tiles, model.predict(wide).tiles) == (1, 2)
    assert np.isfinite(model.heatmap(wide).logits).all()
