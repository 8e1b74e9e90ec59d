"""What bundle.json says, and the strict reading of it."""

import hashlib
import math
from typing import Annotated, Any, Literal

import msgspec

from crackscope.brief import brief
from crackscope.bundles.calibration import Calibration, Count, LocalCalibration, Share, Text, check_calibration
from crackscope.encoding import decode_json
from crackscope.errors import BundleError

ADAPTED = "adapted to"
"""What a bundle calls a set of pictures that it was adapted to."""

FORMAT = 1
"""Version of the bundle format that this package writes, and the newest it reads."""

MOST_KNOWN_SOUND, MOST_WINDOWS = 256, 4096
"""Surfaces whose sound windows a verdict rule keeps, and windows of each, at most."""

MAX_MANIFEST_BYTES = 4 << 20
_DIGEST = b'"digest": "%s"'
_MAX_SIDE = 16384
_MAX_GOLDEN_PIXELS = 1 << 20

Side = Annotated[int, msgspec.Meta(ge=1, le=_MAX_SIDE)]
Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Digests = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{16})*$", max_length=1 << 20)]
Precision = Literal["float32", "float16-stored", "int8"]


class InputSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What pictures the network takes, in px.

    native: side of the pictures it was trained on, None when they were of many sizes. minimum: smallest side.
    multiple: both sides must be multiples of it. fixed: exactly `native` by `native` and nothing else.
    """

    native: Side | None = None
    minimum: Side = 32
    multiple: Side = 1
    fixed: bool = False


class SurfaceRule(msgspec.Struct, frozen=True, kw_only=True):
    """What tells pictures of built surfaces from anything else: weights . looks + shift, refused below `limit`.

    looks: the embedding, and behind it what features.onnx gives, where there is one. refused: share of held-out
    pictures of surfaces that it refuses. kept: share of held-out others that it lets pass.
    """

    weights: Annotated[tuple[float, ...], msgspec.Meta(min_length=1, max_length=1 << 14)]
    shift: float
    limit: float
    refused: Share = 0.0
    kept: Share = 0.0

    __repr__ = brief


class QualityRule(msgspec.Struct, frozen=True, kw_only=True):
    """What cannot be judged by its pixels alone; 0 sets no limit.

    blurred_px: standard deviation of the blur from which on cracks are smeared out. dark, bright: share of pixels that
    are black or white beyond use. smallest_px: shortest side.
    """

    blurred_px: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    dark: Share = 0.0
    bright: Share = 0.0
    smallest_px: Count = 0


class KnownSound(msgspec.Struct, frozen=True, kw_only=True):
    """A surface that the rule was fitted on. sound: scores of its held-out sound windows, falling; of very many, some
    that lie evenly among them."""

    name: Text
    sound: Annotated[tuple[float, ...], msgspec.Meta(min_length=1, max_length=MOST_WINDOWS)]

    __repr__ = brief


class VerdictRule(msgspec.Struct, frozen=True, kw_only=True):
    """How a heatmap becomes a verdict.

    kind: `threshold` says crack when the probability reaches the bundle's threshold, and that is all. `conformal` also
    asks whether a sound photo of this size would show as much by chance: the largest window score of the photo is held
    against `sound`, those of held-out sound windows.

    window_px, top_share: a window's score is the mean of this share of its largest logits. sound: the largest scores of
    held-out sound windows, falling. chances: for each of them, the chance that a sound window scores as high, every
    surface counting alike. tail: mean excess of the largest, in logits; beyond the first it falls exponentially. known:
    the same windows by surface, real ones alone: photos that look like one of them are held against its windows.
    """

    kind: Literal["threshold", "conformal"] = "threshold"
    window_px: Side = 224
    top_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.015
    sound: Annotated[tuple[float, ...], msgspec.Meta(max_length=MOST_WINDOWS)] = ()
    chances: Annotated[tuple[Share, ...], msgspec.Meta(max_length=MOST_WINDOWS)] = ()
    tail: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    known: Annotated[tuple[KnownSound, ...], msgspec.Meta(max_length=MOST_KNOWN_SOUND)] = ()
    quality: QualityRule = QualityRule()
    surface: SurfaceRule | None = None

    __repr__ = brief


class TrainedOn(msgspec.Struct, frozen=True, kw_only=True):
    """One set of pictures that the network learnt from. fingerprint: as the split says, "" when unknown. digests: where
    each of them can be known again, the first 16 hex digits of the sha256 of its file, one after the other."""

    name: Text
    fingerprint: Text = ""
    pictures: Count = 0
    licence: Text = ""
    digests: Digests | msgspec.UnsetType = msgspec.UNSET

    __repr__ = brief


class StartedFrom(msgspec.Struct, frozen=True, kw_only=True):
    """The bundle whose weights a training began with. fingerprint: sha256 of its bundle.json. trained_on: all that
    these weights had learnt from by then, what that bundle itself started from included."""

    name: Text
    fingerprint: Digest
    trained_on: tuple[TrainedOn, ...] = ()

    __repr__ = brief


class Golden(msgspec.Struct, frozen=True, kw_only=True):
    """What the network answers to generated pictures; recomputed at load.

    shapes: (height, width) in px of each picture. score: crack logit. map_mean: mean of the map's logits.
    embedding_head: the first numbers of the embedding. A difference up to tolerance * max(1, |stated|) is let pass.
    """

    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
    shapes: Annotated[tuple[tuple[Side, Side], ...], msgspec.Meta(min_length=1, max_length=8)]
    score: tuple[float, ...]
    map_mean: tuple[float, ...]
    embedding_head: tuple[tuple[float, ...], ...]
    tolerance: Annotated[float, msgspec.Meta(gt=0, le=10)]

    __repr__ = brief


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """bundle.json. Unknown keys are passed over, so that a later version may add some within one format number.

    stride: px of the picture per cell of the map. halo: px around a place that its logit depends on, each way.
    embedding: length of the embedding. features: length of what features.onnx gives, where there is one.
    threshold: probability from which on the verdict is `crack`.
    calibration and threshold hold wherever `local`, for surfaces that the bundle knows, says nothing else.
    scales: photos are seen at so many scales (as they are, and by half), and the mean of their logits counts.
    coloured: mean of a picture's strongest colour over that of its weakest from which on the colour is taken for its
    light's, and it is seen in grey; 0 for never.
    mask_threshold: logit of the map above which a cell belongs to a crack.
    hashes: sha256 of every other file of the bundle, filled in when it is written. golden: None only before that.
    started_from: what the training began with, where that was a bundle; none in bundles made before it was written.
    figures: measured values to be shown in the card, by name. digest: sha256 of bundle.json itself, as it is with
    nothing between the quotes of this one value; "" in bundles made before there was one.
    """

    name: Text
    created_with: Text
    stride: Side
    embedding: Annotated[int, msgspec.Meta(ge=1, le=1 << 20)]
    features: Annotated[int, msgspec.Meta(ge=1, le=1 << 20)] | msgspec.UnsetType = msgspec.UNSET
    format: int = FORMAT
    classes: tuple[Text, Text] = ("sound", "crack")
    input: InputSpec = InputSpec()
    halo: Annotated[int, msgspec.Meta(ge=0, le=_MAX_SIDE)] = 0
    calibration: Calibration = Calibration()
    local: LocalCalibration | None = None
    threshold: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5
    verdict: VerdictRule = VerdictRule()
    mask_threshold: float = 0.0
    scales: Annotated[int, msgspec.Meta(ge=1, le=2)] = 1
    coloured: Annotated[float, msgspec.Meta(ge=0, le=255)] = 0.0
    trained_on: tuple[TrainedOn, ...] = ()
    started_from: StartedFrom | msgspec.UnsetType = msgspec.UNSET
    recipe: dict[str, Any] = {}
    figures: dict[str, Any] = {}
    precision: Precision = "float32"
    hashes: dict[Text, Digest] = {}
    golden: Golden | None = None
    digest: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")] = ""

    __repr__ = brief

    @property
    def adapted(self) -> bool:
        """Whether the bundle was adapted: what it says of its training's held-out pictures is of the one before."""
        return "adapted" in self.figures


