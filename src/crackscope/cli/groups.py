"""Groups of commands that name the nearest one when a command is misspelt."""

import difflib
from collections.abc import Mapping
from typing import ClassVar

import click


class Group(click.Group):
    """A group of commands, in the order in which they were added.

    elsewhere: words that people take for commands of this group, and the whole call that does it instead.
    """

    elsewhere: ClassVar[Mapping[str, str]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of work, not of the alphabet."""
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the words apart; none at all ask for the help, which click would report as an error."""
        return super().parse_args(ctx, args or ["--help"])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest one."""
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-"):
            if args[0] in self.elsewhere:
                raise click.UsageError(f"there is no command {args[0]!r}, it is done by: {self.elsewhere[args[0]]}")
            near = difflib.get_close_matches(args[0], names, n=1, cutoff=0.5)
            advice = f"did you mean {near[0]}?" if near else f"{ctx.command_path} --help lists them"
            raise click.UsageError(f"there is no command {args[0]!r}, {advice}")
        return super().resolve_command(ctx, args)
