"""What bundle.json says of reading scores: it comes back as it was, and is refused where it contradicts itself."""

from typing import Any

import msgspec
import numpy as np
import pytest

from crackscope.bundles import (
    KnownSurface,
    LocalCalibration,
    Manifest,
    dump_manifest,
    logistic,
    logit,
    model_card,
    pack_projection,
    parse_manifest,
)
from crackscope.errors import BundleError
from tests.small_bundle import EMBEDDING, small_manifest

DECK = KnownSurface(name="deck", centre=(1.0, -2.0), scale=0.8, shift=0.1, threshold=0.5, fitted_on=43, misses=0.4)
LOCAL = LocalCalibration(
    projection=pack_projection(np.arange(2.0 * EMBEDDING).reshape(2, EMBEDDING)),
    origin=(0.5, -0.5),
    limit=20.0,
    surfaces=(DECK,),
)


def with_local(**changes: Any) -> Manifest:
    return msgspec.structs.replace(small_manifest(), local=msgspec.structs.replace(LOCAL, **changes))


def test_it_comes_back_as_it_was() -> None:
    manifest = parse_manifest(dump_manifest(with_local()), "here")
    assert manifest.local == LOCAL
    assert manifest.local.matrix().tolist() == np.arange(2.0 * EMBEDDING).reshape(2, EMBEDDING).tolist()


def test_the_projection_is_one_line() -> None:
    assert len(dump_manifest(with_local()).splitlines()) < len(dump_manifest(small_manifest()).splitlines()) + 30


def test_a_bundle_without_it_is_read_as_ever() -> None:
    assert parse_manifest(dump_manifest(small_manifest()), "here").local is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"projection": LOCAL.projection[:-4]}, "projection has"),
        ({"projection": b""}, "projection has"),
        ({"projection": pack_projection(np.full((2, EMBEDDING), np.nan))}, "not finite"),
        ({"origin": (0.5, -0.5, 1.0)}, "projection has"),
        ({"surfaces": (msgspec.structs.replace(DECK, centre=(1.0,)),)}, "'deck' has 1 coordinates, not 2"),
    ],
)
def test_contradictions_are_refused_in_one_line(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(BundleError, match=told) as caught:
        parse_manifest(dump_manifest(with_local(**changes)), "here")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"limit": 20.0', b'"limit": 0'),
        (b'"limit": 20.0', b'"limit": 1e999'),
        (b'"scale": 0.8', b'"scale": -1'),
        (b'"shift": 0.1', b'"shift": -1e999'),
        (b'"threshold": 0.5', b'"threshold": 1.5'),
        (b'"projection": "', b'"projection": "!'),
    ],
)
def test_numbers_out_of_range_are_refused(old: bytes, new: bytes) -> None:
    data = dump_manifest(with_local())
    before, after = data.split(b'"local"')
    assert old in after
    # The digest, which differs as well, is not what it is refused for.
    with pytest.raises(BundleError, match=r"not a manifest: .*\$\.local\."):
        parse_manifest(before + b'"local"' + after.replace(old, new, 1), "here")


def test_the_card_names_each_surface_that_has_its_own() -> None:
    card = model_card(with_local(surfaces=(DECK, msgspec.structs.replace(DECK, name="road", fitted_on=0))))
    assert "looks like deck" in card
    assert "road" not in card
    says = "So every picture is read as one that looks like none of the surfaces above"
    assert says in card
    assert says not in model_card(small_manifest())


def test_a_probability_and_its_logit_lead_to_each_other() -> None:
    logits = np.array([[-6.0, -1.0, 0.0], [np.log(3), 2.0, 6.0]])
    probabilities = logistic(logits)
    assert probabilities.shape == (2, 3)
    assert probabilities[1, 0] == pytest.approx(0.75)
    assert [logit(float(one)) for one in probabilities.flat] == pytest.approx(logits.ravel())
    assert logistic(np.array([-1e9, 1e9], np.float32)).tolist() == [0, 1]
    assert np.isnan(logistic(np.nan))


def test_certainty_has_a_bounded_logit() -> None:
    assert (logit(1), logit(0)) == pytest.approx((np.log(1e6 - 1), -np.log(1e6 - 1)))
    assert logit(0, 1e-3) == pytest.approx(-np.log(999))
