"""What kind of link there is between two clusters, as a distribution with its reasons, or "not enough to say".

The kinds are same actor, subgroup, cooperation, common supplier, hijack, imitation and coincidence.

The rules are in ``overlap.link_rules``; ``link_claims`` reads what sources say, ``link_overlaps`` what is shared, and
``signatures`` and ``shared_tools`` find the signs; ``link_items`` damps them all. :func:`link_evidence` gives the
items, :func:`verdict` (``link_verdict``) the distribution.

Damping. A claim is right with probability x = r·h, r from the Admiralty grades of source and statement, h from the
words of likelihood: LR' = 1 + x (LR - 1), the formula w = log[(r a + (1-r) q) / (r b + (1-r) q)] with b = q. Then the
cap for planting. What one origin says counts once, and what else rests on the same origin is discounted
(:attr:`LinkSettings.dependence`). A sign that a source states is damped like a claim, and several reports of one sign
say no more than the sign would if it were certain.

Kinds of item and their parameters (all texts; numbers with a point; ``a`` and ``b`` name the two clusters):

========================  ===========================================================================================
``chance-overlap``        ``a b unit observed expected p q pairs population``
``overlap-above-chance``  ``a b unit observed expected p q pairs population origins``
``overlap-lead``          as ``overlap-above-chance``
``shared-address``        ``a b value type gap_days`` (a number, or ``unknown``) ``listed`` (a list, or empty)
                          ``prevalence``
``one-side-only``         ``a b value type under`` (which of the two) ``lists``
``published-before-use``  ``a b value type published used`` (dates), or as a claim
``simultaneous``          ``a b value type observed`` (how many such values; one is named)
``one-way`` ``two-way``   ``a b observed subject`` (who was first, or more often first) ``object``
``claim-shares``          ``a b subject object predicate stance term source``
``claim-cooperates``      as ``claim-shares``
``claim-imitates``        as ``claim-shares``
``claim-hijack``          as ``claim-shares``, and ``unaware`` (``yes`` where the other side's ignorance is stated)
``claim-supplies``        as ``claim-shares``; ``subject`` is the supplier, ``object`` is empty: both
``claim-same``            as ``claim-shares``, and ``own`` (``yes`` where the namer itself merges its cluster)
``claim-part``            as ``claim-shares``
``named-together``        as ``claim-shares``; nothing is claimed
signs that are stated     as ``claim-shares``: ``keys-held``, ``unaware``, ``complicit``, ``handover``,
                          ``forged-marker``, ``shared-service``, ``tool-through-implant`` (``subject`` started
                          ``object``) and, where a source says so, ``published-before-use`` and ``common-builder``
``common-builder``        ``a b value`` (the malware) ``prevalence`` (its known users) ``source``
``exclusive-tool``        as ``common-builder``
``name-on-both``          ``a b value`` (the publisher's cluster) ``source``
``report-on-both``        ``a b value`` (the report) ``prevalence`` (clusters that rest on it) ``source``
``victims-differ``        ``a b victims_a victims_b`` (enumerated)
``tools-differ``          ``a b tools_a tools_b``
========================  ===========================================================================================

``stance`` is that of the statement (``affirms``, ``suspects``, ``denies``, ``finds-no-evidence``); ``term`` its word of
likelihood, or empty. An item whose weights are all 0 is there to be read, not to be counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from consilience.model.assessment import EvidenceItem, HypothesisKind, PairOverlap
from consilience.model.source import Source
from consilience.model.statement import Statement
from consilience.overlap import link_rules
from consilience.overlap.link_claims import claim_items
from consilience.overlap.link_items import LinkSettings, bounded, discount, finish, sign_item
from consilience.overlap.link_overlaps import overlap_items
from consilience.overlap.link_verdict import BY_KIND, PRIORS, VERDICT_REASONS, LinkVerdict, verdict
from consilience.overlap.pair_knowledge import PairKnowledge, ReportedArtefact, Sides
from consilience.overlap.shared_tools import tool_signs
from consilience.overlap.signatures import artefact_signs, difference_signs, knowledge_signs, time_signs

__all__ = [
    "BY_KIND",
    "KINDS",
    "PARTS",
    "PRIORS",
    "VERDICT_REASONS",
    "LinkSettings",
    "LinkVerdict",
    "PairKnowledge",
    "ReportedArtefact",
    "link_evidence",
    "verdict",
]

KINDS: Final = tuple(dict.fromkeys(rule.code for rule in link_rules.LINK_RULES))
"""What ``EvidenceItem.kind`` may be for the question *link*."""

PARTS: Final = (
    "table",
    "reliability",
    "hedge",
    "decay",
    "dates-unknown",
    "listed",
    "prevalence",
    "planting-cap",
    "shared-origin",
    "one-sign",
)
"""The steps that ``WeightPart.name`` may name in these items."""


def link_evidence(
    a: Sequence[str],
    b: Sequence[str],
    hypotheses: Mapping[HypothesisKind, str],
    *,
    overlaps: Iterable[PairOverlap] = (),
    statements: Iterable[Statement] = (),
    sources: Mapping[str, Source] | None = None,
    artefacts: Iterable[ReportedArtefact] = (),
    knowledge: PairKnowledge | None = None,
    settings: LinkSettings | None = None,
) -> tuple[EvidenceItem, ...]:
    """Return the evidence on what kind of link there is between two clusters.

    ``a`` and ``b`` are the names of each cluster, the one to show first; ``hypotheses`` gives the id of each kind in
    the case, and a kind that is missing gets no weight. ``overlaps`` are figures for this pair, nested units
    included; ``sources`` are those that ``statements`` and ``overlaps`` speak of, by id, and an unknown one has grade
    F. ``knowledge`` is what is known of the two apart from the case, with its own sources. Weights are to be added up
    over the items; they are already discounted for shared origins. Raises
    ``ValueError`` where a side has no name, or both have one name.
    """
    settings, knowledge = settings or LinkSettings(), knowledge or PairKnowledge()
    sides, known = Sides(a, b), {**(sources or {}), **knowledge.sources}
    said = tuple(sorted({*statements, *knowledge.statements}, key=lambda statement: statement.id))
    pairs = tuple(overlaps)
    signs = (
        *artefact_signs(sides, artefacts),
        *time_signs(sides, pairs, known),
        *difference_signs(sides, said, known),
        *tool_signs(sides, said, knowledge.tools, known),
        *knowledge_signs(sides, knowledge, known),
    )
    items = [
        *overlap_items(sides, pairs, known, settings),
        *claim_items(sides, said, knowledge, known, settings),
        *(sign_item(sign, known) for sign in signs),
    ]
    numbered: dict[str, int] = {}
    finished = []
    for item in bounded(discount(items, settings.dependence)):
        numbered[item.kind] = numbered.get(item.kind, 0) + 1
        finished.append(finish(item, f"{item.kind}-{numbered[item.kind]}", hypotheses))
    return tuple(finished)
