"""Words of likelihood and confidence: what a word may mean on which published scale, and which word a number gets.

The tables are in ``data/estimative_scales.toml``, each with its source. Likelihood and confidence stay two axes
(ICD 203, 2015, D.6.e). A term keeps its scale and its interval; scales are compared by interval, never averaged.
"""

import functools
import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Final

import msgspec

from consilience.knowledge.estimative_words import estimative_words
from consilience.knowledge.folding import fold
from consilience.model.source import Reliability
from consilience.model.words import Confidence, Likelihood

PHIA: Final = "phia"
ICD_203: Final = "icd-203"
FRENCH: Final = "fr"
STIX_DNI: Final = "stix-dni"
STIX_WEP: Final = "stix-wep"
MISP_ESTIMATIVE: Final = "misp-estimative-language"
MISP_FRENCH: Final = "misp-fr"

LANGUAGES: Final = ("en", "fr")
NO_BREAK_SPACE: Final = "\u00a0"
EN_DASH: Final = "\u2013"


class Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of a scale: the words that the program writes, the interval, and further forms by language."""

    en: str
    fr: str
    low: float
    high: float
    forms: dict[str, tuple[str, ...]] = {}

    def word(self, lang: str) -> str:
        """Return the word that the program writes in ``lang``: French for ``fr``, English for all others."""
        return self.fr if lang == "fr" else self.en

    def surfaces(self, lang: str) -> tuple[str, ...]:
        """Return all forms of the row in ``lang``, the written one first; elsewhere than in English and French ours."""
        if lang not in LANGUAGES:
            return estimative_words(lang).likelihood.get(self.en, ())
        return (self.word(lang), *self.forms.get(lang, ()))


class Scale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A published scale. ``terms`` run from least to most likely; ``translated`` is the language that is ours."""

    id: str
    name: dict[str, str]
    source: str
    used_by: tuple[str, ...]
    confidence: bool
    translated: str
    terms: tuple[Term, ...]
    aliases: tuple[str, ...] = ()
    prose: bool = True

    @property
    def lang(self) -> str:
        """The language of the scale's document."""
        return "en" if self.translated == "fr" else "fr"


class NumberTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"starts": "from"}):
    """How whole numbers 0 to 100 and the terms of a scale stand for one another, in the order of the scale."""

    id: str
    scale: str
    source: str
    numbers: tuple[int, ...]
    starts: tuple[int, ...] = ()


class _Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    en: str
    fr: str
    stix: int
    stix_from: int
    misp: int
    bare: dict[str, tuple[str, ...]]
    forms: dict[str, tuple[str, ...]]

    def word(self, lang: str) -> str:
        return self.fr if lang == "fr" else self.en

    def surfaces(self, lang: str, name: str) -> tuple[str, ...]:
        if lang not in LANGUAGES:
            return estimative_words(lang).confidence.get(name, ())
        return tuple(dict.fromkeys((self.word(lang), *self.forms.get(lang, ()))))


class _ConfidenceTable(msgspec.Struct, frozen=True):
    source: str
    level: dict[str, _Level]


class _Grade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    en: str
    fr: str
    misp: int
    stix: int | None = None
    stix_from: int | None = None


class _Admiralty(msgspec.Struct, frozen=True):
    reliability: dict[str, _Grade]
    credibility: dict[str, _Grade]


class _Tables(msgspec.Struct, frozen=True):
    scale: tuple[Scale, ...]
    number_table: tuple[NumberTable, ...]
    confidence: _ConfidenceTable
    admiralty: _Admiralty


class ScaleTerm(msgspec.Struct, frozen=True):
    """A surface form to look for in prose: ``kind`` is ``likelihood`` or ``confidence``.

    A form of likelihood names the scales that have it, and their envelope ``low`` to ``high``; a form of confidence
    has a ``level`` and no interval.
    """

    text: str
    lang: str
    kind: str
    scales: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    level: str = ""


