"""Reads Keras' HDF5 files: the `.h5` of all versions and the `.weights.h5` and `.keras` of Keras 3.

Names become "layer/kernel", "layer/depthwise_kernel", "layer/bias", "layer/gamma", "layer/beta", "layer/moving_mean",
"layer/moving_variance", whatever version wrote them; shapes stay as Keras has them ([h, w, in, out]). Layers of models
within the model come under their own names. Only numbers are read: no configuration, no code, no other file.
"""

import io
import itertools
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from crackscope.errors import WeightsError
from crackscope.networks.weights.missing import needs
from crackscope.networks.weights.plain import Arrays, as_float32, check_unfolding

if TYPE_CHECKING:
    import h5py

_OLD_NAMES = re.compile(r".+_(W|b|gamma|beta|running_mean|running_std)(_\d+)?")
_OLD_ROLES = {"W": "kernel", "b": "bias", "running_mean": "moving_mean", "running_std": "moving_variance"}
_NORM_ROLES = ("gamma", "beta", "moving_mean", "moving_variance")
_INNER_FILE = "model.weights.h5"
_DEEPEST = 16


def read_keras(path: Path) -> Arrays:
    """All floating tensors of an HDF5 file as float32. Raises WeightsError."""
    size = path.stat().st_size
    return _read(path, str(path), size)


def read_keras_archive(path: Path) -> Arrays:
    """The same of a `.keras` file, which is a zip with an HDF5 file in it. Raises WeightsError."""
    try:
        with zipfile.ZipFile(path) as archive:
            entry = archive.getinfo(_INNER_FILE)
            check_unfolding(entry.file_size, path.stat().st_size, str(path))
            inner = archive.read(entry)
    except (zipfile.BadZipFile, OSError, KeyError, RuntimeError, NotImplementedError, EOFError) as error:
        raise WeightsError(
            f"{path} is no whole .keras file ({error}): fetch it again, or save the weights as .h5"
        ) from None
    return _read(io.BytesIO(inner), str(path), len(inner))


def _read(file: Path | BinaryIO, where: str, size: int) -> Arrays:
    with needs("h5py"):
        import h5py
    try:
        with h5py.File(file, "r") as root:
            datasets = _datasets(root, where)
            check_unfolding(sum(one.size * one.dtype.itemsize for one in datasets.values()), size, where)
            arrays = {name: as_float32(np.asarray(one[()]), f"{where}, {name}") for name, one in datasets.items()}
    except (OSError, KeyError, ValueError, RuntimeError, TypeError, AttributeError) as error:
        raise WeightsError(f"{where} is no whole Keras file ({' '.join(str(error).split())}): fetch it again") from None
    return {name: array for name, array in arrays.items() if array is not None}


def _datasets(root: "h5py.File", where: str) -> dict[str, "h5py.Dataset"]:
    top = _inside(root, "model_weights", where) if "model_weights" in root else root
    names = _strings(top, "layer_names")
    found: dict[str, h5py.Dataset] = {}
    if names:
        for layer in names:
            _add_layer(found, _inside(top, layer, where), where)
    else:
        _add_variables(found, root, where)
    if not found:
        raise WeightsError(f"{where} is an HDF5 file without Keras layers in it: save the model's weights as .h5")
    return found


def _strings(group: Any, attribute: str) -> list[str]:
    """A list of names; Keras splits one that is too long for a header into attribute0, attribute1, ..."""
    values: list[Any] = list(group.attrs.get(attribute, ()))
    for number in itertools.count():
        if f"{attribute}{number}" not in group.attrs:
            break
        values += list(group.attrs[f"{attribute}{number}"])
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]


def _inside(group: Any, name: str, where: str) -> Any:
    """What lies at `name` within this very file: links, which can lead to others, are refused at every step."""
    import h5py

    for step in name.split("/"):
        if isinstance(group.get(step, getlink=True), h5py.ExternalLink | h5py.SoftLink):
            raise WeightsError(f"{where} reaches for another file at {name}: refused")
        group = group[step]
    if isinstance(group, h5py.Dataset) and (group.external or group.is_virtual):
        raise WeightsError(f"{where} reaches for another file at {name}: refused")
    return group


def _add_layer(found: dict[str, "h5py.Dataset"], group: "h5py.Group", where: str) -> None:
    """A layer as versions 1 and 2 and Keras 3's `.h5` have it: a list of names, a dataset for each."""
    names = _strings(group, "weight_names")
    owners = {name.split("/")[-2] for name in names if "/" in name}
    own = group.name.rsplit("/", 1)[-1]
    for name in names:
        steps = name.rsplit(":", 1)[0].split("/")
        # One owner: TensorFlow may have numbered its name to keep it unique; the group has the layer's own.
        owner = steps[-2] if len(steps) > 1 and len(owners) > 1 else own
        role = steps[-1]
        old = _OLD_NAMES.fullmatch(role) if len(steps) == 1 else None
        if old:
            role = _OLD_ROLES.get(old[1], old[1])
        _add(found, f"{owner}/{role}", _inside(group, name, where), where)


def _add_variables(found: dict[str, "h5py.Dataset"], root: "h5py.File", where: str) -> None:
    """Layers as Keras 3's `.weights.h5` has them: groups named after classes, `vars` in each, its name as attribute."""
    import h5py

    def visit(group: h5py.Group, depth: int = 0) -> None:
        if depth > _DEEPEST:
            raise WeightsError(f"{where} has models within models without end: refused")
        for key in group:
            child = _inside(group, key, where)
            if key == "vars" and isinstance(child, h5py.Group) and len(child):
                _add_vars(found, child, where)
            elif isinstance(child, h5py.Group) and key not in ("optimizer", "vars"):
                visit(child, depth + 1)

    for key in ("layers", "_layer_checkpoint_dependencies"):
        if key in root:
            visit(_inside(root, key, where))


def _add_vars(found: dict[str, "h5py.Dataset"], group: "h5py.Group", where: str) -> None:
    name = group.attrs.get("name")
    if name is None:
        raise WeightsError(
            f"{where} does not name its layers, as early versions of Keras 3 wrote it: save the model as .h5"
        )
    arrays = [_inside(group, str(number), where) for number in range(len(group))]
    shapes = [array.ndim for array in arrays]
    roles: tuple[str, ...] = _NORM_ROLES
    if shapes != [1, 1, 1, 1]:
        roles = ("kernel", "bias")
    for role, array in zip(roles, arrays, strict=False):
        _add(found, f"{name}/{role}", array, where)


def _add(found: dict[str, "h5py.Dataset"], name: str, dataset: Any, where: str) -> None:
    import h5py

    if not isinstance(dataset, h5py.Dataset):
        raise WeightsError(f"{where} has no numbers at {name}: save the model's weights again")
    layer, role = name.rsplit("/", 1)
    if role == "kernel" and "depthwise" in layer:
        # Keras 3 calls it by the plain name, Keras 2 did not.
        name = f"{layer}/depthwise_kernel"
    if name in found:
        raise WeightsError(f"{where} has two layers of the name {layer}: save the backbone alone")
    found[name] = dataset
