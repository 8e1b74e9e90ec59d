"""`predict`: pictures in, one line each out, in the order they were given."""

import codecs
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from crackscope.cli.bundle_figures import known_surfaces
from crackscope.cli.bundle_names import bundle_folder
from crackscope.cli.console import (
    Tell,
    crack_probability,
    print_json,
    print_table,
    progress,
    say,
    tell_of_grey,
    tell_of_pages,
    unread_line,
    warn,
)
from crackscope.cli.options import shared
from crackscope.cli.remarks import refused_cracks, tell_of_blurred, tell_of_order, tell_of_unlike, tell_of_unmet
from crackscope.cli.state import State
from crackscope.errors import several
from crackscope.files import read_table

if TYPE_CHECKING:
    from crackscope.images import Limits
    from crackscope.records import Prediction, Unread
    from crackscope.scoring import Model

STANDARD_INPUT = "-"
_BY_ITS_OWN = "each is held against a threshold or a chance of its own (--jsonl has them)"


@dataclass(frozen=True)
class Asked:
    """The options of one call."""

    pictures: tuple[str, ...]
    from_list: str | None
    bundle: str | None
    jsonl: bool
    fail_on: tuple[str, ...]
    threads: int | None
    quiet: bool


@click.command()
@click.argument("pictures", nargs=-1, metavar="PICTURE...")
@click.option("--from-list", metavar="FILE", help="Read names too, one a line, from this file; - is standard input.")
@click.option("--jsonl", "--json", is_flag=True, help="Write one JSON line a picture, as soon as it is known.")
@click.option(
    "--fail-on",
    multiple=True,
    type=click.Choice(["crack", "cannot-judge"]),
    help="End with status 1 when a picture gets this verdict.",
)
@shared("bundle", "threads", "quiet")
@click.pass_obj
def predict(state: State, /, **options: Any) -> None:
    """Say of pictures whether they show a crack.

    PICTURE is a file, a folder (searched to the bottom), a glob, or - for the bytes of one picture on standard input.
    Photos of any size are read at their own resolution. Unreadable pictures are reported, and the rest go on.

    A picture of up to two patches a side is judged as a patch here, unless parts of it show nothing (a frame), and as a
    photo by `inspect`, which looks at two scales: the two may give it different probabilities, and verdicts.
    """
    from crackscope.records import Prediction
    from crackscope.scoring import load

    asked = Asked(**options)
    inputs = gather(asked.pictures, asked.from_list, quiet=asked.quiet)
    model = load(bundle_folder(asked.bundle), threads=asked.threads)
    counts: Counter[str] = Counter()
    with progress("predicting", len(inputs), quiet=asked.quiet or (asked.jsonl and sys.stdout.isatty())) as tell:
        results = _counted(_answers(inputs, model), counts, tell)
        if asked.jsonl:
            for result in results:
                print_json(as_line(result))
        else:
            kept = list(results)
    if not asked.jsonl:
        _show(kept, counts, asked.quiet)
        sound_as = [one.surface for one in kept if isinstance(one, Prediction) and one.verdict == "sound"]
        tell_of_unmet(sound_as, known_surfaces(model.manifest), quiet=asked.quiet)
    matched = any(counts[verdict.replace("-", " ")] for verdict in asked.fail_on)
    state.status = 1 if matched or counts["unreadable"] else 0


def gather(
    named: Sequence[str], from_list: str | None, *, quiet: bool, limits: "Limits | None" = None
) -> "list[str | Unread]":
    """All pictures that were named, in order and each once; a name that matches nothing becomes an unread one.

    from_list: a file that names more of them, - for standard input. What is passed over is told, unless quiet.
    limits: how large a picture may be for another of its name to be passed over; None for the usual ones.

    Raises ImageError when no name matches anything, UsageError when there is no name or standard input is wanted twice.
    """
    names = [*named, *(_listed(from_list) if from_list else [])]
    if not names and from_list:
        where = "standard input" if from_list == STANDARD_INPUT else from_list
        raise click.UsageError(f"the list names no picture: {where}, write one name a line into it")
    if not names:
        raise click.UsageError("PICTURE is missing: name files, folders or globs, or - for standard input")
    if names.count(STANDARD_INPUT) + (from_list == STANDARD_INPUT) > 1:
        raise click.UsageError("standard input can be read only once, name - a single time")
    if STANDARD_INPUT in names:
        _standard_input()
    from crackscope.errors import ImageError
    from crackscope.images import DEFAULT_LIMITS, find, one_spelling
    from crackscope.records import Unread

    inputs: dict[str, str | Unread] = {}
    passed: dict[str, None] = {}
    misnamed: dict[str, None] = {}
    last: ImageError | None = None
    for name in names:
        try:
            for path in find([name], passed.setdefault, misnamed.setdefault, limits or DEFAULT_LIMITS):
                inputs.setdefault(one_spelling(path), path)
        except ImageError as error:
            last = error
            inputs.setdefault(one_spelling(name), Unread.of(name, error))
    _tell_misnamed([path for path in misnamed if one_spelling(path) not in inputs], quiet)
    if last is not None and not any(isinstance(item, str) for item in inputs.values()):
        raise last
    _tell_passed([path for path in passed if one_spelling(path) not in inputs], quiet)
    return list(inputs.values())


