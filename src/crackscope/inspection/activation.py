"""The activation map of the class: where a bundle sees a crack in a photo, as probabilities."""

import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import logistic
from crackscope.scoring import Heatmap, Model

_RED = (230.0, 30.0, 20.0)
_BAND_ROWS = 256
"""Rows of the overlay that are worked out at a time: numbers of all pixels at once would take 24 bytes each."""


def activation_overlay(model: Model, pixels: NDArray[np.uint8], heat: Heatmap) -> NDArray[np.uint8]:
    """The photo, uint8 [h, w, 3], in grey under the crack probability of each place, from clear to red."""
    import cv2

    height, width = pixels.shape[:2]
    rows, columns = heat.logits.shape
    logits = np.clip(heat.logits, -30, 30)
    size = (columns * heat.stride, rows * heat.stride)
    large = np.asarray(cv2.resize(logits, size, interpolation=cv2.INTER_LINEAR), np.float32)[:height, :width]
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    overlay = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _BAND_ROWS):
        band = slice(top, top + _BAND_ROWS)
        share = 0.75 * probabilities(model, large[band])
        for channel, value in enumerate(_RED):
            overlay[band, :, channel] = np.rint(grey[band] + (value - grey[band]) * share)
    return overlay


def probabilities(model: Model, logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits of the map as probabilities, calibrated as the bundle says; float32 of the same shape."""
    fitted = model.manifest.calibration
    return logistic(fitted.scale * logits + fitted.shift).astype(np.float32)


def touched_cells(shape: NDArray[np.bool_], heat: Heatmap) -> NDArray[np.bool_]:
    """The cells of the map, bool [rows, columns], that a shape, bool [h, w] px, touches, be it with one pixel."""
    rows, columns = heat.logits.shape
    whole = np.zeros((rows * heat.stride, columns * heat.stride), np.bool_)
    whole[: shape.shape[0], : shape.shape[1]] = shape
    bands = np.asarray(whole.reshape(rows, heat.stride, -1).any(axis=1), np.bool_)
    return np.asarray(bands.reshape(rows, columns, heat.stride).any(axis=2), np.bool_)
