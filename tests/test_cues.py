"""Cue words: the tables of the languages have the same classes, and what stands in a text is found where it stands."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.extract.claim_features import SMALL
from consilience.extract.cues import cue_index, items_of, languages, read_cues
from consilience.extract.rule_table import languages as rule_languages

FOUND = [
    ("en", "Norway ‹S0› accused ‹S1› of the hack", {"blame", "incident", "of"}),
    ("en", "‹S0› has nothing to do with ‹I1›", {"no-involvement", "negation", "have", "to", "with"}),
    ("en", "the ministry declined to comment", {"decline", "comment", "official", "to"}),
    ("fr", "‹S0› a convoqué l’ambassadeur de ‹S1›", {"summon", "diplomat"}),
    ("de", "‹S0› macht ‹S1› für den Angriff verantwortlich", {"culprit", "incident", "for"}),
    ("es", "‹S0› acusó a ‹S1› del ataque", {"blame", "incident"}),
    ("ru", "‹S0› обвинила ‹S1› в кибератаке", {"blame", "incident"}),
    ("uk", "‹S0› звинуватила ‹S1› у кібератаці", {"blame", "incident"}),
]


def classes(lang: str, text: str) -> set[str]:
    return {cue.name for cue in cue_index(lang).find(items_of(text))}


@pytest.mark.parametrize(("lang", "text", "expected"), FOUND)
def test_words_stand_for_their_classes(lang: str, text: str, expected: set[str]):
    assert expected <= classes(lang, text)


def test_every_language_with_rules_has_the_same_classes():
    assert languages() == rule_languages()
    names = [list(read_cues(lang).cues) for lang in languages()]
    assert all(each == names[0] for each in names)
    assert set(names[0]) >= SMALL


def test_a_phrase_is_found_whole_or_not_at_all():
    assert "no-involvement" in classes("en", "it had nothing to do with it")
    assert "no-involvement" not in classes("en", "it had plenty to do with it")


@given(st.text(max_size=60))
def test_items_stand_where_they_say(text: str):
    plain = text.translate(str.maketrans({"’": "'", "ʼ": "'"}))
    for item in items_of(text):
        if item.number < 0:
            assert plain[item.start : item.start + 1].lower()[:1] == item.text[:1]
    starts = [item.start for item in items_of(text)]
    assert starts == sorted(set(starts))


@pytest.mark.parametrize("piece", ["nothing to do ", "a-", "‹S0› ", "point point finger "])
def test_a_megabyte_takes_time_in_line_with_its_length(piece: str):
    index = cue_index("en")
    short, long = piece * (100_000 // len(piece)), piece * (400_000 // len(piece))
    before = time.process_time()
    index.find(items_of(short))
    once = time.process_time() - before
    before = time.process_time()
    index.find(items_of(long))
    assert time.process_time() - before < 12 * once + 0.5
