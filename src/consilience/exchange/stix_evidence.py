"""What an assessment rests on, as nested objects of our STIX extension: items with their weights, rungs, digests."""

from __future__ import annotations

from consilience.exchange.stix_extension import Object, filled
from consilience.model.assessment import Assessment, EvidenceItem
from consilience.model.ladder import LadderStep


def rung(step: LadderStep) -> Object:
    """Return a rung with the ids of the statements behind it; what a knowledge base publishes has none."""
    return filled(
        {
            "rung": step.rung,
            "names": step.names,
            "missing": step.confidence is None,
            "confidence": step.confidence.level if step.confidence else (),
            "origins": step.origins,
            "statements": [each.statement for each in step.support if each.statement],
            "against": [each.statement for each in step.against if each.statement],
        }
    )


def weighed_item(item: EvidenceItem, quotations: bool) -> Object:
    """Return a weighed item with its parts and the ids of its statements, and with its words where they may travel.

    Quotations are words from documents that have markings of their own: they go out through the release gate alone.
    """
    quoted: Object = {}
    if quotations and item.quotations:
        quoted["quotations"] = [
            {"text": q.text, "lang": q.lang, "source": q.source, "document": q.document, "place": q.place}
            for q in item.quotations
        ]
    return quoted | {
        "item": item.id,
        "family": item.family,
        "kind": item.kind,
        "params": _pairs(item.params),
        "group": item.group,
        "speaks_for": item.speaks_for,
        "weights": [{"hypothesis": key, "decibans": item.weights[key]} for key in sorted(item.weights)],
        "parts": [{"name": p.name, "decibans": p.decibans, "params": _pairs(p.params)} for p in item.parts],
        "plant_class": item.plant_class,
        "sources": item.sources,
        "origins": item.origins,
        "statements": item.statements,
    }


def _pairs(params: dict[str, str]) -> list[Object]:
    """Return a mapping as a list: its keys are free, and STIX bounds the names of properties (2.1, 3.1)."""
    return [{"name": key, "value": params[key]} for key in sorted(params)]


def basis(assessment: Assessment) -> Object:
    """Return the digests and versions from which an assessment can be recomputed."""
    found = assessment.basis
    return {
        "statements": found.statements,
        "statements_sha256": found.statements_sha256,
        "observations": found.observations,
        "observations_sha256": found.observations_sha256,
        "knowledge": found.knowledge,
        "method": found.method,
        "settings": [{"name": key, "value": found.settings[key]} for key in sorted(found.settings)],
    }
