"""The level of an object: the rank of the most restrictive marking on it, on any part of it, or behind a reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from consilience.model.marking import OF_STIX_ID, Marking

MOST_RESTRICTIVE: Final = Marking.RED.rank

ReadDefinition = Callable[[bytes], Marking | None]
"""Gives the TLP label of a marking definition's JSON; ``None`` where it sets no TLP (a copyright statement)."""


class GranularMarking(msgspec.Struct, frozen=True):
    """STIX 2.1, 7.2.3: a marking, or a language, of parts of an object."""

    marking_ref: str | None = None


def references(object_refs: tuple[str, ...], granular: tuple[GranularMarking, ...]) -> tuple[str, ...]:
    """Return every reference to a marking on the whole of an object or on a part."""
    return (*object_refs, *(each.marking_ref for each in granular if each.marking_ref is not None))


def level_of(
    object_refs: tuple[str, ...],
    granular: tuple[GranularMarking, ...],
    definitions: Mapping[str, Marking | None],
    unmarked: Marking,
) -> int:
    """Return the rank of the most restrictive marking that an object carries on the whole or on a part.

    ``definitions`` are the marking definitions that can be read. A reference to anything else counts as TLP:RED: what
    cannot be looked up may not be passed on. An object of which no marking speaks of TLP has the level ``unmarked``.
    """
    ranks = []
    for ref in references(object_refs, granular):
        if ref in OF_STIX_ID:
            ranks.append(OF_STIX_ID[ref].rank)
        elif ref in definitions:
            label = definitions[ref]
            ranks += [] if label is None else [label.rank]
        else:
            ranks.append(MOST_RESTRICTIVE)
    return max(ranks, default=unmarked.rank)
