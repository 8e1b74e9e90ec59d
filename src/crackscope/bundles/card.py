"""The model card: README.md of a bundle."""

from collections.abc import Sequence
from typing import Any

from crackscope.bundles.manifest import Manifest, TrainedOn


def model_card(manifest: Manifest) -> str:
    """Return a card in Markdown: what the model is, what it learnt from, its figures, its limits, how to use it."""
    parts = [_what(manifest), _trained_on(manifest), _figures(manifest), _limits(manifest), _use(manifest)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _what(manifest: Manifest) -> str:
    size = manifest.input
    taken = f"exactly {size.native} by {size.native} px" if size.fixed else f"any size from {size.minimum} px a side"
    trained = "" if size.native is None or size.fixed else f", trained at {size.native} px"
    stored = {
        "float32": "float32",
        "float16-stored": "stored as float16, computed in float32",
        "int8": "8-bit integers",
    }
    recipe = manifest.recipe.get("name")
    return f"""# {manifest.name}

A crack classifier, written by crackscope {manifest.created_with}{f" with the recipe `{recipe}`" if recipe else ""}.
It looks at a picture of a built surface and says how probable a crack in it is, and where.

| | |
| --- | --- |
| takes | RGB pictures, uint8, {taken}{trained} |
| gives | a score, a map of one cell per {manifest.stride} px, an embedding of {manifest.embedding} numbers |
| probability | {_calibration(manifest)} |
| verdict | `crack` from a probability of {manifest.threshold:g} on |{_surfaces(manifest)}{_features(manifest)}
| weights | {stored[manifest.precision]} |"""


def _calibration(manifest: Manifest) -> str:
    fitted = manifest.calibration
    formula = f"sigmoid({fitted.scale:.4g} × score {fitted.shift:+.4g})"
    if fitted.method == "none":
        return f"{formula}, not calibrated"
    return f"{formula}, calibrated by {fitted.method} on {fitted.fitted_on:,} pictures{before_adapting(manifest)}"


def _surfaces(manifest: Manifest) -> str:
    """A line for each surface that scores are read on in a way of its own; a picture may be a blend of them."""
    fitted = [known for known in (manifest.local.surfaces if manifest.local else ()) if known.fitted_on]
    return "".join(
        f"\n| where it looks like {_cell(known.name)} | sigmoid({known.scale:.4g} × score {known.shift:+.4g}), "
        f"`crack` from {known.threshold:g} on; fitted on {known.fitted_on:,} pictures{before_adapting(manifest)} |"
        for known in fitted
    )


def _features(manifest: Manifest) -> str:
    if not manifest.features:
        return ""
    return (
        f"\n| what shows no surface | told by the embedding, and by {manifest.features} features that the network gave "
        "before it learnt cracks (`features.onnx`, weights of a byte each) |"
    )


def _trained_on(manifest: Manifest) -> str:
    if not manifest.trained_on:
        return "## Trained on\n\nNot stated."
    table = _sets(manifest.trained_on)
    start = manifest.started_from
    if not start:
        return f"## Trained on\n\n{table}"
    before = f"It began with the weights of the bundle {_cell(start.name)} ({start.fingerprint[:16]})"
    if not start.trained_on:
        return f"## Trained on\n\n{table}\n\n{before}, which does not say what they had learnt from."
    return f"## Trained on\n\n{table}\n\n{before}, which had learnt from:\n\n{_sets(start.trained_on)}"


def _sets(trained_on: Sequence[TrainedOn]) -> str:
    rows = [
        f"| {_cell(data.name)} | {data.pictures:,} | {_cell(data.licence) or 'not stated'} | {data.fingerprint[:16]} |"
        for data in trained_on
    ]
    return "\n".join(["| set | pictures | licence | fingerprint |", "| --- | --- | --- | --- |", *rows])


def _figures(manifest: Manifest) -> str:
    if not manifest.figures:
        return ""
    rows = [
        f"| {_cell(figure_name(name, manifest))} | {_cell(figure_text(value))} |"
        for name, value in manifest.figures.items()
    ]
    return "\n".join(["## Figures", "", "| figure | value |", "| --- | --- |", *rows])


def before_adapting(manifest: Manifest) -> str:
    """What follows any figure of a bundle's training: "" but where the bundle is no longer the one that was trained."""
    return ", before it was adapted" if manifest.adapted else ""


def figure_name(name: str, manifest: Manifest) -> str:
    """The name of one of the manifest's figures, and whether it is that of the bundle before it was adapted."""
    trained = name.startswith(("held_out", "validation"))
    return f"{name.replace('_', ' ')}{before_adapting(manifest) if trained else ''}"


def figure_text(value: Any) -> str:
    """A figure of a manifest as it is read: a number, one with its interval, or several by name."""
    if isinstance(value, dict) and "value" in value:
        low, high = value.get("low"), value.get("high")
        interval = "" if low is None or high is None else f" ({figure_text(low)} to {figure_text(high)})"
        return figure_text(value["value"]) + interval
    if isinstance(value, dict):
        return ", ".join(f"{name} {figure_text(entry)}" for name, entry in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _cell(words: str) -> str:
    return " ".join(words.replace("|", "\\|").split())


def _limits(manifest: Manifest) -> str:
    conformal = manifest.verdict.kind == "conformal"
    unlike = (
        "What is too\n  blurred, too dark or unlike any built surface is not judged; what it never met may pass."
        if conformal
        else "It does\n  not tell a surface from anything else. What is too dark, bright or small is not judged,\n"
        "  nor are blurred photos."
        if manifest.verdict.quality.dark
        else "It does\n  not tell a surface from anything else."
    )
    whole = (
        "A photo is called cracked when its most suspicious part would be rare among sound photos of its size, so the\n"
        "  larger the photo, the more a crack has to show."
        if conformal
        else "A photo much larger than a patch is scored in pieces and takes the highest score of them: the more\n"
        "  pieces, the likelier a false alarm among them."
    )
    return f"""## Limits

- The figures hold for surfaces like those it was trained on. On another building, judge it on pictures of that
  building first: `crackscope evaluate BUNDLE DATA`.
- Joints, shadows, stains, cables and edges can look like cracks to it. {unlike}
- It says nothing about how deep a crack is, why it is there, or whether it is dangerous.
- {whole}{_coloured(manifest)}"""


def _coloured(manifest: Manifest) -> str:
    if not manifest.coloured:
        return ""
    return f"""
- In coloured light (one colour above {manifest.coloured:g} times another on average, alike everywhere)
  crackscope shows the picture to the network in grey. The graph alone does not: give it what
  `model.in_plain_light(pixels)` makes of uint8 [h, w, 3]."""


_AS_NEVER_MET = """

So every picture is read as one that looks like none of the surfaces above. crackscope reads a score, and chooses the
threshold, by how much the picture looks like each of them, so its probability may differ from this one."""


def _use(manifest: Manifest) -> str:
    size = manifest.input
    side = size.native or max(size.minimum, 256 // size.multiple * size.multiple)
    exact = f"{side} by {side}" if size.fixed else "h by w"
    fitted, beside = manifest.calibration, _AS_NEVER_MET if _surfaces(manifest) else ""
    return f"""## Use

    import crackscope
    model = crackscope.load("this/folder")
    print(model.predict("picture.jpg"))

Or with ONNX Runtime alone, in any language (here a picture of {exact} px):

    import numpy as np, onnxruntime, PIL.Image
    pixels = np.asarray(PIL.Image.open("picture.jpg").convert("RGB"))[None]
    score, heat, embedding = onnxruntime.InferenceSession("model.onnx").run(None, {{"images": pixels}})
    probability = 1 / (1 + np.exp(-({fitted.scale!r} * score + {fitted.shift!r}))){beside}"""
