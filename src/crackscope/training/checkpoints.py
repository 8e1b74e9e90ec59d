"""The state of a training in one file, replaced as a whole after every epoch. Nothing in it is pickled."""

import os
from pathlib import Path

import msgspec
import torch
from torch import Tensor

from crackscope.encoding import decode_json
from crackscope.errors import TrainingError
from crackscope.training.records import Epoch

Tensors = dict[str, Tensor]


class Counters(msgspec.Struct, kw_only=True):
    """What a training knows besides tensors. epoch: the next to do, within phase; total: over all phases."""

    phase: int = 0
    epoch: int = 0
    total: int = 0
    best_loss: float | None = None
    since_best: int = 0
    stopped: str = ""
    used_s: float = 0.0
    history: list[Epoch] = []


class State(msgspec.Struct, kw_only=True):
    """learned: every tensor that has learned so far, by name. optimiser, average, best: of the phase at hand."""

    counters: Counters
    learned: Tensors
    optimiser: Tensors = {}
    average: Tensors = {}
    best: Tensors = {}

    def on(self, device: torch.device) -> "State":
        """The state with its tensors on a device; the optimiser moves its own."""
        moved = {
            name: {k: t.to(device) for k, t in getattr(self, name).items()} for name in ("learned", "average", "best")
        }
        return State(counters=self.counters, optimiser=self.optimiser, **moved)


_SECTIONS = ("learned", "optimiser", "average", "best")


def save(state: State, path: Path) -> None:
    """Write the state beside `path` and move it there, so that a kill leaves the old state or the new one."""
    from safetensors.torch import save as to_bytes

    tensors = {
        f"{section}/{name}": tensor.detach().cpu().contiguous()
        for section in _SECTIONS
        for name, tensor in getattr(state, section).items()
    }
    content = to_bytes(tensors, {"counters": msgspec.json.encode(state.counters).decode()})
    written = path.with_suffix(".writing")
    with written.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(written, path)


def load(path: Path) -> State:
    """Read a state that `save` wrote.

    Raises:
        TrainingError: the file is damaged.
    """
    from safetensors import SafetensorError, safe_open

    sections: dict[str, Tensors] = {section: {} for section in _SECTIONS}
    try:
        with safe_open(path, "pt") as file:
            counters = decode_json(file.metadata()["counters"], Counters)
            keys = file.keys()
            for key in keys:
                section, _, name = key.partition("/")
                sections[section][name] = file.get_tensor(key)
    except (SafetensorError, OSError, KeyError, TypeError, msgspec.DecodeError) as error:
        raise TrainingError(f"{path}: the checkpoint is damaged ({error}); start again without --resume") from None
    return State(counters=counters, **sections)


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> Tensors:
    """The moments of an optimiser, by parameter number and name."""
    state = optimiser.state_dict()["state"]
    return {
        f"{number}/{name}": torch.as_tensor(value) for number, kept in state.items() for name, value in kept.items()
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Tensors) -> None:
    """Put moments back that `optimiser_tensors` took."""
    content = optimiser.state_dict()
    content["state"] = {}
    for key, tensor in tensors.items():
        number, _, name = key.partition("/")
        content["state"].setdefault(int(number), {})[name] = tensor
    optimiser.load_state_dict(content)
