"""The forms in which a name stands in a sentence: a stem with a bounded set of endings, never a free prefix.

Russian, Ukrainian, Albanian, German and Spanish change the endings of names; English, French, Persian, Korean and
Chinese do not, or write what they add apart. The endings are those of the regular declensions (Wade, A Comprehensive
Russian Grammar, 2011, chapters 2 and 6; Press and Pugh, Ukrainian: A Comprehensive Grammar, 1999; Newmark, Hubbard and
Prifti, Standard Albanian, 1982). A form that a table of irregular words needs is written out there. What is made here
is only looked for in texts, so a form that no text has costs nothing.
"""

from __future__ import annotations

from typing import Final

# Ending of the dictionary form -> the endings of the six cases: nominative, genitive, dative, accusative, instrumental,
# locative. Several forms of one case are separated by "/"; the longest ending that fits is taken.
_RUSSIAN: Final = {
    "ия": "ия ии ии ию ией ии",
    "ья": "ья ьи ье ью ьей ье",
    "ка": "ка ки ке ку кой ке",
    "га": "га ги ге гу гой ге",
    "жа": "жа жи же жу жей же",
    "ша": "ша ши ше шу шей ше",
    "а": "а ы е у ой е",
    "я": "я и е ю ей е",
    "ь": "ь и/я и/ю ь/я ью/ем и/е",
    "ай": "ай ая аю ай аем ае",
    "ей": "ей ея ею ей еем ее",
    "уй": "уй уя ую уй уем уе",
    "ий": "ий ого/его ому/ему ий/ого им ом/ем",
    "ый": "ый ого ому ый/ого ым ом",
    "ая": "ая ой ой ую ой ой",
    "яя": "яя ей ей юю ей ей",
    "ое": "ое ого ому ое ым ом",
    "ние": "ние ния нию ние нием нии",
    "ство": "ство ства ству ство ством стве",
    "ский": "ский ского скому ский/ского ским ском",
    "ие": "ие их им ие/их ими их",
    "ые": "ые ых ым ые/ых ыми ых",
    "цы": "цы цев/ов цам цы/цев/ов цами цах",
    "яне": "яне ян янам ян янами янах",
    "ане": "ане ан анам ан анами анах",
    "ы": "ы ов/ ам ы/ов ами ах",
    "ж": "ж жа жу ж/жа жем же",
    "ц": "ц ца цу ца цем це",
    "": " а у /а ом е",
}
_UKRAINIAN: Final = {
    "ія": "ія ії ії ію ією ії",
    "ка": "ка ки ці ку кою ці",
    "га": "га ги зі гу гою зі",
    "а": "а и/і і у ою і",
    "я": "я і і ю ею/єю і",
    "ь": "ь і/я і/ю ь/я ю/ем і",
    "ння": "ння ння нню ння нням нні",
    "ство": "ство ства ству ство ством стві",
    "ець": "ець ця цю/цеві ця цем ці",
    "ай": "ай аю аю/аєві ай аєм аї",
    "ій": "ій ого/ього/єва/я ому/ьому/єву/ю ій/я им/єм ому/єві",
    "їв": "їв єва єву їв євом єві",
    "ея": "ея еї еї ею еєю еї",
    "ий": "ий ого ому ий/ого им ому/ім",
    "а ": "а ої ій у ою ій",
    "е": "е ого ому е им ому",
    "і": "і их им і/их ими их",
    "ці": "ці ців цям ців цями цях",
    "яни": "яни ян янам ян янами янах",
    "и": "и ів ам и ами ах",
    "": " а/у у/ові /а ом і",
}
_ALBANIAN: Final = {
    "i": "i ia isë inë ia isë",
    "ë": "ë a ës ën a ës",
    "e": "e eja esë enë eja esë",
    "ia": "ia isë isë inë ia isë",
    "a": "a a ës ën a ës",
    "ri": "ri ria risë rinë ria risë",
    "k": "k ku kut kun ku kut",
    "g": "g gu gut gun gu gut",
    "": " i it in i it",
}
_SPANISH: Final = {
    "o": "o a os as",
    "és": "és esa eses esas",
    "án": "án ana anes anas",
    "ín": "ín ina ines inas",
    "ol": "ol ola oles olas",
    "í": "í íes ís",
    "e": "e es",
    "a": "a as",
}
_TABLES: Final = {"ru": _RUSSIAN, "uk": _UKRAINIAN, "sq": _ALBANIAN}
_CASES: Final = 6
# Words between the parts of a name that never change.
_STANDING: Final = frozenset({"и", "і", "та", "е", "i", "të", "së", "dhe", "Эль", "Аль"})
# Feminine adjectives in -a of Ukrainian names of two words ("Північна Корея") are declined as adjectives, not nouns.
_UKRAINIAN_ADJECTIVES: Final = ("на", "ська", "цька", "ка", "ва")


