"""How states, sources and actors are called in the reader's language, with the article that a sentence wants.

Words of a source are quoted as they stand; in our own sentences a state is "Iran" in English and "l’Iran" in French
whatever the document called it, and a known publisher goes by its name in that language. Names of clusters stay as
their publishers write them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from consilience.knowledge.countries import country_code, country_name
from consilience.knowledge.folding import fold
from consilience.knowledge.infrastructure import list_label
from consilience.knowledge.sources import KnownSource, known_source, known_sources
from consilience.model.assessment import Assessment, LedgerRow
from consilience.model.case import Question
from consilience.model.source import Source, SourceKind
from consilience.report.catalogue import VOWEL, catalogue, french_spaces
from consilience.report.forms import isolated, short

NAME_LENGTH: Final = 160
"""A name from outside is cut to this many characters inside a sentence; ledger and card quote it whole."""

_PUBLIC: Final = frozenset({SourceKind.STATE, SourceKind.INTERNATIONAL, SourceKind.COURT})
ATTRIBUTIONS: Final = frozenset({"attributed-to", "sponsored-by", "originates-from"})
"""Relations whose object is blamed for their subject."""

_OF_EVENTS: Final = frozenset({"attributed-to", "sponsored-by", "targets", "mentions"})
"""Relations whose subject may be something that happened."""

_OF_ACTORS: Final = frozenset(
    {
        "also-known-as",
        "overlaps-with",
        "part-of",
        "revoked-by",
        "related-to",
        "originates-from",
        "shares-infrastructure-with",
        "cooperates-with",
        "imitates",
        "hijacks",
        "supplies",
        "claims-responsibility-for",
        "agrees-with",
    }
)
"""Relations whose subject is always somebody."""

_ACRONYM = re.compile(r"[A-ZÀ-Ý0-9./-]{2,}")
_IN_BRACKETS = re.compile(r"\s*\([^()]*\)$")
_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")
_EVENT = re.compile(r"att?ack|attaque|incident|operation|intrusion|campa|hack|leak|fuite|wiper|ransom|rancon")
_STATE_ID = re.compile(r"state:([A-Z]{2})")


class Names(msgspec.Struct, frozen=True):
    """The names of one dossier in one language.

    ``spoken`` gives sources by id as a sentence wants them ("the FBI"), ``listed`` as a table does ("FBI"); ``ids``
    finds a source by the name that the case gives it. ``actors`` are the folded names that stand for somebody, so that
    any other subject of a counted claim is the incident itself. ``blamed`` gives all that one item of evidence blames.
    """

    lang: str
    spoken: dict[str, str] = {}
    listed: dict[str, str] = {}
    ids: dict[str, str] = {}
    states: dict[str, str] = {}
    actors: frozenset[str] = frozenset()
    blamed: dict[str, tuple[str, ...]] = {}
    counted: frozenset[str] = frozenset()

    def source(self, value: str) -> str:
        """Return a source, given by id or by name, as a sentence wants it."""
        return self.spoken.get(value) or self.spoken.get(self.ids.get(value, "")) or name_text(value)

    def sources(self, values: Iterable[str]) -> str:
        """Return sources as an enumeration, each once."""
        return catalogue(self.lang).listed(list(dict.fromkeys(self.source(each) for each in values)))

    def row(self, value: str) -> str:
        """Return a source, given by id, as a table wants it: whole, without article."""
        return self.listed.get(value, value)

    def brief(self, value: str) -> str:
        """Return a source, given by id, without article and without what stands in brackets behind its name."""
        return _IN_BRACKETS.sub("", self.row(value)) or self.row(value)

    def thing(self, value: str) -> str:
        """Return an actor, a state or a public body as a sentence wants it."""
        code = country_code(value)
        if code:
            return state_name(code, self.lang)
        known = known_source(value)
        body = known.source.id if known and known.source.kind in _PUBLIC else ""
        return self.spoken.get(self.ids.get(value, body)) or name_text(value)

    def is_incident(self, subject: str, predicate: str) -> bool:
        """Say whether the subject of a claim that counts is the case's own incident rather than somebody's name."""
        if predicate not in _OF_EVENTS or fold(subject) in self.actors or country_code(subject):
            return False
        return not _looks_like_a_name(subject)


def names(assessment: Assessment, lang: str) -> Names:
    """Return the names of an assessment in ``lang``."""
    known = {each.source.id: each for each in known_sources()}
    found = {row.source.id: _in_language(row.source, known.get(row.source.id), lang) for row in assessment.sources}
    return Names(
        lang=lang,
        spoken={row.source.id: _with_article(row.source, found[row.source.id], lang) for row in assessment.sources},
        listed={
            row.source.id: found[row.source.id]
            if found[row.source.id] == row.source.name
            else sentence(found[row.source.id])
            for row in assessment.sources
        },
        ids={row.source.name: row.source.id for row in assessment.sources},
        states={row.source.id: row.source.country for row in assessment.sources if row.source.kind == SourceKind.STATE},
        actors=_actors(assessment),
        blamed=_blamed(assessment),
        counted=frozenset(row.statement for row in assessment.ledger if row.counted),
    )


def state_name(code: str, lang: str) -> str:
    """Return a state by its ISO alpha-2 code as a sentence wants it: ``the United States``, ``les États-Unis``."""
    name, lists = typographic(country_name(code, lang) or code, lang), articles()[lang]
    if lang == "en":
        return f"the {name}" if code in lists["countries"] else name
    if code in lists["bare-countries"]:
        return name
    if code in lists["plural-countries"]:
        return f"les {name}"
    feminine = code in lists["feminine-countries"] or (name.endswith("e") and code not in lists["masculine-countries"])
    return _french_article(name, feminine=feminine)


def typographic(text: str, lang: str) -> str:
    """Return a text of ours (a title, a label) with curved apostrophes and, in French, its narrow spaces."""
    text = _APOSTROPHE.sub("’", text)
    return french_spaces(text) if lang == "fr" else text


def list_words(listed: str, lang: str) -> str:
    """Return the list of shared infrastructure that a value stands on in the reader's language, with the list's id."""
    return typographic(list_label(listed, lang), lang)


def name_text(text: str) -> str:
    """Return a name from outside for a sentence: not too long, and unable to turn the words around it."""
    return isolated(short(text, NAME_LENGTH))


def sentence(text: str) -> str:
    """Return ``text`` with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def _looks_like_a_name(text: str) -> bool:
    """Say whether a text is a proper name ("UNC1151", "Ember Bear") rather than words for something that happened."""
    parts = text.split()
    return len(parts) <= 3 and all(part[:1].isupper() for part in parts) and not _EVENT.search(fold(text))


