"""The group of all commands: each is imported only when it is called, and every error ends here as one line."""

import sys
from collections.abc import Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Any

import click

from crackscope import __version__
from crackscope.cli.failures import Interrupted, ReaderLeft, explain, give_up_stdout
from crackscope.cli.groups import Group
from crackscope.cli.interrupts import raise_if_lost
from crackscope.cli.state import State
from crackscope.cli.streams import settle
from crackscope.errors import OutputError

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "The whole way on generated surfaces, in a minute or two."),
    "scan": ("scan", "What is in a data set, and what is wrong with it."),
    "split": ("split", "Deal a data set into train, val and test; near-copies stay together."),
    "train": ("train", "Train a classifier as a recipe says, and judge it."),
    "evaluate": ("evaluate", "Judge a bundle on labelled pictures."),
    "compare": ("evaluate", "Put runs on the same split side by side."),
    "predict": ("predict", "Say of pictures whether they show a crack."),
    "inspect": ("inspect", "Find the cracks in whole photos, measure them, and write a report."),
    "explain": ("explain", "Show what the verdict on a picture rests on."),
    "matrix": ("matrix", "Judge what was trained on each surface on every other."),
    "adapt": ("adapt", "Teach a bundle a new surface from a few labelled patches."),
    "suggest": ("suggest", "Name the patches whose labels would help most."),
    "recipes": ("recipes", "List the recipes, or print one with its network."),
    "generate": ("generate", "Write generated surfaces with exact masks."),
    "bundle": ("bundle", "Show, check or export a trained model."),
}
"""Name -> (file in this folder, its line in the help). The help is printed without importing any of them."""

_TO_8_BIT = "crackscope bundle export BUNDLE --int8 --calibrate DATA -o OUT"


class Commands(Group):
    """A group that knows its commands by name alone until one is called."""

    elsewhere = MappingProxyType(dict.fromkeys(("quantise", "quantize", "int8"), _TO_8_BIT))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one command that was asked for."""
        if cmd_name not in COMMANDS:
            return None
        found = getattr(import_module(f"crackscope.cli.{COMMANDS[cmd_name][0]}"), cmd_name)
        return found if isinstance(found, click.Command) else None

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Take the words apart; an interrupt meanwhile is reported in our way, as in `invoke`."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except KeyboardInterrupt:
            raise Interrupted("interrupted") from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; keep from click two ends that it would report in its own way."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted("interrupted") from None
        except BrokenPipeError:
            raise ReaderLeft from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table above."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="crackscope %(version)s")
def crackscope() -> None:
    """Find cracks in pictures of concrete, walls, tiles and roads, and say how far that can be trusted.

    Exit status: 0 done; 1 done, but some inputs were unreadable (or --fail-on matched); 2 the call or the input is
    wrong; 130 interrupted, 143 by SIGTERM.
    """


_ALWAYS_WRITE = ("train", "demo")
"""Commands that write to a folder of their own choice where none is named."""


def _writes(arguments: Sequence[str]) -> bool:
    """Whether what a call is made for goes to a file or folder, so that nobody need hear what it says besides."""
    command: click.Command | None = crackscope
    context: click.Context | None = None
    words = list(arguments)
    while isinstance(command, click.Group):
        if not words or words[0].startswith("-"):
            return False
        context = click.Context(command, context, words[0])
        command = command.get_command(context, words.pop(0))
    if command is None or {"-h", "--help"} & {*words}:
        return False
    # Resilient: what is wrong with the call is said when it is made.
    asked = command.make_context(command.name, words, context, resilient_parsing=True).params
    return not asked.get("as_json") and (bool(asked.get("out")) or command.name in _ALWAYS_WRITE)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` (default: those of the process) ask for; return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    state = State(given=tuple(given))
    try:
        if settle(process_ends=arguments is None) and not _writes(given):
            raise OutputError(
                "standard output is closed, so there is nowhere to say what is found, send it to a file or to /dev/null"
            )
        result = crackscope.main(given, "crackscope", standalone_mode=False, obj=state)
        raise_if_lost()
        sys.stdout.flush()
    except (BrokenPipeError, ReaderLeft):
        give_up_stdout()
        return state.status
    except (Exception, KeyboardInterrupt) as error:
        status, line = explain(error, given)
        if state.debug and not isinstance(error, click.ClickException):
            import traceback

            traceback.print_exception(error)
        _say(line)
        return status
    # click hands back the status of --help and --version as the result; a command hands back nothing.
    return result if isinstance(result, int) else state.status


def _say(line: str) -> None:
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        give_up_stdout()
    try:
        print(f"crackscope: {line}", file=sys.stderr, flush=True)
    except OSError:
        return
