"""States by the words that texts use for them."""

from __future__ import annotations

import json
from pathlib import Path

import pymispgalaxies
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.knowledge import countries
from consilience.knowledge.folding import fold

CODES = [
    ("Russia", "RU"),
    ("Russian Federation", "RU"),
    ("the Russian Federation", "RU"),
    ("Russie", "RU"),
    ("RU", "RU"),
    ("RUS", "RU"),
    ("russes", "RU"),
    ("Moscou", "RU"),
    ("le Kremlin", "RU"),
    ("Россия", "RU"),
    ("روسیه", "RU"),
    ("Iran (Islamic Republic of)", "IR"),
    ("Iran, Islamic Republic of", "IR"),
    ("iraniennes", "IR"),
    ("Téhéran", "IR"),
    ("teheran", "IR"),
    ("ایران", "IR"),
    ("Korea (Democratic People's Republic of)", "KP"),
    ("DPRK", "KP"),
    ("RPDC", "KP"),
    ("nord-coréens", "KP"),
    ("Pyongyang", "KP"),
    ("Republic of Korea", "KR"),
    ("한국", "KR"),
    ("북한", "KP"),
    ("американские", "US"),
    ("Ірану", "IR"),
    ("Россией", "RU"),
    ("Shqipërisë", "AL"),
    ("Irani", "IR"),
    ("norcoreanas", "KP"),
    ("iranischen", "IR"),
    ("ایرانی", "IR"),
    ("德黑兰", "IR"),
    ("평양", "KP"),
    ("대한민국", "KR"),
    ("中国", "CN"),
    ("People's Republic of China", "CN"),
    ("Pékin", "CN"),
    ("Viet Nam", "VN"),
    ("Viêt Nam", "VN"),
    ("Türkiye", "TR"),
    ("turque", "TR"),
    ("Syrian Arab Republic", "SY"),
    ("Czech Republic", "CZ"),
    ("États-Unis", "US"),
    ("les États-Unis", "US"),
    ("É.-U.", "US"),
    ("U.S.", "US"),
    ("la Maison-Blanche", "US"),
    ("UK", "GB"),
    ("Royaume-Uni", "GB"),
    ("Ivory Coast", "CI"),
    ("Côte d’Ivoire", "CI"),
    ("Kyiv", "UA"),
    ("Kiev", "UA"),
    ("Tirana", "AL"),
    ("albanaises", "AL"),
    ("nigérien", "NE"),
    ("nigérian", "NG"),
    ("Palestine", "PS"),
    ("Deutschland", "DE"),
    ("EU", "EU"),
    ("Union européenne", "EU"),
]


@pytest.mark.parametrize(("text", "code"), CODES)
def test_a_word_names_its_state(text, code):
    assert countries.country_code(text) == code


@pytest.mark.parametrize("text", ["Korea", "Corée", "coréen", "Congo", "Unknown", "Middle East", "ru", "in", "", "  "])
def test_a_word_of_no_single_state_gives_no_code(text):
    assert countries.country_code(text) == ""


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_no_word_stands_for_two_states(lang):
    seen: dict[str, str] = {}
    for word in countries.country_words(lang):
        assert seen.setdefault(fold(word.text), word.code) == word.code, word.text


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_every_state_has_its_name_and_the_name_leads_back(lang):
    names = {word.code for word in countries.country_words(lang) if word.kind == countries.NAME}
    assert len(names) == 251
    for code in names:
        assert countries.country_code(countries.country_name(code, lang), lang) == code


IMPORTANT = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK "
    "GB US CA AU NZ NO IS TR AL ME MK RU CN IR KP SY BY VN PK IN IL SA AE KW JO EG LB PS QA UA GE MD RS KR JP TW SG"
)


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_states_that_matter_have_demonyms(lang):
    having = {word.code for word in countries.country_words(lang) if word.kind == countries.DEMONYM}
    assert set(IMPORTANT.split()) <= having


FRENCH_FORMS = {
    "IR": {"iranien", "iranienne", "iraniens", "iraniennes"},
    "AL": {"albanais", "albanaise", "albanaises"},
    "RU": {"russe", "russes"},
    "GR": {"grec", "grecs", "grecque", "grecques", "hellénique", "helléniques"},
    "KP": {"nord-coréen", "nord-coréenne", "nord-coréens", "nord-coréennes"},
}


@pytest.mark.parametrize(("code", "forms"), FRENCH_FORMS.items())
def test_french_demonyms_are_inflected(code, forms):
    found = {each.text for each in countries.country_words("fr") if each.code == code and each.kind == "demonym"}
    assert found == forms


def test_words_that_mean_something_else_in_lower_case_are_marked():
    exact = {word.text for word in countries.country_words("en") if word.exact}
    assert {"US", "UK", "Polish", "Turkey", "China", "Chad"} <= exact
    assert "Iranian" not in exact
    every = {word.text for lang in ("en", "fr") for word in countries.country_words(lang)}
    listed = countries._table().exact
    assert listed <= every, "an exact word that no state has"


def test_names_by_language():
    assert countries.country_name("KP", "en") == "North Korea"
    assert countries.country_name("KP", "fr") == "Corée du Nord"
    assert countries.country_name("KP", "xx") == "North Korea"
    assert countries.country_name("ZZ", "en") == ""
    assert countries.country_name("RU", "de") == "Russland"


@given(st.sampled_from([word.text for lang in ("en", "fr") for word in countries.country_words(lang)]))
def test_case_and_accents_do_not_matter(text):
    code = countries.country_code(text)
    assert code
    if len(text) > 3:
        assert countries.country_code(text.upper()) == code
        assert countries.country_code(fold(text)) == code


def test_the_countries_of_misps_galaxy_are_known():
    """Every value of the galaxy that is a state resolves; what is left are regions, firms and typing errors."""
    root = Path(pymispgalaxies.__file__).parent / "data" / "misp-galaxy" / "clusters" / "threat-actor.json"
    values: set[str] = set()
    for cluster in json.loads(root.read_bytes())["values"]:
        for key in ("cfr-suspected-state-sponsor", "country", "cfr-suspected-victims", "targeted-country"):
            given = cluster.get("meta", {}).get(key, [])
            values.update([given] if isinstance(given, str) else given)
    known = {value for value in values if countries.country_code(value)}
    assert len(known) >= 140
    left = {value for value in values - known if len(value) == 2 or "Republic" in value}
    assert left == set()
