"""Whether a statement is the one that an annotator expected, and the counts over a set of sentences.

How a hit is counted is said in the head of each ``unseen/claims-*.json``; this is the same in code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from consilience.extract.rule_table import read_table
from consilience.knowledge.countries import country_code
from consilience.knowledge.folding import fold
from consilience.knowledge.sector_words import sector_words
from consilience.knowledge.sources import known_source
from consilience.model.dates import parse_date
from consilience.model.document import Document, Passage
from consilience.model.statement import Entity, EntityType, Predicate, Stance, Statement

Read = Callable[[Passage, Document], Sequence[Statement]]
"""The reader that is measured: a passage of a document in, its statements out."""

PAIRS: Final = frozenset(
    {
        Predicate.ALSO_KNOWN_AS,
        Predicate.OVERLAPS,
        Predicate.SHARES_INFRASTRUCTURE,
        Predicate.COOPERATES,
        Predicate.AGREES,
    }
)
"""Relations that say the same in either order."""

RESPONSES: Final = frozenset(
    {
        "diplomatic-rupture",
        "expulsion",
        "ambassador-summoned",
        "sanction",
        "indictment",
        "condemnation",
        "advisory",
    }
)
"""The kinds of response that docs/decisions/0008 names; another kind that is expected is not compared."""

_SHORTEST: Final = 3
_STATE: Final = re.compile(r"[A-Z]{2}")
_GROUPS: Final[dict[str, str]] = {
    Predicate.ATTRIBUTED_TO: "attribution",
    Predicate.SPONSORED_BY: "sponsorship, origin",
    Predicate.ORIGINATES_FROM: "sponsorship, origin",
    Predicate.CLAIMS_RESPONSIBILITY: "self-claim",
    Predicate.RESPONDS: "response",
    Predicate.USES: "use of tools",
    Predicate.TARGETS: "targeting",
    Predicate.HAS_EFFECT: "effect",
    Predicate.AGREES: "agreement",
    Predicate.SUPPLIES: "support",
}
_STANCES: Final = {
    Stance.DENIES: "denial",
    Stance.NO_EVIDENCE: "absence of evidence",
    Stance.DECLINES: "refusal to attribute",
    Stance.RECOMMENDS: "recommendation",
}


class Expectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A statement that an analyst would demand. ``|`` separates alternatives; an empty field is left open."""

    predicate: str
    stance: str
    subject: str = ""
    object: str = ""
    claimant: str = ""
    likelihood: str = ""
    confidence: str = ""
    response: str = ""
    effect: str = ""
    at: str = ""
    note: str = ""


class Allowed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A statement that is true and that nobody would miss."""

    predicate: str
    stance: str
    object: str = ""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One to three sentences, the key of the document they stand in, and what they say."""

    id: str
    document: str
    text: str
    expected: list[Expectation]
    also_true: list[Allowed] = []


class Standing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that sentences are set in."""

    publisher: str
    published: str
    title: str


class SentenceSet(msgspec.Struct, frozen=True):
    """A file of annotated sentences of one language."""

    language: str
    documents: dict[str, Standing]
    sentences: list[Entry]


class Counts(msgspec.Struct):
    """Numbers of claims, of statements, and of sentences that claim nothing."""

    claims: int = 0
    located: int = 0
    objects: int = 0
    claimants: int = 0
    worded: int = 0
    words: int = 0
    made: int = 0
    right: int = 0
    silent: int = 0
    kept: int = 0

    def add(self, other: Counts) -> None:
        """Add the numbers of ``other``."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def count(sentences: SentenceSet, read: Read) -> dict[str, Counts]:
    """Read every entry and return the counts under ``all`` and per group of claims.

    ``worded`` are located claims with a word of likelihood or confidence, ``words`` those whose statement has it.
    """
    found = {"all": Counts()}
    for entry in sentences.sentences:
        standing = sentences.documents[entry.document]
        statements = read_entry(entry, standing, sentences.language, read)
        for group, counts in _of_entry(entry, statements, standing.publisher, sentences.language):
            found["all"].add(counts)
            found.setdefault(group, Counts()).add(counts)
    return found


def standing_document(entry: Entry, standing: Standing, lang: str) -> Document:
    """Return the document in which an entry stands."""
    return Document(
        sha256="0" * 64,
        name=entry.id,
        format="text",
        size=len(entry.text.encode()),
        source=standing.publisher,
        title=standing.title,
        lang=lang,
        published=parse_date(standing.published),
    )


def read_entry(entry: Entry, standing: Standing, lang: str, read: Read) -> list[Statement]:
    """Return the statements of an entry, those that only mention left out."""
    document = standing_document(entry, standing, lang)
    return [each for each in read(Passage(entry.text), document) if each.predicate != Predicate.MENTIONS]


def _of_entry(entry: Entry, made: Sequence[Statement], publisher: str, lang: str) -> Iterable[tuple[str, Counts]]:
    for expectation in entry.expected:
        yield (
            group_of(expectation.predicate.split("|")[0], expectation.stance.split("|")[0]),
            _of_claim(expectation, entry, made, publisher, lang),
        )
    wrong = 0
    for each in made:
        right = is_right(each, entry, lang)
        wrong += not right
        yield group_of(each.predicate, each.stance), Counts(made=1, right=int(right))
    if not entry.expected:
        yield "silence", Counts(silent=1, kept=int(not wrong))


def _of_claim(wanted: Expectation, entry: Entry, made: Sequence[Statement], publisher: str, lang: str) -> Counts:
    located = [each for each in made if is_located(each, wanted, entry)]
    exact = [each for each in located if has_object(each, wanted, lang)]
    spoken = [each for each in exact if has_claimant(each, wanted, publisher, lang)]
    worded = bool(located) and bool(wanted.likelihood or wanted.confidence)
    return Counts(
        claims=1,
        located=int(bool(located)),
        objects=int(bool(exact)),
        claimants=int(bool(spoken)),
        worded=int(worded),
        words=int(worded and any(_has_words(each, wanted) for each in located)),
    )


