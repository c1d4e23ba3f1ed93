"""Two centres' assessments side by side: where they differ, what makes the difference, and both as one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from consilience.app.assessing import assess_material
from consilience.app.opening_packages import Form, form_of, open_package, read_bytes
from consilience.app.overlap_rows import counted_again
from consilience.attribution.combining import combined_knowledge, combined_material
from consilience.attribution.comparison import Cause, Comparison, compare_assessments
from consilience.errors import ConsilienceError, FormatError
from consilience.exchange.assessment_package import AssessmentPackage
from consilience.exchange.envelope_artifact import envelopes_in
from consilience.exchange.stix_import import read_bundle
from consilience.model.assessment import SCHEMA, Assessment
from consilience.model.source import origins
from consilience.overlap.link_basis import LinkBasis


class Side(msgspec.Struct, frozen=True):
    """One of the two: a file with an assessment, and the package around it where it came in one."""

    file: str
    assessment: Assessment
    package: AssessmentPackage | None


class Step(msgspec.Struct, frozen=True):
    """Our answer after we have taken over one more thing of theirs: the posterior of each hypothesis.

    ``error`` says why nothing can be weighed so, and is else empty.
    """

    cause: Cause
    hypotheses: dict[str, float]
    error: str = ""


class Combined(msgspec.Struct, frozen=True, kw_only=True):
    """What both hold, weighed as one. ``statements`` and ``origins`` are (ours, theirs, both together)."""

    assessment: Assessment
    statements: tuple[int, int, int]
    origins: tuple[int, int, int]


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Where two assessments differ, with the way from ours to theirs and the two as one.

    ``steps`` and ``combined`` need a package on both sides; ``not_combined`` says why there is no ``combined``.
    """

    ours: Side
    theirs: Side
    comparison: Comparison
    steps: tuple[Step, ...] = ()
    combined: Combined | None = None
    not_combined: str = ""


def compare_files(ours: Path, theirs: Path) -> Compared:
    """Compare two files, each an assessment package, bare or in an envelope, an ``assessment.json`` or our STIX.

    Signatures are not checked here: ``consilience verify`` does. Raises :class:`InputError` for a file that is none of
    these, and :class:`FormatError` where the two answer different questions.
    """
    one, other = read_side(ours), read_side(theirs)
    if one.assessment.question != other.assessment.question:
        raise FormatError(
            f"asks {other.assessment.question}, and {one.file} asks {one.assessment.question}", file=other.file
        )
    first, second = one.package, other.package
    comparison = compare_assessments(
        one.assessment,
        other.assessment,
        first.material.statements if first and second else None,
        second.material.statements if first and second else None,
    )
    if first is None or second is None:
        reason = "an assessment alone does not hold what it was weighed from; a package does"
        return Compared(ours=one, theirs=other, comparison=comparison, not_combined=reason)
    try:
        combined, reason = combine(first, second), ""
    except (ConsilienceError, ValueError, ArithmeticError) as error:
        combined, reason = None, str(error)
    return Compared(
        ours=one,
        theirs=other,
        comparison=comparison,
        steps=_steps(first, second) if comparison.hypotheses else (),
        combined=combined,
        not_combined=reason,
    )


def read_side(path: Path) -> Side:
    """Return the assessment in a file; see :func:`compare_files`."""
    data = read_bytes(path)
    form = form_of(data)
    if form is Form.BUNDLE and not envelopes_in(data, file=str(path)):
        return Side(str(path), read_bundle(data, file=str(path)).assessment, None)
    if form in (Form.ENVELOPE, Form.PACKAGE, Form.BUNDLE):
        package = open_package(data, str(path)).package
        return Side(str(path), package.assessment, package)
    try:
        found = msgspec.json.decode(data, type=Assessment)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        reason = f"is no assessment, assessment package or STIX bundle: {error}"
        raise FormatError(reason, file=str(path)) from error
    if found.schema != SCHEMA:
        raise FormatError(f"is {found.schema!r}; this Consilience reads {SCHEMA}", file=str(path), place="schema")
    return Side(str(path), found, None)


_ORDER: Final = (Cause.CASE, Cause.SOURCES, Cause.DATA, Cause.KNOWLEDGE, Cause.JUDGEMENTS, Cause.SETTINGS)


