"""What is wrong with a STIX object: where, why, and by which section of the standard."""

from __future__ import annotations

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """A rule of STIX 2.1 that an object breaks. ``place`` is a property (``external_references[0].url``)."""

    place: str
    reason: str
    section: str = ""

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.reason}" + (f" (STIX 2.1, {self.section})" if self.section else "")


def path(*parts: str | int) -> str:
    """Return the place of a property from the names and positions that lead to it."""
    text = ""
    for part in parts:
        name = str(part).encode("utf-8", "backslashreplace").decode()[:80]
        text += f"[{part}]" if isinstance(part, int) else f".{name}" if text else name
    return text