def group_of(predicate: str, stance: str) -> str:
    """Return the row of the table to which a claim belongs: its stance where that is not a plain one."""
    own = _STANCES.get(Stance(stance))
    if own == "recommendation" or (own and predicate == Predicate.ATTRIBUTED_TO):
        return own
    return _GROUPS.get(predicate, "relations between clusters")


def is_right(made: Statement, entry: Entry, lang: str) -> bool:
    """Return whether a statement is expected, or true though not expected. The claimant is counted elsewhere."""
    if any(is_located(made, each, entry) and has_object(made, each, lang) for each in entry.expected):
        return True
    return any(
        made.predicate in each.predicate.split("|")
        and made.stance in each.stance.split("|")
        and (not each.object or is_one_of(made.object, each.object, lang))
        for each in entry.also_true
    )


def is_located(made: Statement, wanted: Expectation, entry: Entry) -> bool:
    """Return whether predicate and stance are right, in the right sentence."""
    if made.predicate not in wanted.predicate.split("|") or made.stance not in wanted.stance.split("|"):
        return False
    at = entry.text.index(wanted.at) if wanted.at else -1
    return at < 0 or made.place.start <= at < made.place.end


def has_object(made: Statement, wanted: Expectation, lang: str) -> bool:
    """Return whether the object is right, and the subject and the kind of response where these are expected."""
    ends = [(made.subject, made.object)]
    if made.predicate in PAIRS and made.object is not None:
        ends.append((made.object, made.subject))
    if not any(
        (not wanted.subject or is_one_of(subject, wanted.subject, lang))
        and (not wanted.object or is_one_of(target, wanted.object, lang))
        for subject, target in ends
    ):
        return False
    kind = dict(made.attributes).get("response", "")
    return made.predicate != Predicate.RESPONDS or wanted.response not in RESPONSES or kind == wanted.response


def is_one_of(thing: Entity | None, wanted: str, lang: str) -> bool:
    """Return whether an entity is one of the alternatives: a state's code, a source's id, a name or a part of one."""
    if thing is None:
        return False
    return any(_is(thing, each, lang) for each in wanted.split("|"))


def _is(thing: Entity, wanted: str, lang: str) -> bool:
    if _STATE.fullmatch(wanted):
        return wanted in (thing.id, country_code(thing.name, lang)) or speaks_for(thing.id or thing.name, lang, wanted)
    if thing.type is EntityType.SECTOR and _is_of_sector(thing.id, wanted, lang):
        return True
    have, want = fold(thing.name), fold(wanted)
    return wanted == thing.id or (bool(have) and (want in have or have in want))


def _is_of_sector(sector: str, wanted: str, lang: str) -> bool:
    """Return whether ``wanted`` is a word for a sector: its object is a code and not a word of the text."""
    words = (*sector_words(lang).get(sector, ()), *read_table(lang).sectors.get(sector, ()))
    return any(_within(wanted, word) or _within(word, wanted) for word in words)


def speaks_for(source: str, lang: str, state: str) -> bool:
    """Return whether a source's id or name is that of a body that can bind the state, or of the state itself."""
    if source == f"state:{state}":
        return True
    known = known_source(source)
    return (known is not None and known.speaks_for == state) or country_code(source, lang) == state


def has_claimant(made: Statement, wanted: Expectation, publisher: str, lang: str) -> bool:
    """Return whether the statement is given to one of the sources that may be meant."""
    if not wanted.claimant:
        return made.source == publisher or is_one_of(made.subject, made.source, lang) or _responds(made, wanted, lang)
    for each in wanted.claimant.split("|"):
        if each == "publisher" and made.source == publisher:
            return True
        if each.startswith("state:") and speaks_for(made.source, lang, each[6:]):
            return True
        if made.source == each or fold(each) in fold(made.source):
            return True
        if made.predicate == Predicate.CLAIMS_RESPONSIBILITY and is_one_of(made.subject, each, lang):
            return True
    return False


def has_source(thing: Entity, wanted: str, lang: str) -> bool:
    """Return whether a name of the sentence is one of the sources that may be meant; the publisher is no name."""
    for each in wanted.split("|"):
        if each.startswith("state:"):
            state = each.removeprefix("state:")
            if thing.id == state or speaks_for(thing.id or thing.name, lang, state):
                return True
        elif each != "publisher" and (each == thing.id or _within(each, thing.name) or _within(thing.name, each)):
            return True
    return False


def _within(part: str, whole: str) -> bool:
    """Return whether words stand as whole words in others; "it" and nothing at all stand nowhere."""
    folded = fold(part)
    return len(folded) >= _SHORTEST and f" {folded} " in f" {fold(whole)} "


def _responds(made: Statement, wanted: Expectation, lang: str) -> bool:
    """Return whether the source is the body that responds."""
    return any(
        made.source == each or (_STATE.fullmatch(each) is not None and speaks_for(made.source, lang, each))
        for each in wanted.subject.split("|")
    )


def _has_words(made: Statement, wanted: Expectation) -> bool:
    have = fold(made.likelihood.term) if made.likelihood else ""
    sure = fold(made.confidence.term) if made.confidence else ""
    return _met(wanted.likelihood, have) and _met(wanted.confidence, sure)


def _met(wanted: str, have: str) -> bool:
    return not wanted or any(bool(have) and (fold(each) in have or have in fold(each)) for each in wanted.split("|"))
