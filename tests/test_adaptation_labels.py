"""Labels that cannot be meant so are no lesson."""

import pytest
from PIL import Image

from crackscope.adaptation import AdaptOptions, adapt
from crackscope.bundles import default_bundle
from crackscope.errors import AdaptationError
from crackscope.surfaces import generate


@pytest.mark.parametrize("what", ["name", "licence"])
def test_what_no_bundle_takes_is_refused_at_once(what):
    with pytest.raises(AdaptationError, match=f"the {what} has 5,000 letters, a bundle takes 4,096"):
        AdaptOptions(**{what: "x" * 5000})


def test_swapped_labels_are_refused_and_nothing_is_written(tmp_path):
    for seed in range(16):
        picture = generate(seed, (227, 227), cracked=seed < 8, kind="concrete").pixels
        folder = tmp_path / "data" / ("sound" if seed < 8 else "crack")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / f"{seed}.png")
    with pytest.raises(AdaptationError, match="swapped"):
        adapt(default_bundle(), tmp_path / "data", tmp_path / "out")
    assert not (tmp_path / "out").exists()