def _steps(ours: AssessmentPackage, theirs: AssessmentPackage) -> tuple[Step, ...]:
    """Go from our answer to theirs by one thing at a time, in the order of :data:`_ORDER`.

    Weights of one item depend on the others, so that the order matters: what a step moves is what it moves at its
    place on the way. What moves nothing there is no step.
    """
    steps = []
    current, before = ours, {each.id: each.posterior for each in ours.assessment.hypotheses}
    for cause in _ORDER:
        taken = _with(current, theirs, cause)
        if taken == current:
            continue
        current = taken
        try:
            found = _weigh(current)
        except (ConsilienceError, ValueError, ArithmeticError) as error:
            steps.append(Step(cause, {}, str(error)))
            continue
        reached = {each.id: each.posterior for each in found.hypotheses}
        if reached != before:
            steps.append(Step(cause, reached))
        before = reached
    return tuple(steps)


def _with(ours: AssessmentPackage, theirs: AssessmentPackage, cause: Cause) -> AssessmentPackage:
    """Return our package with one thing of theirs; answers of knowledge that only they needed are added to ours."""
    replace = msgspec.structs.replace
    mine, other = ours.material, theirs.material
    both = combined_knowledge(ours.knowledge, theirs.knowledge)
    if cause is Cause.CASE:
        return replace(ours, material=replace(mine, case=other.case), knowledge=both)
    if cause is Cause.SOURCES:
        return replace(ours, material=replace(mine, sources={**mine.sources, **other.sources}))
    if cause is Cause.DATA:
        data = replace(
            mine,
            statements=other.statements,
            documents=other.documents,
            rows=other.rows,
            techniques=other.techniques,
            sources={**other.sources, **mine.sources},
        )
        return replace(ours, material=data, knowledge=both, link=theirs.link)
    if cause is Cause.KNOWLEDGE:
        return replace(ours, knowledge=combined_knowledge(theirs.knowledge, ours.knowledge))
    if cause is Cause.JUDGEMENTS:
        return replace(ours, material=replace(mine, judgements=other.judgements))
    return replace(ours, settings=theirs.settings)


def _weigh(package: AssessmentPackage) -> Assessment:
    return assess_material(package.material, package.knowledge, package.link, package.settings)


def combine(ours: AssessmentPackage, theirs: AssessmentPackage) -> Combined:
    """Weigh what both hold as one, by our settings; what goes back to one origin counts once.

    Raises what weighing raises, such as :class:`CaseError` where our stated priors leave nothing for an explanation of
    theirs.
    """
    material = combined_material(ours.material, theirs.material)
    known = combined_knowledge(ours.knowledge, theirs.knowledge)
    assessment = assess_material(material, known, _link(ours.link, theirs.link), ours.settings)
    sides = (ours.material, theirs.material, material)
    statements = tuple(len(each.statements) for each in sides)
    roots = []
    for each in sides:
        derives = {key: source.derives_from for key, source in each.sources.items()}
        roots.append(len({origin for said in each.statements for origin in origins(said.source, derives)}))
    return Combined(assessment=assessment, statements=_three(statements), origins=_three(roots))


def _three(numbers: Sequence[int]) -> tuple[int, int, int]:
    ours, theirs, both = numbers
    return ours, theirs, both


def _link(ours: LinkBasis | None, theirs: LinkBasis | None) -> LinkBasis | None:
    """Return what both hold on a link. Overlaps are counted anew where the rows of both came along, else ours stand."""
    if ours is None or theirs is None or not (ours.complete and theirs.complete):
        return ours or theirs
    if (ours.a[0], ours.b[0]) != (theirs.a[0], theirs.b[0]):
        return ours
    artefacts = {(each.type, each.value): each for each in (*theirs.artefacts, *ours.artefacts)}
    rows = tuple(sorted(dict.fromkeys((*ours.rows, *theirs.rows)), key=lambda row: row.document))
    both = msgspec.structs.replace(
        ours,
        a=tuple(dict.fromkeys((*ours.a, *theirs.a))),
        b=tuple(dict.fromkeys((*ours.b, *theirs.b))),
        artefacts=tuple(artefacts[key] for key in sorted(artefacts)),
        rows=rows,
    )
    return msgspec.structs.replace(both, overlaps=counted_again(both))
