"""Give a case to a partner: gather what may leave, weigh it anew, write it as the partner reads it, sign it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from consilience.app.adding import AddReport, Progress, source_by_id
from consilience.app.assessing import assess_material, canonical_json, gathered
from consilience.app.auditing import record_event
from consilience.app.case_facts import add_documents
from consilience.app.misp_event import misp_event
from consilience.app.opening_packages import read_bytes
from consilience.app.releasable import ReleasableStore
from consilience.app.settings import Settings
from consilience.app.trusting import own_key, read_trust_files
from consilience.app.use_cases import knowledge
from consilience.app.whole_files import write_whole
from consilience.attribution.assess import METHOD
from consilience.attribution.knowledge_excerpt import LookupRecord, Lookups
from consilience.attribution.material import CaseMaterial
from consilience.attribution.settings import DEFAULTS
from consilience.errors import MarkingError, UnknownNameError
from consilience.exchange import dsse
from consilience.exchange.assessment_package import PAYLOAD_TYPE, SCHEMA, AssessmentPackage, encode
from consilience.exchange.audit_log import Action, Event, Thing
from consilience.exchange.envelope_artifact import with_envelope
from consilience.exchange.recipient import Part, Recipient
from consilience.exchange.release import (
    HeldBack,
    Released,
    Withheld,
    bound_by,
    may_leave,
    refuse_above,
    release,
    released_lineage,
)
from consilience.exchange.stix_export import bundle
from consilience.exchange.stix_extension import Centre
from consilience.exchange.stix_import import read_bundle
from consilience.exchange.stix_review import review
from consilience.exchange.trust import Trust
from consilience.formats.case_judgements import read_judgements
from consilience.formats.case_yaml import read_case
from consilience.model.assessment import Assessment
from consilience.model.case import Case
from consilience.model.derivation import Lineage
from consilience.model.judgement import CaseJudgement
from consilience.overlap.link_basis import LinkBasis
from consilience.report.dossier import render
from consilience.report.ladder_rows import ladder_sentences
from consilience.store.workspace import open_workspace


class Prepared(msgspec.Struct, frozen=True):
    """What goes to a recipient, beside the answer at home; ``withheld`` is for the own desk, as it names things.

    ``others`` counts the documents of the workspace outside the case that were left out of every comparison.
    """

    package: Released[AssessmentPackage]
    own: Assessment
    withheld: tuple[Withheld, ...]
    others: int


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What was written for whom. ``signed_by`` is a key id, empty for a form that is not signed.

    ``package_sha256`` is that of the envelope with the signed package, where the file is or holds one.
    """

    prepared: Prepared
    file: Path
    form: str
    sha256: str
    size: int
    signed_by: str
    package_sha256: str


Exporter = Callable[[Released[AssessmentPackage]], bytes]


def _assessment(package: Released[AssessmentPackage]) -> bytes:
    return canonical_json(package.value.assessment)


def _stix(package: Released[AssessmentPackage]) -> bytes:
    return _bundle(package, languages=False)


def _granular_stix(package: Released[AssessmentPackage]) -> bytes:
    return _bundle(package, languages=True)


def _bundle(package: Released[AssessmentPackage], *, languages: bool) -> bytes:
    assessment, sender = package.value.assessment, Centre(package.value.author, package.value.author_name)
    remarks = ladder_sentences(assessment, _language(assessment))
    return bundle(assessment, remarks=remarks, author=sender, definition=False, quotations=True, languages=languages)


def _dossier(package: Released[AssessmentPackage]) -> bytes:
    return render(package.value.assessment, _language(package.value.assessment), package.value.lineage).encode()


def _french_dossier(package: Released[AssessmentPackage]) -> bytes:
    return render(package.value.assessment, "fr", package.value.lineage).encode()


def _language(assessment: Assessment) -> str:
    return "en" if "en" in assessment.headline else next(iter(assessment.headline), "en")


