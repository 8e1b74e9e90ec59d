"""What bundle.json says of how a score is read: as a probability, and from which one on as a crack."""

import math
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from crackscope.brief import brief
from crackscope.errors import BundleError

Count = Annotated[int, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
MOST_TEXT = 4096
"""Letters of a name or a licence, at most."""
Text = Annotated[str, msgspec.Meta(max_length=MOST_TEXT)]
Scale = Annotated[float, msgspec.Meta(gt=0)]

MOST_SURFACES = 64
MOST_COORDINATES = 64
SURE = 1e-6
"""Nothing is taken to be surer than this: a probability of 0 or 1 has no logit."""

_FLOAT = np.dtype("<f4")


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """probability = sigmoid(scale * score + shift), fitted by `method` on `fitted_on` pictures."""

    scale: Scale = 1.0
    shift: float = 0.0
    method: Text = "none"
    fitted_on: Count = 0


class KnownSurface(msgspec.Struct, frozen=True, kw_only=True):
    """How a score is read on one surface that the bundle learnt from; see `LocalCalibration`.

    centre: [q], where its pictures lie. fitted_on: held-out pictures of it that scale, shift and threshold were fitted
    on; 0 where there were too few, so that they are the bundle's own. misses, false_alarms: shares of its held-out
    cracked and sound pictures, cross-validated; None where nothing was fitted.
    """

    name: Text
    centre: Annotated[tuple[float, ...], msgspec.Meta(min_length=1, max_length=MOST_COORDINATES)]
    scale: Scale
    shift: float
    threshold: Share
    fitted_on: Count = 0
    misses: Share | None = None
    false_alarms: Share | None = None

    __repr__ = brief


class LocalCalibration(msgspec.Struct, frozen=True, kw_only=True):
    """How a score is read on a picture that looks like a surface the bundle knows.

    A picture lies at z = projection . embedding + origin, [q], where pictures of one surface spread about as a normal
    distribution of unit variance. With d_k its distance from the centre of surface k, it looks like it with weight
    exp(-d_k^2 / 2), and unlike all of them with weight exp(-limit / 2); the weights are divided by their sum. Scale,
    shift and the logit of the threshold are the means, so weighted, of those of the surfaces and of the bundle.

    projection: [q, embedding], float32, little endian, row after row.
    """

    projection: bytes
    origin: Annotated[tuple[float, ...], msgspec.Meta(min_length=1, max_length=MOST_COORDINATES)]
    limit: Annotated[float, msgspec.Meta(gt=0)]
    surfaces: Annotated[tuple[KnownSurface, ...], msgspec.Meta(min_length=1, max_length=MOST_SURFACES)]

    __repr__ = brief

    def matrix(self) -> NDArray[np.float64]:
        """The projection, float64 [q, embedding]. Raises ValueError when its length is no multiple of q."""
        return np.frombuffer(self.projection, _FLOAT).reshape(len(self.origin), -1).astype(np.float64)


def pack_projection(matrix: NDArray[np.float64]) -> bytes:
    """The projection [q, embedding] as bundle.json holds it."""
    return np.ascontiguousarray(matrix, _FLOAT).tobytes()


def logistic(logit: ArrayLike) -> NDArray[np.float64]:
    """The probability, 0 to 1, whose logit is given: float64, of the same shape; 0 and 1 where float64 ends."""
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-np.asarray(logit, np.float64))))


def logit(probability: float, sure: float = SURE) -> float:
    """The logit of a probability, which counts as `sure` where it is less, and as 1 - `sure` where it is more."""
    within = min(max(probability, sure), 1 - sure)
    return math.log(within) - math.log1p(-within)


def check_calibration(calibration: Calibration, local: LocalCalibration | None, embedding: int, where: str) -> None:
    """Raise BundleError when a calibration is not finite, or belongs to another embedding."""
    if not all(map(math.isfinite, (calibration.scale, calibration.shift))):
        raise BundleError(f"{where}: the calibration is not finite")
    if local is None:
        return
    count = len(local.origin)
    if len(local.projection) != count * embedding * _FLOAT.itemsize:
        raise BundleError(
            f"{where}: the local calibration's projection has {len(local.projection)} bytes, {count} by {embedding} "
            f"numbers take {count * embedding * _FLOAT.itemsize}"
        )
    numbers = [*local.origin, local.limit]
    for known in local.surfaces:
        if len(known.centre) != count:
            raise BundleError(f"{where}: surface '{known.name}' has {len(known.centre)} coordinates, not {count}")
        numbers += [known.scale, known.shift, *known.centre]
    if not (all(map(math.isfinite, numbers)) and np.isfinite(local.matrix()).all()):
        raise BundleError(f"{where}: the local calibration is not finite")
