"""Check an assessment package that somebody sent: who signed it, whether it holds together, and weigh it again.

A check that fails is told with what it means. Nothing is stored, and no workspace is needed: without one nobody is
trusted, and everything but the signature can still be checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from consilience.app.adding import source_by_id
from consilience.app.assessing import assess_material, canonical_json
from consilience.app.opening_packages import Opened, open_package, read_bytes
from consilience.app.overlap_rows import counted_again
from consilience.app.settings import Settings
from consilience.app.trusting import read_trust_files
from consilience.app.use_cases import existing_workspace, knowledge
from consilience.attribution.assess import METHOD
from consilience.attribution.comparison import Comparison, compare_assessments
from consilience.attribution.knowledge_excerpt import KnowledgeExcerpt, LookupRecord
from consilience.errors import ConsilienceError, InputError, StoreError
from consilience.exchange.assessment_package import AssessmentPackage, changed_statements
from consilience.exchange.release import bound_by
from consilience.exchange.trust import Outcome, Trust, check_author, verify
from consilience.model.assessment import Assessment
from consilience.model.statement import Statement, awaits_review

_SHOWN: Final = 5


class State(StrEnum):
    """What a check came to. ``OPEN``: nothing is wrong, and the point is not proven either."""

    PROVEN = "proven"
    FAILED = "failed"
    OPEN = "not proven"


class Check(msgspec.Struct, frozen=True):
    """One point that was looked at, what it came to, and a sentence that says it."""

    point: str
    state: State
    sentence: str


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a package after all checks.

    ``comparison`` is between what the sender says (``ours``, for want of a better side) and what comes out here
    (``theirs``); it is ``None`` where the package could not be weighed again.
    """

    file: str
    sha256: str
    package: AssessmentPackage
    checks: tuple[Check, ...]
    again: Assessment | None
    comparison: Comparison | None

    @property
    def is_sound(self) -> bool:
        """Whether no check failed. What is not proven is another question."""
        return all(each.state is not State.FAILED for each in self.checks)


def verify_file(where: Settings, path: Path, at: datetime) -> Verified:
    """Check the package in a file with the keys, and the knowledge, of this centre; keys are judged as of ``at``.

    Raises :class:`InputError` where the file holds no package, so that there is nothing to check.
    """
    opened = open_package(read_bytes(path), str(path))
    return verify_package(where, opened, read_trust_files(where), at, str(path))


def verify_package(where: Settings, opened: Opened, trust: Trust, at: datetime, file: str) -> Verified:
    """Check a package: see :func:`verify_file`."""
    package = opened.package
    again, comparison, weighed = _weighed_again(package)
    checks = (
        *_signature(opened, trust, at),
        *_recipient(package, trust),
        *_contents(package),
        *_readings(where, package),
        _method(package),
        _knowledge(where, package),
        *weighed,
    )
    return Verified(
        file=file,
        sha256=opened.sha256,
        package=package,
        checks=checks,
        again=again,
        comparison=comparison,
    )


def _signature(opened: Opened, trust: Trust, at: datetime) -> Iterator[Check]:
    if opened.envelope is None:
        yield Check("signature", State.OPEN, "The package is not signed: nothing proves who made it.")
        return
    found = verify(opened.envelope, trust, at)
    for each in found.signatures:
        wrong = each.outcome in {Outcome.INVALID, Outcome.REVOKED, Outcome.OUTSIDE_VALIDITY, Outcome.NOT_ALLOWED}
        state = State.PROVEN if each.outcome is Outcome.VALID else State.FAILED if wrong else State.OPEN
        yield Check("signature", state, each.sentence)
    try:
        check_author(found, opened.package.author)
    except InputError as error:
        state = State.FAILED if found.is_valid else State.OPEN
        yield Check("author", state, f"The package {error.reason}.")
    else:
        yield Check("author", State.PROVEN, "The centre that the package names as its author signed it.")


