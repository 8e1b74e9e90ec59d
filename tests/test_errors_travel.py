"""Errors come whole out of another process, and out of a copy."""

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import crackscope
from crackscope import errors, images
from crackscope.adaptation import RefusedError
from crackscope.errors import CrackscopeError, ImageError
from tests.small_bundle import write_small_bundle

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CrackscopeError)]


@pytest.mark.parametrize("kind", [*KINDS, RefusedError])
def test_every_error_survives_pickling_and_copying(kind: type[CrackscopeError]) -> None:
    error = ImageError("missing", "a.jpg: gone") if kind is ImageError else kind("a.jpg: gone")
    error.add_note("while it was raining")
    sent = [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for other in (*sent, copy.copy(error), copy.deepcopy(error)):
        assert type(other) is kind
        assert (str(other), other.args, vars(other)) == (str(error), error.args, vars(error))


def test_what_is_known_beside_the_text_comes_along() -> None:
    error = pickle.loads(pickle.dumps(ImageError("too-large", "a.jpg: too large")))
    assert (error.kind, error.exit_code) == ("too-large", 2)


def test_a_pool_of_processes_outlives_a_picture_that_is_missing(tmp_path: Path) -> None:
    bundle = write_small_bundle(tmp_path / "bundle").path
    good, missing = tmp_path / "good.png", tmp_path / "missing.png"
    images.write_png(np.full((64, 64, 3), 128, np.uint8), good)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        first, second, third = (
            pool.submit(partial(crackscope.predict, bundle=bundle), path) for path in (good, missing, good)
        )
        with pytest.raises(ImageError, match=r"missing\.png: .*check the path") as caught:
            second.result()
        assert caught.value.kind == "missing"
        assert first.result().verdict == third.result().verdict == "sound"
