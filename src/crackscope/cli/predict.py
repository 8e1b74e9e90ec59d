"""`predict`: pictures in, one line each out, in the order they were given."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
)
from crackscope.cli.gathering import LIST_HELP, STANDARD_INPUT, gather, standard_input
from crackscope.cli.options import shared
from crackscope.cli.remarks import refused_cracks, tell_of_blurred, tell_of_order, tell_of_unlike, tell_of_unmet
from crackscope.cli.state import State
from crackscope.errors import several

if TYPE_CHECKING:
    from crackscope.records import Prediction, Unread
    from crackscope.scoring import Model

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
@click.option("--from-list", metavar="FILE", help=LIST_HELP)
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


def _answers(inputs: "list[str | Unread]", model: "Model") -> "Iterator[Prediction | Unread]":
    """What the model says of each input, in order; standard input keeps its name `-`."""
    import msgspec

    sources = [standard_input() if item == STANDARD_INPUT else item for item in inputs if isinstance(item, str)]
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
    from crackscope.wording import seen_by_chance

    return ", though ".join(filter(None, ("looks like a crack", seen_by_chance(result)))) + ": look at it"


def _show(results: "list[Prediction | Unread]", counts: "Counter[str]", quiet: bool) -> None:
    from rich.text import Text

    from crackscope.records import BLURRED, UNLIKE_ANY_SURFACE, Prediction
    from crackscope.wording import first_of, looks_cracked, read_as, seen_smaller

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