EXPORTERS: Final[Mapping[str, Exporter]] = {
    "package": encode,
    "json": _assessment,
    "stix": _stix,
    "stix-granular": _granular_stix,
    "stix-package": _stix,
    "dossier": _dossier,
    "dossier-fr": _french_dossier,
    "misp": misp_event,
}
"""The forms in which a case leaves. Each takes what the gate has released, and nothing else writes for a partner.

A ``package`` is signed; ``stix-package`` is STIX that gets the signed package beside it, in an artifact.
"""


def prepare(
    where: Settings,
    folder: Path,
    recipient: Recipient,
    author: Centre,
    progress: Progress | None = None,
    *,
    by_text: bool = True,
) -> Prepared:
    """Return what of the case in ``folder`` may go to ``recipient``, weighed anew without the rest.

    ``author`` is this centre. With ``by_text``, the TLP labels in the text of a document bind it too. Raises
    :class:`MarkingError` where the case itself is above the ceiling, or nothing of it may leave.
    """
    case, judgements = read_case(folder), read_judgements(folder)
    if not may_leave(recipient, case.marking):
        raise MarkingError(
            f"the case is marked {case.marking}, and {recipient.name} gets {recipient.ceiling} at most",
            file=str(folder),
            place="marking",
        )
    with open_workspace(where.workspace) as store:
        added = add_documents(store, where, case, folder, progress)
        own = gathered(store, where, case, added, judgements)
        seen = ReleasableStore(store, case, recipient, by_text=by_text)
        if not any(row.sha256 in {each.sha256 for each in seen.documents()} for row in added.rows):
            raise MarkingError(
                f"none of the case's documents may go to {recipient.name}, who gets {recipient.ceiling} at most",
                file=str(folder),
            )
        theirs = gathered(seen, where, case, added, judgements)
        withheld, others = _left_out(seen, case, added, own.material)
        held = HeldBack(
            items=resting_on_withheld(own.assessment, theirs.assessment, judgements),
            statements=frozenset(each.id for each in seen.kept_back),
            sources=seen.hidden_sources,
        )
        found = release(theirs.material, recipient, held)
        with knowledge(where) as known:
            package = package_of(found.released, known, author, theirs.link, theirs.lineage)
    return Prepared(package, own.assessment, (*withheld, *found.withheld), others)


def package_of(
    released: Released[CaseMaterial],
    known: Lookups,
    author: Centre,
    link: LinkBasis | None = None,
    lineage: Lineage | None = None,
) -> Released[AssessmentPackage]:
    """Weigh what may leave and return the package of it.

    ``link`` was counted from what may leave: else :class:`MarkingError`. ``lineage`` goes as far as its texts do.
    """
    if link is not None:
        refuse_above(released.recipient, link.rows)
    record = LookupRecord(known, source_by_id)

    def make(material: CaseMaterial) -> AssessmentPackage:
        assessment = assess_material(material, record, link)
        return AssessmentPackage(
            schema=SCHEMA,
            author=author.identity,
            author_name=author.name,
            program=version("consilience"),
            method=METHOD,
            note=released.note,
            settings=DEFAULTS,
            material=material,
            knowledge=record.excerpt(),
            link=link,
            lineage=released_lineage(released.recipient, lineage or Lineage(), material.documents),
            assessment=assessment,
        )

    return released.derive(make)


def resting_on_withheld(own: Assessment, theirs: Assessment, judgements: Sequence[CaseJudgement]) -> frozenset[str]:
    """Return what may not be judged in sight of the recipient: items and hypotheses, by id.

    It is what the recipient lacks or gets from other evidence, and what a judgement is about that stands on nothing
    which the recipient has: an explanation that was rejected is in neither assessment, and its id may name an actor.
    """

    def rests_on(assessment: Assessment) -> dict[str, object]:
        items = {
            item.id: (item.statements, item.sources, item.origins, item.params, item.quotations)
            for item in assessment.evidence
        }
        return {**items, **{each.id: (each.names, each.kind) for each in assessment.hypotheses}}

    one, other = rests_on(own), rests_on(theirs)
    there = {row.judgement.target for row in theirs.judgements if row.outcome != "no-target"}
    lost = {each.target for each in judgements} - there
    return frozenset(lost | {key for key, found in one.items() if other.get(key) != found})


