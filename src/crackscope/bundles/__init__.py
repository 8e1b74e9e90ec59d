"""Bundles: the folder that a trained model is. Its format, its writing, and its opening with distrust."""

from crackscope.bundles.calibration import (
    MOST_TEXT,
    Calibration,
    KnownSurface,
    LocalCalibration,
    logistic,
    logit,
    pack_projection,
)
from crackscope.bundles.card import before_adapting, figure_name, figure_text, model_card
from crackscope.bundles.deepness import export_deepness
from crackscope.bundles.folder import FEATURES, Bundle, edition, foreign_file, open_bundle, write_bundle
from crackscope.bundles.graph import GraphFace, Port, check_face, features_length, read_face
from crackscope.bundles.manifest import (
    ADAPTED,
    FORMAT,
    MOST_KNOWN_SOUND,
    MOST_WINDOWS,
    Golden,
    InputSpec,
    KnownSound,
    Manifest,
    QualityRule,
    StartedFrom,
    SurfaceRule,
    TrainedOn,
    VerdictRule,
    dump_manifest,
    fingerprint,
    parse_manifest,
)
from crackscope.bundles.metadata import with_metadata
from crackscope.bundles.naming import bundle_folder, default_bundle
from crackscope.bundles.offset import Moved, Offset, feature_sizes, has_features, with_features, with_offset
from crackscope.bundles.reference import Reference
from crackscope.bundles.rounding import store_as_bytes, store_as_float16

__all__ = [
    "ADAPTED",
    "FEATURES",
    "FORMAT",
    "MOST_KNOWN_SOUND",
    "MOST_TEXT",
    "MOST_WINDOWS",
    "Bundle",
    "Calibration",
    "Golden",
    "GraphFace",
    "InputSpec",
    "KnownSound",
    "KnownSurface",
    "LocalCalibration",
    "Manifest",
    "Moved",
    "Offset",
    "Port",
    "QualityRule",
    "Reference",
    "StartedFrom",
    "SurfaceRule",
    "TrainedOn",
    "VerdictRule",
    "before_adapting",
    "bundle_folder",
    "check_face",
    "default_bundle",
    "dump_manifest",
    "edition",
    "export_deepness",
    "feature_sizes",
    "features_length",
    "figure_name",
    "figure_text",
    "fingerprint",
    "foreign_file",
    "has_features",
    "logistic",
    "logit",
    "model_card",
    "open_bundle",
    "pack_projection",
    "parse_manifest",
    "read_face",
    "store_as_bytes",
    "store_as_float16",
    "with_features",
    "with_metadata",
    "with_offset",
    "write_bundle",
]