def _recipient(package: AssessmentPackage, trust: Trust) -> Iterator[Check]:
    own, to = trust.own, package.note.recipient
    if own is None or not to:
        return
    if to == own.identity:
        yield Check("recipient", State.PROVEN, f"It was released to this centre, up to {package.note.ceiling}.")
    else:
        yield Check(
            "recipient", State.FAILED, f"It was released to {to}, not to this centre: it was passed on or replayed."
        )


def _contents(package: AssessmentPackage) -> Iterator[Check]:
    """Check that ids are digests of what they name, and that no marking is above what the sender says it released."""
    material = package.material
    changed = changed_statements(package)
    if changed:
        yield Check(
            "statements",
            State.FAILED,
            f"{len(changed)} of {len(material.statements)} statements are not what their ids say: {_listed(changed)}.",
        )
    else:
        yield Check(
            "statements",
            State.PROVEN,
            f"The ids of all {len(material.statements)} statements are the digests of what they say.",
        )
    documents = {each.sha256: each for each in material.documents}
    lost = sorted({each.id for each in material.statements if each.place.document not in documents})
    if lost:
        yield Check("documents", State.FAILED, f"Statements stand in documents that are not listed: {_listed(lost)}.")
    ceiling = package.note.ceiling
    bound = {
        each.id: bound_by(material.case, documents[each.place.document], each.marking)
        for each in material.statements
        if each.place.document in documents
    }
    bound |= {f"{row.document} {row.place}": row.marking for row in material.rows}
    above = sorted(key for key, marking in bound.items() if marking.rank > ceiling.rank)
    if above:
        yield Check("markings", State.FAILED, f"Marked above {ceiling}, to which it was released: {_listed(above)}.")


def _readings(where: Settings, package: AssessmentPackage) -> Iterator[Check]:
    """Check statements on documents that this centre holds too against what was read from them here."""
    try:
        with existing_workspace(where) as store:
            held = {each.sha256 for each in store.documents()} & {each.sha256 for each in package.material.documents}
            own = [*store.statements(held)] if held else []
    except StoreError:
        return
    if not held:
        return
    theirs = [each for each in package.material.statements if each.place.document in held]
    here = {each.id for each in own}
    by_rule = {(each.place, each.rule, each.predicate): each for each in own if not awaits_review(each)}
    changed = []
    for each in theirs:
        read = by_rule.get((each.place, each.rule, each.predicate))
        if each.id not in here and read is not None and read.source == each.source and not _only_shorter(read, each):
            changed.append(each.id)
    alike = sum(each.id in here for each in theirs)
    said = f"{len(theirs)} statements are on documents that this centre holds too, and {alike} of them were read here"
    if changed:
        sentence = f"{said}; by the same rule at the same place, these say otherwise here: {_listed(changed)}."
        yield Check("readings", State.FAILED, sentence)
    else:
        yield Check("readings", State.PROVEN if alike == len(theirs) else State.OPEN, f"{said}.")


def _only_shorter(read: Statement, sent: Statement) -> bool:
    """Tell whether a statement that was sent is the one read here without its words or what it supersedes."""
    bare = msgspec.structs.replace(read, quote="", supersedes=(), id="")
    return bare.id == msgspec.structs.replace(sent, quote="", supersedes=(), id="").id


def _method(package: AssessmentPackage) -> Check:
    if package.method == METHOD:
        return Check("method", State.PROVEN, f"It was weighed by the method that weighs here, {METHOD}.")
    return Check(
        "method",
        State.OPEN,
        f"It was weighed by {package.method} (Consilience {package.program}), and here {METHOD} weighs: other figures "
        "may come of that alone.",
    )