def _left_out(
    seen: ReleasableStore, case: Case, added: AddReport, own: CaseMaterial
) -> tuple[tuple[Withheld, ...], int]:
    """Return what of the case stays at home, and how many other documents of the workspace do."""
    ours = {row.sha256 for row in added.rows if row.sha256}
    documents = {each.sha256: each for each in own.documents}
    found = [
        Withheld(
            kind="document",
            id=each.name,
            reason="is above the ceiling"
            + (", as its text or something in it says" if each.marking is not documents[each.sha256].marking else ""),
            marking=bound_by(case, each),
        )
        for each in seen.withheld
        if each.sha256 in ours
    ]
    kept_back = {each.id for each in seen.kept_back}
    found += [
        Withheld(
            kind="statement",
            id=each.id,
            reason="is above the ceiling, or its document is",
            marking=bound_by(case, seen.labelled.get(each.place.document), each.marking),
        )
        for each in own.statements
        if each.id in kept_back
    ]
    return tuple(found), sum(each.sha256 not in ours for each in seen.withheld)


def recipient_of(
    trust: Trust, name: str, purpose: str = "", without: tuple[Part, ...] = (), *, reasons: bool = False
) -> Recipient:
    """Return the partner of this name or identity as a recipient; raise :class:`UnknownNameError` without one."""
    partner = trust.partner(name)
    if partner is None:
        known = ", ".join(sorted(each.name for each in trust.partners)) or "nobody"
        raise UnknownNameError(f"no trust file is of {name!r}; there are files of {known}")
    return Recipient(
        name=partner.name,
        identity=partner.identity,
        ceiling=partner.ceiling,
        purpose=purpose,
        without=without,
        reasons=reasons,
    )


def share_case(
    where: Settings,
    folder: Path,
    to: str,
    out: Path,
    at: datetime,
    *,
    author: str,
    form: str = "package",
    answer: Path | None = None,
    purpose: str = "",
    without: tuple[Part, ...] = (),
    reasons: bool = False,
    by_text: bool = True,
    passphrase: bytes = b"",
    progress: Progress | None = None,
) -> Sent:
    """Write what of a case may go to a partner to the file ``out``; a package is signed by this centre.

    With ``answer``, a partner's assessment as STIX, what is written is our review of it: opinions and notes by this
    centre, from what may leave. ``author`` is who releases it. The release is in the audit log before the file is in
    its place: what is not entered does not leave.

    Raises :class:`UnknownNameError` for a partner without a trust file, :class:`MarkingError` where nothing may leave,
    :class:`StoreError` where this centre has no key.
    """
    trust = read_trust_files(where)
    recipient = recipient_of(trust, to, purpose, without, reasons=reasons)
    own, key = own_key(where, at, passphrase)
    author_centre = Centre(own.identity, own.name)
    prepared = prepare(where, folder, recipient, author_centre, progress, by_text=by_text)
    if answer is not None:
        form, data = "review", _review(prepared.package, answer, at)
    else:
        data = EXPORTERS[form](prepared.package)
    envelope = b""
    if form in ("package", "stix-package"):
        envelope = dsse.encode(dsse.sign(encode(prepared.package), PAYLOAD_TYPE, [key])) + b"\n"
        data = envelope if form == "package" else with_envelope(data, envelope)
    sent = Sent(
        prepared=prepared,
        file=out,
        form=form,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        signed_by=key.public.key_id if envelope else "",
        package_sha256=hashlib.sha256(envelope).hexdigest() if envelope else "",
    )
    marking = prepared.package.value.assessment.marking
    things = [Thing(kind="assessment", id=sent.sha256, marking=marking)]
    if sent.package_sha256 not in ("", sent.sha256):
        things.append(Thing(kind="package", id=sent.package_sha256, marking=marking))
    event = Event(action=Action.RELEASED, author=author, partner=recipient.identity, things=tuple(things))
    write_whole(out, data, lambda: record_event(where, event))
    return sent


def _review(package: Released[AssessmentPackage], answer: Path, at: datetime) -> bytes:
    received = read_bundle(read_bytes(answer), file=str(answer))
    created = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    author = Centre(package.value.author, package.value.author_name)
    return review(received, package.derive(lambda each: each.assessment), author, created)
