"""Known names in a text: which of them are meant, and where they stand.

A name that is also an ordinary word ("Snake", "Cobalt") counts only with a capital letter and with a cue word near it,
or in quotation marks; in a text without any capital letter it never counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from consilience.extract.lexicon import Entry, Lexicon, lowered
from consilience.extract.rule_table import grammar
from consilience.model.statement import EntityType

_NEAR: Final = 45
_QUOTES: Final = ("“”", "«»", '""', "‘’")
_LONGEST: Final = 200
_NEXT_CAPITAL: Final = re.compile(r" [A-ZÀ-Þ][a-zà-ÿ]")


class NameMention(msgspec.Struct, frozen=True):
    """A name in a text. ``key`` is the gazetteer's key, a source id, an ISO alpha-2 code or a sector's name.

    ``letter`` is the token that stands for it in a rule (see ``rule_table``); ``name`` the lexicon's spelling.
    """

    start: int
    end: int
    text: str
    type: EntityType
    key: str
    letter: str = ""
    name: str = ""
    country: str = ""


def find_names(text: str, lang: str, lexicon: Lexicon, taken: Iterable[tuple[int, int]] = ()) -> list[NameMention]:
    """Return the names of ``text`` in order of place; no two overlap, and none stands in a ``taken`` interval.

    Of two names that overlap the one that begins first counts, of two that begin together the longer.
    """
    # Words of a language without a table are not known: then those of every language count.
    read_as = lang if lang in lexicon.languages else ""
    lower = lowered(text).replace("’", "'")
    mask = bytearray(len(text))
    for start, end in taken:
        mask[start:end] = b"\1" * (end - start)
    without_capitals = lower == text.replace("’", "'")
    matches = [
        (start, -end, index)
        for index, start, end in lexicon.automaton.find_matches_as_indexes(lower, overlapping=True)
        if _bounded(lower, start, end)
    ]
    found: list[NameMention] = []
    reached = 0
    for start, minus_end, index in sorted(matches):
        end = -minus_end
        if start < reached or end - start > _LONGEST or mask[start] or mask[end - 1]:
            continue
        entry = _meant(text, start, end, lexicon.entries[index], read_as, without_capitals)
        if entry is not None:
            found.append(
                NameMention(start, end, text[start:end], entry.type, entry.key, entry.letter, entry.text, entry.country)
            )
            reached = end
    return found


def _bounded(text: str, start: int, end: int) -> bool:
    """True where no letter, digit or underscore touches the match, and it is no part of an address or a file name."""
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    if before.isalnum() or before in "_@/\\" or after.isalnum() or after in "_@\\":
        return False
    if after == "." and end + 1 < len(text) and text[end + 1].isalnum():
        return False
    return not (before == "." and start > 1 and text[start - 2].isalnum())


def _meant(
    text: str, start: int, end: int, entries: tuple[Entry, ...], lang: str, without_capitals: bool
) -> Entry | None:
    """Return the first meaning that the spelling and the context allow, one that is spelled so before the others."""
    written = text[start:end]
    for entry in sorted(entries, key=lambda each: (each.rank, each.text != written)) if len(entries) > 1 else entries:
        if entry.lang and lang and entry.lang != lang:
            continue
        if _part_of_a_name(text, end, entry):
            continue
        if _spelled(written, entry, without_capitals) and (
            not entry.common or (not without_capitals and _in_context(text, start, end, lang))
        ):
            return entry
    return None


def _spelled(written: str, entry: Entry, without_capitals: bool) -> bool:
    if entry.case == "exact":
        return written.replace("’", "'") == entry.text.replace("’", "'")
    if entry.case == "any" or (without_capitals and not entry.common):
        return True
    return not written[0].islower()


def _part_of_a_name(text: str, end: int, entry: Entry) -> bool:
    """True for malware called like a person ("James") where another capitalised word follows: "James Cleverly"."""
    return entry.letter == "M" and entry.text.istitle() and bool(_NEXT_CAPITAL.match(text, end))


def _in_context(text: str, start: int, end: int, lang: str) -> bool:
    if start and end < len(text) and text[start - 1] + text[end] in _QUOTES:
        return True
    cue = grammar(lang or "en").words["cue"]
    return bool(cue.search(text, max(0, start - _NEAR), start) or cue.search(text, end, end + _NEAR))