@cache
def articles() -> dict[str, dict[str, list[str]]]:
    """Return the lists of ``texts/articles.toml`` by language and name."""
    raw = files("consilience.report").joinpath("texts", "articles.toml").read_text(encoding="utf-8")
    return tomllib.loads(raw)


def _french_article(name: str, *, feminine: bool) -> str:
    if VOWEL.match(name):
        return f"l’{name}"
    return f"{'la' if feminine else 'le'} {name}"


def _in_language(source: Source, known: KnownSource | None, lang: str) -> str:
    """Return the name of a source in ``lang``: its own where it is one of that language, else a known one.

    Acronyms stay: a reader knows the FBI by no other name.
    """
    own, state = typographic(source.name, lang), _STATE_ID.fullmatch(source.id)
    if state:
        return catalogue(lang).text("naming.government", state=state_name(state[1], lang))
    if known is None:
        return own
    if source.name == source.id:
        own = typographic(known.source.name, lang)
    there = known.names.get(lang, ())
    elsewhere = {name for key, names_ in known.names.items() if key != lang for name in names_}
    if source.name in there or (lang == "en" and source.name not in elsewhere):
        return own
    if lang == "en":
        return typographic(known.source.name, lang)
    acronyms = [name for name in there if _ACRONYM.fullmatch(name)]
    if _ACRONYM.fullmatch(source.name):
        return acronyms[0] if acronyms else own
    return typographic(there[0], lang) if there else own


def _with_article(source: Source, name: str, lang: str) -> str:
    """Return a name as a sentence wants it; what stands in brackets behind it is left to the tables."""
    name, lists = _IN_BRACKETS.sub("", name) or name, articles()[lang]
    if lang == "en":
        # "The Ministry of Defence" and "the CERT of Nordmark", but "CERT Polska": that is the name itself.
        is_team = name.startswith("CERT ") and " of " not in name
        several = (
            source.kind in _PUBLIC
            and " " in name
            and name[0].isascii()
            and not is_team
            and source.id not in lists["bare-sources"]
        )
        wants = source.id in lists["sources"] or several
        return name_text(f"the {name}" if wants and not name.lower().startswith("the ") else name)
    word = name.partition(" ")[0].lower()
    public = source.kind in _PUBLIC
    for gender in ("masculine", "feminine"):
        if source.id in lists[f"{gender}-sources"] or (public and word in lists[f"{gender}-words"]):
            return name_text(_french_article(name, feminine=gender == "feminine"))
    return name_text(name)


def _actors(assessment: Assessment) -> frozenset[str]:
    """Return the folded names that stand for somebody: of hypotheses, sources, clusters, and of whoever is blamed."""
    found = {name for each in assessment.hypotheses for name in (*each.names, *each.label.values())}
    found |= {row.source.name for row in assessment.sources}
    found |= {name for each in assessment.overlaps for name in (each.a, each.b)}
    for row in assessment.ledger:
        if row.predicate in _OF_ACTORS or assessment.question == Question.LINK:
            found.add(row.subject)
        if row.predicate in ATTRIBUTIONS:
            found.add(row.object)
    return frozenset(fold(name) for name in found if name)


def _blamed(assessment: Assessment) -> dict[str, tuple[str, ...]]:
    """Return whom the own words of an item's source blame, by item: states first, then names."""
    items = {item.id: item for item in assessment.evidence}

    def says_it(row: LedgerRow) -> bool:
        item = items.get(row.counted)
        if item is None or row.predicate not in ATTRIBUTIONS or not row.object:
            return False
        return row.source == item.params.get("source-id") and row.stance == item.params.get("stance", row.stance)

    found: dict[str, set[str]] = {}
    for row in assessment.ledger:
        if says_it(row):
            found.setdefault(row.counted, set()).add(row.object)
    return {key: tuple(sorted(each, key=lambda name: (not country_code(name), name))) for key, each in found.items()}
