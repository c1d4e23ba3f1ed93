"""The facts of a case, indexed once: who stands behind a source, what a name or a country speaks for."""

from __future__ import annotations

import re
from collections.abc import Iterable

from consilience.attribution.facts import CaseFacts, fold
from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.assessment import HypothesisKind, Quotation
from consilience.model.dates import UNKNOWN_DATE, PartialDate, Period, days_apart, earliest, latest, parse_date
from consilience.model.source import Reliability, Source, SourceKind, origins
from consilience.model.statement import Entity, EntityType, Place, Predicate, Stance, Statement

_ORDER = "ABCFDE"


class FactView:
    """Look-ups over :class:`CaseFacts`. Reading it never changes it."""

    def __init__(self, facts: CaseFacts) -> None:
        self.facts = facts
        self._derives = {key: each.derives_from for key, each in facts.sources.items()}
        self._codes = {fold(name): code.upper() for name, code in facts.country_codes.items()}
        self._named: dict[str, list[str]] = {}
        self._by_country: dict[str, list[str]] = {}
        for identifier, members in sorted(facts.members.items()):
            for name in {fold(each) for each in (*members.names, *members.clusters)}:
                self._named.setdefault(name, []).append(identifier)
            if members.country:
                self._by_country.setdefault(members.country, []).append(identifier)
        self.hypotheses = tuple(each.id for each in facts.hypotheses if each.kind is not HypothesisKind.IMITATION)
        self.statements = _live(facts.statements)
        self.cluster_names = {fold(name) for name in facts.case.clusters}
        self.claimants = {
            fold(each.subject.name)
            for each in self.statements
            if each.predicate == Predicate.CLAIMS_RESPONSIBILITY and each.stance != Stance.DENIES
        }
        self._blamed = {
            (each.place.document, fold(each.object.name))
            for each in self.statements
            if each.predicate == Predicate.ATTRIBUTED_TO and each.object and is_event(each.subject)
        }
        self.tied = self.cluster_names | self.claimants | {name for _, name in self._blamed}
        self._published = {
            fold(name)
            for cluster in facts.clusters.values()
            for name in (cluster.name, *(alias.name for alias in cluster.aliases))
        }
        self.documents = {each.sha256: each for each in facts.documents}

    def source(self, identifier: str) -> Source:
        """Return a source; one that nobody described cannot be judged (grade F)."""
        return self.facts.sources.get(identifier) or Source(id=identifier, name=identifier)

    def origins(self, identifier: str) -> tuple[str, ...]:
        """Return the first sources behind a source, sorted."""
        return tuple(sorted(origins(identifier, self._derives)))

    def origins_of(self, identifiers: Iterable[str]) -> tuple[str, ...]:
        """Return the first sources behind several sources, sorted, each once."""
        return tuple(sorted({origin for each in identifiers if each for origin in self.origins(each)}))

    def voice(self, statement: Statement) -> str:
        """Return the source whose word a statement is: who says it, or the organ through which a state says it.

        A government as such (``state:US``) on record through its own ministry is no second source beside that
        ministry, and rests on what the ministry rests on.
        """
        relay = self.source(statement.via)
        own = relay.kind == SourceKind.STATE and statement.source == f"state:{relay.country}"
        return statement.via if own else statement.source

    def reliability(self, statement: Statement) -> float:
        """Return P(true as reported) by the grades of the voice and of its relay, and by credibility.

        A chain is as good as its weakest link.
        """
        grades = [WEIGHTS.reliable(self.grade(each)) for each in {self.voice(statement), statement.via} if each]
        return min(*grades, WEIGHTS.credible(statement.credibility), 1.0)

    def grade(self, identifier: str, above: frozenset[str] = frozenset()) -> Reliability:
        """Return the reliability that counts: what repeats others is not better than the best that it repeats.

        ``above`` are the sources on the way here, so that a circle of citations ends.
        """
        own = self.source(identifier).reliability
        path = above | {identifier}
        behind = [self.grade(each, path) for each in self._derives.get(identifier, ()) if each not in path]
        return worst((own, best(behind))) if behind else own

    def steps(self, identifier: str) -> int:
        """Return how many repetitions lie between a source and the nearest of its origins."""
        roots, here, count = set(self.origins(identifier)), {identifier}, 0
        while not here & roots:
            here = {parent for each in here for parent in self._derives.get(each, ())}
            count += 1
        return count

    def country(self, entity: Entity) -> str:
        """Return the alpha-2 code that an entity stands for, or an empty text."""
        found = self._codes.get(fold(entity.name), "")
        if found or entity.type != EntityType.COUNTRY:
            return found
        return next((text for text in (entity.id, entity.name) if re.fullmatch("[A-Z]{2}", text)), "")

    def targets(self, entity: Entity) -> tuple[str, ...]:
        """Return the ids of the hypotheses that an entity, blamed, speaks for: by name, else by country."""
        by_name = self.named(entity.name) or self.named(entity.id)
        return by_name or tuple(self._by_country.get(self.country(entity), ()))

    def named(self, name: str) -> tuple[str, ...]:
        """Return the ids of the hypotheses for which a name or a cluster key speaks."""
        return tuple(self._named.get(fold(name), ())) if name else ()

    def is_published(self, name: str) -> bool:
        """Whether a publisher of the case's knowledge carries a name, as a cluster's own or as an alias."""
        return fold(name) in self._published

    def in_incident(self, entity: Entity) -> bool:
        """Whether an entity is the incident, a campaign, or the cluster under which the incident is kept."""
        return is_event(entity) or fold(entity.name) in self.cluster_names

    def describes_incident(self, statement: Statement) -> bool:
        """Whether what a statement says of its subject was seen in the incident.

        It is so of the incident itself, and of a cluster to which the same document attributes the incident under a
        name that no publisher knows otherwise, such as a provisional number. What a known actor uses is knowledge.
        """
        name = fold(statement.subject.name)
        provisional = (statement.place.document, name) in self._blamed and not self.is_published(name)
        return provisional or self.in_incident(statement.subject)

    def quotation(self, statement: Statement) -> Quotation:
        """Return a statement's words with the place to look them up."""
        return Quotation(
            text=statement.quote,
            lang=statement.lang,
            source=statement.source,
            document=statement.place.document,
            place=place_text(statement.place),
            statement=statement.id,
            url=self.url(statement.place.document),
        )

    def url(self, document: str) -> str:
        """Return the address of a document, empty where none is known."""
        return self.documents[document].url if document in self.documents else ""

    def off_topic(self, statement: Statement, slack: float) -> str:
        """Say why a dated claim cannot be about the incident: ``said-before``, ``other-period``, or empty.

        Unknown and impossible dates exclude nothing. ``slack`` is in days.
        """
        incident = checked(self.facts.case.incident)
        said = date_or_unknown(statement.said) or date_or_unknown(statement.published)
        if said and incident.first and latest(said) < earliest(incident.first):
            return "said-before"
        gap = period_gap(checked(statement.happened), incident)
        return "other-period" if gap is not None and gap > slack else ""


