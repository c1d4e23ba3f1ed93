"""The words that a pattern needs: a table of patterns, and the law that every match holds them in their order."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.extract.pattern_words import WordsOf, needed_words

LISTS = {"blame": "(?:blamed|blames|pinned)", "maybe": "(?:not|never)?", "any": r"\w+"}


def words(pattern: str) -> list[str]:
    def of_list(name: str) -> frozenset[str] | None:
        sets = needed_words(LISTS.get(name, ""), of_list)
        return sets[0] if sets else None

    return ["|".join(sorted(each)) for each in needed_words(pattern, of_list)]


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        ("responsible for", ["responsible", "for"]),
        ("{blame} on", ["blamed|blames|pinned", "on"]),
        ("{maybe} {any} seen", ["seen"]),
        ("(?:held )?responsible", ["responsible"]),
        ("(?:who|that) hacked", ["that|who", "hacked"]),
        ("(?:who|[a-z]+) hacked", ["hacked"]),
        ("cyber-?attacks? by", ["cyber", "attack", "by"]),
        ("colou?red", ["colo", "red"]),
        ("xa{2}b", ["xa"]),
        ("xa{0,2}bc", ["bc"]),
        ("(?!not )said(?<=x)", ["said"]),
        (r"\bwas\s+hit", ["was", "hit"]),
        ("met|came", ["came|met"]),
        ("(?P<actor>group) (?-i:[A-Z]) did", ["group", "did"]),
        ("said that it said", ["said", "that", "it", "said"]),
        (r"‹G\d+› met ‹[SH]\d+›", ["‹g", "met", "‹h|‹s"]),
        (r"(?:‹G\d+›)? met ‹[A-Z]\d+›", ["met"]),
        (r"‹[SH]?\d+ met", ["met"]),
    ],
)
def test_what_a_pattern_needs(pattern: str, needed: list[str]):
    assert words(pattern) == needed


@pytest.mark.parametrize(
    ("text", "sets", "expected"),
    [
        ("who was hit by it", ["was", "by"], True),
        ("hit by it, who was", ["was", "by"], False),
        ("the bank was", ["was", "was"], False),
        ("it was and was", ["was", "was"], True),
        ("hacked by us", ["hack|hacked", "by"], True),
        ("anything", [], True),
    ],
)
def test_words_stand_in_their_order(text: str, sets: list[str], expected: bool):
    assert WordsOf(text).stand_in_order(tuple(frozenset(each.split("|")) for each in sets)) is expected


ATOMS = st.sampled_from(["ab", "cd", "a", "[ab]", r"\w", "(?:ab|cd)", "(?:ab|)", "(?=a)", " "])
PATTERNS = st.lists(
    st.tuples(ATOMS, st.sampled_from(["", "?", "+", "*", "{2}", "{0,1}", "+?"])).map("".join), max_size=6
).map("".join)


@given(st.lists(PATTERNS, min_size=1, max_size=3).map("|".join), st.text("abcd ", max_size=12))
def test_every_match_holds_a_word_of_each_set_in_order(pattern: str, text: str):
    try:
        found = re.search(pattern, text)
    except re.error:
        return
    if found:
        assert WordsOf(text).stand_in_order(needed_words(pattern, lambda _: None)), (pattern, text)
