"""Norms that came folded get statistics of their own, without changing what the network computes.

Weights whose norms were folded into the convolutions leave a norm that only passes its input on. Batch statistics in
training would then rescale what the next layer was trained on. With the mean and the deviation of the norm's own input
over the training rows put in, and undone by gamma and beta, the norm passes its input on in both modes.
"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from crackscope.networks.layers import Norm


class _Moments:
    """Sums over n, h and w of a norm's input, in float64: [c] each."""

    def __init__(self, channels: int, device: torch.device) -> None:
        self.count = 0
        self.sum = torch.zeros(channels, dtype=torch.float64, device=device)
        self.squares = torch.zeros(channels, dtype=torch.float64, device=device)

    def add(self, x: Tensor) -> None:
        """Take one batch in. x: [n, c, h, w]."""
        x = x.detach().double()
        self.count += x.shape[0] * x.shape[2] * x.shape[3]
        self.sum += x.sum((0, 2, 3))
        self.squares += x.square().sum((0, 2, 3))

    def mean_and_variance(self) -> tuple[Tensor, Tensor]:
        """Mean and (biased) variance."""
        mean = self.sum / self.count
        return mean, (self.squares / self.count - mean.square()).clamp(min=0)


def calibrate(norms: Mapping[str, Norm], batches: Iterable[Tensor], run: nn.Module) -> None:
    """Measure the input of each norm over the batches and set it so that what it computes stays the same.

    One pass in inference mode, so all norms are measured in the network as it is. Leaves `run` in the mode it had.
    """
    if not norms:
        return
    moments = {name: _Moments(norm.num_features, norm.weight.device) for name, norm in norms.items()}

    def watcher(name: str) -> "torch.utils.hooks.RemovableHandle":
        return norms[name].register_forward_pre_hook(lambda _module, inputs: moments[name].add(inputs[0]))

    handles = [watcher(name) for name in norms]
    was_training = run.training
    run.eval()
    try:
        with torch.no_grad():
            for batch in batches:
                run(batch)
    finally:
        for handle in handles:
            handle.remove()
        run.train(was_training)
    for name, norm in norms.items():
        if moments[name].count:
            _keep_function(norm, *moments[name].mean_and_variance())


@torch.no_grad()
def _keep_function(norm: Norm, mean: Tensor, variance: Tensor) -> None:
    """Put in new statistics, and the gamma and beta that make the norm compute what it computed before."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    old_scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    old_shift = norm.bias.double() - old_scale * norm.running_mean.double()
    norm.weight.copy_(old_scale * (variance + norm.eps).sqrt())
    norm.bias.copy_(old_shift + old_scale * mean)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
