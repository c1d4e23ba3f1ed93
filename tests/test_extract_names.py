"""Names, dates and sentences in prose."""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.extract.date_patterns import date_languages
from consilience.extract.dates import find_dates
from consilience.extract.iranian_calendar import gregorian, month_length
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


# What ordinary words, short names and noisy writing make of a text with capital letters or without.
DISCOURSE = [
    ("en", "The Cobalt gang came. Cobalt left.", ["k:cobalt", "k:cobalt"]),
    ("en", "Cobalt is a metal. The gang likes Cobalt.", ["k:cobalt"]),
    ("en", "the cobalt gang came. later cobalt left with a cobalt blue car.", ["k:cobalt", "k:cobalt"]),
    (
        "en",
        "trojan.turla and win32/turla and /opt/turla/x but turla/apt28",
        ["k:turla", "k:turla", "k:turla", "k:apt28"],
    ),
    ("en", "Mustang\nPanda, Mustang-Panda, APT 28 and APT-28", ["k:mustang", "k:mustang", "k:apt28", "k:apt28"]),
    ("en", "The Tallinn Manual and the Budapest Convention", []),
    ("fr", "Le Centre national de cybersûreté du Royaume-Uni a parlé.", ["GB"]),
    ("en", "The Federal Workplace for Information Safety warned.", ["bsi"]),
]


@pytest.mark.parametrize(("lang", "text", "keys"), DISCOURSE)
def test_names_in_discourse(lang, text, keys):
    assert [each.key for each in find_names(text, lang, LEXICON) if each.letter not in "T"] == keys


def test_a_garbled_name_shows_its_evidence():
    found = find_names("Le Nationwide Cyber Safety Heart du Royaume-Uni", "fr", LEXICON)
    assert [(each.text, each.name, each.sense) for each in found] == [
        ("Nationwide Cyber Safety Heart", "NCSC", "garbled"),
        ("Royaume-Uni", "Royaume-Uni", ""),
    ]
    assert found[0].evidence == (
        "for “National Cyber Security Centre”: nationwide = national, safety = security, heart = centre"
    )


def test_an_introduced_name_shows_the_words_that_introduce_it():
    found = find_names("It drops a new loader called Bluemoth. Bluemoth is small.", "en", LEXICON)
    assert [(each.text, each.key, each.letter, each.sense) for each in found] == [
        ("Bluemoth", "", "M", "introduced")
    ] * 2
    assert found[0].evidence == "loader called Bluemoth"


NOT_INTRODUCED = [
    "The backdoor creates a service named Msupdate.",
    "The malware calls a function named Initialize.",
    "The group drops a file called Readme.",
    "The malware was named after a moth.",
]


@pytest.mark.parametrize("text", NOT_INTRODUCED)
def test_other_things_with_a_name_are_no_malware(text):
    assert find_names(text, "en", LEXICON) == []


WORST = [
    "loader called ",
    "Aa Bb Cc ",
    'malware dubbed "',
    "a/a/a/",
    "called called ",
    "the ",
    "2022 ",
    "3 ",
    "북한",
    "Turla/",
]


@pytest.mark.parametrize("part", WORST)
def test_the_worst_texts_take_a_time_that_grows_with_their_length(part):
    text = part * (40_000 // len(part))
    begin = time.process_time()
    find_names(text, "en", LEXICON)
    for lang in ("en", "fr", "fa", "ko"):
        find_dates(text, lang, PartialDate("2022-09-08"))
    assert time.process_time() - begin < 4  # 0.4 s where it is worst; a quadratic pattern takes minutes


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
    ("en", "2022-09-08", "between 9 and 12 July 2022; 1 and 3 July", ["2022-07", "2022-07-03"]),
    ("en", "2022-09-08", "on 9/7/2022, on 9/17/2022", ["2022", "2022-09-17"]),
    ("en", "2022-09-08", "in 0000, in 9999, on 31 June 2022, on 0 May 2022", ["2022-06", "2022-05"]),
    ("en", "0001-01-01", "last year, yesterday, two weeks ago, in July", ["", "", ""]),
    ("en", "9999-12-31", "this year, on Friday, last month", ["9999", "9999-12-31", "9999-11"]),
    ("en", "2024-03-01", "yesterday, a month ago, late February 2024", ["2024-02-29", "2024-02", "2024-02"]),
    ("fr", "2022-09-08", "lundi prochain, le mois prochain", []),
    ("de", "2022-09-08", "kommenden Montag, vom 3. bis 7. März 2022", ["2022-03"]),
    ("fa", "2022-09-08", "۳۱ شهریور ۱۴۰۱ و ۳۱ مهر ۱۴۰۱", ["2022-09-22", "2022"]),
    ("it", "2022-09-08", "mercoledì, 2022-09-07", ["2022-09-07"]),
]


