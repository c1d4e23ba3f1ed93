"""The release gate: what of a case may leave, for whom. One decision, taken before anything is weighed.

What leaves is made from what may leave: :func:`release` takes everything above the recipient's ceiling out of the
*material* of a case, and the assessment for that recipient is weighed anew from the rest. So a weight, a count, an id
or a digest that rests on something withheld cannot leave, because it is never made. Exporters take
:class:`Released` values, which only this module makes.

The rules, strictest first (:func:`bound_by` gives the marking that binds, :func:`may_leave` decides):

- TLP:RED leaves in no form, to nobody: a ceiling of TLP:RED is refused.
- A document is bound by the strictest marking of anything in it: its digest is a digest of that too.
- A statement is bound by its own marking and by those of its document and of its case. A granular marking is part of
  the statement's own: the readers of STIX and MISP bind an object by the strictest marking of any part of it.
- A row is bound by its document; a judgement by the item that it is about; a source that is named by withheld things
  alone is withheld, and nobody is led back to it.
- A judgement's reason is free text on all that its author knows: it leaves only where the sender says so.
- Paths of files on this machine never leave.

For TLP:RED this gives one law, which the tests hold every exporter to: what is sent is, to the byte, what would be sent
by a centre that never had the RED things.

What may leave can still be sent without a part (:class:`Part`): a weight without the words that it rests on, a document
without its title. A statement that loses a part is another statement and gets another id: its old id is a digest of
what was withheld.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

import msgspec

from consilience.attribution.material import CaseMaterial
from consilience.errors import MarkingError
from consilience.exchange.recipient import Part, Recipient
from consilience.exchange.superseding import earlier_first
from consilience.model.case import Case
from consilience.model.derivation import Lineage
from consilience.model.document import Document
from consilience.model.judgement import CaseJudgement
from consilience.model.marking import Marking, most_restrictive
from consilience.model.source import Source
from consilience.model.statement import Statement
from consilience.model.unit_row import UnitRow

T = TypeVar("T")
U = TypeVar("U")


class Withheld(msgspec.Struct, frozen=True, kw_only=True):
    """Something that stays at home: for the own desk alone, as it names it.

    ``kind`` is ``document``, ``statement``, ``row``, ``source`` or ``judgement``; ``marking`` what binds it.
    """

    kind: str
    id: str
    reason: str
    marking: Marking


class ReleaseNote(msgspec.Struct, frozen=True, kw_only=True):
    """What a recipient is told of the release: nothing on what stays at home, not even that there is something.

    ``without`` counts the released values that lack a part, by part.
    """

    recipient: str
    ceiling: Marking
    purpose: str = ""
    without: dict[str, int] = {}


_GATE: Final = object()
# What weighed most in a claim that no rule read is words of the text.
_WORDS: Final = "weighed"
_REVIEWER: Final = "reviewer"
"""The attribute of a statement that names who reviewed it."""


class Released(Generic[T]):
    """A value that may go to ``recipient``. Only :func:`release` makes one, and :meth:`derive` from one that is made.

    What is derived must be derived from the value and from public knowledge alone.
    """

    __slots__ = ("note", "recipient", "value")

    def __init__(self, value: T, recipient: Recipient, note: ReleaseNote, gate: object) -> None:
        if gate is not _GATE:
            raise TypeError("only the release gate releases: see exchange.release.release")
        self.value, self.recipient, self.note = value, recipient, note

    def derive(self, make: Callable[[T], U]) -> Released[U]:
        """Return what ``make`` makes of the value, released to the same recipient."""
        return Released(make(self.value), self.recipient, self.note, _GATE)


class HeldBack(msgspec.Struct, frozen=True, kw_only=True):
    """What was left out before the material was gathered, and what rests on it.

    ``items`` are ids of items and hypotheses that the recipient lacks or gets from other evidence, ``statements`` ids
    of statements that were left out, ``sources`` those that they and the documents left out name.
    """

    items: frozenset[str] = frozenset()
    statements: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()


class Release(msgspec.Struct, frozen=True):
    """What may leave, and what stays at home (for the own desk: it names it)."""

    released: Released[CaseMaterial]
    withheld: tuple[Withheld, ...]


def may_leave(recipient: Recipient, marking: Marking) -> bool:
    """Decide whether something bound by ``marking`` may go to ``recipient``. Every other rule comes down to this."""
    return marking is not Marking.RED and marking.rank <= recipient.ceiling.rank


def bound_by(case: Case, document: Document | None, own: Marking = Marking.CLEAR) -> Marking:
    """Return the marking that binds a part of a document of a case; TLP:RED for a document that nobody knows."""
    return most_restrictive((own, case.marking, document.marking if document else Marking.RED))


def bound_documents(documents: Iterable[Document], statements: Iterable[Statement]) -> dict[str, Document]:
    """Return documents by digest, each with the strictest marking of its own and of the statements in it."""
    bound = {each.sha256: each for each in documents}
    for statement in statements:
        document = bound.get(statement.place.document)
        if document is not None and statement.marking.rank > document.marking.rank:
            bound[document.sha256] = msgspec.structs.replace(document, marking=statement.marking)
    return bound


def permitted_documents(recipient: Recipient, case: Case, documents: Iterable[Document]) -> frozenset[str]:
    """Return the digests of the documents of which anything may leave."""
    return frozenset(each.sha256 for each in documents if may_leave(recipient, bound_by(case, each)))


def release(material: CaseMaterial, recipient: Recipient, held: HeldBack | None = None) -> Release:
    """Return what of a case may go to ``recipient``, and what stays at home and why.

    Judgements on what ``held`` names stay at home, no statement that leaves names a statement of it, and nobody is led
    back to a source of it. Raises :class:`MarkingError` where the case itself is above the ceiling.
    """
    case = material.case
    if not may_leave(recipient, case.marking):
        raise MarkingError(f"the case is marked {case.marking}, and {recipient.name} gets {recipient.ceiling} at most")
    gate = _Gate(material, recipient, held or HeldBack())
    documents = gate.documents()
    statements = gate.statements()
    shas = {each.sha256 for each in documents}
    techniques = tuple(each for each in material.techniques if each.document in shas)
    kept = msgspec.structs.replace(
        material,
        statements=statements,
        documents=documents,
        rows=gate.rows(),
        techniques=techniques,
        judgements=gate.judgements(),
    )
    sources = gate.sources(kept)
    ours = tuple(each for each in case.sources if each.id in sources)
    kept = msgspec.structs.replace(
        kept,
        sources=sources,
        case=msgspec.structs.replace(case, documents=(), sources=tuple(sources[each.id] for each in ours)),
    )
    note = ReleaseNote(
        recipient=recipient.identity or recipient.name,
        ceiling=recipient.ceiling,
        purpose=recipient.purpose,
        without=dict(sorted(gate.without.items())),
    )
    return Release(Released(kept, recipient, note, _GATE), tuple(gate.withheld))


def refuse_above(recipient: Recipient, rows: Iterable[UnitRow]) -> None:
    """Raise :class:`MarkingError` where a row is above the ceiling: overlaps are counted from rows that may leave."""
    for row in rows:
        if not may_leave(recipient, row.marking):
            raise MarkingError(f"an overlap was counted from a row that is marked {row.marking}", place=row.unit)


def released_lineage(recipient: Recipient, lineage: Lineage, documents: Iterable[Document]) -> Lineage:
    """Return what was found by comparing texts, as far as both texts are of ``documents``, which leave.

    It quotes both texts: who does not get quotations gets none of it.
    """
    if Part.QUOTES in recipient.without:
        return Lineage()
    shas = {each.sha256 for each in documents}
    return msgspec.structs.replace(
        lineage,
        derivations=tuple(each for each in lineage.derivations if {each.later.document, each.earlier.document} <= shas),
        drifts=tuple(each for each in lineage.drifts if {each.later.document, each.earlier.document} <= shas),
    )


class _Gate:
    """One pass over the material of a case."""

    def __init__(self, material: CaseMaterial, recipient: Recipient, held: HeldBack) -> None:
        self._material, self._recipient, self._held = material, recipient, held
        self._nameless = {*held.statements}
        self._documents = bound_documents(material.documents, material.statements)
        self.withheld: list[Withheld] = []
        self.without: dict[str, int] = {}

    def passes(self, kind: str, identifier: str, marking: Marking) -> bool:
        if may_leave(self._recipient, marking):
            return True
        reason = f"is bound by {marking}; {self._recipient.name} gets {self._recipient.ceiling} at most"
        self.withheld.append(Withheld(kind=kind, id=identifier, reason=reason, marking=marking))
        return False

    def documents(self) -> tuple[Document, ...]:
        case = self._material.case
        bound = self._documents
        found = [
            each
            for each in self._material.documents
            if self.passes("document", each.name, bound_by(case, bound[each.sha256]))
        ]
        if Part.TITLES not in self._recipient.without:
            return tuple(found)
        self.without[Part.TITLES] = len(found)
        return tuple(msgspec.structs.replace(each, title="", name=each.sha256[:12], url="") for each in found)

    def statements(self) -> tuple[Statement, ...]:
        found = [
            each
            for each in self._material.statements
            if self.passes(
                "statement",
                each.id,
                bound_by(self._material.case, self._documents.get(each.place.document), each.marking),
            )
        ]
        self._nameless |= {each.id for each in self._material.statements} - {each.id for each in found}
        renamed: dict[str, str] = {}
        made: dict[str, Statement] = {}
        for each in earlier_first(found):
            changed = self._without_parts(each, renamed)
            renamed[each.id] = changed.id
            made[changed.id] = changed
        return tuple(made[key] for key in sorted(made))

    def rows(self) -> tuple[UnitRow, ...]:
        """Return the rows that leave. The document of a row may be of another case; then its marking is the row's."""
        bound = {key: bound_by(self._material.case, each) for key, each in self._documents.items()}
        return tuple(
            row
            for row in self._material.rows
            if self.passes(
                "row",
                f"{row.document} {row.place}",
                most_restrictive((row.marking, bound.get(row.document, row.marking))),
            )
        )

    def _without_parts(self, statement: Statement, renamed: dict[str, str]) -> Statement:
        """Return a statement without the parts that are left out, and without the ids of what stays at home."""
        bare = Part.QUOTES in self._recipient.without
        # With words left out, also the id of an earlier reading is a digest of such words.
        supersedes = tuple(
            renamed.get(each, each)
            for each in statement.supersedes
            if each not in self._nameless and (each in renamed or not bare)
        )
        quote, attributes = statement.quote, statement.attributes
        if quote and bare:
            self.without[Part.QUOTES] = self.without.get(Part.QUOTES, 0) + 1
            quote = ""
        if bare:
            attributes = tuple(each for each in attributes if each[0] != _WORDS)
        if Part.ANALYSTS in self._recipient.without:
            attributes = tuple(each for each in attributes if each[0] != _REVIEWER)
        if (supersedes, quote, attributes) == (statement.supersedes, statement.quote, statement.attributes):
            return statement
        return msgspec.structs.replace(statement, supersedes=supersedes, quote=quote, attributes=attributes, id="")

    def judgements(self) -> tuple[CaseJudgement, ...]:
        """Return the judgements on what leaves, without reasons unless these are released too."""
        kept = []
        for each in self._material.judgements:
            if each.target in self._held.items:
                reason = "is about something that rests on what is withheld"
                self.withheld.append(
                    Withheld(kind="judgement", id=each.target, reason=reason, marking=self._material.case.marking)
                )
            elif self._recipient.reasons:
                kept.append(each)
            else:
                kept.append(msgspec.structs.replace(each, reason=""))
        if Part.ANALYSTS not in self._recipient.without:
            return tuple(kept)
        self.without[Part.ANALYSTS] = len(kept)
        authors = sorted({each.author for each in kept})
        numbered = {author: f"analyst {number}" for number, author in enumerate(authors, 1)}
        return tuple(msgspec.structs.replace(each, author=numbered[each.author], reason="") for each in kept)

    def sources(self, kept: CaseMaterial) -> dict[str, Source]:
        """Return the sources of what leaves and those they repeat, as far as these do not stay at home."""
        all_of_them = self._material.sources
        used = _named(kept) & all_of_them.keys()
        silent = (_named(self._material) | self._held.sources) - used  # these speak in withheld things alone
        waiting = list(used)
        while waiting:
            for each in all_of_them[waiting.pop()].derives_from:
                if each not in used and each not in silent and each in all_of_them:
                    used.add(each)
                    waiting.append(each)
        for each in sorted(silent & all_of_them.keys()):
            self.withheld.append(
                Withheld(
                    kind="source",
                    id=each,
                    reason="speaks in withheld things alone; who repeats it counts as an origin for the recipient",
                    marking=self._material.case.marking,
                )
            )
        return {
            each: msgspec.structs.replace(
                all_of_them[each],
                derives_from=tuple(one for one in all_of_them[each].derives_from if one in used),
            )
            for each in sorted(used)
        }


def _named(material: CaseMaterial) -> set[str]:
    """Return the sources that statements, documents and rows name."""
    named = {each for one in material.statements for each in (one.source, one.via)}
    named |= {each.source for each in material.documents} | {each.source for each in material.rows}
    return named - {""}
