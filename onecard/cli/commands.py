"""The group of all commands: texts from the catalogue, and a mistake in the arguments is one line.

Modules of this package add their commands to ``main``.
"""

import os
import sys
from typing import Any

import click
import rich_click

from onecard.cli.output import fail, text

rich_click.rich_click.OPTIONS_PANEL_TITLE = text("onecard.panel.options")
rich_click.rich_click.COMMANDS_PANEL_TITLE = text("onecard.panel.commands")
rich_click.rich_click.ARGUMENTS_PANEL_TITLE = text("onecard.panel.arguments")
rich_click.rich_click.DEFAULT_STRING = text("onecard.panel.default")
rich_click.rich_click.RANGE_STRING = text("onecard.panel.range")
# Chinese has no blanks to break a line at: without this, tables cut such a text off.
rich_click.rich_click.TEXT_KWARGS = {"overflow": "fold"}

USAGE_ERROR = 2
"""Exit code for arguments that make no sense."""

AWAITS_APPROVAL = 3
"""Exit code while a request waits for a second person: nothing else was done yet."""


class _TranslatedHelp:
    """Explains ``--help`` in the caller's language."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """The option ``--help``."""
        option: click.Option | None = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = text("onecard.option.help")
        return option

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The line with the form of the command."""
        pieces = " ".join(ctx.command.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, prefix=text("onecard.panel.usage"))


class Command(_TranslatedHelp, rich_click.RichCommand):
    """One command."""


class Commands(_TranslatedHelp, rich_click.RichGroup):  # type: ignore[misc]
    """A group of commands; mistakes in the arguments are one line."""

    command_class = Command
    group_class = type

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command."""
        try:
            code = super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.UsageError as error:
            _explain(error)
        except click.Abort:
            fail("onecard.usage.aborted")
        sys.exit(code if isinstance(code, int) else 0)


def _explain(error: click.UsageError) -> None:
    """Say what is wrong with the arguments, and exit."""
    match error:
        case click.NoSuchOption():
            fail("onecard.usage.no_such_option", code=USAGE_ERROR, option=error.option_name)
        case click.MissingParameter():
            fail("onecard.usage.missing", code=USAGE_ERROR, name=_name_of(error))
        case click.BadParameter() if isinstance(error.param and error.param.type, click.IntRange):
            assert error.param is not None
            kind: Any = error.param.type
            name = _name_of(error)
            fail("onecard.usage.out_of_range", code=USAGE_ERROR, name=name, least=kind.min, most=kind.max)
        case click.BadParameter() if error.param is not None and error.param.type.name == "integer":
            fail("onecard.usage.not_an_integer", code=USAGE_ERROR, name=_name_of(error))
        case click.BadParameter() if error.param is not None and error.param.type.name in ("file", "path"):
            fail("onecard.usage.not_a_file", code=USAGE_ERROR, name=_name_of(error))
        case click.BadParameter():
            fail("onecard.usage.bad_value", code=USAGE_ERROR, name=_name_of(error))
    fail("onecard.usage.wrong", code=USAGE_ERROR, command=error.ctx.command_path if error.ctx else "onecard")


def _name_of(error: click.BadParameter) -> str:
    if error.param is None:
        return ""
    return error.param.opts[0] if isinstance(error.param, click.Option) else error.param.human_readable_name


json_option = rich_click.option("--json", "as_json", is_flag=True, help=text("onecard.option.json"))
"""The option ``--json`` of commands that print a report."""


@rich_click.group(cls=Commands, help=text("onecard.help"), context_settings={"help_option_names": ["-h", "--help"]})
@rich_click.version_option(package_name="onecard", help=text("onecard.option.version"))
def main() -> None:
    """Run one of the commands. What any of them writes is for its owner alone, as secret as the ledger."""
    os.umask(0o077)