class _Version(msgspec.Struct):
    format: int


def parse_manifest(data: bytes, where: str) -> Manifest:
    """Read bundle.json. Raises BundleError for anything but a manifest of a known format version."""
    if len(data) > MAX_MANIFEST_BYTES:
        raise BundleError(f"{where} is {len(data):,} bytes long; a manifest has at most {MAX_MANIFEST_BYTES:,}")
    try:
        version = decode_json(data, _Version).format
        if version != FORMAT:
            raise BundleError(f"{where} is of format {version}, this version reads format {FORMAT}; update crackscope")
        manifest = decode_json(data, Manifest)
    except msgspec.MsgspecError as error:
        raise BundleError(f"{where} is not a manifest: {error}; fetch the bundle again") from None
    check_manifest(manifest, where)
    stated = manifest.digest.encode()
    if stated and hashlib.sha256(data.replace(_DIGEST % stated, _DIGEST % b"")).hexdigest() != manifest.digest:
        raise BundleError(
            f"{where} was altered or is damaged (its own sha256 differs); fetch the bundle again, "
            "or take its digest out if you changed it on purpose"
        )
    return manifest


def seal(manifest: Manifest) -> Manifest:
    """Return the manifest with the digest that belongs to what it says."""
    empty = _encoded(msgspec.structs.replace(manifest, digest=""))
    return msgspec.structs.replace(manifest, digest=hashlib.sha256(empty).hexdigest())