@pytest.mark.parametrize(("lang", "published", "text", "dates"), DATES)
def test_dates(lang, published, text, dates):
    assert [each.date for each in find_dates(text, lang, PartialDate(published))] == dates


@given(st.dates(min_value=date(1925, 1, 1), max_value=date(2060, 1, 1)))
def test_a_day_that_is_written_out_is_read_in_every_language(day):
    written = {
        "en": f"{day:%B} {day.day}, {day.year}" if day.year > 1925 else f"{day.day} {day:%B} {day.year}",
        "de": f"{day.day}.{day.month}.{day.year}",
        "ru": f"{day.day:02d}.{day.month:02d}.{day.year}",
        "fr": f"{day.day}/{day.month:02d}/{day.year}",
        "ko": f"{day.year}년 {day.month}월 {day.day}일",
        "zh": f"{day.year}年{day.month}月{day.day}日",
    }
    for lang, text in written.items():
        assert [each.date for each in find_dates(f" {text} ", lang)] == [day.isoformat()], (lang, text)


@given(st.integers(1300, 1450), st.integers(1, 12), st.integers(1, 29))
def test_the_iranian_calendar_goes_on_day_by_day(year, month, day):
    following = gregorian(year, month, day) + timedelta(days=1)
    if day < month_length(year, month):
        assert gregorian(year, month, day + 1) == following
    elif month < 12:
        assert gregorian(year, month + 1, 1) == following


# From the calendars that the Iranian government printed: the first day of the year, and two days everybody knows.
IRANIAN = [
    ((1357, 11, 22), "1979-02-11"),
    ((1399, 12, 30), "2021-03-20"),
    ((1400, 1, 1), "2021-03-21"),
    ((1403, 1, 1), "2024-03-20"),
    ((1404, 1, 1), "2025-03-21"),
    ((1401, 4, 24), "2022-07-15"),
]


@pytest.mark.parametrize(("iranian", "day"), IRANIAN)
def test_iranian_dates(iranian, day):
    assert gregorian(*iranian).isoformat() == day


@given(st.text(max_size=60), st.sampled_from(date_languages()), st.dates())
def test_any_text_gives_dates_that_exist_and_stand_where_they_say(text, lang, published):
    text += " 15 July 2022, 15. Juli 2022, 2022年7月15日, 24 تیر 1401 "
    reached = 0
    for each in find_dates(text, lang, PartialDate(published.isoformat())):
        assert reached <= each.start < each.end <= len(text)
        assert each.first <= each.last
        assert each.first.startswith(each.date) or not each.date
        reached = each.end


SENTENCES = [
    ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
    ("Mr. Smith of the U.S. Treasury spoke. He left.", ["Mr. Smith of the U.S. Treasury spoke.", "He left."]),
    ("M. Dupont a parlé le 3 sept. dernier. Il est parti.", ["M. Dupont a parlé le 3 sept. dernier.", "Il est parti."]),
    ("Il a dit : « C’est l’Iran. C’est sûr. » Puis il est parti.", ["Il a dit : « C’est l’Iran. C’est sûr. »",
                                                                  "Puis il est parti."]),
    ("Am 14. Juli 2026 kam Post. Im 2. Quartal auch.", ["Am 14. Juli 2026 kam Post.", "Im 2. Quartal auch."]),
    ("Es gab 14. Julia kam. Dann", ["Es gab 14.", "Julia kam.", "Dann"]),
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
