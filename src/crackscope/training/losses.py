"""What a network is told about its mistakes."""

import torch
from torch import Tensor
from torch.nn import functional

from crackscope.networks import Output

CRACK_PIXEL_WEIGHT = 3.0
"""Crack pixels are few; each counts this often in the cross-entropy of a map."""

HALF_TAKEN_LOGIT = -2.0
"""From this crack logit on the network half takes a place for crack."""


def pooled_loss(output: Output, labels: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy of patches, weighted by class: over two logits [n, 2], or binary over one [n]."""
    logits = output.logits.float()
    if logits.ndim == 2:
        losses = functional.cross_entropy(logits, labels.long(), reduction="none")
    else:
        losses = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return (losses * weights).sum() / weights.sum()


def score_loss(output: Output, labels: Tensor) -> Tensor:
    """Binary cross-entropy [n] of the score, whatever the head: what is reported for every network."""
    return functional.binary_cross_entropy_with_logits(output.score.float(), labels, reduction="none")


def dense_loss(
    output: Output, labels: Tensor, weights: Tensor, masks: Tensor, masked: Tensor, doubted: Tensor
) -> Tensor:
    """Loss of a map that is taught by labels and masks at once.

    Pictures with a mask: cross-entropy (crack pixels three times) and Dice against the mask, max-pooled to the map.
    Sound pictures: cross-entropy against nothing anywhere. All: binary cross-entropy of the score, through which
    pictures that have only a label teach the map too (multiple-instance learning). Where a mask is doubted, what it
    leaves out but the network itself half takes for crack counts neither way (bootstrapping; Reed et al. 2014,
    arXiv:1412.6596), since a crack's faint stretches are missing from masks that were read by a network.

    Args:
        labels, weights: float [n]. masks: float [n, h, w], 0 or 1. masked, doubted: bool [n].
    """
    assert output.map is not None
    logits = output.map.float()[:, 0]
    target = functional.adaptive_max_pool2d(masks[:, None], logits.shape[-2:])[:, 0]
    sound = labels < 0.5
    pixel_weights = 1 + (CRACK_PIXEL_WEIGHT - 1) * target
    left_open = (masked & ~sound & doubted)[:, None, None] & (target < 0.5) & (logits.detach() > HALF_TAKEN_LOGIT)
    pixel_weights = pixel_weights * ~left_open
    pixels = functional.binary_cross_entropy_with_logits(logits, target, weight=pixel_weights, reduction="none")
    known = (masked | sound).float() * weights
    by_pixel = (pixels.mean((1, 2)) * known).sum() / known.sum().clamp(min=1)
    drawn = (masked & ~sound).float()
    found = torch.sigmoid(logits) * ~left_open
    overlap = 2 * (found * target).sum((1, 2)) + 1
    dice = 1 - overlap / (found.sum((1, 2)) + target.sum((1, 2)) + 1)
    by_shape = (dice * drawn).sum() / drawn.sum().clamp(min=1)
    by_score = (score_loss(output, labels) * weights).sum() / weights.sum()
    return by_score + 2 * by_pixel + by_shape
