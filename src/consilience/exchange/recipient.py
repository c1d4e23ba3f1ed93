"""To whom something is released, up to which marking, and without which parts."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from consilience.errors import MarkingError
from consilience.model.marking import Marking


class Part(StrEnum):
    """What can be left out of something that may leave."""

    QUOTES = "quotes"
    TITLES = "titles"
    ANALYSTS = "analysts"


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """To whom something is released: the highest marking that they get, what for, and which parts they do not get.

    ``reasons`` gives them the reasons of judgements, whose text the sender has read for this.
    """

    name: str
    ceiling: Marking
    identity: str = ""
    purpose: str = ""
    without: tuple[Part, ...] = ()
    reasons: bool = False

    def __post_init__(self) -> None:
        if self.ceiling is Marking.RED:
            raise MarkingError("TLP:RED is for the persons in the room; no centre gets it", place=self.name)
