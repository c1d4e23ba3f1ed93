"""What a command prints: tables for people on stdout, talk on stderr, JSON for machines."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import msgspec

from consilience.app.settings import Settings
from consilience.errors import ConsilienceError, UnknownNameError

_F = TypeVar("_F", bound=Callable[..., object])


class ExitCode(IntEnum):
    """What the process tells its caller."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    NOTHING = 3
    PARTIAL = 6


_HIDDEN: Final = re.compile("(?!\x1b\\[[01]m)[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


def shown(text: str) -> str:
    """Return ``text`` with U+FFFD for what a terminal would obey instead of showing it.

    Names and quotations come from hostile hands, and could clear the screen, hide a line or turn the words around it.
    Our own bold letters and their end stay, and so do the isolates that keep right-to-left words in their place.
    """
    return _HIDDEN.sub("\ufffd", text)


class Console:
    """Settings of the run and the way to print. What is printed for people goes through :func:`shown`."""

    def __init__(self, where: Settings, as_json: bool) -> None:
        self.where = where
        self.as_json = as_json

    def json(self, schema: str, value: object) -> None:
        """Print a value as JSON with the name of its schema."""
        data = {"schema": schema, **_as_dict(value)}
        click.echo(msgspec.json.format(msgspec.json.encode(data), indent=2))

    def say(self, text: str = "") -> None:
        """Print a line for people on stdout."""
        click.echo(shown(text))

    def paragraph(self, text: str, first: str = "  ", rest: str = "") -> None:
        """Print a sentence wrapped to the terminal, ``first`` before its first line and ``rest`` before the others."""
        width = min(max(shutil.get_terminal_size((100, 24)).columns, 60), 110)
        rest = rest or " " * len(first)
        lines = textwrap.wrap(text, width - len(first), break_long_words=False, break_on_hyphens=False)
        for number, line in enumerate(lines):
            click.echo(shown((rest if number else first) + line))

    def note(self, text: str) -> None:
        """Print a remark on stderr."""
        click.echo(shown(text), err=True)

    def progress(self) -> Callable[[str], None] | None:
        """Return a function that shows on the terminal what is being worked on; ``None`` where nobody watches."""
        if self.as_json or not sys.stderr.isatty():
            return None
        done = 0

        def show(name: str) -> None:
            nonlocal done
            done += 1
            click.echo(f"\r\033[K{done:>6}  {shown(name[:60])}", nl=False, err=True)

        return show

    def end_progress(self) -> None:
        """Clear the line that :meth:`progress` writes."""
        if not self.as_json and sys.stderr.isatty():
            click.echo("\r\033[K", nl=False, err=True)

    def table(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[object]],
        *,
        right: Sequence[int] = (),
        whole: Sequence[int] = (),
    ) -> None:
        """Print rows in columns that fit the terminal; columns in ``right`` are numbers. Long cells are wrapped.

        Columns in ``whole`` hold what should not be broken, such as addresses: they are narrowed last.
        """
        cells = [[shown(str(cell)) for cell in row] for row in rows]
        widths = [max(map(_width, column)) for column in zip(head, *cells, strict=True)]
        room = max(shutil.get_terminal_size((120, 24)).columns, 60) - 2 * (len(head) - 1)
        for kept in (frozenset(whole), frozenset[int]()):
            narrowed = [index for index in range(len(widths)) if index not in kept]
            while sum(widths) > room and max((widths[index] for index in narrowed), default=0) > _NARROW:
                widths[max(narrowed, key=lambda index: widths[index])] -= 1
        for row in [list(head), ["─" * width for width in widths], *cells]:
            parts = [_wrap(cell, width) for cell, width in zip(row, widths, strict=True)]
            for line in range(max(map(len, parts))):
                texts = [part[line] if line < len(part) else "" for part in parts]
                padded = [_pad(t, w, i in right) for i, (t, w) in enumerate(zip(texts, widths, strict=True))]
                click.echo("  ".join(padded).rstrip())


_NARROW: Final = 12
"""A column is not made narrower than this."""


def _width(text: str) -> int:
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int, right: bool) -> str:
    gap = " " * (width - _width(text))
    return gap + text if right else text + gap


def _wrap(text: str, width: int) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        while _width(word) > width:
            room = width - _width(line) - bool(line)
            if room < 1:
                lines.append(line)
                line = ""
                continue
            line = f"{line} {word[:room]}".strip()
            word = word[room:]
        if _width(line) + bool(line) + _width(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]


def _as_dict(value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if isinstance(value, msgspec.Struct):
        return {name: getattr(value, name) for name in value.__struct_fields__}
    return {"items": value}


def say_error(error: ConsilienceError, *, as_json: bool) -> int:
    """Print an error and return its exit code."""
    if as_json:
        parts = {
            "kind": type(error).__name__,
            "file": error.file,
            "place": error.place,
            "reason": error.reason,
        }
        click.echo(msgspec.json.encode({"schema": "consilience-error/1", "error": parts}).decode())
    else:
        click.echo(shown(f"error: {error}"), err=True)
    return ExitCode.NOTHING if isinstance(error, UnknownNameError) else ExitCode.ERROR


def json_option(command: _F) -> _F:
    """Let a command take ``--json`` after its own name too."""

    def remember(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        if value:
            ctx.find_object(Console).as_json = True  # type: ignore[union-attr]

    return click.option("--json", is_flag=True, expose_value=False, callback=remember, help="Print JSON for machines.")(
        command
    )


def short_id(statement_id: str) -> str:
    """Return the beginning of a statement's digest, enough to name it to ``consilience judge``."""
    return statement_id.removeprefix("statement--")[:8]


folder = click.Path(path_type=Path)
"""A path argument."""
