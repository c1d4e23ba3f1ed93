"""TLP labels that stand in the text of a document, on each page as a rule, where no field says how it is marked."""

from __future__ import annotations

import re
from typing import Final

from consilience.model.marking import Marking, most_restrictive, parse_marking

# FIRST TLP 2.0 writes labels in capitals and without a blank; TLP 1.0 documents have blanks too.
_LABEL: Final = re.compile(r"\bTLP ?[:=-] ?((?:RED|AMBER ?\+ ?STRICT|AMBER|GREEN|CLEAR|WHITE)\b)")


def label_in(text: str) -> Marking:
    """Return the strictest TLP label that a text bears, and TLP:CLEAR where it bears none.

    A text that only speaks of TLP:RED bears it too: to tell the two apart is for a person.
    """
    found = (parse_marking(each[1]) for each in _LABEL.finditer(text))
    return most_restrictive(each for each in found if each is not None)
