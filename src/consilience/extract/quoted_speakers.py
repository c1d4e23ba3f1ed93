"""Who is given as speaking the words of a quotation, and whether two texts put them in different mouths."""

from __future__ import annotations

from consilience.extract.citations import speaker_of
from consilience.extract.lexicon import Lexicon
from consilience.extract.origin_words import cites, persons_quoted
from consilience.extract.sentence_facts import SentenceFacts

_STATE = "state:"


def speakers(sentence: SentenceFacts, start: int, end: int, lexicon: Lexicon) -> frozenset[str]:
    """Return who speaks in a sentence, outside of the words at ``start`` to ``end``: ids of sources, else names."""
    found = set()
    for name in (each for each in sentence.names if each.end <= start or each.start >= end):
        source = speaker_of(name, lexicon)
        if source and cites(sentence.text, name.start - sentence.start, name.end - sentence.start, sentence.lang):
            found.add(source)
    if not found:
        rest = sentence.text[: max(0, start - sentence.start)] + " " + sentence.text[end - sentence.start :]
        found |= persons_quoted(rest, sentence.lang)
    return frozenset(found)


def contradict(one: frozenset[str], other: frozenset[str], lexicon: Lexicon) -> bool:
    """Say whether two sets of speakers exclude one another.

    Two sources do, unless they are organs of one state; two persons do, unless they have a surname in common. Whether
    a person speaks for a source is not known here: these never exclude one another.
    """
    if not one or not other:
        return False
    known = [frozenset(each for each in side if _is_source(each, lexicon)) for side in (one, other)]
    if known == [one, other]:
        return not (one & other or _states(one, lexicon) & _states(other, lexicon))
    persons = not known[0] and not known[1]
    return persons and not {each.split()[-1] for each in one} & {each.split()[-1] for each in other}


def _is_source(speaker: str, lexicon: Lexicon) -> bool:
    return speaker in lexicon.sources or speaker.startswith(_STATE)


def _states(speakers: frozenset[str], lexicon: Lexicon) -> frozenset[str]:
    named = {each.removeprefix(_STATE) for each in speakers if each.startswith(_STATE)}
    organs = {lexicon.sources[each].country for each in speakers if each in lexicon.sources}
    return frozenset(named | organs) - {""}
