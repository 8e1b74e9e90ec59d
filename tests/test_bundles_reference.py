"""What a bundle keeps of old pictures comes back as it was, or not at all."""

import io

import numpy as np
import pytest

from crackscope.bundles import Reference, open_bundle
from crackscope.bundles.reference import decode_reference
from crackscope.errors import BundleError
from crackscope.scoring import keep_reference, load, repack
from tests.small_surfaces import pooled_bundle, remembering_bundle, write_surface


def test_it_is_what_the_network_says_of_the_pictures(tmp_path):
    bundle = pooled_bundle(tmp_path / "b")
    assert bundle.reference() is None
    rows = write_surface(tmp_path / "old", 4)
    keep_reference(bundle, rows)
    reference = open_bundle(bundle.path).reference()
    assert reference is not None
    assert int(reference.crack.sum()) == 4
    model = load(bundle.path)
    said = sorted(model.graph.score(patch_of(row.path)) for row in rows)
    assert np.allclose(sorted(reference.score), said, rtol=1e-3)
    assert reference.features.shape == (8, 9)


def patch_of(path):
    from crackscope.images import read

    return read(path).pixels


def test_it_is_said_how_many_more_fit(tmp_path):
    bundle = pooled_bundle(tmp_path / "b")

    def written(pictures):
        zeros = np.zeros((pictures, 4000), np.float32)
        reference = Reference(np.arange(pictures) % 2 == 0, zeros[:, 0], zeros[:, :3], zeros)
        return repack(tmp_path / str(pictures), bundle, bundle.manifest, model=bundle.model, reference=reference)

    most = 4 + written(4).reference().room
    assert written(most).reference().room == 0
    assert len(written(most).reference().crack) == most > 2000


def test_rare_surfaces_are_kept_beside_common_ones(tmp_path):
    import msgspec

    common = write_surface(tmp_path / "common", 12)
    rare = [msgspec.structs.replace(row, surface="rare") for row in write_surface(tmp_path / "rare", 2, first=900)]
    reference = keep_reference(pooled_bundle(tmp_path / "b"), [*common, *rare], count=8).reference()
    assert reference is not None
    assert len(reference.crack) == 8
    assert int(reference.crack.sum()) == 4


def test_an_altered_one_is_refused(tmp_path):
    bundle = remembering_bundle(tmp_path / "b", 4)
    path = bundle.path / "reference.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(BundleError, match="altered"):
        bundle.reference()
    with pytest.raises(BundleError, match="altered"):
        open_bundle(bundle.path)


@pytest.mark.parametrize(
    ("damage", "says"), [("huge", "float16"), ("no number", "float16"), ("one label", "pictures of one label")]
)
def test_what_cannot_be_a_reference_is_not_written(tmp_path, damage, says):
    bundle = remembering_bundle(tmp_path / "b", 4)
    good = bundle.reference()
    assert good is not None
    score = good.score * {"huge": 1e6, "no number": np.nan}.get(damage, 1)
    crack = good.crack | (damage == "one label")
    with pytest.raises(BundleError, match=says):
        repack(
            tmp_path / "c",
            bundle,
            bundle.manifest,
            model=bundle.model,
            reference=Reference(crack, score, good.read, good.features),
        )
    assert not (tmp_path / "c").exists()


def test_a_pickle_is_never_opened(tmp_path):
    file = io.BytesIO()
    np.save(file, np.array([[print, 1.0]], dtype=object), allow_pickle=True)
    with pytest.raises(BundleError, match="not a reference"):
        decode_reference(file.getvalue(), "here")
    plain = io.BytesIO()
    np.save(plain, np.zeros((4, 1), np.float16))
    with pytest.raises(BundleError, match="columns"):
        decode_reference(plain.getvalue(), "here")


@pytest.mark.parametrize("cracks", [0, 1, 2, 3, 4])
def test_a_reference_without_two_pictures_of_each_label_is_refused(cracks):
    file = io.BytesIO()
    np.save(file, np.column_stack([np.arange(4) < cracks, np.zeros((4, 5))]).astype(np.float16))
    if cracks == 2:
        assert decode_reference(file.getvalue(), "here").crack.sum() == cracks
        return
    with pytest.raises(BundleError, match="fewer than 2 pictures of one label"):
        decode_reference(file.getvalue(), "here")
