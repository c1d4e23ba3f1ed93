"""A released case as a MISP event: what was seen, MISP's entries for the hypotheses, and the report put together."""

from __future__ import annotations

import msgspec

from consilience.attribution.facts import fold
from consilience.attribution.material import incident_rows
from consilience.exchange.assessment_package import AssessmentPackage
from consilience.exchange.misp.event_export import Attachment, EventTexts, MadeEvent, SeenObservable, make_event
from consilience.exchange.misp.galaxy_relations import MispActor
from consilience.exchange.release import Released
from consilience.exchange.stix_extension import Centre
from consilience.model.assessment import Assessment, HypothesisKind
from consilience.model.dates import PartialDate
from consilience.report.catalogue import LANGUAGES, catalogue
from consilience.report.markdown_report import markdown_report
from consilience.report.sentences import confidence_sentence, headline

_GALAXY_KEY = "misp-galaxy:"


def misp_event(package: Released[AssessmentPackage]) -> bytes:
    """Return what was released as a MISP event, without the signed package: the form ``misp`` of an export."""
    return released_event(package, report_language(package.value.assessment)).value.data


def report_language(assessment: Assessment) -> str:
    """Return the language of the report where nobody chose one: English, unless the case has French alone."""
    return "fr" if "fr" in assessment.title and "en" not in assessment.title else "en"


def released_event(
    package: Released[AssessmentPackage], lang: str, attachment: Attachment | None = None
) -> Released[MadeEvent]:
    """Return the event of a released package with its report in ``lang``; raise :class:`MarkingError` for TLP:RED.

    ``attachment`` is the same package, signed.
    """
    return package.derive(lambda value: _made(value, lang, attachment))


def _made(package: AssessmentPackage, lang: str, attachment: Attachment | None) -> MadeEvent:
    assessment = package.assessment
    return make_event(
        assessment,
        Centre(package.author, package.author_name),
        package.note.recipient,
        EventTexts(
            lang=lang,
            report_name=catalogue(lang).text("page.kind"),
            report=markdown_report(assessment, lang),
            notes={each: _note(assessment, each) for each in LANGUAGES},
        ),
        seen_observables(package),
        misp_actors(package),
        attachment,
    )


def _note(assessment: Assessment, lang: str) -> str:
    answer = assessment.headline.get(lang) or headline(assessment, lang)
    return f"{answer} {confidence_sentence(assessment, lang)}"


def seen_observables(package: AssessmentPackage) -> tuple[SeenObservable, ...]:
    """Return what was found in the incident, each value once, from its first to its last known day of use.

    What is in question is what the method weighs as the incident's: rows of lists that say what a cluster used before
    are no part of it.
    """
    material = package.material
    found: dict[tuple[str, str], SeenObservable] = {}
    for row in incident_rows(material.rows, material.documents, material.case, package.knowledge):
        first, last = PartialDate(row.first), PartialDate(row.last)
        before = found.get((row.type, row.value))
        if before is None:
            found[row.type, row.value] = SeenObservable(
                type=row.type, value=row.value, source=row.source, first=first, last=last, listed=row.listed
            )
            continue
        found[row.type, row.value] = msgspec.structs.replace(
            before,
            first=min(filter(None, (before.first, first)), default=PartialDate("")),
            last=max(filter(None, (before.last, last)), default=PartialDate("")),
            listed=before.listed or row.listed,
        )
    return tuple(found[key] for key in sorted(found))


def misp_actors(package: AssessmentPackage) -> dict[str, MispActor]:
    """Return MISP's entry for each hypothesis on an actor, by the id of the hypothesis.

    Only where the hypothesis is called by a name that exactly one entry carries. That "actors working for the Iranian
    state" counts the names of ten groups as its own makes none of the ten the answer; and of two entries with the same
    name, a tag would decide in silence which one is meant.
    """
    found: dict[str, MispActor] = {}
    for each in package.assessment.hypotheses:
        if each.kind is not HypothesisKind.ACTOR:
            continue
        labels = {fold(label) for label in each.label.values()}
        entries = {
            known.key: known
            for name in each.names
            if fold(name) in labels
            for known in package.knowledge.clusters_named(name, loosely=False)
            if known.key.startswith(_GALAXY_KEY)
        }
        if len(entries) == 1:
            (known,) = entries.values()
            found[each.id] = MispActor(known.key.removeprefix(_GALAXY_KEY), known.name)
    return found