def is_event(entity: Entity) -> bool:
    """Whether an entity is something that happened."""
    return entity.type in {EntityType.INCIDENT, EntityType.CAMPAIGN}


def best(grades: Iterable[Reliability]) -> Reliability:
    """Return the best grade; F, which cannot be judged, stands between C and D, as its number does."""
    return min(grades, key=lambda grade: _ORDER.index(grade.value), default=Reliability.F)


def worst(grades: Iterable[Reliability]) -> Reliability:
    """Return the worst grade, in the order of :func:`best`."""
    return max(grades, key=lambda grade: _ORDER.index(grade.value), default=Reliability.F)


def place_text(place: Place) -> str:
    """Return a place as ``/objects/12``, ``line 7`` or ``chars 10-25``; both parts where both are known."""
    chars = f"chars {place.start}-{place.end}" if place.start >= 0 else ""
    return ", ".join(part for part in (place.pointer, chars) if part)


def date_or_unknown(text: str) -> PartialDate:
    """Return a partial date; an impossible one is unknown."""
    try:
        return parse_date(text)
    except ValueError:
        return UNKNOWN_DATE


def checked(period: Period) -> Period:
    """Return a period whose impossible dates are unknown; one that ends before it begins is unknown as a whole."""
    first, last = date_or_unknown(period.first), date_or_unknown(period.last)
    if first and last and earliest(first) > latest(last):
        return Period()
    return Period(first, last)


def period_gap(one: Period, other: Period) -> float | None:
    """Return the smallest gap in days that two periods allow, 0 where they may overlap; ``None`` if one is unknown.

    A period with one known end is taken as that date alone.
    """
    one_first, one_last = one.first or one.last, one.last or one.first
    other_first, other_last = other.first or other.last, other.last or other.first
    if not (one_first and other_first):
        return None
    if latest(one_last) >= earliest(other_first) and latest(other_last) >= earliest(one_first):
        return 0.0
    return min(days_apart(one_last, other_first) or 0.0, days_apart(one_first, other_last) or 0.0)


def _live(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Return the statements that no other one supersedes, by id, each once."""
    given = {each.id: each for each in statements}
    replaced = {old for each in given.values() for old in each.supersedes if old != each.id}
    return tuple(given[key] for key in sorted(given) if key not in replaced)
