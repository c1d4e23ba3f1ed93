"""A short report in each of the ten languages is read: language, names, dates and observables.

The reports under ``reports/`` are invented; every one of them says that something was planted in early June 2026 and
that a group was active from 3 to 7 March 2025.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from consilience.extract.datelines import dateline
from consilience.extract.dates import find_dates
from consilience.extract.lexicon import build_lexicon
from consilience.extract.names import find_names
from consilience.extract.observables import find_observables
from consilience.extract.sentences import split
from consilience.formats.language import detect_language
from consilience.knowledge.index import open_knowledge
from consilience.knowledge.sources import known_sources
from consilience.model.dates import PartialDate

REPORTS = Path(__file__).with_name("reports_in_languages")

# language: who and what is named (without sectors), towns that are no states, observables that stand in the text
EXPECTED = {
    "en": ("ncsc-uk mandiant KP Bluemoth Lazarus APT38 Kimsuky", "Seoul", "update-harbour.com 203.0.113.45"),
    "fr": ("anssi FR RU Lilas APT28 Fancy", "Moscou", "maj-hopital.com 198.51.100.23"),
    "de": ("bsi bfv de-government RU Sandworm Turla", "Berlin", "wartung-netz.com 203.0.113.77"),
    "es": ("ccn-cert eset IR ES nato MuddyWater", "Madrid", "tramites-web.com 198.51.100.99"),
    "ru": ("ru-nktski kaspersky KP RU us-white-house nsa Lazarus", "Москве", "obnovlenie-pochta.com 203.0.113.12"),
    "uk": ("cert-ua ssu ssscip RU KP Sandworm Gamaredon", "Києві", "onovlennya-merezha.com 198.51.100.61"),
    "fa": ("IR IL kaspersky Predatory Stuxnet", "تهران", "sookht-update.com 203.0.113.31"),
    "ko": ("krcert nis-korea KP Lazarus Kimsuky", "서울", "hanbit-update.com 198.51.100.44"),
    "zh": ("cn-cverc qianxin kaspersky cn-mfa CN VN APT-C-00 海莲花", "北京", "gengxin-port.com 203.0.113.58"),
    "sq": ("al-government microsoft nato AL IR US MuddyWater", "Tiranë", "sherbime-azhurnim.com 198.51.100.17"),
}


@pytest.fixture(scope="module")
def lexicon(tmp_path_factory):
    with open_knowledge(tmp_path_factory.mktemp("knowledge")) as knowledge:
        return build_lexicon(knowledge.gazetteer(), known_sources())


def report(lang: str) -> str:
    return (REPORTS / f"{lang}.txt").read_text("utf-8")


@pytest.mark.parametrize("lang", EXPECTED)
def test_the_language_is_found(lang):
    assert detect_language(report(lang)) == lang


@pytest.mark.parametrize("lang", EXPECTED)
def test_who_is_named(lang, lexicon):
    named, places, _ = EXPECTED[lang]
    everything = [each for each in find_names(report(lang), lang, lexicon) if each.letter != "T"]
    found = [each for each in everything if each.sense != "place"]
    by_key = {each.key for each in found if not each.key.count(":")}
    by_name = {each.name.replace(" ", "") for each in found if not each.key or ":" in each.key}
    words = set(named.split())
    assert {
        word for word in words if word not in by_key and not any(name.startswith(word) for name in by_name)
    } == set()
    assert by_key - {""} <= words, "somebody is named who is not in the report"
    assert {each.text for each in everything if each.sense == "place"} == set(places.split())


@pytest.mark.parametrize("lang", EXPECTED)
def test_when_it_happened(lang):
    text = report(lang)
    assert dateline(text, lang) == "2026-07-16"
    found = [
        date
        for each in split(text)
        for date in find_dates(text[each.start : each.end], lang, PartialDate("2026-07-16"))
    ]
    spans = {(each.first, each.last) for each in found}
    assert ("2025-03-03", "2025-03-07") in spans
    assert (("2026-05-22", "2026-06-21") if lang == "fa" else ("2026-06-01", "2026-06-10")) in spans
    assert ("2026-07-06", "2026-07-12") in spans or {"2026-07-09", "2026-07-14"} & {first for first, _ in spans}
    assert all(each.date for each in found if not (lang == "fa" and each.precision == "interval"))


@pytest.mark.parametrize("lang", EXPECTED)
def test_what_can_be_looked_up(lang):
    expected = set(EXPECTED[lang][2].split())
    values = {each.observable.value for each in find_observables(report(lang), ())}
    assert expected <= values
