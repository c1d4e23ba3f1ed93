"""Where the counting is done, as a person writes it: ``--engine embedded``, ``duckdb``, ``local[2]``, ``spark://...``."""

from __future__ import annotations

import enum
import re
from typing import Final

import msgspec

from consilience.engine.interface import EngineError

FORMS: Final = "embedded, duckdb, local[N], spark://HOST:PORT or sc://HOST:PORT"
"""What an address may look like, for messages and help."""

_LOCAL: Final = re.compile(r"local\[(\*|[1-9]\d{0,3})\]")
_HOST: Final = r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])"
_MASTERS: Final = re.compile(rf"spark://({_HOST}:\d{{1,5}}(?:,{_HOST}:\d{{1,5}})*)/?")
_CONNECT: Final = re.compile(rf"sc://({_HOST})(?::(\d{{1,5}}))?(?:/(?:;.*)?)?")
_CONNECT_PORT: Final = "15002"


class Kind(enum.Enum):
    """The sorts of engine."""

    EMBEDDED = "embedded"
    DUCKDB = "duckdb"
    SPARK = "spark"
    CONNECT = "connect"


class Address(msgspec.Struct, frozen=True):
    """A parsed address: ``text`` as the engine wants it, ``hosts`` the (host, port) at which it is reached."""

    kind: Kind
    text: str
    hosts: tuple[tuple[str, int], ...] = ()


def parse_address(text: str) -> Address:
    """Return what ``--engine`` or a setting names; surrounding blanks do not count, and nothing means embedded.

    ``spark://`` takes the master of a standalone cluster, or several with commas; ``sc://`` a Spark Connect server
    (port 15002 where none is given). Raises ``EngineError`` for anything else.
    """
    wanted = text.strip()
    if wanted in {"", Kind.EMBEDDED.value}:
        return Address(Kind.EMBEDDED, Kind.EMBEDDED.value)
    if wanted == Kind.DUCKDB.value:
        return Address(Kind.DUCKDB, wanted)
    if _LOCAL.fullmatch(wanted):
        return Address(Kind.SPARK, wanted)
    if found := _MASTERS.fullmatch(wanted):
        return Address(Kind.SPARK, wanted.rstrip("/"), tuple(_host(each, text) for each in found[1].split(",")))
    if found := _CONNECT.fullmatch(wanted):
        return Address(Kind.CONNECT, wanted, (_host(f"{found[1]}:{found[2] or _CONNECT_PORT}", text),))
    raise EngineError(f"no engine is called {text!r}; an engine is {FORMS}")


def _host(text: str, whole: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not 0 < int(port) < 1 << 16:
        raise EngineError(f"{whole!r} has a port that does not exist: {port}")
    return host.strip("[]"), int(port)