def inflected(text: str, lang: str, *, adjective: bool = False) -> tuple[str, ...]:
    """Return the forms of a name in a language, its own first; only itself where the language does not change names.

    ``adjective`` marks words for people and things of a state, which German and Spanish inflect by gender and number.
    """
    if lang == "de":
        return _german(text, adjective)
    if lang == "es":
        return _spanish(text) if adjective else (text,)
    if lang not in _TABLES or text.isupper():
        return (text,)
    words = text.split(" ")
    if lang == "sq" and (adjective or len(words) > 1):
        return _albanian(text, adjective)
    forms = [_cases(word, lang, last=place == len(words) - 1, adjective=adjective) for place, word in enumerate(words)]
    found = {text: None}
    for case in range(_CASES):
        variants = [""]
        for options in forms:
            variants = [f"{start} {each}".strip() for start in variants for each in options[case]]
        found |= dict.fromkeys(variants)
    return tuple(found)


def _cases(word: str, lang: str, *, last: bool, adjective: bool) -> list[tuple[str, ...]]:
    """Return the forms of one word, case by case."""
    table = _TABLES[lang]
    if word in _STANDING or word.isupper() or not word[-1].isalpha():
        return [(word,)] * _CASES
    if lang == "uk" and not last and word.endswith(_UKRAINIAN_ADJECTIVES):
        ending, rows = "а", table["а "]
    elif adjective and word.endswith("ий"):
        return _adjective(word[:-2], lang)
    else:
        ending = next((word[-size:] for size in (4, 3, 2, 1) if word[-size:] in table), "")
        # Names in a vowel that no row has ("Токио", "Баку") stand as they are.
        if not ending and word[-1] in "аеёиоуыэюяєіїëoué":
            return [(word,)] * _CASES
        rows = table[ending]
    stem = word[: len(word) - len(ending)]
    return [tuple(stem + each for each in case.split("/")) for case in rows.split(" ")]


def _adjective(stem: str, lang: str) -> list[tuple[str, ...]]:
    """Return the cases of an adjective, each with the three genders and the plural, by case of "-ский" and "-ський"."""
    soft = "ий/ая/ое/ие ого/ой/их ому/ой/им ого/ую/их им/ой/ими ом/ой/их"
    ours = "ий/а/е/і ого/ої/их ому/ій/им ого/у/их им/ою/ими ому/ій/их"
    return [tuple(stem + each for each in case.split("/")) for case in (soft if lang == "ru" else ours).split(" ")]


def _albanian(text: str, adjective: bool) -> tuple[str, ...]:
    """Return the forms of an adjective, or of a name of which only the first word changes ("Koreja e Veriut")."""
    if adjective:
        plural = text if text.endswith("e") else text + ("e" if text[-1] != "ë" else "")
        return tuple(
            dict.fromkeys((text, plural, text + "ë", text + "ët", text + "ve", text + "t", text + "i", text + "in"))
        )
    first, _, rest = text.partition(" ")
    linked = rest.replace("e ", "së ", 1) if rest.startswith("e ") else rest
    forms = [each for case in _cases(first, "sq", last=False, adjective=False) for each in case]
    return tuple(dict.fromkeys(f"{form} {tail}" for form in forms for tail in (rest, linked)))


def _german(text: str, adjective: bool) -> tuple[str, ...]:
    if text.endswith("isch") and adjective:
        return (text, *(text + ending for ending in ("e", "en", "er", "es", "em")))
    if adjective:
        return (text, text + "n", text + "s") if text[-1] in "er" else (text,)
    return (text,) if text[-1] in "sxzß" or " " in text or text.isupper() else (text, text + "s")


def _spanish(text: str) -> tuple[str, ...]:
    ending = next((text[-size:] for size in (2, 1) if text[-size:] in _SPANISH), "")
    if not ending:
        return (text,)
    stem = text[: len(text) - len(ending)]
    return tuple(stem + each for each in _SPANISH[ending].split(" "))
