"""Names, dates and sentences in prose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.extract.dates import find_dates
from consilience.extract.lexicon import build_lexicon
from consilience.extract.names import find_names
from consilience.extract.sentences import split
from consilience.knowledge.sources import known_sources
from consilience.knowledge.values import GazetteerName
from consilience.model.dates import PartialDate
from consilience.model.statement import EntityType

CLUSTER, MALWARE = EntityType.CLUSTER, EntityType.MALWARE
GAZETTEER = (
    GazetteerName("Turla", CLUSTER, "k:turla", False),
    GazetteerName("Mustang Panda", CLUSTER, "k:mustang", False),
    GazetteerName("APT28", CLUSTER, "k:apt28", False),
    GazetteerName("APT2", CLUSTER, "k:apt2", False),
    GazetteerName("Sofacy", CLUSTER, "k:sofacy", False),
    GazetteerName("Sofacy Group", CLUSTER, "k:sofacy", False),
    GazetteerName("Snake", MALWARE, "k:snake", True),
    GazetteerName("Cobalt", CLUSTER, "k:cobalt", True),
    GazetteerName("James", MALWARE, "k:james", False),
    GazetteerName("Gh0st RAT", MALWARE, "k:ghost", False),
)
LEXICON = build_lexicon(GAZETTEER, known_sources())

# (language, text, keys of what is found, in order)
NAMES = [
    ("en", "Turla and Mustang Panda met.", ["k:turla", "k:mustang"]),
    ("en", "The Turla-linked implant and TURLA itself", ["k:turla", "k:turla"]),
    ("en", "APT28, not APT2.", ["k:apt28", "k:apt2"]),
    ("en", "Two Sofacy Groups and one Sofacy Group", ["k:sofacy", "k:sofacy"]),
    ("en", "It is at turla.example.com and in turla_v2.", []),
    ("en", "a file named Turla.exe", []),
    ("en", "gh0st rat was used", ["k:ghost"]),
    # common words: a capital letter and a cue, or quotation marks
    ("en", "A snake is an animal, Snake too.", []),
    ("en", "The backdoor Snake was found.", ["k:snake"]),
    ("fr", "Le logiciel malveillant Snake a été trouvé.", ["k:snake"]),
    ("fr", "Le serpent “Snake” est là.", ["k:snake"]),
    ("en", "The malware lived like a snake on the host.", []),
    ("en", "the malware snake and the group cobalt were found by eset", []),
    ("en", "the group turla was found", ["k:turla"]),
    ("en", "James Cleverly spoke of the malware James.", ["k:james"]),
    # countries and sources
    ("fr", "Téhéran et les hackers russes", ["IR", "RU"]),
    ("en", "Iranian hackers hit the US, not us.", ["IR", "US"]),
    ("en", "we eat turkey from fine china", []),
    ("en", "Mandiant and ESET agree with the French government.", ["mandiant", "eset", "fr-government"]),
    ("en", "rt and meta are words, gen too", []),
    ("fr", "L’ANSSI et la Maison Blanche", ["anssi", "us-white-house"]),
]


@pytest.mark.parametrize(("lang", "text", "keys"), NAMES)
def test_names(lang, text, keys):
    found = find_names(text, lang, LEXICON)
    assert [each.key for each in found if each.letter not in "T"] == keys
    assert all(text[each.start : each.end] == each.text for each in found)


def test_no_name_is_found_inside_an_observable():
    text = "see turla and turla/x"
    assert [each.start for each in find_names("TURLA " + text, "en", LEXICON, taken=[(0, 5)])] == []
    assert [each.start for each in find_names("Then Turla", "en", LEXICON)] == [5]


@given(st.text(max_size=120))
def test_any_text_gives_names_that_stand_where_they_say(text):
    reached = 0
    for each in find_names(text + " İ Turla", "en", LEXICON):
        assert (text + " İ Turla")[each.start : each.end] == each.text
        assert each.start >= reached
        reached = each.end


# (language, published, text, dates)
DATES = [
    ("en", "", "It began on 7 September 2022.", ["2022-09-07"]),
    ("en", "", "It began on Sept. 7, 2022, in Tirana.", ["2022-09-07"]),
    ("en", "", "Since March 2021 and in 2019", ["2021-03", "2019"]),
    ("en", "", "from 2022-09-07 on", ["2022-09-07"]),
    ("en", "", "on 2022-02-31 or 31 February 2022", ["2022-02"]),
    ("fr", "", "Le 7 septembre 2022, puis en juillet 2022 et en 2019", ["2022-09-07", "2022-07", "2019"]),
    ("fr", "", "le 1er août 2022", ["2022-08-01"]),
    # relative: from the day of publication, or unknown
    ("fr", "2022-09-08", "a annoncé mercredi", ["2022-09-07"]),
    ("fr", "2022-09-08", "la cyberattaque de juillet", ["2022-07"]),
    ("fr", "2022-09-08", "en décembre", ["2021-12"]),
    ("fr", "2022-09-08", "le mois dernier et l’année dernière", ["2022-08", "2021"]),
    ("en", "2022-01-08", "last month, and on Wednesday", ["2021-12", "2022-01-05"]),
    ("en", "2022-09-08", "next Wednesday it may come in July", ["2022-07"]),
    ("en", "2022-09", "on Wednesday", [""]),
    ("en", "", "on Wednesday", [""]),
    ("en", "2022-09-08", "they may march on, in all 2000 cases of 50 %", []),
    ("de", "2022-09-08", "am Mittwoch, 2022-09-07", ["2022-09-07"]),
]


@pytest.mark.parametrize(("lang", "published", "text", "dates"), DATES)
def test_dates(lang, published, text, dates):
    assert [each.date for each in find_dates(text, lang, PartialDate(published))] == dates


SENTENCES = [
    ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
    ("Mr. Smith of the U.S. Treasury spoke. He left.", ["Mr. Smith of the U.S. Treasury spoke.", "He left."]),
    ("M. Dupont a parlé le 3 sept. dernier. Il est parti.", ["M. Dupont a parlé le 3 sept. dernier.", "Il est parti."]),
    ("Il a dit : « C’est l’Iran. C’est sûr. » Puis il est parti.", ["Il a dit : « C’est l’Iran. C’est sûr. »",
                                                                  "Puis il est parti."]),
    ("It uses evil.com and version 1.2. Then it stops.", ["It uses evil.com and version 1.2.", "Then it stops."]),
    ("A heading\nThe text goes\non here.\n\n- one\n- two", ["A heading", "The text goes\non here.", "- one", "- two"]),
    ("", []),
    (" \n\n ", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentences"), SENTENCES)
def test_sentences(text, sentences):
    assert [text[each.start : each.end] for each in split(text)] == sentences


@given(st.text(alphabet='aA.!? \n"“”«»é1', max_size=300))
def test_sentences_hold_every_character_that_is_no_space(text):
    assert "".join("".join(text[each.start : each.end].split()) for each in split(text)) == "".join(text.split())
