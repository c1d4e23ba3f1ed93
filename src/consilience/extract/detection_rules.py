"""YARA and Sigma rules that stand in a text. The values inside them are found too: a rule hides none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from consilience.extract.anchors import Anchors
from consilience.extract.candidate import Candidate, candidate
from consilience.model.observable import ObservableType

_YARA: Final = re.compile(r"rule[ \t]{1,4}(\w{1,128})(?:\s{0,4}:[ \t]{0,4}[\w \t]{1,120})?\s{0,8}\{")
_CONDITION: Final = re.compile(r"condition\s{0,4}:[^{}]{0,4000}(?:\{[^{}]{0,400}\}[^{}]{0,4000}){0,8}\}")
_TITLE: Final = re.compile(r"title:[ \t]{0,4}([^\n]{1,256})(?=\n)")
_KEY: Final = re.compile(
    r"(?:[ \t]{0,40}(?:[\w.|-]{1,80}:|- |#)[^\n]{0,2000}|[ \t]{1,40}[^\n]{1,2000}|[ \t]*)(?:\n|\Z)"
)
_LONGEST: Final = 20_000
"""Characters of a rule; what goes on longer is no rule that a report quotes."""


def detection_rules(text: str, anchors: Anchors) -> Iterator[Candidate]:
    """Yield the rules of ``text``: the value is the name of a YARA rule, the title of a Sigma rule."""
    done, condition = 0, 0
    for place in anchors.of("rule"):
        if place < done:
            continue
        if text.startswith("rule", place):
            if 0 <= condition <= place:
                condition = text.find("condition", place)
            found = _yara(text, place, condition)
        else:
            found = _sigma(text, place, done)
        if found is not None:
            done = found.end
            yield found


def _yara(text: str, place: int, condition: int) -> Candidate | None:
    """Read the rule that begins at ``place``; ``condition`` is where the next such word stands, or -1."""
    head = _YARA.match(text, place)
    if head is None or not head.end() <= condition <= place + _LONGEST:
        return None
    if place and (text[place - 1].isalnum() or text[place - 1] == "_"):
        return None
    end = _CONDITION.match(text, condition)
    return candidate(place, end.end(), ObservableType.YARA, head[1]) if end else None


def _sigma(text: str, place: int, lowest: int) -> Candidate | None:
    """Read the rule with ``detection:`` at ``place``: from the last title before it as far as the keys go."""
    start = text.rfind("title:", max(lowest, place - 4000), place)
    title = _TITLE.match(text, start) if start >= 0 else None
    if title is None or text.find("logsource:", start, place + 2000) < 0:
        return None
    line = text.rfind("\n", 0, place) + 1
    end = line
    while end < len(text) and end - start < _LONGEST:
        more = _KEY.match(text, end)
        if more is None or more.end() == end:
            break
        end = more.end()
    end = line + len(text[line:end].rstrip())
    return candidate(start, end, ObservableType.SIGMA, title[1].strip().strip("'\""))
