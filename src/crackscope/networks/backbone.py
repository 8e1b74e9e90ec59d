"""A backbone is an ordered chain of named steps, one tensor from step to step, grouped into named stages."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import nn

from crackscope.errors import RecipeError


class Tap(NamedTuple):
    """A place in the chain that a feature pyramid may read: after which step, its stride in px, its channels."""

    step: str
    stride: int
    channels: int


@dataclass
class Backbone:
    """A chain of steps and what is known of each.

    steps: modules by name, in order; the first takes uint8 [n, h, w, 3]. stages: of each step, the stage it belongs
    to. widths, strides: of each step, the channels and the stride of what it gives. taps: strides 4 and coarser.
    file_names: of a layer, the prefix of its tensors in a file without Keras' names, None for the layer's own.
    cut: the stage that it was cut after. whole: no step is missing.
    floors: odd sizes are halved downwards, not upwards. side: in px, of the only pictures that it takes; 0 for any.
    """

    name: str
    family: str
    steps: nn.Sequential
    stages: dict[str, str]
    widths: dict[str, int]
    strides: dict[str, int]
    taps: tuple[Tap, ...]
    file_names: Callable[[str], str | None] = field(repr=False)
    cut: str = ""
    whole: bool = True
    floors: bool = False
    side: int = 0

    @property
    def last(self) -> str:
        """Name of the last step."""
        return list(self.stages)[-1]

    @property
    def channels(self) -> int:
        """Channels of what the last step gives."""
        return self.widths[self.last]

    @property
    def stride(self) -> int:
        """Stride of what the last step gives."""
        return self.strides[self.last]

    def stage_names(self) -> list[str]:
        """The stages in order."""
        return list(dict.fromkeys(self.stages.values()))

    def kept(self, step: str) -> "Backbone":
        """The backbone up to and including a step."""
        names = list(self.stages)
        count = names.index(step) + 1
        keep = names[:count]
        return Backbone(
            self.name,
            self.family,
            nn.Sequential(OrderedDict(list(self.steps.named_children())[:count])),
            {name: self.stages[name] for name in keep},
            {name: self.widths[name] for name in keep},
            {name: self.strides[name] for name in keep},
            tuple(tap for tap in self.taps if tap.step in keep),
            self.file_names,
            self.cut,
            self.whole and count == len(names),
            self.floors,
            self.side,
        )

    def cut_after(self, stage: str) -> "Backbone":
        """The backbone up to and including a stage.

        Raises RecipeError for a stage that there is not.
        """
        check_name(stage, self.stage_names(), f"network.cut of {self.name}")
        kept = self.kept([step for step, of in self.stages.items() if of == stage][-1])
        kept.cut = stage
        return kept


class Assembly:
    """Collects steps, then makes a Backbone of them."""

    def __init__(self, name: str, family: str) -> None:
        self._name, self._family = name, family
        self._steps = nn.Sequential()
        self._stages: dict[str, str] = {}
        self._widths: dict[str, int] = {}
        self._strides: dict[str, int] = {}
        self._taps: list[Tap] = []
        self.stage, self.width, self.stride = "", 3, 1

    def add(self, name: str, module: nn.Module, *, width: int | None = None, slower: int = 1) -> None:
        """Append a step. width: channels it gives, when they change. slower: the factor by which the stride grows."""
        self.width = width if width is not None else self.width
        self.stride *= slower
        self._steps.add_module(name, module)
        self._stages[name] = self.stage
        self._widths[name] = self.width
        self._strides[name] = self.stride

    def tap(self) -> None:
        """Let pyramids read after the step added last."""
        self._taps.append(Tap(list(self._stages)[-1], self.stride, self.width))

    def finish(self, file_names: Callable[[str], str | None]) -> Backbone:
        """The Backbone of all steps so far."""
        initialise(self._steps)
        return Backbone(
            self._name,
            self._family,
            self._steps,
            self._stages,
            self._widths,
            self._strides,
            tuple(self._taps),
            file_names,
        )


def initialise(module: nn.Module) -> None:
    """Draw convolutions from He's normal distribution (He et al. 2015, fan in) with torch's generator; biases zero."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


_LISTED = 20


def check_name(name: str, valid: list[str], where: str) -> None:
    """Raise RecipeError naming the nearest valid one when `name` is not among them."""
    if name in valid:
        return
    near = _nearest(name, valid)
    hint = f"did you mean {near!r}?" if near else "choose one of these:"
    listed = ", ".join(valid[:_LISTED]) + (", …" if len(valid) > _LISTED else "")
    raise RecipeError(f"{where}: there is no {name!r}; {hint} ({listed})")


def _nearest(name: str, valid: list[str]) -> str:
    """The valid name most like `name`; of those that differ by their number alone, the one with the nearest number."""
    from difflib import get_close_matches

    stem, number = _numbered(name)
    numbered = {other: _numbered(other) for other in valid}
    same = [other for other, (of, at) in numbered.items() if of == stem and at is not None]
    if number is not None and same:
        return min(same, key=lambda other: abs((numbered[other][1] or 0) - number))
    return next(iter(get_close_matches(name, valid, n=1, cutoff=0.3)), "")


def _numbered(name: str) -> tuple[str, int | None]:
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :]) if len(stem) < len(name) else None
