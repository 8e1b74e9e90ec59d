"""`bundle show|check|export`: what a trained model is, whether it is whole, and how to take it elsewhere."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from crackscope.cli.bundle_names import bundle_folder, refuse_default
from crackscope.cli.console import print_json, print_table, say
from crackscope.cli.folders import vacant
from crackscope.cli.groups import Group
from crackscope.cli.labelled import Labelled
from crackscope.cli.options import FileName, out, shared
from crackscope.errors import OutputError, several
from crackscope.files import file_to_be, replaceable, write_whole

if TYPE_CHECKING:
    from crackscope.bundles import Bundle, Calibration, KnownSurface, Manifest, StartedFrom, TrainedOn
    from crackscope.scoring import QuantisedReport


F = TypeVar("F", bound=Callable[..., Any])
_AS_OUT = "-o"
"""The name of a file that -o gives: what click has for an option without one."""


@dataclass(frozen=True, kw_only=True)
class Asked(Labelled):
    """The options of one call of `export`."""

    name: str
    onnx: str | None
    deepness: str | None
    int8: bool
    calibrate: str | None
    out: str | None


@click.group(cls=Group)
def bundle() -> None:
    """Show, check or export a trained model."""


@bundle.command(short_help="Show what a bundle is, and what it learnt from.")
@click.argument("name", default="default", metavar="[BUNDLE|RUN|default]")
@shared("json")
def show(name: str, as_json: bool) -> None:
    """Show what a bundle is: its network, what it was trained on, its threshold, its figures."""
    from crackscope.bundles import fingerprint, open_bundle

    opened = open_bundle(bundle_folder(name))
    if as_json:
        print_json({"path": str(opened.path), "fingerprint": fingerprint(opened.manifest), **_facts(opened.manifest)})
        return
    print_table(str(opened.path), ("", "value"), _rows(opened.manifest))


@bundle.command(short_help="Check that a bundle is whole and safe.")
@click.argument("name", default="default", metavar="[BUNDLE|RUN|default]")
@shared("quiet", "json")
def check(name: str, quiet: bool, as_json: bool) -> None:
    """Check that a bundle is whole and safe: its files are as bundle.json says, and it gives its golden outputs."""
    from crackscope.bundles import open_bundle
    from crackscope.scoring import load

    opened = open_bundle(bundle_folder(name))
    load(opened.path)
    if as_json:
        print_json({"path": str(opened.path), "whole": True})
        return
    say(f"whole, its files are as bundle.json says, and its golden outputs come out: {opened.path}", quiet=quiet)


def _file(option: str, tells: str) -> Callable[[F], F]:
    """An option that names a file to write, or leaves that to -o."""
    tells = f"{tells} FILE, or as -o says."
    return click.option(option, type=FileName(), is_flag=False, flag_value=_AS_OUT, metavar="[FILE]", help=tells)


@bundle.command()
@click.argument("name", default="default", metavar="[BUNDLE|RUN|default]")
@_file("--onnx", "Write the network alone: pixels in; score, map and embedding out.")
@_file("--deepness", "Write an ONNX file for Deepness, the plugin of QGIS.")
@click.option("--int8", is_flag=True, help="Quantise to 8 bits into the bundle -o OUT; needs --calibrate.")
@click.option(
    "--calibrate",
    metavar="DATA",
    # Written out, since help loads nothing that scores; a test holds it against what is asked for.
    help="Labelled pictures to fit the 8 bits on; only their training part is used, which must hold 40 or more.",
)
@out("OUT", "Folder of the quantised bundle, new or empty, or the one file that is written.")
@shared("threads", "quiet", "json")
def export(**options: Any) -> None:
    """Write a bundle in another form.

    --int8 is refused when more than .5 % of the verdicts change, when probabilities change by more than .01 on average,
    or when more than 20 % of what the two bundles mark as crack is marked by one of them alone. An 8-bit bundle cannot
    be adapted: adapt the float32 bundle, then write it in 8 bits. Nothing that is there is written over.
    """
    asked = _placed(Asked(**options))
    from crackscope.bundles import export_deepness, open_bundle

    if not (asked.onnx or asked.deepness or asked.int8):
        raise click.UsageError("there is nothing to write, give --onnx FILE, --deepness FILE or --int8 -o OUT")
    if asked.int8 and not (asked.calibrate and asked.out):
        raise click.UsageError("--int8 needs pictures and a place: --int8 --calibrate DATA -o OUT")
    if not asked.int8 and (asked.calibrate is not None or asked.out is not None):
        what = "--calibrate" if asked.calibrate is not None else "-o"
        raise click.UsageError(f"{what} is for the 8-bit bundle: give --int8 --calibrate DATA -o OUT, or leave it out")
    refuse_default(asked.out)
    _refuse_in_the_way(asked)
    opened = open_bundle(bundle_folder(asked.name))
    # What may be refused comes first, so that a refused call has written nothing, and can be made again.
    report = _quantise(opened, asked) if asked.int8 else None
    written: list[str] = []
    if asked.onnx:
        write_whole(asked.onnx, opened.model)
        written.append(asked.onnx)
    if asked.deepness:
        written.append(str(export_deepness(opened, asked.deepness)))
    if asked.int8:
        written.append(str(asked.out))
    if asked.as_json:
        print_json({"written": written, "int8": report})
        return
    for path in written:
        say(f"written: {path}", quiet=asked.quiet)


def _placed(asked: Asked) -> Asked:
    """The call with the file named that -o names. Raises UsageError where it names none, or more than one thing."""
    files = {"--onnx": asked.onnx, "--deepness": asked.deepness}
    unnamed = [option for option, file in files.items() if file == _AS_OUT]
    if unnamed and (asked.out is None or len(unnamed) > 1 or asked.int8):
        behind = "behind each" if len(unnamed) > 1 else "behind it"
        raise click.UsageError(f"{' and '.join(unnamed)}: name FILE {behind}, or -o where one thing alone is written")
    if asked.onnx == _AS_OUT:
        return replace(asked, onnx=asked.out, out=None)
    return replace(asked, deepness=asked.out, out=None) if unnamed else asked


def _refuse_in_the_way(asked: Asked) -> None:
    """Raise OutputError, before minutes of work, unless all that is to be written is new and can be; a folder may be
    empty."""
    for file in (asked.onnx, asked.deepness):
        if file is not None and os.path.isfile(file):
            raise OutputError(f"a file is there already, {file}, name a new one")
        if file is not None:
            file_to_be(file)
    if asked.int8 and asked.out:
        replaceable(asked.out)
        vacant(asked.out)
    _refuse_each_other(asked)


def _refuse_each_other(asked: Asked) -> None:
    """Raise UsageError where one of the things that are to be written would lie in another's place."""
    files = [Path(file).resolve() for file in (asked.onnx, asked.deepness) if file is not None]
    if len(set(files)) < len(files):
        raise click.UsageError("--onnx and --deepness name one file, give each its own")
    for file in files:
        if asked.out is not None and file.is_relative_to(Path(asked.out).resolve()):
            raise click.UsageError(f"{file} would lie in the 8-bit bundle {asked.out}, name a file outside of it")