def _knowledge(where: Settings, package: AssessmentPackage) -> Check:
    """Check the knowledge that came along against what is installed here, where that is the same version."""
    claimed = package.knowledge
    try:
        with knowledge(where) as known:
            if known.version != claimed.version:
                return Check(
                    "knowledge",
                    State.OPEN,
                    f"The knowledge that came along is of {claimed.version}; here is {known.version}, so that it is "
                    "the sender's word.",
                )
            wrong = _unlike(claimed, LookupRecord(known, source_by_id))
    except ConsilienceError as error:
        return Check("knowledge", State.OPEN, f"Knowledge could not be looked up here: {error}.")
    if wrong:
        return Check(
            "knowledge",
            State.FAILED,
            f"What came along is not what {claimed.version} says, as installed here: {_listed(wrong)}.",
        )
    return Check("knowledge", State.PROVEN, f"Every answer of knowledge that came along is that of {claimed.version}.")


def _unlike(claimed: KnowledgeExcerpt, here: LookupRecord) -> list[str]:
    """Ask the installed knowledge the questions of an excerpt, and return those that it answers otherwise."""
    for name in claimed.named:
        here.clusters_named(name)
    for name in claimed.named_exactly:
        here.clusters_named(name, loosely=False)
    for name in claimed.software:
        here.software_named(name, loosely=False)
    for technique in claimed.techniques:
        here.technique_users(technique)
    for source in claimed.counts:
        here.cluster_count(source)
    for source in claimed.publishers:
        here.publisher(source)
    found = []
    for key in claimed.clusters:
        try:
            here.cluster(key)
        except ConsilienceError:
            found.append(key)
    own = here.excerpt()
    for field in ("named", "named_exactly", "software", "techniques", "counts", "publishers", "clusters"):
        one, other = getattr(claimed, field), getattr(own, field)
        found += [key for key in one if other.get(key) != one[key]]
    return sorted(set(found))


def _weighed_again(package: AssessmentPackage) -> tuple[Assessment | None, Comparison | None, tuple[Check, ...]]:
    """Weigh what came along by the one way there is, and compare."""
    checks = []
    link = package.link
    try:
        if link is not None:
            counted = counted_again(link)
            if not link.complete:
                sentence = "The rows behind the overlaps did not come along: how much is shared is the sender's word."
                checks.append(Check("overlaps", State.OPEN, sentence))
            elif counted == link.overlaps:
                sentence = f"Counted again from {len(link.rows)} rows, the overlaps are the same."
                checks.append(Check("overlaps", State.PROVEN, sentence))
            else:
                checks.append(Check("overlaps", State.FAILED, "Counted again, the overlaps are others."))
        again = assess_material(package.material, package.knowledge, link, package.settings)
    except (ConsilienceError, ValueError, ArithmeticError) as error:
        checks.append(Check("assessment", State.FAILED, f"It cannot be weighed again: {error}."))
        return None, None, tuple(checks)
    same = canonical_json(again) == canonical_json(package.assessment)
    comparison = compare_assessments(package.assessment, again)
    if same:
        sentence = "Weighed again from what came along, the assessment is equal to the byte."
    else:
        sentence = f"Weighed again from what came along, another assessment comes out: {_differing(comparison)}."
    # By another method another assessment is to be expected: neither is the claim proven then, nor its opposite.
    otherwise = State.FAILED if package.method == METHOD else State.OPEN
    checks.append(Check("assessment", State.PROVEN if same else otherwise, sentence))
    return again, comparison, tuple(checks)


def _differing(comparison: Comparison) -> str:
    """Say what differs between what the sender says and what comes out."""
    said = []
    if comparison.causes:
        said.append(f"{', '.join(comparison.causes)} differ from what the assessment says it rests on")
    else:
        said.append("it does not follow from the data, knowledge, settings and judgements that it names")
    if comparison.items:
        said.append(f"items {_listed([each.id for each in comparison.items])}")
    if comparison.hypotheses:
        said.append(f"hypotheses {_listed([each.id for each in comparison.hypotheses])}")
    if not comparison.items and not comparison.hypotheses:
        said.append(f"in {_listed(comparison.fields)}")
    return "; ".join(said)


def _listed(names: list[str] | tuple[str, ...]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
