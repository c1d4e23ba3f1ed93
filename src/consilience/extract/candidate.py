"""What a pattern proposes: a value and its place in the plain text."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from consilience.knowledge.observable_syntax import normalise
from consilience.model.observable import ObservableType


class Rank(IntEnum):
    """Which of two candidates that overlap is the value: the one with the lower rank, what holds another first."""

    USER_AGENT = 1
    NAMED = 2
    URL = 3
    PATH = 3
    EMAIL = 4
    FINGERPRINT = 5
    LONG_RUN = 6
    ACCOUNT = 7
    CVE = 8
    IPV4 = 9
    IPV6 = 10
    NUMBERED = 11
    SAID = 11
    DOMAIN = 12
    FILE_NAME = 13


Ranked = tuple[Rank, "Candidate"]


class Candidate(NamedTuple):
    """``start`` and ``end`` are code points of the plain text; ``value`` is in the normal form of ``type``."""

    start: int
    end: int
    type: ObservableType
    value: str


def candidate(start: int, end: int, kind: ObservableType, written: str) -> Candidate | None:
    """Return the candidate that ``written``, as refanged, makes; ``None`` where it cannot be a ``kind``."""
    try:
        return Candidate(start, end, kind, normalise(kind, written))
    except ValueError:
        return None


def before(text: str, start: int, size: int = 64) -> str:
    """Return what stands before ``start``, at most ``size`` characters."""
    return text[max(0, start - size) : start]