def check_manifest(manifest: Manifest, where: str) -> None:
    """Raise BundleError when parts of a manifest contradict each other."""
    size = manifest.input
    if manifest.classes != ("sound", "crack"):
        raise BundleError(f"{where}: classes are {list(manifest.classes)}, they must be ['sound', 'crack']")
    if size.fixed and size.native is None:
        raise BundleError(f"{where}: the input is fixed but has no native size")
    if size.fixed and size.native is not None and (size.native % size.multiple or size.native < size.minimum):
        raise BundleError(f"{where}: the fixed input of {size.native} px breaks its own minimum or multiple")
    check_calibration(manifest.calibration, manifest.local, manifest.embedding, where)
    _check_rule(manifest, where)
    if manifest.golden is not None:
        _check_golden(manifest.golden, where)


def _check_rule(manifest: Manifest, where: str) -> None:
    rule = manifest.verdict
    if len(rule.sound) != len(rule.chances) or (rule.kind == "conformal" and not rule.sound):
        raise BundleError(f"{where}: the verdict rule has {len(rule.sound)} scores and {len(rule.chances)} chances")
    lists = (rule.sound, *(known.sound for known in rule.known))
    if any(not all(map(math.isfinite, one)) or list(one) != sorted(one, reverse=True) for one in lists):
        raise BundleError(f"{where}: the scores of the verdict rule are not finite and falling")
    if rule.surface is not None:
        length = manifest.embedding + (manifest.features or 0)
        if len(rule.surface.weights) != length:
            raise BundleError(f"{where}: {len(rule.surface.weights)} surface weights for {length} features")
        if not all(map(math.isfinite, (*rule.surface.weights, rule.surface.shift, rule.surface.limit))):
            raise BundleError(f"{where}: the surface rule is not finite")


def _check_golden(golden: Golden, where: str) -> None:
    count = len(golden.shapes)
    if not count == len(golden.score) == len(golden.map_mean) == len(golden.embedding_head):
        raise BundleError(f"{where}: the golden outputs do not belong to {count} pictures")
    if sum(height * width for height, width in golden.shapes) > _MAX_GOLDEN_PIXELS:
        raise BundleError(f"{where}: the golden pictures have more than {_MAX_GOLDEN_PIXELS:,} pixels")
    numbers = (*golden.score, *golden.map_mean, *(value for head in golden.embedding_head for value in head))
    if not all(map(math.isfinite, numbers)):
        raise BundleError(f"{where}: the golden outputs are not finite")
    if any(not 1 <= len(head) <= 64 for head in golden.embedding_head):
        raise BundleError(f"{where}: the golden embeddings must have 1 to 64 numbers")


def dump_manifest(manifest: Manifest) -> bytes:
    """Write a manifest, sealed, as indented JSON, UTF-8, with a final newline; equal manifests give equal bytes."""
    return _encoded(seal(manifest))


def fingerprint(manifest: Manifest) -> str:
    """The sha256 (64 hex digits) of bundle.json, which holds those of the other files: by it evaluations, reports,
    journals and the bundles that began with its weights name a bundle."""
    return hashlib.sha256(dump_manifest(manifest)).hexdigest()


def _encoded(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest, order="deterministic"), indent=2) + b"\n"
