"""Ids and fixed words of the events that we make. Ids are UUIDv5, so that the same content has the same ids."""

from __future__ import annotations

import uuid
from typing import Final

from consilience.model.marking import Marking

Object = dict[str, object]

SPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:consilience:misp")

THREAT_ACTORS: Final = ("threat-actor", "698774c7-8022-42c4-917f-8d6e4f06ada3")
CAMPAIGNS: Final = ("campaigns", "3db4b6cb-5b89-4096-a057-e0205777adc9")
"""Galaxies by type and uuid, as MISP's galaxy repository publishes them; that of campaigns is Tidal's."""

INHERIT: Final = "5"
"""The distribution of what is part of an event: the event's own (MISP core format, "distribution")."""

DISTRIBUTION: Final = {
    Marking.CLEAR: "3",
    Marking.GREEN: "1",
    Marking.AMBER: "0",
    Marking.AMBER_STRICT: "0",
}
"""MISP's levels, none wider than the TLP label allows: all communities; this community; your organisation only.

FIRST's TLP 2.0 lets GREEN go on within the community, and AMBER to the recipient's organisation and its clients, whom
MISP has no level for. TLP:RED has none either, and is never written.
"""

DIGEST_PREFIX: Final = "consilience-event/1 sha256:"
"""Begins the value of the attribute by which a later push sees whether anything has changed."""


def identifier(*parts: str) -> str:
    """Return the UUIDv5 of a thing that ``parts`` name."""
    return str(uuid.uuid5(SPACE, "\n".join(parts)))


def tag(name: str) -> Object:
    """Return a tag as an event holds it."""
    return {"name": name}