def _quantise(opened: "Bundle", asked: Asked) -> "QuantisedReport":
    from crackscope.scoring import quantise

    rows = asked.opened(str(asked.calibrate)).part("train")
    report = quantise(opened, [row.path for row in rows], str(asked.out))
    compared = several(report.compared, "picture")
    say(
        f"on {compared} that it was not fitted on, {report.verdicts_changed:.2%} of the verdicts "
        f"changed, and the probability by {report.mean_change:.4f} on average, {report.largest_change:.4f} at most; "
        f"of what either marks as crack, one alone marks {report.cells_changed:.1%}",
        quiet=asked.silent,
    )
    return report


def _facts(manifest: "Manifest") -> dict[str, object]:
    import msgspec

    facts: dict[str, object] = msgspec.to_builtins(manifest)
    return facts


def _rows(manifest: "Manifest") -> list[tuple[str, object]]:
    from crackscope.bundles import before_adapting, figure_name, fingerprint

    size = manifest.input
    fitted = manifest.calibration
    fitted_by = f"{fitted.method}{before_adapting(manifest)}"
    native = f"{size.native} px" if size.native else "any size"
    rows: list[tuple[str, object]] = [
        ("name", manifest.name),
        ("fingerprint", fingerprint(manifest)),
        ("made with", f"crackscope {manifest.created_with}"),
        ("pictures", f"{native}{', and no other' if size.fixed else f', at least {size.minimum} px'}"),
        ("stride", f"{manifest.stride} px"),
        ("halo", f"{manifest.halo} px"),
        ("embedding", f"{manifest.embedding} numbers"),
        *([("features", f"{manifest.features} numbers, for what shows no surface")] if manifest.features else []),
        ("precision", manifest.precision),
        ("probability", f"{_read(fitted)}, {'not calibrated' if fitted.method == 'none' else fitted_by}"),
        ("verdict", f"crack from a probability of {manifest.threshold:.4g} on"),
    ]
    for known in manifest.local.surfaces if manifest.local else ():
        own = f"{_read(known)}, crack from {known.threshold:.4g} on"
        rows.append((f"on {known.name}", own if known.fitted_on else f"{own}, as everywhere else"))
    rows += [("trained on", _learnt(source)) for source in manifest.trained_on]
    if start := manifest.started_from:
        rows.append(("began with", f"the weights of {start.name}, {start.fingerprint}"))
        rows += [("which had met", met) for met in _met_before(manifest, start)]
    for name, value in manifest.figures.items():
        rows += [(figure_name(name, manifest), told) for told in _figures(value)]
    return rows


def _met_before(manifest: "Manifest", start: "StartedFrom") -> list[str]:
    """What the weights that it began with had learnt from, where that is not told already."""
    from crackscope.bundles import ADAPTED

    at_first = tuple(source for source in manifest.trained_on if source.name != ADAPTED)
    if start.trained_on and start.trained_on == at_first:
        but = ", but for what it was adapted to" if at_first != manifest.trained_on else ""
        return [f"the same sets of pictures{but}"]
    return [_learnt(source) for source in start.trained_on]


def _learnt(source: "TrainedOn") -> str:
    return f"{source.name}: {several(source.pictures, 'picture')}, {source.licence or 'licence not stated'}"


def _read(fitted: "Calibration | KnownSurface") -> str:
    """How a score becomes a probability."""
    times = "" if fitted.scale == 1 else f"{fitted.scale:.4g} x "
    shifted = f" {'-' if fitted.shift < 0 else '+'} {abs(fitted.shift):.4g}" if fitted.shift else ""
    return f"sigmoid({times}score{shifted})"


def _figures(value: object) -> list[object]:
    """A figure; several by name, some of them with an interval, one by one: no line holds them all."""
    if isinstance(value, dict) and any(isinstance(one, dict) for one in value.values()):
        return [_figure({name: one}) for name, one in value.items()]
    return [_figure(value)]


def _figure(value: object) -> object:
    """Counts are kept as floats, as all figures are; those of at most 1 are shares as often as counts."""
    if isinstance(value, dict):
        from crackscope.bundles import figure_text

        return figure_text(value).replace("_", " ")
    return f"{value:.0f}" if isinstance(value, float) and value > 1 and value.is_integer() else value
