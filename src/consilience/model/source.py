"""Sources: who says it, and how far they have been right before."""

from enum import StrEnum

import msgspec


class SourceKind(StrEnum):
    """What sort of body speaks; it decides what it is competent to say."""

    STATE = "state"
    INTERNATIONAL = "international-organisation"
    COURT = "court"
    VENDOR = "vendor"
    RESEARCH = "research"
    PRESS = "press"
    FEED = "feed"
    PERSONA = "persona"
    VICTIM = "victim"
    ANALYST = "analyst"
    UNKNOWN = "unknown"


class Reliability(StrEnum):
    """Reliability of a source, first axis of the Admiralty code (NATO AJP-2.1)."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"
    F = "F"


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One source. ``derives_from`` names the sources whose work it repeats; corroboration counts origins."""

    id: str
    name: str
    kind: SourceKind = SourceKind.UNKNOWN
    country: str = ""
    reliability: Reliability = Reliability.F
    basis: str = ""
    derives_from: tuple[str, ...] = ()


def origins(source: str, derives_from: dict[str, tuple[str, ...]]) -> frozenset[str]:
    """Return the first sources of the chains of derivation behind ``source``; itself where it derives from none.

    A circle of sources that only cite one another has no first one: it then counts as the one of its members with the
    smallest id, so that circular reporting adds nothing (ICD 206 on source references).
    """
    behind = {each: _behind(each, derives_from) for each in _behind(source, derives_from)}
    # An end of the chains is a source from which nothing but its own circle is reached.
    return frozenset(
        min(reached) for each, reached in behind.items() if all(each in behind[other] for other in reached)
    )


def _behind(source: str, derives_from: dict[str, tuple[str, ...]]) -> set[str]:
    reached: set[str] = set()
    waiting = [source]
    while waiting:
        current = waiting.pop()
        if current not in reached:
            reached.add(current)
            waiting.extend(derives_from.get(current, ()))
    return reached
