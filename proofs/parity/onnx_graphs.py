"""Exported graphs beside torch: four networks, every family, both heads, even and odd sizes, one graph for all.

    .venv/bin/python proofs/parity/onnx_graphs.py

Writes onnx_figures.txt beside this file; exit status 1 when a difference is above the tolerance.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from crackscope import recipes
from crackscope.networks import FAMILIES, CrackNetwork, build, export_network

SIZES = [(1, 224, 224), (2, 227, 227), (1, 192, 320)]
TOLERANCE = 1e-4


def random_network(name: str, family: str, kind: str) -> CrackNetwork:
    """A network whose norms do something and whose activations stay of the order of one to ten."""
    torch.manual_seed(0)
    network = build(recipes.Network(backbone=name, family=family), recipes.Head(kind=kind)).eval()
    for path, module in network.named_modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            closing = path.endswith(("_3_bn", "_0_bn", "_project_BN"))
            torch.nn.init.uniform_(module.weight, 0.2 if closing else 0.5, 0.6 if closing else 1.5)
            torch.nn.init.normal_(module.bias, 0, 0.2)
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
        elif isinstance(module, torch.nn.Conv2d) and path.endswith(("_3_conv", "_0_conv", "block1_conv1")):
            module.weight.data *= 0.01 if path.endswith("block1_conv1") else 0.3
    return network


def compare(network: CrackNetwork) -> list[tuple[str, bool]]:
    """Largest difference of score, map and embedding at every size."""
    graph = export_network(network)
    onnx.checker.check_model(onnx.load_from_string(graph))
    session = onnxruntime.InferenceSession(graph)
    rows = []
    for shape in SIZES:
        images = np.random.default_rng(shape[1]).integers(0, 256, (*shape, 3), dtype=np.uint8)
        with torch.no_grad():
            wanted = network(torch.from_numpy(images))[:3]
        found = session.run(None, {"images": images})
        differences = [float(np.abs(a - b.numpy()).max()) for a, b in zip(found, wanted, strict=True)]
        text = f"{shape[1]} x {shape[2]}  " + "  ".join(f"{one:.1e}" for one in differences)
        rows.append((text, max(differences) <= TOLERANCE))
    return rows


def main() -> int:
    lines, good = [f"Greatest difference of score, map, embedding (at most {TOLERANCE:g})"], True
    for name, families in FAMILIES.items():
        for family in families:
            for kind in ("pooled", "dense"):
                for text, same in compare(random_network(name, family, kind)):
                    good &= same
                    lines.append(f"  {'same  ' if same else 'DIFFER'}  {name:12} {family:12} {kind:7} {text}")
                    print(lines[-1], flush=True)
    (Path(__file__).parent / "onnx_figures.txt").write_text("\n".join(lines) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
