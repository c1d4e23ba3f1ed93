"""An analyst judges the evidence and the explanations of a case; the judgement is kept in the case's folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from consilience.app.assessing import OUT, assess_documents
from consilience.app.auditing import entering
from consilience.app.case_facts import add_documents
from consilience.app.settings import Settings
from consilience.attribution.hypotheses import slug
from consilience.attribution.judgements import standing
from consilience.errors import CaseError, UnknownNameError
from consilience.exchange.audit_log import Action, Event, Thing
from consilience.formats.case_judgements import append_judgement, flaw, read_judgements
from consilience.formats.case_yaml import read_case
from consilience.model.assessment import Assessment
from consilience.model.case import CaseHypothesis, Question
from consilience.model.dates import parse_date
from consilience.model.judgement import About, CaseJudgement, Ruling
from consilience.report.sentences import evidence_codes
from consilience.store.workspace import open_workspace

_SHORTEST_ID = 6


class Ruled(msgspec.Struct, frozen=True):
    """A judgement as it was kept, and the assessment of the case with it."""

    judgement: CaseJudgement
    assessment: Assessment


def judged_case(where: Settings, folder: Path, further: tuple[CaseJudgement, ...] = ()) -> Assessment:
    """Return the assessment of a case as its analysts judge it, with ``further`` judgements that are not kept yet.

    Nothing is written but what the case's documents add to the workspace.
    """
    case, judgements = read_case(folder), read_judgements(folder)
    with open_workspace(where.workspace) as store:
        added = add_documents(store, where, case, folder)
        return assess_documents(store, where, case, added, (*judgements, *further))


def judge_in_case(
    where: Settings, folder: Path, target: str, ruling: Ruling, author: str, made: str, reason: str
) -> Ruled:
    """Keep a judgement of an item or a hypothesis of a case.

    ``target`` is the id of an item or of a hypothesis, an unambiguous beginning of one, or an item's code (``E3``):
    that of the assessment written in the case's folder, which the analyst has read, else that of the case as it now
    stands. ``made`` is a date, given by the caller. Raises :class:`UnknownNameError` where nothing, or more than one
    thing, is meant, and :class:`CaseError` for a ruling that does not fit its target.
    """
    if ruling is Ruling.ADD:
        raise CaseError("a hypothesis is added with its label and names", place="ruling")
    before = judged_case(where, folder)
    about, found = _meant(before, _read_codes(folder).get(target.upper(), target))
    judgement = CaseJudgement(
        about=about, target=found, ruling=ruling, author=author, made=parse_date(made), reason=reason
    )
    if ruling is Ruling.WITHDRAW:
        stands = {(each.target, each.author) for each in standing(read_judgements(folder))}
        if (found, author) not in stands:
            raise UnknownNameError(f"{author} has no judgement of {target!r} to withdraw")
    return _kept(where, folder, judgement)


def add_hypothesis(
    where: Settings, folder: Path, hypothesis: CaseHypothesis, author: str, made: str, reason: str
) -> Ruled:
    """Keep a hypothesis that an analyst adds to a case; an id that is empty is made from the first label.

    Raises :class:`CaseError` where the case asks for a kind of link, whose kinds are given, or has that id already.
    """
    if read_case(folder).question is not Question.WHO:
        raise CaseError("the kinds of a link are given; none can be added", file=str(folder), place="hypotheses")
    identifier = hypothesis.id or slug(next(iter(hypothesis.label.values()), ""))
    if identifier in {each.id for each in judged_case(where, folder).hypotheses}:
        raise CaseError(f"the case has a hypothesis {identifier!r} already", file=str(folder), place="hypotheses")
    judgement = CaseJudgement(
        about=About.HYPOTHESIS,
        target=identifier,
        ruling=Ruling.ADD,
        author=author,
        made=parse_date(made),
        reason=reason,
        hypothesis=msgspec.structs.replace(hypothesis, id=identifier),
    )
    return _kept(where, folder, judgement)


def _kept(where: Settings, folder: Path, judgement: CaseJudgement) -> Ruled:
    reason = flaw(judgement)
    if reason:
        raise CaseError(reason, file=str(folder), place=judgement.target)
    assessment = judged_case(where, folder, (judgement,))  # one that breaks the case, as by its prior, is not kept
    digest = hashlib.sha256(msgspec.json.encode(judgement)).hexdigest()
    thing = Thing(kind="case-judgement", id=digest, marking=assessment.marking)
    with entering(where, Event(action=Action.JUDGED, author=judgement.author, things=(thing,))):
        append_judgement(folder, judgement)
    return Ruled(judgement, assessment)


class _Item(msgspec.Struct):
    id: str


class _Written(msgspec.Struct):
    evidence: tuple[_Item, ...]


def _read_codes(folder: Path) -> dict[str, str]:
    """Return the items of the assessment that was last written to the case's folder by code; empty without one."""
    try:
        written = msgspec.json.decode((folder / OUT / "assessment.json").read_bytes(), type=_Written)
    except (OSError, msgspec.DecodeError):
        return {}
    return {f"E{number}": item.id for number, item in enumerate(written.evidence, 1)}


def _meant(assessment: Assessment, target: str) -> tuple[About, str]:
    """Return what a code or an id stands for; a hypothesis that was rejected or withdrawn is still found by its id."""
    codes = {code: each for each, code in evidence_codes(assessment).items()}
    if target.upper() in codes:
        return About.ITEM, codes[target.upper()]
    things = {each.id: About.ITEM for each in assessment.evidence}
    things |= {each.id: About.HYPOTHESIS for each in assessment.hypotheses if not each.of}
    things |= {row.judgement.target: row.judgement.about for row in assessment.judgements}
    if target in things:
        return things[target], target
    found = [each for each in sorted(things) if each.startswith(target) and len(target) >= _SHORTEST_ID]
    if len(found) != 1:
        raise UnknownNameError(f"{'several things' if found else 'no item and no hypothesis'} of the case: {target!r}")
    return things[found[0]], found[0]