@functools.cache
def _tables() -> _Tables:
    text = resources.files("consilience.knowledge").joinpath("data/estimative_scales.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _Tables)


@functools.cache
def _scales_by_id() -> dict[str, Scale]:
    return {name: each for each in _tables().scale for name in (each.id, *each.aliases)}


def scale_ids() -> tuple[str, ...]:
    """Return the ids of the scales that people write with: those for prose, not those that only convert numbers."""
    return tuple(each.id for each in _tables().scale if each.prose)


def scale(name: str) -> Scale:
    """Return the scale called ``name`` (an id or an alias of one); raise ``ValueError`` if there is none."""
    found = _scales_by_id().get(name)
    if found is None:
        raise ValueError(f"unknown scale {name!r}; known: {', '.join(each.id for each in _tables().scale)}")
    return found


def scale_used_by(country: str) -> str:
    """Return the id of the scale that the services of a state (ISO alpha-2) publish with, or an empty text."""
    return next((each.id for each in _tables().scale if country and country in each.used_by), "")


def covers(likelihood: Likelihood, p: float) -> bool:
    """Say whether probability ``p`` lies inside the interval; it may not, where a scale has gaps."""
    return likelihood.low <= p <= likelihood.high


def word_for(p: float, scale_name: str, lang: str) -> Likelihood:
    """Return the term of a scale for probability ``p`` (0 to 1), in English or French.

    Where two ranges meet (ICD 203 prints 55-80 and 80-95) the upper one takes the boundary. Where ``p`` falls into a
    gap (PHIA has none of 5-10, 20-25, ...; ICD 203 ends at 1 and 99 %) the nearest range is taken, and of two equally
    near ones that closer to even, which claims less. The interval returned is always the published one, never
    stretched to reach ``p``: ask :func:`covers`. Raises ``ValueError`` for an unknown scale or a ``p`` outside [0, 1].
    """
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"a probability lies between 0 and 1, not {p!r}")
    chosen = scale(scale_name)

    def distance(term: Term) -> tuple[float, float, float]:
        # Rounding keeps a float's last bit from deciding which of two equally near ranges is nearer.
        outside = round(max(term.low - p, p - term.high, 0.0), 9)
        from_even = abs((term.low + term.high) / 2 - 0.5) if outside else 0.0
        return (outside, from_even, -term.low)

    term = min(chosen.terms, key=distance)
    return Likelihood(term.word(lang), term.low, term.high, chosen.id, "fr" if lang == "fr" else "en")


def on_scale(likelihood: Likelihood, scale_name: str, lang: str) -> tuple[Likelihood, ...]:
    """Return what a likelihood means on another scale: every term whose interval overlaps its own, least first.

    A mapping is by interval and may be several terms: PHIA's "realistic possibility" (40-50 %) is "unlikely" and
    "roughly even chance" in ICD 203. Intervals that only touch do not overlap; one that lies in a gap of the scale
    gets none. Raises ``ValueError`` for an unknown scale.
    """
    chosen = scale(scale_name)
    return tuple(
        Likelihood(term.word(lang), term.low, term.high, chosen.id, "fr" if lang == "fr" else "en")
        for term in chosen.terms
        if min(term.high, likelihood.high) > max(term.low, likelihood.low)
    )


@functools.cache
def _rows_by_form(lang: str) -> dict[str, tuple[tuple[Scale, Term], ...]]:
    """Each folded surface form of a language with the rows, of any scale, that have it."""
    rows: dict[str, list[tuple[Scale, Term]]] = {}
    for each in _tables().scale:
        for term in each.terms:
            for form in {fold(surface) for surface in term.surfaces(lang)}:
                rows.setdefault(form, []).append((each, term))
    return {form: tuple(found) for form, found in rows.items()}


def _read_in_prose(each: Scale, lang: str) -> bool:
    """A scale counts for a text in its own language, or where a state publishes with it and may be translated."""
    return each.prose and (each.lang == lang or bool(each.used_by))


def read_likelihood(text: str, lang: str, scale_hint: str = "") -> Likelihood | None:
    """Read a word of likelihood as a source used it; return ``None`` for one that no scale has (``may``).

    ``scale_hint`` is the scale that the speaker uses (:func:`scale_used_by`). Without it, a word of several scales
    gets the envelope of their intervals and no scale. A word that the hinted scale lacks is not put on it: it gets the
    envelope of the others, and no scale. ``term`` keeps the wording of ``text``.
    """
    rows = _rows_by_form(lang).get(fold(text), ())
    term = " ".join(text.split())
    if scale_hint:
        hinted = scale(scale_hint).id
        for each, row in rows:
            if each.id == hinted:
                return Likelihood(term, row.low, row.high, each.id, lang)
    found = [(each, row) for each, row in rows if _read_in_prose(each, lang)]
    if not found:
        return None
    name = found[0][0].id if len(found) == 1 and not scale_hint else ""
    return Likelihood(term, min(row.low for _, row in found), max(row.high for _, row in found), name, lang)


