"""A text without its names: what is hidden, what stays, and what is told of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.extract.without_names import ACTOR, COUNTRY, MARK, PUBLISHER, TOOL, hidden_names, without_names
from consilience.knowledge.sources import known_sources
from consilience.knowledge.values import GazetteerName
from consilience.model.statement import EntityType

GAZETTEER = (
    GazetteerName("Fancy Bear", EntityType.CLUSTER, "a", False),
    GazetteerName("APT28", EntityType.CLUSTER, "a", False),
    GazetteerName("DeputyDog", EntityType.CLUSTER, "b", False),
    GazetteerName("Sofacy", EntityType.CLUSTER, "a", False),
    GazetteerName("Sofacy", EntityType.MALWARE, "c", False),
    GazetteerName("Zebrocy", EntityType.MALWARE, "d", False),
    GazetteerName("Carbon", EntityType.MALWARE, "e", True),
)
NAMES = hidden_names(GAZETTEER, known_sources())

HIDDEN = [
    # text, what is left, names found with their class
    ("Fancy Bear sent Zebrocy", "▮ sent ▮", {("fancy bear", ACTOR), ("zebrocy", TOOL)}),
    ("FANCYBEAR and fancy-bear", "▮ and ▮", {("fancybear", ACTOR), ("fancy-bear", ACTOR)}),
    ("fancy_bear, fancy\nbear", "▮, ▮", {("fancy_bear", ACTOR), ("fancy bear", ACTOR)}),
    ("apt 28's and APT-28's", "▮'s and ▮'s", {("apt 28", ACTOR), ("apt-28", ACTOR)}),
    ("the deputy dog campaign", "the ▮ campaign", {("deputy dog", ACTOR)}),
    ("Sofacy is actor and tool", "▮ is actor and tool", {("sofacy", ACTOR)}),
    ("a fancy. Bear in mind", "a fancy. Bear in mind", set()),
    ("a fancy, bear-like logo", "a fancy, bear-like logo", set()),
    ("so fa cy is no name", "so fa cy is no name", set()),
    ("Chinese servers in Germany", "▮ servers in ▮", {("chinese", COUNTRY), ("germany", COUNTRY)}),
    ("to go further than Togo", "to go further than ▮", {("togo", COUNTRY)}),
    ("according to ESET and FireEye", "according to ▮ and ▮", {("eset", PUBLISHER), ("fireeye", PUBLISHER)}),
    ("read it at securelist.com/x", "read it at ▮/x", {("securelist.com", PUBLISHER)}),
    ("hxxps://securelist[.]com/x", "hxxps://▮/x", {("securelist[.]com", PUBLISHER)}),
    ("a carbon copy of Carbon", "a carbon copy of Carbon", set()),
    ("", "", set()),
]  # fmt: skip


@pytest.mark.parametrize(("text", "left", "found"), HIDDEN)
def test_names_are_hidden(text, left, found):
    seen = without_names(text, NAMES)
    assert seen.text == left
    assert {(name, class_) for name, class_, _ in seen.found} == found


def test_how_often_is_told_most_frequent_first():
    seen = without_names("APT28 Zebrocy APT28", NAMES)
    assert seen.found == (("apt28", ACTOR, 2), ("zebrocy", TOOL, 1))
    assert seen.words == 3


def test_only_the_classes_asked_for():
    names = hidden_names(GAZETTEER, known_sources(), (TOOL,))
    assert without_names("APT28 of Russia sent Zebrocy, says ESET", names).text == "APT28 of Russia sent ▮, says ESET"


def test_ordinary_words_where_asked_for():
    names = hidden_names(GAZETTEER, known_sources(), ordinary_words=True)
    assert without_names("a carbon copy", names).text == "a ▮ copy"


@given(st.lists(st.sampled_from(["apt28", "Fancy", "Bear", "sent", "to", "go", "russia", "-", "▮", "\n"]), max_size=30))
def test_nothing_is_hidden_twice_and_nothing_else_changes(pieces):
    once = without_names(" ".join(pieces), NAMES)
    twice = without_names(once.text, NAMES)
    assert twice.text == once.text
    assert not twice.found
    # Every word is either left or counted.
    words = [each for each in pieces if each.isalnum()]
    assert len([each for each in once.text.split() if each.isalnum()]) + once.words == len(words)
    assert MARK in once.text or not once.words
