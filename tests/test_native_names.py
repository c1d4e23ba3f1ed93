"""Names in other languages and scripts, and the forms that a sentence gives them."""

from __future__ import annotations

import pytest

from consilience.extract.name_context import LANGUAGES
from consilience.knowledge.countries import country_words
from consilience.knowledge.index import open_knowledge
from consilience.knowledge.inflection import inflected
from consilience.knowledge.native_names import native_names
from consilience.knowledge.sector_words import sector_words
from consilience.knowledge.sources import known_sources

# language, dictionary form, whether it is an adjective, forms that must be there
FORMS = [
    ("ru", "Россия", False, "Россия России Россию Россией"),
    ("ru", "Иран", False, "Иран Ирана Ирану Ираном Иране"),
    ("ru", "Китай", False, "Китай Китая Китаю Китаем Китае"),
    ("ru", "Москва", False, "Москва Москвы Москве Москву Москвой"),
    ("ru", "Токио", False, "Токио"),
    ("ru", "США", False, "США"),
    ("ru", "российский", True, "российский российская российского российских российскими российскую"),
    ("uk", "Україна", False, "Україна України Україні Україну Україною"),
    ("uk", "Київ", False, "Київ Києва Києву Києвом Києві"),
    ("uk", "іранський", True, "іранський іранська іранського іранських іранською"),
    ("sq", "Shqipëri", False, "Shqipëri Shqipëria Shqipërisë Shqipërinë"),
    ("sq", "Iran", False, "Iran Irani Iranit Iranin"),
    ("sq", "Kinë", False, "Kinë Kina Kinës Kinën"),
    ("de", "Russland", False, "Russland Russlands"),
    ("de", "iranisch", True, "iranisch iranische iranischen iranischer iranisches iranischem"),
    ("es", "francés", True, "francés francesa franceses francesas"),
    ("es", "iraní", True, "iraní iraníes"),
    ("fa", "ایران", False, "ایران"),
    ("zh", "伊朗", False, "伊朗"),
]


@pytest.mark.parametrize(("lang", "word", "adjective", "forms"), FORMS)
def test_forms(lang, word, adjective, forms):
    found = inflected(word, lang, adjective=adjective)
    assert found[0] == word
    assert set(forms.split()) <= set(found)
    assert len(found) <= 16, "endings are a bounded set"


def test_names_of_two_words_agree():
    found = inflected("Северная Корея", "ru")
    assert {"Северной Кореи", "Северную Корею", "Северной Кореей"} <= set(found)
    assert "Северная Корею" not in found


def test_every_row_leads_to_something_that_is_known(tmp_path):
    ids = {known.source.id for known in known_sources()}
    with open_knowledge(tmp_path) as knowledge:
        names = {each.name for each in knowledge.gazetteer()}
    for each in native_names():
        if each.source:
            assert each.source in ids, each
        if each.cluster or each.malware:
            assert (each.cluster or each.malware) in names, each


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_form_names_two_things(lang):
    seen: dict[str, str] = {}
    for each in (row for row in native_names() if row.lang == lang):
        for form in each.forms:
            assert seen.setdefault(form, each.name) == each.name, form


@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if lang not in ("en", "fr")])
def test_every_language_has_countries_capitals_and_sectors(lang):
    words = country_words(lang)
    assert {"RU", "IR", "CN", "KP", "US", "UA"} <= {each.code for each in words if each.kind == "capital"} | {"KP"}
    assert len({each.code for each in words if each.kind == "name"}) >= 240
    assert len(sector_words(lang)) == 10
    seen: dict[str, str] = {}
    for each in words:
        assert seen.setdefault(each.text, each.code) == each.code, each.text
