"""Networks with random weights whose norms do something, for tests."""

import numpy as np
import torch

from crackscope.networks import CrackNetwork, build
from crackscope.recipes import Head, Network

# The tensors here are small: handing them between threads takes longer than reckoning them.
torch.set_num_threads(1)


def random_network(network: Network, head: Head = Head(), seed: int = 0) -> CrackNetwork:  # noqa: B008 - frozen
    torch.manual_seed(seed)
    built = build(network, head)
    for module in built.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.0)
            torch.nn.init.normal_(module.bias, 0, 0.1)
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.8, 1.5)
    return built.eval()


def pictures(height: int, width: int, n: int = 2, seed: int = 0) -> torch.Tensor:
    """Smooth random pictures: uint8 [n, height, width, 3]."""
    rng = np.random.default_rng(seed)
    coarse = torch.from_numpy(rng.uniform(0, 255, (n, 3, 9, 9)).astype("float32"))
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    return smooth.permute(0, 2, 3, 1).to(torch.uint8).contiguous()
