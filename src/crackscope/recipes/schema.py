"""What a recipe may say. Every key of a recipe file is a field here; there are no others.

The recipe is the whole truth about a training: two runs of one recipe, seed and machine write the same bytes.
"""

from typing import Literal

import msgspec

Family = Literal["keras", "torchvision", "tf-slim", "timm"]
"""Geometry and normalisation of a network: where it pads, where it strides, what pixels it was trained on."""


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all sections: unknown keys are refused."""


class Network(_Section, frozen=True, kw_only=True):
    """Which backbone, in which geometry, and where its weights come from.

    backbone: mobilenetv2, resnet50, resnet50v2, vgg16 or timm:NAME.
    cut: name of the stage after which the backbone ends; "" keeps it whole.
    weights: publisher (download, cached), default (the backbone of the bundle in the package), none (random),
        or the path of a weights file or of a bundle.
    """

    backbone: str
    family: Family = "keras"
    cut: str = ""
    weights: str = "publisher"


class Head(_Section, frozen=True, kw_only=True):
    """What turns features into logits.

    kind: pooled (global average, dense layers, one score) or dense (a feature pyramid, a map, the score read off it).
    layers: units of the hidden dense layers, each with ReLU. dropout: share dropped before the last layer.
    outputs: sigmoid (one unit) or softmax (two).
    channels: of the pyramid. top_share: the score is the mean of this share of the map's largest logits.
    scales: 2 lets the bundle see photos also at half scale and take the mean of both maps.
    weights: fresh, or bundle to go on from the head of the bundle that network.weights names.
    """

    kind: Literal["pooled", "dense"] = "pooled"
    layers: tuple[int, ...] = ()
    dropout: float = 0.0
    outputs: Literal["sigmoid", "softmax"] = "sigmoid"
    channels: int = 48
    top_share: float = 0.015
    scales: int = 1
    weights: Literal["fresh", "bundle"] = "fresh"


class Augmentation(_Section, frozen=True, kw_only=True):
    """What happens to training pictures, and to them alone. Ranges are drawn from evenly.

    views: how many augmented versions a picture gets in a training whose backbone begins frozen; each epoch draws
        among them. 0 gives as many as there are epochs, which is the published kind of training.
    crop: side of the square cut out of the scaled picture, in px; 0 keeps the whole picture.
    scale: range of the enlargement before the crop. stretch: largest share by which one side is drawn out against the
        other. rotate_deg: largest turn either way.
    brightness: range of a factor. contrast: range of a factor about the mean. tint: largest relative shift a channel.
    grey, swap_channels, shadow, blur, noise, jpeg: probability of each.
    """

    views: int = 1
    crop: int = 0
    scale: tuple[float, float] = (1.0, 1.0)
    stretch: float = 0.0
    flip_horizontal: bool = False
    flip_vertical: bool = False
    quarter_turns: bool = False
    rotate_deg: float = 0.0
    brightness: tuple[float, float] = (1.0, 1.0)
    contrast: tuple[float, float] = (1.0, 1.0)
    tint: float = 0.0
    grey: float = 0.0
    swap_channels: float = 0.0
    shadow: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    jpeg: float = 0.0


class Freeze(_Section, frozen=True, kw_only=True):
    """What does not learn. Give at most one of the three; none of them frees the whole network.

    layers: the first so many layers of the backbone, counted as Keras counts (-10 means all but the last ten).
    stage: everything up to and including this stage; "all" is the whole backbone.
    names: layers by name; a trailing `*` stands for anything.
    """

    layers: int = 0
    stage: str = ""
    names: tuple[str, ...] = ()


class EarlyStopping(_Section, frozen=True, kw_only=True):
    """Stop when the validation loss has not fallen for `patience` epochs; 0 never stops early.

    restore_best: end with the weights of the best epoch rather than the last.
    """

    patience: int = 0
    restore_best: bool = True


class Phase(_Section, frozen=True, kw_only=True):
    """One stretch of training with one set of frozen layers and one learning rate.

    steps: optimiser steps an epoch; 0 means one pass over the training rows.
    backbone_rate: learning rate of the backbone relative to that of the head.
    norms: batch normalisations of the backbone that are not frozen learn from each batch, or keep the statistics they
        came with ("fixed") while their scale and shift learn.
    average: decay of the moving average of the weights that ends up in the bundle; 0 takes the weights themselves.
    """

    epochs: int
    freeze: Freeze = Freeze()
    batch: int = 32
    steps: int = 0
    optimiser: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: float = 1e-3
    backbone_rate: float = 1.0
    schedule: Literal["constant", "cosine"] = "constant"
    weight_decay: float = 0.0
    loss: Literal["cross-entropy", "binary-cross-entropy", "dense"] = "binary-cross-entropy"
    early_stopping: EarlyStopping = EarlyStopping()
    norms: Literal["batch", "fixed"] = "batch"
    average: float = 0.0


class Kinds(_Section, frozen=True, kw_only=True):
    """How often each kind of generated surface is shown. Relative shares; masonry often, since no row shows any.

    Stonework, painted walls and pipes are left out: learnt from the first step on they cost what is held out
    (docs/tries.md). The default is shown them last, held to what it knew (`Mixture.recall`).
    """

    concrete: float = 0.30
    plaster: float = 0.15
    brick: float = 0.25
    tile: float = 0.15
    asphalt: float = 0.15
    stone: float = 0.0
    painted: float = 0.0
    pipe: float = 0.0


class Mixture(_Section, frozen=True, kw_only=True):
    """How a batch is filled when rows are drawn rather than passed through once (`steps` > 0). Relative shares.

    cracked, sound: rows that have only a label. masked: rows with a mask.
    drawn: generated cracks laid over sound rows and generated surfaces, whose mask is known exactly.
    generated: share of drawn and of sound pictures that show a generated surface rather than a row; kinds: which.
    distracted: share of sound and drawn rows that get joints, wires, stains or shadows, which stay sound.
    bare: surfaces over which no crack is ever drawn (people, plants, text).
    doubted: surfaces whose labels are often wrong; what their rows teach counts `1 - doubt` times.
    recall: how much a learning network is held to what it said of rows when training began (of the picture before light
        and camera changed it, the mean of it and its mirror image), relative to what it is told of all pictures
        (learning without forgetting; Li and Hoiem 2016, arXiv:1606.09282). 0 asks nothing.
    evenness: how alike surfaces of different size are shown: the chance of a surface with n rows grows as
        n ** (1 - evenness); 0 shows every row alike, 1 every surface.
    """

    cracked: int = 6
    masked: int = 3
    drawn: int = 3
    sound: int = 4
    generated: float = 0.3
    distracted: float = 0.35
    bare: tuple[str, ...] = ()
    doubted: tuple[str, ...] = ()
    doubt: float = 0.5
    evenness: float = 0.5
    recall: float = 0.0
    kinds: Kinds = Kinds()


class Recipe(_Section, frozen=True, kw_only=True):
    """Everything about one training.

    input: side in px that pictures are brought to in training, or "native": the most common size of the training rows.
    class_weights: none, balanced (inverse frequency), or a weight for each class.
    calibrate: fit probability = sigmoid(scale * score + shift) on the validation rows.
    verdict: threshold (crack when the probability reaches it) or conformal (also held against sound windows of held-out
        pictures, and refused where no surface is shown); needs `calibrate`.
    miss_rate: the bundle's threshold misses at most this share of the held-out cracked pictures, and is at most .775,
        since cracks score lower on surfaces never met; 0 puts it at .5. It holds for pictures unlike the surfaces of
        the split. On a surface that has enough held-out rows of both labels, the threshold lies where misses and false
        alarms are fewest, and the bundle states both shares. Needs `verdict`.
    precision: arithmetic of the part that learns; bfloat16 halves its time where the processor has it.
    store: float16 halves the bundle: the weights are rounded before anything is exported, checked or judged.
    validate_on: at most so many validation rows are scored after an epoch, drawn evenly; 0 scores them all.
    time_budget_s: stop, orderly, at the end of the epoch after so many seconds; 0 sets no limit.
    """

    name: str
    summary: str
    network: Network
    phases: tuple[Phase, ...]
    head: Head = Head()
    augmentation: Augmentation = Augmentation()
    mixture: Mixture = Mixture()
    input: int | Literal["native"] = "native"
    class_weights: Literal["none", "balanced"] | dict[Literal["crack", "sound"], float] = "none"
    calibrate: bool = False
    verdict: Literal["threshold", "conformal"] = "threshold"
    miss_rate: float = 0.0
    precision: Literal["float32", "bfloat16"] = "float32"
    store: Literal["float32", "float16"] = "float32"
    validate_on: int = 0
    seed: int = 0
    time_budget_s: float = 0.0