def _tell_passed(paths: Sequence[str], quiet: bool) -> None:
    if paths:
        more = len(paths) > 1
        warn(
            f"passed over {several(len(paths), 'photo')} in a format that is not read, or HEIF, as a readable one "
            f"of the same name lies beside {'each' if more else 'it'} ({paths[0]}{', ...' * more}); convert those that "
            "are other pictures, or name HEIF ones by themselves",
            quiet=quiet,
        )


def _tell_misnamed(paths: Sequence[str], quiet: bool) -> None:
    if paths:
        files = several(len(paths), "file that begins as a picture but has", "files that begin as pictures but have")
        warn(
            f"passed over {files} no name of one ({paths[0]}{', ...' * (len(paths) > 1)}): rename them, say to .jpg, "
            "or name them by themselves",
            quiet=quiet,
        )


def _listed(source: str) -> list[str]:
    """The names in a list: one a line, or, as `find -print0` writes them, with a zero byte behind each."""
    try:
        content = _standard_input().read() if source == STANDARD_INPUT else read_table(source)
    except OSError as error:
        raise click.UsageError(f"{source}: cannot be read ({error.strerror}), name a list of pictures") from None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # as PowerShell redirects
        text = content.decode("utf-16", "replace")
    else:
        text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    names = text.split("\0") if "\0" in text else text.replace("\r\n", "\n").split("\n")
    return [name for name in names if name.strip()]


def _standard_input() -> BinaryIO:
    """What is piped in. Raises UsageError where the call was given none."""
    if sys.stdin is None:
        raise click.UsageError("standard input is closed, name a file, or pipe into the command what it is to read")
    return sys.stdin.buffer


def _answers(inputs: "list[str | Unread]", model: "Model") -> "Iterator[Prediction | Unread]":
    """What the model says of each input, in order; standard input keeps its name `-`."""
    import msgspec

    sources = [_standard_input() if item == STANDARD_INPUT else item for item in inputs if isinstance(item, str)]
    answers = iter(model.predict_all(sources))
    for item in inputs:
        if not isinstance(item, str):
            yield item
        elif item == STANDARD_INPUT:
            yield msgspec.structs.replace(next(answers), path=STANDARD_INPUT)
        else:
            yield next(answers)


def _counted(
    results: "Iterable[Prediction | Unread]", counts: Counter[str], tell: Tell
) -> "Iterator[Prediction | Unread]":
    from crackscope.records import Prediction

    for number, result in enumerate(results, 1):
        counts[result.verdict if isinstance(result, Prediction) else "unreadable"] += 1
        tell(number)
        yield result


def as_line(result: "Prediction | Unread") -> dict[str, object]:
    """The keys of a JSON line, as documented; a record may carry more."""
    from crackscope.records import Prediction

    if not isinstance(result, Prediction):
        return {"path": result.path, "error": result.error}
    names = ("path", "verdict", "probability", "width", "height", "seconds", "tiles", "reason", "surface", "pages")
    later = ("halved", "chance", "suspicious", "from_afar", "threshold", "bits", "in_grey")
    return {name: getattr(result, name) for name in (*names, *later)}


def _doubt(result: "Prediction") -> str:
    from crackscope.records import seen_by_chance

    return ", though ".join(filter(None, ("looks like a crack", seen_by_chance(result)))) + ": look at it"


def _show(results: "list[Prediction | Unread]", counts: "Counter[str]", quiet: bool) -> None:
    from rich.text import Text

    from crackscope.records import (
        BLURRED,
        UNLIKE_ANY_SURFACE,
        Prediction,
        first_of,
        looks_cracked,
        read_as,
        seen_smaller,
    )

    rows: list[tuple[object, ...]] = []
    for result in results:
        if isinstance(result, Prediction):
            plain = "yellow" if result.suspicious else "green"
            style = {"crack": "bold red", "sound": plain}.get(result.verdict, "yellow")
            verdict = Text(result.verdict, style=style)
            size = f"{result.width} x {result.height}"
            seen = _doubt(result) if result.suspicious else result.reason
            all_seen = (
                ", ".join(filter(None, (seen, looks_cracked(result)))),
                seen_smaller(result),
                first_of(result.pages),
                read_as(result.bits),
            )
            remarks = "; ".join(filter(None, all_seen))
            where = f"{result.path}: {remarks}" if remarks else result.path
            likely = crack_probability(result.verdict, result.probability)
            rows.append((verdict, likely, size, f"{result.seconds:.2f}", where))
        else:
            rows.append((Text("unreadable", style="yellow"), "", "", "", unread_line(result)))
    print_table("", ("verdict", ">crack probability", ">size px", ">seconds", "picture"), rows)
    total = sum(counts.values())
    judged = [one for one in results if isinstance(one, Prediction)]
    again = sum(one.suspicious for one in judged)
    doubt = {"sound": f" ({again} suspicious)" * bool(again), "cannot judge": refused_cracks(judged)}
    said = ", ".join(f"{count} {verdict}{doubt.get(verdict, '')}" for verdict, count in sorted(counts.items()))
    say(f"{several(total, 'picture')}: {said}", quiet=quiet)
    tell_of_order(judged, _BY_ITS_OWN, quiet=quiet)
    tell_of_unlike(sum(one.reason == UNLIKE_ANY_SURFACE for one in judged), quiet=quiet)
    tell_of_blurred(sum(one.reason.startswith(BLURRED) for one in judged), quiet=quiet)
    tell_of_grey([one.path for one in judged if one.in_grey], total, quiet=quiet)
    tell_of_pages(sum(one.pages > 1 for one in judged), quiet=quiet)
