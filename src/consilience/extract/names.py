"""Known names in a text: which of them are meant, and where they stand.

A name that is also an ordinary word ("Snake", "Cobalt") counts with a capital letter and a cue word near it, or in
quotation marks. Where a text has once said what such a word is to it ("the Snake malware", "Buckeye, also known as"),
it counts in the rest of that text too (one sense per discourse: Gale, Church and Yarowsky 1992); in a text without any
capital letter it counts in no other way.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

import msgspec

from consilience.extract.garbled_names import garbled_names
from consilience.extract.introduced_names import introduced_names
from consilience.extract.lexicon import NO_NAME, Entry, Lexicon, one_form
from consilience.extract.name_boundaries import bounded
from consilience.extract.name_context import LANGUAGES, NameContext, context, reads
from consilience.model.source import SourceKind
from consilience.model.statement import EntityType

_NEAR: Final = 45
_QUOTES: Final = ("“”", "«»", '""', "‘’", "„“", "「」", "『』", "《》")
_LONGEST: Final = 200
_NEXT_CAPITAL: Final = re.compile(r" [A-ZÀ-Þ][a-zà-ÿ]")
_KINDS: Final = (
    r"(?:groups?|gang|apt|crew|ransomware|malware|backdoor|trojan|rat|rootkit|bootkit|implants?|botnet|wiper|worm|"
    r"spyware|stealer|actors?|operators|hackers|infections?|samples?|campaigns?|logiciel)"
)
# What says in so many words that the word before or after it is a name.
_SAYS_AFTER: Final = re.compile(
    rf"\s?(?:\(|,\s)?(?:also|formerly|otherwise|aussi|alias|aka)\s(?:known|called|tracked|named|dubbed|connu)|\s?\(aka\s|"
    rf"\s(?:is|was|are|were)\s(?:an?|the)\s(?:[\w-]{{1,20}}\s){{0,3}}?{_KINDS}(?!\w)|\s{_KINDS}(?!\w)",
    re.I,
)
_SAYS_BEFORE: Final = re.compile(
    rf"(?:{_KINDS}\s(?:called|named|dubbed|known\sas|tracked\sas|codenamed)|\baka|\bnamed\sby\s[\w-]{{2,20}}\sas)\s\Z"
    r"|(?:malware|malveillant|groupe|group|rançongiciel|ransomware|backdoor|portes?\sdérobées?)\s\Z",
    re.I,
)
_NAMED_SO: Final = re.compile(
    r"\b(?:called|named|dubbed|codenamed|aka|baptisée?|appelée?|nommée?|surnommée?)\s\Z", re.I
)
_SENTENCE_START: Final = re.compile(r"(?:\A|[.!?…:]\s{1,2}|\n\s?)\Z")
# A proper name takes no determiner and is no verb; "the snake malware" is a name for what follows it.
_NOT_A_NAME_AFTER: Final = re.compile(
    r"\b(?:an?|the|this|that|these|those|each|every|any|some|no|new|own|its|their|our|your|his|her|another|other|same|"
    r"can|could|will|would|may|might|must|should|to|not|l['’]|une?|les?|la|des|ce|cette|son|sa)\s?\Z",
    re.I,
)


class NameMention(msgspec.Struct, frozen=True):
    """A name in a text. ``key`` is the gazetteer's key, a source id, an ISO alpha-2 code or a sector's name.

    ``letter`` is the token that stands for it in a rule (see ``rule_table``); ``name`` the name it stands for.
    ``sense`` is "capital" or "seat of government" where a town or a house stands for its state, "place" where the town
    itself is meant ("in Moscow"), "garbled" for a name in a noisy translation, and "introduced" for one that no list
    has and whose ``key`` is empty. For the last two ``evidence`` tells why they were taken for names.
    """

    start: int
    end: int
    text: str
    type: EntityType
    key: str
    letter: str = ""
    name: str = ""
    country: str = ""
    sense: str = ""
    evidence: str = ""


class _Text(msgspec.Struct, frozen=True):
    """A text as the guards need it: as written, in one form, its language and what the language's words say."""

    text: str
    lower: str
    lang: str
    without_capitals: bool
    context: NameContext
    settled: set[str]


def find_names(text: str, lang: str, lexicon: Lexicon, taken: Iterable[tuple[int, int]] = ()) -> list[NameMention]:
    """Return the names of ``text`` in order of place; no two overlap, and none stands in a ``taken`` interval.

    Of two names that overlap the one that begins first counts, of two that begin together the longer. Words of a
    language that is not known here are those of every language.
    """
    read_as = lang if lang in LANGUAGES else ""
    lower = one_form(text)
    mask = bytearray(len(text))
    for start, end in taken:
        mask[start:end] = b"\1" * (end - start)
    reading = _Text(text, lower, read_as, lower == text.translate(_APOSTROPHES), context(read_as), set())
    matches = sorted(
        (start, -end, index)
        for index, start, end in lexicon.automaton.find_matches_as_indexes(lower, overlapping=True)
        if not mask[start] and not mask[end - 1] and bounded(lower, start, end)
    )
    _settle(reading, matches, lexicon)
    found: list[NameMention] = []
    reached = 0
    for start, minus_end, index in matches:
        end = -minus_end
        if start < reached or end - start > _LONGEST:
            continue
        entry = _meant(reading, start, end, lexicon.entries[index])
        if entry is not None:
            reached = end
            if entry.letter != NO_NAME:
                found.append(_mention(reading, start, end, entry))
    if not _LATIN.search(lower):
        return found
    more = (*_garbled(reading, found, mask, lexicon), *_introduced(reading, found, mask))
    return sorted((*found, *more), key=lambda each: each.start) if more else found


