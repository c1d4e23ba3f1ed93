"""What the case holds, as rows to be read: ledger, timeline, sources, documents. Nothing is weighed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from consilience.attribution.facts import fold
from consilience.attribution.view import FactView, checked, date_or_unknown, place_text
from consilience.model.assessment import DocumentRow, LedgerRow, SourceRow, TimelineEvent
from consilience.model.dates import PartialDate, Period
from consilience.model.statement import Predicate, Statement

_CLAIMS: Final = frozenset(
    {
        Predicate.ATTRIBUTED_TO,
        Predicate.SPONSORED_BY,
        Predicate.ORIGINATES_FROM,
        Predicate.CLAIMS_RESPONSIBILITY,
        Predicate.COOPERATES,
        Predicate.IMITATES,
        Predicate.HIJACKS,
        Predicate.SUPPLIES,
        Predicate.SHARES_INFRASTRUCTURE,
        Predicate.RESPONDS,
        Predicate.AGREES,
        Predicate.HAS_EFFECT,
    }
)

_NAMINGS: Final = frozenset(
    {Predicate.ALSO_KNOWN_AS, Predicate.OVERLAPS, Predicate.PART_OF, Predicate.REVOKED_BY, Predicate.RELATED_TO}
)


def ledger(view: FactView, counted: Mapping[str, str]) -> tuple[LedgerRow, ...]:
    """Return who said what: claims, and namings that touch the case's clusters or hypotheses, by the date said.

    Undated rows come last, and those with an impossible date, which stays as it was written. Superseded statements
    stay in: the ledger shows what was said, not what still holds. ``counted`` maps statement ids to evidence ids.
    """
    given = {each.id: each for each in view.facts.statements}
    shown = [each for each in given.values() if each.predicate in _CLAIMS or _names_ours(view, each)]
    shown.sort(key=lambda each: (not _when(each), _when(each), each.source, each.id))
    return tuple(_row(view, each, counted.get(each.id, "")) for each in shown)


def _names_ours(view: FactView, statement: Statement) -> bool:
    if statement.predicate not in _NAMINGS:
        return False
    names = [each.name for each in (statement.subject, statement.object) if each]
    return any(view.named(name) or fold(name) in view.cluster_names for name in names)


def _when(statement: Statement) -> str:
    return date_or_unknown(statement.said) or date_or_unknown(statement.published)


def _row(view: FactView, statement: Statement, counted: str) -> LedgerRow:
    return LedgerRow(
        statement=statement.id,
        source=statement.source,
        said=statement.said or statement.published,
        act=statement.act.value,
        stance=statement.stance.value,
        predicate=str(statement.predicate),
        subject=statement.subject.name,
        object=statement.object.name if statement.object else "",
        quote=statement.quote,
        lang=statement.lang,
        via=statement.via,
        likelihood=statement.likelihood,
        confidence=statement.confidence,
        credibility=statement.credibility,
        counted=counted,
        document=statement.place.document,
        place=place_text(statement.place),
        url=view.url(statement.place.document),
    )


def timeline(view: FactView, rows: Iterable[LedgerRow]) -> tuple[TimelineEvent, ...]:
    """Return the events of three lanes: what happened, what was said, what was published; undated ones last in each.

    Kinds: ``incident`` (the case's own period), ``event`` (a statement's date of happening), ``statement`` and
    ``document``. An impossible date is an unknown one.
    """
    in_ledger = {row.statement for row in rows}
    events = []
    if view.facts.case.incident != Period():
        period = checked(view.facts.case.incident)
        events.append(_event("happened", period, "incident", dict(sorted(view.facts.case.title.items()))))
    for each in view.statements:
        params = {
            "source": each.source,
            "subject": each.subject.name,
            "predicate": str(each.predicate),
            "object": each.object.name if each.object else "",
            "act": each.act.value,
            "stance": each.stance.value,
        }
        if each.happened != Period():
            events.append(_event("happened", checked(each.happened), "event", params, each.id))
        if each.id in in_ledger:
            said = PartialDate(_when(each))
            events.append(_event("said", Period(said, said), "statement", params, each.id))
    for document in view.facts.documents:
        published = date_or_unknown(document.published)
        params = {"name": document.name, "source": document.source, "title": document.title}
        events.append(_event("published", Period(published, published), "document", params))
    lanes = ("happened", "said", "published")
    return tuple(
        sorted(
            events,
            key=lambda event: (
                lanes.index(event.lane),
                not (event.period.first or event.period.last),
                event.period.first or event.period.last,
                event.kind,
                event.statement,
                sorted(event.params.items()),
            ),
        )
    )


def _event(lane: str, period: Period, kind: str, params: dict[str, str], statement: str = "") -> TimelineEvent:
    return TimelineEvent(lane=lane, period=period, kind=kind, params=params, statement=statement)


def source_rows(view: FactView, extra: Iterable[str] = ()) -> tuple[SourceRow, ...]:
    """Return every source that speaks, relays or publishes in the case, and those of ``extra``, by id."""
    spoken: dict[str, int] = {}
    for each in {one.id: one for one in view.facts.statements}.values():
        spoken[each.source] = spoken.get(each.source, 0) + 1
    relays = {each.via for each in view.facts.statements}
    publishers = {each.source for each in view.facts.documents}
    used = {*spoken, *relays, *publishers, *extra} - {""}
    used |= {origin for each in used for origin in view.origins(each)}
    return tuple(
        SourceRow(source=view.source(each), origins=view.origins(each), statements=spoken.get(each, 0))
        for each in sorted(used)
    )


def document_rows(view: FactView) -> tuple[DocumentRow, ...]:
    """Return the documents of the case by name and digest."""
    return tuple(
        DocumentRow(
            sha256=each.sha256,
            name=each.name,
            format=each.format,
            source=each.source,
            lang=each.lang,
            published=each.published,
            url=each.url,
            title=each.title,
            marking=each.marking,
        )
        for each in sorted(view.documents.values(), key=lambda each: (each.name, each.sha256))
    )
