"""Review: what the rules read from prose is a proposal, and an analyst accepts, rejects or corrects it.

A decision is kept beside the statement it was made on, and holds for the same claim in every later reading of the
document: the same document, predicate, subject and object, and either the same quotation or a place that overlaps.
A rule that reads the sentence differently makes a new proposal, which is open; it says that the sentence was decided
on before. What was accepted stays, also where newer rules no longer find it. A correction is a statement of its own
that supersedes the one it corrects; it comes from a document of its own, the analyst's, so that no reading of the
first one can lose it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Final

import msgspec

from consilience.app.auditing import recording
from consilience.app.settings import Settings
from consilience.app.use_cases import existing_workspace
from consilience.errors import StoreError, UnknownNameError
from consilience.exchange.audit_log import Action
from consilience.formats.context import sha256
from consilience.knowledge.countries import country_code
from consilience.model.dates import UNKNOWN_DATE, PartialDate, make_period, parse_date
from consilience.model.document import Document, Reading
from consilience.model.source import Source
from consilience.model.statement import (
    Entity,
    EntityType,
    Judgement,
    SpeechAct,
    Stance,
    Statement,
    Verdict,
    awaits_review,
    is_models,
)
from consilience.store.interface import ReadingKey, Store
from consilience.store.workspace import Workspace

MODEL: Final = "model"
"""The format of a document that holds a language model's proposals."""

RULE: Final = "review"
"""The rule of a statement that an analyst made by correcting one."""

FIELDS: Final = ("subject", "predicate", "object", "source", "stance", "act", "happened", "said")
"""What of a statement can be corrected."""

_SHORTEST_ID: Final = 6

_Claim = tuple[str, str, str, str]


