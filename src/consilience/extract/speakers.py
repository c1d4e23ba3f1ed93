"""Who says it: the frames of a sentence ("according to X", "Y a déclaré que"), and what is remembered of speakers."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from consilience.extract.lexicon import Lexicon
from consilience.extract.masking import GENERIC, MINISTER, OURS, Masked, Token
from consilience.extract.pattern_words import WordsOf
from consilience.extract.rule_patterns import slot
from consilience.extract.rule_table import Grammar
from consilience.model.source import SourceKind
from consilience.model.statement import SpeechAct, Stance


class Speaker(msgspec.Struct, frozen=True):
    """Whoever says something. ``source`` is empty for one without a name ("experts"), of whom ``text`` is kept."""

    source: str
    act: SpeechAct
    text: str = ""
    country: str = ""


class Scope(msgspec.Struct, frozen=True):
    """What a frame governs: masked text from ``start`` to ``end``; the frame itself stands at ``frame``."""

    start: int
    end: int
    frame: tuple[int, int]
    speakers: tuple[Speaker, ...]
    stance: Stance | None = None
    wide: bool = False
    said: str = ""


# Sources that publish in their own name: whoever speaks in their documents without another office speaks for them.
_SPOKEN_FOR: Final = frozenset({SourceKind.STATE, SourceKind.INTERNATIONAL, SourceKind.VENDOR})
_ASSESSING: Final = frozenset({SourceKind.VENDOR, SourceKind.RESEARCH, SourceKind.FEED, SourceKind.ANALYST})


class Memory:
    """What earlier sentences of a passage have shown: who speaks for whom, and who spoke last."""

    def __init__(self, lexicon: Lexicon, publisher: str = "") -> None:
        self.lexicon = lexicon
        self.publisher = publisher
        self.persons: dict[str, Speaker] = {}
        self.last: Speaker | None = None
        self.heard_in = 0
        self.states: list[tuple[int, str]] = []
        self.sentence = 0
        self.bodies: list[tuple[int, str]] = []

    def speaker(self, token: Token, pronoun: bool = False) -> Speaker:
        """Return who is meant by a token that speaks: in an organ's own document, its state and its people are it."""
        if token.key == MINISTER:
            return self._minister(token)
        if token.key == OURS:
            return self._ours(token)
        return self._as_publisher(self._known_speaker(token, pronoun))

    def _minister(self, token: Token) -> Speaker:
        """A minister without a country: of the only state that just spoke, else of the state whose agency publishes.

        The minister is not the agency: the words are the state's. Elsewhere nobody knows whose minister it is.
        """
        own = self.lexicon.sources.get(self.publisher)
        recent = {country for sentence, country in self.states if sentence >= self.sentence - 2}
        if len(recent) == 1:
            return self._as_publisher(self.government(recent.pop(), token.text))
        if own is None or own.kind is not SourceKind.STATE or own.id in self.lexicon.political or not own.country:
            return self._as_publisher(self._known_speaker(msgspec.structs.replace(token, key=""), False))
        return Speaker(f"state:{own.country}", SpeechAct.JUDGEMENT, token.text, own.country)

    def _as_publisher(self, found: Speaker) -> Speaker:
        own = self.lexicon.sources.get(self.publisher)
        if own is None or own.kind not in _SPOKEN_FOR:
            return found
        its_people = found.source.startswith("named:")
        government = (f"state:{own.country}", self.lexicon.governments.get(own.country, ""))
        its_state = own.kind is SourceKind.STATE and own.country and found.source in government
        return self.known(own.id, found.text) if its_people or its_state else found

    def _ours(self, token: Token) -> Speaker:
        """Return who says "we": whoever speaks in the sentence at hand, else the publisher, else the last speaker."""
        own = self.lexicon.sources.get(self.publisher)
        published = own is not None and own.kind in _SPOKEN_FOR
        if self.last is not None and (self.heard_in == self.sentence or not published):
            return self.last
        return self.known(own.id, token.text) if published and own else Speaker("", SpeechAct.ALLEGATION, token.text)

    def _known_speaker(self, token: Token, pronoun: bool) -> Speaker:
        found = self._speaker(token, pronoun)
        if token.person:
            surname = token.person.split()[-1].lower()
            if found.source and not found.source.startswith("named:"):
                self.persons.setdefault(surname, found)
            elif surname in self.persons:
                found = self.persons[surname]
        return found

    def meet(self, token: Token) -> None:
        """Remember a source that is named, and the surname of a person whose state or source is told."""
        if token.letter in "OV" and token.key in self.lexicon.sources:
            self.bodies.append((self.sentence, token.key))
        if token.person:
            self.speaker(token)
        elif token.key in self.lexicon.sources and token.text.istitle() and token.text.count(" ") == 1:
            self.persons.setdefault(token.text.split()[-1].lower(), self.known(token.key, token.text))

    def _speaker(self, token: Token, pronoun: bool) -> Speaker:
        if pronoun:
            return self.last or Speaker("", SpeechAct.ALLEGATION, token.text)
        if token.letter in "OV" or (token.letter in "SP" and token.key in self.lexicon.sources):
            return self.known(token.key, token.text)
        if token.country:
            return self.government(token.country, token.text)
        if token.letter == "P" and token.person:
            return self._person(token)
        own = self.lexicon.sources.get(self.publisher)
        if token.key == GENERIC and own is not None and own.kind in _SPOKEN_FOR:
            return self.known(own.id, token.text)
        # In the press "the agency" is the only body that one of the two sentences before has named.
        recent = {key for sentence, key in self.bodies[-8:] if self.sentence - 2 <= sentence < self.sentence}
        if token.key == GENERIC and len(recent) == 1:
            return self.known(recent.pop(), token.text)
        return Speaker("", SpeechAct.ALLEGATION, token.text)

    def _person(self, token: Token) -> Speaker:
        """A person without a state: in office, of the only state that has just spoken; else known by name alone."""
        known = self.persons.get(token.person.split()[-1].lower())
        if known is not None:
            return known
        in_office = token.text.strip() != token.person
        recent = {country for sentence, country in self.states if sentence >= self.sentence - 2}
        if in_office and len(recent) == 1:
            return self.government(recent.pop(), token.text)
        if token.key == "?":
            return Speaker("", SpeechAct.ALLEGATION, token.text)
        return Speaker("named:" + token.person.lower(), SpeechAct.ALLEGATION, token.text)

    def known(self, key: str, text: str) -> Speaker:
        """Return the known source ``key`` as a speaker, with the act that is its trade."""
        source = self.lexicon.sources[key]
        if source.kind is SourceKind.PERSONA:
            act = SpeechAct.SELF_CLAIM
        elif key in self.lexicon.political or source.kind is SourceKind.COURT:
            act = SpeechAct.JUDGEMENT
        elif source.kind in _ASSESSING or source.kind in (SourceKind.STATE, SourceKind.INTERNATIONAL):
            act = SpeechAct.ASSESSMENT
        else:
            act = SpeechAct.ALLEGATION
        return Speaker(key, act, text, source.country)

    def government(self, country: str, text: str) -> Speaker:
        """Return the government of ``country``: its source where one is known, else ``state:`` and the code."""
        source = self.lexicon.governments.get(country, f"state:{country}")
        return Speaker(source, SpeechAct.JUDGEMENT, text, country)

    def heard(self, speakers: tuple[Speaker, ...]) -> None:
        """Remember who spoke in the sentence at hand."""
        for each in speakers:
            if each.source:
                self.last = each
                self.heard_in = self.sentence
            if each.country and each.act is SpeechAct.JUDGEMENT:
                self.states.append((self.sentence, each.country))