@functools.cache
def _levels_by_form(lang: str) -> dict[str, str]:
    return {
        fold(form): name
        for name, level in _tables().confidence.level.items()
        for form in (name, *level.surfaces(lang, name), *level.bare.get(lang, ()))
    }


def read_confidence(text: str, lang: str, scale_hint: str = "") -> Confidence | None:
    """Read a phrase of confidence (``moderate confidence``, ``confiance élevée``, or the bare level of a field).

    Returns ``None`` where no level is named: ``with confidence`` alone says nothing of how much. A leading ``with`` or
    ``avec`` is allowed. The scale is that of ``scale_hint`` if it has a confidence axis, else empty: all known axes
    use the same three levels.
    """
    words = fold(text).split()
    while words and words[0] in _LEADING:
        words = words[1:]
    level = _levels_by_form(lang).get(" ".join(words))
    if level is None:
        return None
    hinted = scale(scale_hint) if scale_hint else None
    return Confidence(" ".join(text.split()), level, hinted.id if hinted and hinted.confidence else "", lang)


_LEADING: Final = frozenset(
    {"with", "a", "an", "at", "in", "avec", "un", "une", "de", "con", "mit", "einem", "einer"}
    | {"с", "со", "з", "із", "зі"}
)


def confidence_word(level: str, lang: str) -> str:
    """Return the phrase for a level (``low``, ``moderate``, ``high``); raise ``ValueError`` for another."""
    found = _tables().confidence.level.get(level)
    if found is None:
        raise ValueError(f"unknown level of confidence {level!r}")
    return found.word(lang)


def _likelihood_terms(lang: str) -> Iterator[ScaleTerm]:
    written = dict.fromkeys(
        surface
        for each in _tables().scale
        if _read_in_prose(each, lang)
        for term in each.terms
        for surface in term.surfaces(lang)
    )
    for surface in written:
        rows = [(each, row) for each, row in _rows_by_form(lang)[fold(surface)] if _read_in_prose(each, lang)]
        low, high = min(row.low for _, row in rows), max(row.high for _, row in rows)
        yield ScaleTerm(surface, lang, "likelihood", tuple(each.id for each, _ in rows), low, high)


@functools.cache
def terms(lang: str) -> tuple[ScaleTerm, ...]:
    """Return every surface form of likelihood and confidence to look for in a text, longest first.

    Each form stands once, in lower case with its accents. Forms are whole words: ``likely`` also stands inside
    ``highly likely``, so take the longest that matches. A language without a table has none.
    """
    levels = (
        ScaleTerm(form, lang, "confidence", level=name)
        for name, level in _tables().confidence.level.items()
        for form in level.surfaces(lang, name)
    )
    return tuple(sorted((*_likelihood_terms(lang), *levels), key=lambda term: (-len(term.text), term.text)))


def _percent(value: float, lang: str) -> str:
    text = f"{value * 100:.1f}".removesuffix(".0")
    return text.replace(".", ",") if lang == "fr" else text


def percent_range(low: float, high: float, lang: str) -> str:
    """Return ``80–95 %`` for probabilities: en dash, then a no-break space (U+00A0) before the sign, in both languages.

    U+00A0 and not the narrow U+202F: every font and terminal has it, and a line never breaks before the sign. At most
    one decimal, with a comma in French; equal ends are written once.
    """
    ends = dict.fromkeys((_percent(low, lang), _percent(high, lang)))
    return EN_DASH.join(ends) + NO_BREAK_SPACE + "%"


def sentence_range(likelihood: Likelihood, lang: str) -> str:
    """Return the term with its range, as it stands in a sentence: ``very likely (80–95 %)``.

    Readers understand a probability word twice as often when the range stands beside it (Wintle et al. 2019, PLOS
    ONE), so the program writes every estimative word through this function. The term is not translated here.
    """
    return f"{likelihood.term} ({percent_range(likelihood.low, likelihood.high, lang)})"


@functools.cache
def _number_tables() -> dict[str, NumberTable]:
    return {each.id: each for each in _tables().number_table}


def _number_table(name: str) -> NumberTable:
    found = _number_tables().get(name)
    if found is None:
        raise ValueError(f"unknown table of numbers {name!r}; known: {', '.join(_number_tables())}")
    return found


