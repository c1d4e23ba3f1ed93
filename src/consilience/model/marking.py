"""The Traffic Light Protocol as an ordered lattice (FIRST TLP 2.0, https://www.first.org/tlp/).

TLP 1.0 forms are read and mapped: WHITE is CLEAR. STIX 2.1 predefines the ids of TLP 1.0; those of TLP 2.0 come from
the OASIS common-objects extension ``extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Marking(StrEnum):
    """A TLP 2.0 label, from free to secret."""

    CLEAR = "TLP:CLEAR"
    GREEN = "TLP:GREEN"
    AMBER = "TLP:AMBER"
    AMBER_STRICT = "TLP:AMBER+STRICT"
    RED = "TLP:RED"

    @property
    def rank(self) -> int:
        """0 for CLEAR up to 4 for RED."""
        return _RANK[self]


_RANK: Final = {marking: rank for rank, marking in enumerate(Marking)}

TLP2_EXTENSION: Final = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"

STIX_ID: Final = {
    Marking.CLEAR: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    Marking.GREEN: "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    Marking.AMBER: "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    Marking.AMBER_STRICT: "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    Marking.RED: "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}

OF_STIX_ID: Final = {identifier: marking for marking, identifier in STIX_ID.items()} | {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": Marking.CLEAR,
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": Marking.GREEN,
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": Marking.AMBER,
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Marking.RED,
}

_FORM: Final = re.compile(
    r"(?:tlp\s*[:=\-_ ]\s*)?(white|clear|green|amber\s*[+\-_ ]\s*strict|amber|red)", re.IGNORECASE
)


def parse_marking(text: str) -> Marking | None:
    """Return the marking that ``text`` names in any TLP 1.0 or 2.0 spelling, or ``None`` where it names none."""
    match = _FORM.fullmatch(text.strip().strip('"'))
    if match is None:
        return None
    word = re.sub(r"[^a-z]", "", match[1].lower())
    return {"white": Marking.CLEAR, "amberstrict": Marking.AMBER_STRICT}.get(word) or Marking(f"TLP:{word.upper()}")


def most_restrictive(markings: Iterable[Marking], default: Marking = Marking.CLEAR) -> Marking:
    """Return the highest of ``markings``, or ``default`` where there are none."""
    return max(markings, key=lambda marking: marking.rank, default=default)