class State(StrEnum):
    """Where a proposal stands. ``corrected`` and ``rejected`` ones are left out of assessments."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CORRECTED = "corrected"


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A statement read from prose and the decision on it.

    ``found`` is false for what the newest reading of its document does not find. ``before`` is the state of another
    claim with the same predicate that was decided on in the same sentence; ``correction`` is what stands instead.
    """

    statement: Statement
    state: State
    judgement: Judgement | None = None
    correction: Statement | None = None
    found: bool = True
    before: State | None = None


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which proposals to show; an empty field leaves none out. ``words`` are looked for in the quotation."""

    state: str = State.OPEN
    document: str = ""
    predicate: str = ""
    source: str = ""
    rule: str = ""
    words: str = ""

    def keep(self, proposal: Proposal, document: Document | None) -> bool:
        """Tell whether a proposal passes; ``document`` may be named by name or by the beginning of its digest."""
        each = proposal.statement
        named = document.name if document else ""
        return (
            self.state in ("", proposal.state)
            and (not self.document or self.document == named or each.place.document.startswith(self.document.lower()))
            and self.predicate in ("", each.predicate)
            and self.source in ("", each.source)
            and self.rule in ("", each.rule)
            and self.words.casefold() in each.quote.casefold()
        )


def list_proposals(where: Settings, filters: Filters) -> tuple[Proposal, ...]:
    """Return the proposals of the workspace that pass, by document and place."""
    with existing_workspace(where) as workspace:
        documents = {each.sha256: each for each in workspace.documents()}
        rows = proposals(workspace)
    kept = (each for each in rows if filters.keep(each, documents.get(each.statement.place.document)))
    names = {key: each.name for key, each in documents.items()}

    def place(proposal: Proposal) -> tuple[str, str, int, str]:
        where_it_is = proposal.statement.place
        return (names.get(where_it_is.document, ""), where_it_is.pointer, where_it_is.start, proposal.statement.id)

    return tuple(sorted(kept, key=place))


def proposals(store: Store, documents: Collection[str] | None = None) -> tuple[Proposal, ...]:
    """Return what was read from prose, of some documents or of all, each with the decision that holds for it."""
    return _proposals(store, documents, _Decisions(store))


def _proposals(store: Store, documents: Collection[str] | None, decided: _Decisions) -> tuple[Proposal, ...]:
    current = [each for each in store.statements(documents) if _is_proposal(each) and not is_models(each)]
    if documents is None:
        models = [each.sha256 for each in store.documents() if each.format == MODEL]
        current += store.statements(models)
    rows = [decided.on(each) for each in current]
    shown = {each.judgement.statement for each in rows if each.judgement} | {each.id for each in current}
    lost = [
        decided.on(each, found=False)
        for each in decided.statements.values()
        if each.id not in shown and _is_proposal(each) and (documents is None or each.place.document in documents)
    ]
    return (*rows, *lost)


def reviewed(store: Store, documents: Collection[str]) -> tuple[Statement, ...]:
    """Return the statements of documents that count after review, in the order of their ids.

    Rejected and corrected ones are left out; corrections, and accepted ones that no reading finds any more, are in.
    What a language model proposed counts as the analyst's own statement, once one has accepted it; what was weighed
    and not read by a rule counts once it is accepted.
    """
    decided = _Decisions(store)
    found = {
        each.id: each
        for each in store.statements(documents)
        if not awaits_review(each) and not (each.rule == RULE and decided.is_rejected(each.id))
    }
    for row in _proposals(store, documents, decided):
        found.pop(row.statement.id, None)
        if row.correction is not None:
            found[row.correction.id] = row.correction
        elif _counts(row):
            found[row.statement.id] = row.statement
    return tuple(found[key] for key in sorted(found))


def _counts(row: Proposal) -> bool:
    if row.state is State.OPEN:
        return not awaits_review(row.statement)
    return row.state is State.ACCEPTED and not is_models(row.statement)


def _is_proposal(statement: Statement) -> bool:
    return statement.place.start >= 0 and statement.rule != RULE


class _Decisions:
    """What analysts decided. The latest word on a statement counts, and one that was withdrawn does not."""

    def __init__(self, store: Store) -> None:
        latest = {each.statement: each for each in store.judgements()}
        self.judgements = {key: each for key, each in latest.items() if not each.withdrawn}
        held = {key: store.statement(key) for key in self.judgements}
        self.statements = {key: each for key, each in held.items() if each is not None}
        reviews = [each.sha256 for each in store.documents() if each.format == RULE]
        self.corrections = [each for each in store.statements(reviews) if not self.is_rejected(each.id)]
        self._by_sentence: dict[tuple[str, str], list[Statement]] = {}
        for each in filter(_is_proposal, self.statements.values()):
            self._by_sentence.setdefault((each.place.document, each.predicate), []).append(each)

    def on(self, statement: Statement, *, found: bool = True) -> Proposal:
        """Return the proposal that a statement makes, with the decision on it or on its like."""
        same, other = None, None
        for each in self._by_sentence.get((statement.place.document, statement.predicate), ()):
            if not _same_words(each, statement):
                continue
            if _claim(each) == _claim(statement):
                same = each if same is None or each.id == statement.id else same
            else:
                other = self._state(each)
        if same is None:
            return Proposal(statement=statement, state=State.OPEN, found=found, before=other)
        return Proposal(
            statement=statement,
            state=self._state(same),
            judgement=self.judgements[same.id],
            correction=self.correction(same),
            found=found,
            before=other,
        )

    def _state(self, decided: Statement) -> State:
        accepted = is_models(decided) and self.judgements[decided.id].verdict is Verdict.ACCEPT
        if self.correction(decided) is not None and not accepted:
            return State.CORRECTED
        return State.REJECTED if self.is_rejected(decided.id) else State.ACCEPTED

    def correction(self, statement: Statement) -> Statement | None:
        """Return what stands instead of a statement: the correction that no other one supersedes."""
        made = [each for each in self.corrections if statement.id in each.supersedes]
        replaced = {old for each in made for old in each.supersedes}
        return next((each for each in made if each.id not in replaced), None)

    def is_rejected(self, statement_id: str) -> bool:
        """Tell whether the latest word on a statement is to reject it."""
        judgement = self.judgements.get(statement_id)
        return judgement is not None and judgement.verdict is Verdict.REJECT


def _claim(statement: Statement) -> _Claim:
    thing = statement.object.name if statement.object else ""
    return (statement.place.document, statement.predicate, statement.subject.name, thing)


def _same_words(one: Statement, other: Statement) -> bool:
    if one.quote and one.quote == other.quote:
        return True
    a, b = one.place, other.place
    return a.pointer == b.pointer and a.start < b.end and b.start < a.end


def find_statement(workspace: Workspace, name: str) -> Statement:
    """Return the statement with this id, or this beginning of it of six digits or more.

    Raises :class:`UnknownNameError` where there is none, or more than one.
    """
    digits = name.removeprefix("statement--")
    found = workspace.statement_ids(digits) if len(digits) >= _SHORTEST_ID else ()
    statement = workspace.statement(found[0]) if len(found) == 1 else None
    if statement is None:
        raise UnknownNameError(f"{'several statements have' if found else 'no statement has'} the id {name!r}")
    return statement


def decide(where: Settings, name: str, verdict: Verdict, author: str, made: str, why: str) -> Judgement:
    """Accept or reject a proposal; ``made`` is a partial date, given by the caller."""
    with existing_workspace(where) as workspace, recording(workspace) as record:
        statement = find_statement(workspace, name)
        judgement = Judgement(statement=statement.id, verdict=verdict, author=author, made=parse_date(made), reason=why)
        if is_models(statement):
            _decide_on_proposal(workspace, statement, judgement)
        workspace.judge(judgement)
        record(Action.REVIEWED, author)
    return judgement


def _decide_on_proposal(workspace: Workspace, statement: Statement, judgement: Judgement) -> None:
    """An accepted proposal of a model is kept as a statement of the analyst's; what was accepted can be rejected."""
    for each in _Decisions(workspace).corrections:
        if statement.id in each.supersedes:
            workspace.judge(msgspec.structs.replace(judgement, statement=each.id))
    if judgement.verdict is Verdict.ACCEPT and not judgement.withdrawn:
        notes = {**dict(statement.attributes), "reviewer": judgement.author, "read-by": statement.rule}
        own = msgspec.structs.replace(
            statement, id="", supersedes=(statement.id,), rule=RULE, attributes=tuple(sorted(notes.items()))
        )
        _keep(workspace, own, judgement.author, judgement.made, judgement.reason)
        workspace.judge(msgspec.structs.replace(judgement, statement=own.id))