def frames(masked: Masked, grammar: Grammar, memory: Memory) -> list[Scope]:
    """Return the frames of a sentence in order of place, and remember their speakers."""
    for token in masked.tokens:
        memory.meet(token)
    found: list[Scope] = []
    pronoun = grammar.words["pronoun"]
    text, words = masked.text, WordsOf(masked.text.lower())
    may_match = (frame for frame in grammar.frames if frame.pattern.may_match(words))
    matches = [(match, frame.row) for frame in may_match for match in frame.pattern.regex.finditer(text)]
    for match, row in sorted(matches, key=lambda pair: (pair[0].start(), -pair[0].end())):
        if any(match.start() < other.frame[1] and other.frame[0] < match.end() for other in found):
            continue
        if grammar.words["negation"].search(match[0]):
            continue
        tokens = masked.of(slot(match, "claimant"))
        speakers = tuple(memory.speaker(each, bool(pronoun.fullmatch(each.text.strip()))) for each in tokens)
        # Somebody speaks whom no table knows: the words are kept, and nobody else is put in their place.
        if not speakers and not row.own:
            speakers = (Speaker("", SpeechAct.ALLEGATION, masked.written(match[0]).strip(" ,")),)
        start, end = (match.end(), len(masked.text)) if row.scope == "after" else (0, len(masked.text))
        if row.scope == "before":
            end = match.start()
        said = next((str(each.date) for each in masked.of(match[0]) if each.date), "")
        found.append(Scope(start, end, (match.start(), match.end()), speakers, row.stance, row.scope != "after", said))
        memory.heard(speakers)
    return found


def governing(text: str, scopes: list[Scope], start: int, turns: re.Pattern[str]) -> Scope | None:
    """Return the frame that governs the place ``start`` of ``text``: the nearest before it, else one of wide scope.

    Where a nameless one speaks inside the words of a named one ("the government said that an inquiry showed that"),
    the named one makes the claim, unless the sentence ``turns`` between the two ("while").
    """
    inside = [each for each in scopes if each.start <= start < each.end]
    narrow = sorted((each for each in inside if not each.wide), key=lambda each: -each.start)
    for each in narrow:
        named = not each.speakers or any(speaker.source for speaker in each.speakers)
        if named and not _turns(text, each.start, narrow[0].frame[1], turns):
            return each
    wide = max((each for each in inside if each.wide), key=lambda each: each.frame[0], default=None)
    if not narrow:
        return wide
    # "Selon le ministre, l'enquête a établi que": the words are the minister's, unless it is the press that relays.
    if wide is not None and not _turns(text, min(wide.frame[1], start), max(wide.frame[1], start), turns):
        said_by = [each for each in wide.speakers if each.source and each.act is not SpeechAct.ALLEGATION]
        if said_by and not any(each.source for each in narrow[0].speakers):
            return wide
    return narrow[0]


def _turns(text: str, start: int, end: int, turns: re.Pattern[str]) -> bool:
    return ";" in text[start:end] or bool(turns.search(text, start, end))
