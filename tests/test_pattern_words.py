"""The words that a pattern needs: a table of patterns, and the law that no match is without them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.extract.pattern_words import needed_words

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
    ],
)
def test_what_a_pattern_needs(pattern: str, needed: list[str]):
    assert words(pattern) == needed


ATOMS = st.sampled_from(["ab", "cd", "a", "[ab]", r"\w", "(?:ab|cd)", "(?:ab|)", "(?=a)", " "])
PATTERNS = st.lists(
    st.tuples(ATOMS, st.sampled_from(["", "?", "+", "*", "{2}", "{0,1}", "+?"])).map("".join), max_size=6
).map("".join)


@given(st.lists(PATTERNS, min_size=1, max_size=3).map("|".join), st.text("abcd ", max_size=12))
def test_every_match_holds_a_word_of_each_set(pattern: str, text: str):
    try:
        found = re.search(pattern, text)
    except re.error:
        return
    if found:
        for each in needed_words(pattern, lambda _: None):
            assert any(word in text for word in each), (pattern, text, each)
