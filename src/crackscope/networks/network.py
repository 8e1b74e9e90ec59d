"""The one interface of every network: pixels in; a score a patch, a map at a stated stride and an embedding out."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor, nn

from crackscope.networks import calibration, freezing, table
from crackscope.networks.backbone import Backbone
from crackscope.networks.heads import DenseHead, GlobalAverage, Output, PooledHead
from crackscope.networks.layers import Norm, Opaque, SamePad
from crackscope.recipes import Freeze


class Split(NamedTuple):
    """A network in two parts: what is frozen, and what is not.

    prefix: uint8 [n, h, w, 3] to one tensor; None when nothing is frozen from the first layer on.
    tail: that tensor (or the pictures, without a prefix) to Output.
    """

    prefix: nn.Module | None
    tail: nn.Module


class Tail(nn.Module):
    """The steps from some place on, and the head.

    taps: names of the steps whose output the head reads; one that is not among the steps is the input itself.
    """

    def __init__(self, steps: nn.Sequential, taps: Sequence[str], head: nn.Module) -> None:
        super().__init__()
        self.steps = steps
        self.head = head
        self.taps = tuple(taps)

    def forward(self, x: Tensor) -> Output:
        """Run what is left. x: the tensor that the step before the first gives; pictures when there is none."""
        names = [name for name, _ in self.steps.named_children()]
        seen = [x] if any(tap not in names for tap in self.taps) else []
        for name, step in self.steps.named_children():
            x = step(x)
            if name in self.taps:
                seen.append(x)
        output: Output = self.head(seen)
        return output


class PooledTail(nn.Module):
    """A pooled head over features that are averaged already: float32 [n, c] to Output without a map."""

    def __init__(self, head: PooledHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, pooled: Tensor) -> Output:
        """Score averaged features."""
        return self.head.from_pooled(pooled)


class CrackNetwork(nn.Module):
    """A backbone and a head.

    stride: px between positions of the map. family, backbone_name, cut: as the recipe says.
    input_multiple: sides in px must be multiples of this; minimum_side: smallest side in px that gives features;
    side: in px, of the only pictures that it takes, 0 for any.
    """

    def __init__(self, backbone: Backbone, head: PooledHead | DenseHead) -> None:
        super().__init__()
        self.backbone = backbone
        self.steps = backbone.steps
        self.head = head
        pooled = isinstance(head, PooledHead)
        self.stride = backbone.stride if pooled else backbone.taps[0].stride
        self.side = backbone.side
        self.minimum_side = backbone.side or backbone.stride
        # Sides that the coarsest level divides keep the levels of a pyramid in place; others shift them by parity.
        self.input_multiple = 1 if pooled else backbone.stride
        self.taps = (backbone.last,) if pooled else tuple(tap.step for tap in backbone.taps)
        self.frozen_layers: frozenset[str] = frozenset()
        self._folded: list[str] = []

    @property
    def family(self) -> str:
        """Whose geometry and normalisation it has: keras, torchvision, tf-slim, timm."""
        return self.backbone.family

    @property
    def backbone_name(self) -> str:
        """mobilenetv2, resnet50, resnet50v2, vgg16 or timm:NAME."""
        return self.backbone.name

    @property
    def cut(self) -> str:
        """The stage after which the backbone ends, "" when it is whole."""
        return self.backbone.cut

    def forward(self, images: Tensor) -> Output:
        """Score pictures. images: uint8 [n, h, w, 3], RGB as decoded."""
        output: Output = Tail(self.steps, self.taps, self.head)(images)
        return output

    def layer_table(self, size: tuple[int, int] = (224, 224)) -> list[table.Layer]:
        """The layers as Keras lists them. size: (height, width) in px that the shapes are for."""
        return table.layer_table(self, size)

    def freeze(self, rule: Freeze) -> None:
        """Let the layers that a rule names learn no more, and all others learn. Frozen norms stay in inference mode.

        Raises RecipeError for a rule that cannot be.
        """
        names = freezing.frozen_names(self.backbone, rule)
        self.frozen_layers = frozenset(names)
        for name, module in table.counted_layers(self.steps).items():
            module.requires_grad_(name not in names)
            if isinstance(module, Norm | Opaque):
                module.frozen = name in names
                module.train(self.training)

    def split_at_frozen(self) -> Split:
        """Part it after the longest frozen prefix. Both parts share their layers with the network.

        A wholly frozen backbone under a pooled head has the global average in the prefix.
        """
        names = list(self.backbone.stages)
        count = self._frozen_steps()
        if not any(name in self.frozen_layers for name in self._layers_of(names[:count]) if name != names[0]):
            return Split(None, Tail(self.steps, self.taps, self.head))
        if isinstance(self.head, PooledHead) and count == len(names):
            return Split(nn.Sequential(self.steps, GlobalAverage()), PooledTail(self.head))
        if isinstance(self.head, DenseHead):
            count = min(count, names.index(self.taps[0]) + 1)
        children = list(self.steps.named_children())
        prefix, rest = (nn.Sequential(OrderedDict(part)) for part in (children[:count], children[count:]))
        return Split(prefix, Tail(rest, self.taps, self.head))

    def _frozen_steps(self) -> int:
        """How many of the first steps hold nothing that learns; a padding goes with the convolution after it."""
        steps = list(self.steps)
        learning = [any(parameter.requires_grad for parameter in step.parameters()) for step in steps]
        count = learning.index(True) if True in learning else len(steps)
        while count and isinstance(steps[count - 1], SamePad | nn.ZeroPad2d):
            count -= 1
        return count

    def _layers_of(self, steps: Iterable[str]) -> list[str]:
        return [
            name
            for step in steps
            for name in ([step] if table.is_leaf(self.steps.get_submodule(step)) else [])
            + list(table.counted_layers(self.steps.get_submodule(step)))
        ]

    def folded_norms(self) -> list[str]:
        """Names of the norms that came folded and have not been calibrated: they must be before they train."""
        return list(self._folded)

    def mark_folded(self, names: Iterable[str]) -> None:
        """Say which norms hold no statistics of their own."""
        self._folded = list(names)

    def calibrate_norms(self, batches: Iterable[Tensor], run: nn.Module | None = None) -> list[str]:
        """Give the folded norms that are about to train the statistics of their own input. One pass, inference mode.

        batches: pictures uint8 [n, h, w, 3] of training rows, or what `run` takes. run: the tail of a split, when the
        prefix has been run already. Gives the names of the norms done.
        """
        names = [name for name in self._folded if name not in self.frozen_layers]
        layers = table.counted_layers(self.steps)
        norms = {name: layers[name] for name in names}
        calibration.calibrate({n: m for n, m in norms.items() if isinstance(m, Norm)}, batches, run or self)
        self._folded = [name for name in self._folded if name not in names]
        return names

    def load_state(self, path: Path) -> None:
        """Read a file of what `to_bytes` gives, for a network of the same structure. Raises WeightsError for others."""
        from crackscope.networks import saving

        saving.load_state(self, path)
