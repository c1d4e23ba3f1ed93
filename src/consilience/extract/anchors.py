"""Where in a text a value can stand: one pass for the few marks that every value has, so that prose costs nothing.

The text is looked at as one byte per character (what is not Latin-1 becomes a question mark), in lower case; places are
those of the text. The automaton is Aho and Corasick's; runs of letters and digits are found by their length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

import ahocorasick_rs

from consilience.extract.plain_text import lowered

_BRACKETED: Final = tuple(
    bracket + space + mark
    for bracket in "[({"
    for space in ("", " ")
    for mark in (".", ":", "/", "@", "dot", "d0t", "at")
)
_FOLDERS: Final = (
    "tmp", "etc", "usr", "var", "home", "bin", "sbin", "lib", "opt", "dev", "root", "proc", "mnt", "data", "library",
    "users", "system", "applications", "private", "volumes", "sdcard",
)  # fmt: skip
# What begins or marks each group of values; the patterns of the group decide.
MARKS: Final[Mapping[str, tuple[str, ...]]] = {
    "host": _BRACKETED,
    "spaced": (" . ", " dot "),
    "cve": ("cve",),
    "attack": ("t1", "ta00", "g0", "g1", "s0", "s1", "m10", "c00", "ds00"),
    "registry": ("hkey_", "hklm", "hkcu", "hkcr", "hkcc", "hku\\", "hku:", "software\\", "currentcontrolset\\"),
    "path": (":\\", "%\\", "\\\\", "~/", *(f"/{folder}/" for folder in _FOLDERS)),
    "mutex": ("mutex", "mutant", "global\\", "local\\"),
    "pipe": ("\\pipe\\", "named pipe"),
    "service": ("service", "sc create", "sc.exe create"),
    "task": ("scheduled task", "schtasks", "task name", "tâche planifiée"),
    "agent": ("mozilla/", "user-agent", "user agent", "useragent"),
    "serial": ("serial", "numéro de série"),
    "account": ("t.me/", "telegram.me/", " @", "(@", "\n@"),
    "rule": ("rule ", "detection:"),
    "ssdeep": tuple(f"{3 << power}:" for power in range(20)),
}
LONG: Final = 25
"""Letters and digits in a row from which on they may be a hash or a wallet."""

_CLASSES: Final = bytes(97 if chr(code).isalnum() and code < 128 else 32 for code in range(256))
_DOTS: Final = re.compile(r"．|[。｡](?=[0-9a-z])|(?<=[0-9a-z])[。｡]")
_SYSTEM: Final = re.compile(rb"asn?\s?[0-9]")
_INNER_DOT: Final = re.compile(rb"\.(?=[^\s])")
_INNER_COLON: Final = re.compile(rb":(?=[0-9a-f:/])")


@cache
def _automaton() -> tuple[ahocorasick_rs.BytesAhoCorasick, tuple[str, ...]]:
    pairs = [(mark, group) for group, marks in MARKS.items() for mark in marks]
    patterns = [mark.encode("latin-1", "replace") for mark, _ in pairs]
    return ahocorasick_rs.BytesAhoCorasick(patterns), tuple(group for _, group in pairs)


class Anchors:
    """The marks found in a text, made once for all patterns; ``low`` is the text in lower case, of equal length."""

    def __init__(self, text: str) -> None:
        self.low = lowered(text)
        dotted = self.low if text.isascii() else _DOTS.sub(".", self.low)
        self._bytes = dotted.encode("latin-1", "replace")
        automaton, groups = _automaton()
        self._places: dict[str, list[int]] = {group: [] for group in MARKS}
        for pattern, start, _ in automaton.find_matches_as_indexes(self._bytes, overlapping=True):
            self._places[groups[pattern]].append(start)

    def of(self, group: str) -> list[int]:
        """Return the places of the marks of ``group``, ascending."""
        return sorted(self._places[group])

    def inner(self) -> list[int]:
        """Return the places of dots and colons inside words, and of brackets that hold one, ascending."""
        dots = [match.start() for match in _INNER_DOT.finditer(self._bytes)]
        colons = [match.start() for match in _INNER_COLON.finditer(self._bytes)]
        return sorted(dots + colons + self._places["host"])

    def systems(self) -> list[int]:
        """Return the places where the number of an autonomous system may begin, ascending."""
        return [match.start() for match in _SYSTEM.finditer(self._bytes)]

    def long_runs(self) -> Iterator[tuple[int, int]]:
        """Yield start and end of every run of at least ``LONG`` ASCII letters and digits."""
        classes = self._bytes.translate(_CLASSES)
        needle = b"a" * LONG
        start = classes.find(needle)
        while start >= 0:
            end = classes.find(b" ", start)
            end = len(classes) if end < 0 else end
            yield start, end
            start = classes.find(needle, end)
