"""A sentence in which every known name and phrase stands as one token, so that rules see its bones."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from consilience.extract.dates import FoundDate
from consilience.extract.names import NameMention
from consilience.extract.pattern_words import WordsOf
from consilience.extract.rule_patterns import slot
from consilience.extract.rule_table import Grammar
from consilience.model.dates import UNKNOWN_DATE, PartialDate
from consilience.model.statement import EntityType

TOKEN: Final = re.compile(r"‹([A-Z])(\d+)›")
# Quotation marks go (rules would have to allow for them everywhere); the marks of tokens become ordinary ones.
# Keys of tokens that speak without a name: a body that is the document's own, a minister without a country.
GENERIC: Final = "?own"
MINISTER: Final = "?minister"
# "We", "our": whoever speaks in the sentence, else the document's own.
OURS: Final = "?ours"
# What a phrase may name that no list has: "the group calling itself X", "the X backdoor".
_NAMED: Final = {"G": EntityType.CLUSTER, "M": EntityType.MALWARE}
_CLEAN: Final = str.maketrans({"‹": "<", "›": ">"} | dict.fromkeys('“”"«»„'))
_SINGLE_QUOTES: Final = re.compile(r"‘([^‘]{1,120}?)’(?!\w)")
_PROPER: Final = re.compile(r"[A-ZÀ-Þ][\w’'-]+(?:\s(?:(?:de|von|van|al|bin)\s)?[A-ZÀ-Þ][\w’'-]+){0,3}\Z")


class Token(msgspec.Struct, frozen=True):
    """What a token stands for. ``text`` is as written; ``parts`` are the tokens inside it.

    ``stands_for`` are the words ("the group") that were written where the name is carried over from another sentence.
    """

    letter: str
    text: str
    type: EntityType = EntityType.OTHER
    key: str = ""
    name: str = ""
    country: str = ""
    date: PartialDate = UNKNOWN_DATE
    person: str = ""
    parts: tuple[int, ...] = ()
    stands_for: str = ""


class Masked(msgspec.Struct):
    """The masked text and its tokens, by their number. Made once and then only read."""

    text: str
    tokens: list[Token]

    def of(self, text: str) -> list[Token]:
        """Return the tokens of a piece of masked text, in order."""
        return [self.tokens[int(number)] for _, number in TOKEN.findall(text)]

    def written(self, text: str, letters: str = "") -> str:
        """Return a piece of masked text as it was written; only tokens with one of ``letters``, if any are given."""

        def fill(match: re.Match[str]) -> str:
            if letters and match[1] not in letters:
                return match[0]
            return self.tokens[int(match[2])].text

        return TOKEN.sub(fill, text)


def mask(
    text: str, start: int, mentions: Iterable[NameMention], dates: Iterable[FoundDate], grammar: Grammar, cyber: bool
) -> Masked:
    """Return the sentence ``text``, which begins at ``start`` of its passage, with names, dates and phrases masked.

    ``cyber`` says that the text at large speaks of computers: only then is a bare "attack" an incident.
    """
    tokens: list[Token] = []
    places: list[tuple[int, int, Token]] = [(each.start - start, each.end - start, _token(each)) for each in mentions]
    places += [(each.start, each.end, Token("X", text[each.start : each.end], date=each.date)) for each in dates]
    pieces: list[str] = []
    done = 0
    for begin, end, token in sorted(places, key=lambda place: place[:2]):
        if begin < done:
            continue
        pieces += (text[done:begin].translate(_CLEAN), f"‹{token.letter}{len(tokens)}›")
        tokens.append(token)
        done = end
    pieces.append(text[done:].translate(_CLEAN))
    whole = "".join(pieces)
    masked = Masked(_SINGLE_QUOTES.sub(r"\1", whole) if "‘" in whole else whole, tokens)
    _join_phrases(masked, grammar, cyber)
    return masked


def _token(mention: NameMention) -> Token:
    # "APT32" is written so, whatever hyphen or space the list of names gives it.
    same = re.sub(r"[\W_]", "", mention.text).lower() == re.sub(r"[\W_]", "", mention.name).lower()
    name = mention.text if same or not mention.name else mention.name
    return Token(mention.letter, mention.text, mention.type, mention.key, name, mention.country)


def _join_phrases(masked: Masked, grammar: Grammar, cyber: bool) -> None:
    words = WordsOf(masked.text.lower())
    for phrase in grammar.phrases:
        # Groups, states and attackers are told by a name, unless the phrase itself makes one.
        if phrase.makes in "GSHK" and "‹" not in masked.text and "(?P<name>" not in phrase.pattern.text:
            continue
        if not phrase.pattern.may_match(words):
            continue

        def join(match: re.Match[str], makes: str = phrase.makes) -> str:
            token = _phrase(masked, match, makes, grammar, cyber)
            if token is None:
                return match[0]
            masked.tokens.append(token)
            return f"‹{makes}{len(masked.tokens) - 1}›"

        joined = phrase.pattern.regex.sub(join, masked.text)
        if joined != masked.text:
            masked.text, words = joined, WordsOf(joined.lower())


def _phrase(masked: Masked, match: re.Match[str], makes: str, grammar: Grammar, cyber: bool) -> Token | None:
    inside = masked.of(match[0])
    written = masked.written(match[0])
    if makes == "I":
        known = grammar.words["cyber"].search(written)
        if not (known or cyber) or (grammar.words["kinetic"].search(written) and not known):
            return None
        return Token("I", written, EntityType.INCIDENT, parts=_numbers(match[0]))
    if makes in _NAMED:
        name = masked.written(slot(match, "name")) or (inside[0].name if inside else written)
        first = inside[0] if inside and not slot(match, "name") else Token(makes, written)
        return msgspec.structs.replace(first, letter=makes, text=written, name=name, type=_NAMED[makes])
    if makes == "U" and "own" in grammar.words and grammar.words["own"].fullmatch(written.strip()):
        return Token("U", written, key=OURS)
    # The first country named in the phrase is the one whose organ or people it is; a source inside it gives the key.
    country = next((each.country for each in inside if each.country), "")
    organ = next((each for each in inside if each.letter in "SOV" and each.type is EntityType.ORGANISATION), None)
    person = ""
    if makes in "PU" and not inside and grammar.words["generic"].fullmatch(written.strip(" ,")):
        return Token("U", written, key=GENERIC)
    if makes == "P":
        # "L’Iran" alone is no person; "l’ambassadeur iranien" is one.
        if grammar.words["openers"].fullmatch(match[0]) or (not inside and match[0][1:2] in ("’", "'")):
            return None
        named = _PROPER.search(masked.written(match[0]).rstrip(", "))
        person = named[0] if named else ""
        if "person" in match.re.groupindex:
            person = masked.written(slot(match, "person")).strip()
        if not inside and match.start() == 0 and " " not in person and named and named[0] == match[0]:
            return Token("P", written, key="?", person=person)
        if not country and organ is None and grammar.words["minister"].search(written):
            return Token("P", written, EntityType.ORGANISATION, MINISTER, person=person, parts=_numbers(match[0]))
    # "МИД Польши": the word alone names the organ of another state than the one that stands after it.
    owner = next((each.country for each in reversed(inside) if each.letter == "C"), "")
    if makes in "PS" and organ is not None and organ.letter == "S" and owner not in ("", organ.country):
        organ, country = None, owner
    kind = EntityType.COUNTRY if country and makes in "SHK" else EntityType.ORGANISATION
    return Token(makes, written, kind, organ.key if organ else "", "", country, person=person, parts=_numbers(match[0]))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for _, number in TOKEN.findall(text))