_APOSTROPHES: Final = str.maketrans({"’": "'", "ʼ": "'", "\n": " ", "\t": " ", "\xa0": " ", "‑": "-"})
_LATIN: Final = re.compile(r"[a-z]{4}")


def _garbled(reading: _Text, found: list[NameMention], mask: bytearray, lexicon: Lexicon) -> Iterable[NameMention]:
    """Return the names in noisy translations; only English and French names are known word by word."""
    if reading.without_capitals or reading.lang not in ("en", "fr", ""):
        return
    for start, end, key, evidence in garbled_names(reading.text, found, mask, lexicon.sources):
        source = lexicon.sources[key]
        letter = "S" if key in lexicon.political else "O" if source.kind is SourceKind.STATE else "V"
        kind, written = EntityType.ORGANISATION, reading.text[start:end]
        yield NameMention(start, end, written, kind, key, letter, source.name, source.country, "garbled", evidence)


def _introduced(reading: _Text, found: list[NameMention], mask: bytearray) -> Iterable[NameMention]:
    """Return the names that no list has and that the text introduces itself, wherever they stand in it."""
    known = {one_form(each.text) for each in found}
    for letter, name, evidence in introduced_names(
        reading.text, reading.lower, without_capitals=reading.without_capitals
    ):
        form = one_form(name)
        if form in known:
            continue
        known.add(form)
        kind = EntityType.MALWARE if letter == "M" else EntityType.CLUSTER
        for match in re.finditer(re.escape(form), reading.lower):
            start, end = match.span()
            if any(mask[start:end]) or not bounded(reading.lower, start, end):
                continue
            at = bisect_left(found, end, key=lambda each: each.start)
            if at and found[at - 1].end > start:
                continue
            written = reading.text[start:end]
            if reading.without_capitals or not written.islower():
                yield NameMention(start, end, written, kind, "", letter, name, "", "introduced", evidence)


def _mention(reading: _Text, start: int, end: int, entry: Entry) -> NameMention:
    sense = entry.sense
    if sense == "capital" and _is_place(reading, start, end):
        sense = "place"
    written = reading.text[start:end]
    name = entry.name or entry.text
    return NameMention(start, end, written, entry.type, entry.key, entry.letter, name, entry.country, sense)


def _is_place(reading: _Text, start: int, end: int) -> bool:
    """True where a capital is the town and not its state: "in Moscow"."""
    says = reading.context
    window = reading.text[max(0, start - _NEAR) : start]
    if place := says.place.search(window):
        return not says.not_place.search(window[: place.start()][-20:])
    return bool(says.place_after.match(reading.text, end))


def _settle(reading: _Text, matches: list[tuple[int, int, int]], lexicon: Lexicon) -> None:
    """Note the ordinary words that this text itself says to be names."""
    for start, minus_end, index in matches:
        end = -minus_end
        for entry in lexicon.entries[index]:
            if not entry.common or entry.trade or not reads(reading.lang, entry.lang):
                continue
            if not (reading.without_capitals or _spelled(reading.text[start:end], entry, False)):
                continue
            if entry.text not in reading.settled and _says_so(reading, start, end):
                reading.settled.add(entry.text)


def _says_so(reading: _Text, start: int, end: int) -> bool:
    """True where the words at a place say that an ordinary word is a name there."""
    after = _SAYS_AFTER.match(reading.lower, end) is not None
    if not reading.without_capitals:
        return after or _SAYS_BEFORE.search(reading.lower, max(0, start - _NEAR), start) is not None
    before = reading.lower[max(0, start - _NEAR) : start]
    return after and end - start > 3 and not _NOT_A_NAME_AFTER.search(before.removesuffix("the "))


def _meant(reading: _Text, start: int, end: int, entries: tuple[Entry, ...]) -> Entry | None:
    """Return the first meaning that the spelling and the context allow, one that is spelled so before the others."""
    written = reading.text[start:end]
    for entry in sorted(entries, key=lambda each: (each.rank, each.text != written)) if len(entries) > 1 else entries:
        if not reads(reading.lang, entry.lang) or _part_of_a_name(reading.text, end, entry):
            continue
        if not _spelled(written, entry, reading.without_capitals):
            continue
        if not entry.common or _in_context(reading, start, end, entry):
            return entry
    return None


def _spelled(written: str, entry: Entry, without_capitals: bool) -> bool:
    if entry.case == "exact":
        return written.translate(_APOSTROPHES) == entry.text.translate(_APOSTROPHES)
    if entry.case == "any" or (without_capitals and entry.letter != NO_NAME):
        return True
    return not written[0].islower()


def _part_of_a_name(text: str, end: int, entry: Entry) -> bool:
    """True for malware called like a person ("James") where another capitalised word follows: "James Cleverly"."""
    return entry.letter == "M" and entry.text.istitle() and bool(_NEXT_CAPITAL.match(text, end))


def _in_context(reading: _Text, start: int, end: int, entry: Entry) -> bool:
    text = reading.text
    # Persian, Korean and Chinese have no capitals to miss.
    if reading.without_capitals and entry.text.upper() != entry.text.lower():
        if entry.text not in reading.settled:
            return False
        before = reading.lower[max(0, start - _NEAR) : start]
        return bool(_SAYS_AFTER.match(reading.lower, end)) or not _NOT_A_NAME_AFTER.search(before)
    if entry.text in reading.settled:
        return True
    if start and end < len(text) and text[start - 1] + text[end] in _QUOTES:
        return True
    if entry.trade:
        return bool(_NAMED_SO.search(text, max(0, start - _NEAR), start))
    if _SENTENCE_START.search(text, max(0, start - 4), start):
        return _says_so(reading, start, end)
    cue = reading.context.cue
    return bool(cue.search(text, max(0, start - _NEAR), start) or cue.search(text, end, end + _NEAR))
