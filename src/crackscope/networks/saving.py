"""Our own weight files: the whole network as safetensors, with its structure in the header."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import torch

from crackscope.encoding import decode_json
from crackscope.errors import WeightsError

if TYPE_CHECKING:
    from crackscope.networks.network import CrackNetwork

HEADER = "crackscope"
"""Key of the one entry in the header of our files: one, since safetensors writes several in an order of chance."""


class Structure(msgspec.Struct, frozen=True, kw_only=True):
    """What our weight files say of the network they belong to. folded: norms that have not been calibrated."""

    format: int = 1
    backbone: str
    family: str
    cut: str = ""
    stride: int = 0
    folded: tuple[str, ...] = ()


def structure_of(metadata: Mapping[str, str], source: str) -> Structure:
    """Read the header of one of our files. Raises WeightsError for a header that is none of ours."""
    try:
        return decode_json(metadata[HEADER], Structure)
    except (KeyError, msgspec.MsgspecError) as error:
        raise WeightsError(f"{source}: not a weights file that crackscope wrote; choose another ({error})") from error


def state_of(network: "CrackNetwork") -> dict[str, torch.Tensor]:
    """All tensors that make a network: parameters and moving statistics, under `steps.` and `head.`."""
    return {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }


def to_bytes(network: "CrackNetwork", *, half: bool = False) -> bytes:
    """The network as the bytes of a safetensors file; the same weights give the same bytes.

    half: tensors that lose nothing by it are written as float16 (see `folding.round_to_float16`).
    """
    from safetensors.torch import save as encode

    structure = Structure(
        backbone=network.backbone_name,
        family=network.family,
        cut=network.cut,
        stride=network.stride,
        folded=tuple(network.folded_norms()),
    )
    header = {HEADER: msgspec.json.encode(structure).decode()}
    tensors = state_of(network)
    if half:
        tensors = {name: t.half() if torch.equal(t.half().float(), t) else t for name, t in tensors.items()}
    return bytes(encode(tensors, metadata=header))


def load_state(network: "CrackNetwork", path: Path) -> None:
    """Read a file of what `to_bytes` gives into a network of the same structure.

    Raises WeightsError for a file that is missing, damaged or of another network; nothing is changed then.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            structure = structure_of(file.metadata() or {}, str(path))
            names = file.keys()
            tensors = {name: file.get_tensor(name) for name in names}
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path}: cannot be read ({error}); choose another file") from error
    wanted = {n: t for n, t in network.state_dict().items() if not n.endswith("num_batches_tracked")}
    odd = sorted(set(wanted) ^ set(tensors)) or [n for n in wanted if wanted[n].shape != tensors[n].shape]
    if odd:
        raise WeightsError(
            f"{path}: holds another network ({structure.backbone}, {structure.family}, cut {structure.cut!r}); "
            f"{odd[0]} does not fit"
        )
    with torch.no_grad():
        for name, target in wanted.items():
            target.copy_(tensors[name])
    network.mark_folded(structure.folded)