def withdraw(where: Settings, name: str, author: str, made: str) -> Judgement:
    """Take back the decision on a statement, or on a correction; it stays in the record as withdrawn.

    Raises :class:`UnknownNameError` where nothing was decided on it.
    """
    with existing_workspace(where) as workspace, recording(workspace) as record:
        statement = find_statement(workspace, name)
        held = [each for each in workspace.judgements() if each.statement == statement.id]
        if not held or held[-1].withdrawn:
            raise UnknownNameError(f"nothing was decided on {name!r}")
        date = parse_date(made)
        judgement = msgspec.structs.replace(held[-1], author=author, made=date, withdrawn=date)
        if is_models(statement):
            taken_back = msgspec.structs.replace(judgement, verdict=Verdict.REJECT, withdrawn=UNKNOWN_DATE)
            _decide_on_proposal(workspace, statement, taken_back)
        workspace.judge(judgement)
        record(Action.REVIEWED, author)
    return judgement


def correct(
    where: Settings, name: str, changes: Iterable[tuple[str, str]], author: str, made: str, why: str
) -> Statement:
    """Keep a corrected statement instead of a proposal, and reject the proposal.

    ``changes`` are (field, value) with a field of :data:`FIELDS`. Raises :class:`UnknownNameError` for an unknown
    statement, and :class:`StoreError` for a value that the field cannot have, or none that changes anything.
    """
    date = parse_date(made)
    with existing_workspace(where) as workspace, recording(workspace) as record:
        old = find_statement(workspace, name)
        values: dict[str, object] = {}
        for field, value in changes:
            try:
                values[field] = _value(old, field, value.strip())
            except ValueError as error:
                raise StoreError(f"{value!r} cannot be a statement's {field}: {error}", place=field) from error
        if all(getattr(old, field) == value for field, value in values.items()):
            raise StoreError("the correction changes nothing", place=old.id)
        earlier = [each.id for each in _Decisions(workspace).corrections if old.id in each.supersedes]
        supersedes = tuple(dict.fromkeys((old.id, *old.supersedes, *earlier)))
        notes = {**dict(old.attributes), "reviewer": author, "read-by": old.rule}
        new = msgspec.structs.replace(
            old, **values, id="", supersedes=supersedes, rule=RULE, attributes=tuple(sorted(notes.items()))
        )
        _keep(workspace, new, author, date, why)
        workspace.judge(
            Judgement(
                statement=old.id,
                verdict=Verdict.REJECT,
                author=author,
                made=date,
                reason=": ".join(part for part in (f"corrected as {new.id}", why) if part),
            )
        )
        record(Action.REVIEWED, author)
    return new


def _value(old: Statement, field: str, value: str) -> object:
    """Return a field's value from the words of an analyst; raise ``ValueError`` where it is none."""
    if not value:
        raise ValueError("it is empty")
    if field in ("subject", "object"):
        return _entity(old.subject if field == "subject" else old.object, value)
    if field == "stance":
        return Stance(value)
    if field == "act":
        return SpeechAct(value)
    if field == "happened":
        return make_period(*value.split("/", 1)) if "/" in value else make_period(value, value)
    if field == "said":
        return parse_date(value)
    if field in ("predicate", "source"):
        return value
    raise ValueError(f"only these fields can be corrected: {', '.join(FIELDS)}")


def _entity(old: Entity | None, name: str) -> Entity:
    """Return a thing of the same sort under another name; a state's name makes a state."""
    code = country_code(name)
    if code:
        return Entity(EntityType.COUNTRY, name, code)
    kind = old.type if old is not None and old.type is not EntityType.COUNTRY else EntityType.OTHER
    return Entity(kind, name)


def _keep(workspace: Workspace, statement: Statement, author: str, made: PartialDate, why: str) -> None:
    """Keep a correction as a document by the analyst, with the statement as its content."""
    record = {"schema": "consilience-review/1", "author": author, "made": made, "why": why, "statement": statement}
    raw = msgspec.json.encode(record)
    digest = sha256(raw)
    analyst = Source(id=f"analyst:{author}", name=author, basis="an analyst of this workspace")
    document = Document(
        sha256=digest,
        name=f"review-{digest[:12]}.json",
        format=RULE,
        size=len(raw),
        source=analyst.id,
        title=f"Correction of {statement.supersedes[0]}",
        published=made,
        marking=statement.marking,
    )
    with workspace.batch() as batch:
        batch.add(Reading(document=document, sources=[analyst], statements=[statement]), raw, ReadingKey(RULE, ""))