def likelihood_of_number(number: int, table: str, lang: str = "en") -> Likelihood:
    """Read a whole number 0 to 100 through the named table, and no other: 57 is "likely" in MISP's, "even" in STIX's.

    ``table`` is one of ``stix-dni``, ``stix-wep``, ``misp-estimative-language``, ``misp-fr``. The two tables of the
    ICD 203 words differ on 20 of the 101 numbers. Raises ``ValueError`` for a number the table does not have.
    """
    rows = _number_table(table)
    if not 0 <= number <= 100:
        raise ValueError(f"a confidence number lies between 0 and 100, not {number}")
    if rows.starts:
        index = max(index for index, start in enumerate(rows.starts) if start <= number)
    elif number in rows.numbers:
        index = rows.numbers.index(number)
    else:
        raise ValueError(f"table {table} has no number {number}")
    chosen = scale(rows.scale)
    term = chosen.terms[index]
    return Likelihood(term.word(lang), term.low, term.high, chosen.id, lang)


def number_of_likelihood(likelihood: Likelihood, table: str) -> int:
    """Return the number that the table writes for a likelihood (STIX ``confidence``, MISP ``numerical_value``).

    A term of the table's own scale, or for ``stix-dni`` of ICD 203 (the same seven words), gets its tabled number. Any
    other is placed by the middle of its interval: that number loses the word, so send term, scale and interval with it.
    """
    rows = _number_table(table)
    same_words = {rows.scale, ICD_203} if rows.scale == STIX_DNI else {rows.scale}
    if likelihood.scale in same_words:
        form = fold(likelihood.term)
        for index, term in enumerate(scale(likelihood.scale).terms):
            if any(form == fold(surface) for lang in LANGUAGES for surface in term.surfaces(lang)):
                return rows.numbers[index]
    middle = round((likelihood.low + likelihood.high) * 50)
    if rows.starts:
        return middle
    return min(rows.numbers, key=lambda number: (abs(number - middle), number))


def confidence_of_number(number: int, lang: str = "en") -> Confidence | None:
    """Read a STIX ``confidence`` on the None/Low/Med/High table (STIX 2.1, Appendix A); 0 is none at all."""
    if not 0 <= number <= 100:
        raise ValueError(f"a confidence number lies between 0 and 100, not {number}")
    levels = _tables().confidence.level
    reached = [name for name, level in levels.items() if level.stix_from <= number]
    if not reached:
        return None
    name = max(reached, key=lambda each: levels[each].stix_from)
    return Confidence(levels[name].word(lang), name, "stix-none-low-med-high", lang)


def number_of_confidence(level: str) -> int:
    """Return the STIX number of a level of confidence: 15, 50 or 85. Raises ``ValueError`` for another word."""
    found = _tables().confidence.level.get(level)
    if found is None:
        raise ValueError(f"unknown level of confidence {level!r}")
    return found.stix


def reliability_text(reliability: Reliability, lang: str) -> str:
    """Return the text of an Admiralty letter, such as ``usually reliable`` for B."""
    grade = _tables().admiralty.reliability[reliability.value]
    return grade.fr if lang == "fr" else grade.en


def credibility_text(credibility: int, lang: str) -> str:
    """Return the text of an Admiralty digit, such as ``probably true`` for 2; raise ``ValueError`` outside 1 to 6."""
    grade = _tables().admiralty.credibility.get(str(credibility))
    if grade is None:
        raise ValueError(f"credibility runs from 1 to 6, not {credibility}")
    return grade.fr if lang == "fr" else grade.en


def read_admiralty(text: str) -> tuple[Reliability, int] | None:
    """Read an Admiralty pair such as ``B2`` or ``b-2``; ``None`` where it is not one (MISP's G has no NATO meaning)."""
    code = fold(text).replace(" ", "")
    if len(code) != 2 or code[0] not in "abcdef" or code[1] not in "123456":
        return None
    return Reliability(code[0].upper()), int(code[1])


def credibility_of_number(number: int) -> int:
    """Read a STIX ``confidence`` as an Admiralty digit, 1 to 5 (STIX 2.1, Appendix A); 6 has no number there."""
    if not 0 <= number <= 100:
        raise ValueError(f"a confidence number lies between 0 and 100, not {number}")
    grades = _tables().admiralty.credibility
    return min(
        int(digit) for digit, grade in grades.items() if grade.stix_from is not None and grade.stix_from <= number
    )


def number_of_credibility(credibility: int) -> int | None:
    """Return the STIX number of an Admiralty digit (90 for 1 down to 10 for 5); ``None`` for 6, which is left out."""
    grade = _tables().admiralty.credibility.get(str(credibility))
    if grade is None:
        raise ValueError(f"credibility runs from 1 to 6, not {credibility}")
    return grade.stix
