"""From the facts of a case to its evidence: an ordered list of factors, each a function that can be read.

=====================  ================  =============================================================================
kind                   family            params (texts; absent where empty)
=====================  ================  =============================================================================
``shared-address``     infrastructure    ``unit``, ``value``, ``seen-as``, ``names``, ``prevalence``, ``reports``,
                                         ``listed``
``shared-network``     infrastructure    the same
``shared-host``        infrastructure    the same
``shared-domain``      infrastructure    the same
``shared-path``        infrastructure    the same (URLs and URL paths)
``shared-hash``        malware           the same
``shared-artefact``    malware           the same (e-mail address, wallet, certificate, mutex, file name)
``tool``               malware           ``tool``, ``names``, ``users``, ``population``, ``public`` (yes, no)
``technique-set``      tradecraft        ``techniques`` (count), ``shared`` (ids), ``names``
``victim-country``     victims           ``value`` (alpha-2), ``names``
``victim-sector``      victims           ``value``, ``names``
``name``               claims            ``names``, ``statements`` (count)
``claim-assessment``   claims            ``source``, ``source-id``, ``via``, ``subject``, ``object``, ``targets``,
                                         ``stance``, ``act``, ``said``, ``term``, ``scale``, ``low``, ``high``,
                                         ``confidence``, ``lang``, ``statements`` (count), ``copies`` (count)
``claim-judgement``    claims            the same, and ``follows``: whose assessment it rests on, where that is known
``claim-link``         claims            the same; ``subject`` is the persona or cluster, ``object`` its sponsor
``claim-self``         claims            the same; ``subject`` is the persona
``claim-denial``       claims            the same, and ``accused`` (yes, no)
``claim-no-evidence``  claims            the same
=====================  ================  =============================================================================

``names`` are cluster names as their publishers write them, ``targets`` hypothesis ids; ``object`` enumerates all whom
the source blames itself. A persona's words in ``claim-self`` have one object, the deed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from consilience.attribution.claims import Kind, claim_items
from consilience.attribution.facts import CaseFacts
from consilience.attribution.settings import DEFAULTS, WeighSettings
from consilience.attribution.technical import name_items, shared_items, technique_items, tool_items, victim_items
from consilience.attribution.view import FactView
from consilience.model.assessment import EvidenceItem
from consilience.model.case import Question

KINDS: Final = (
    "shared-address",
    "shared-network",
    "shared-host",
    "shared-domain",
    "shared-path",
    "shared-hash",
    "shared-artefact",
    "tool",
    "technique-set",
    "victim-country",
    "victim-sector",
    "name",
    *(kind.value for kind in Kind),
)
"""What ``EvidenceItem.kind`` may be for the question *who*; ``overlap.kind.KINDS`` has those for *link*."""

PARTS: Final = (
    "table",
    "listed",
    "prevalence",
    "decay",
    "dates-unknown",
    "public-tool",
    "reliability",
    "link-tie",
    "follows-assessment",
    "planted-share",
    "planting-cap",
    "judged-rejected",
    "judged-planted",
    "dependence",
    "family-cap",
)
"""The steps that ``WeightPart.name`` may name in these items."""

Factor = Callable[[FactView, WeighSettings], tuple[EvidenceItem, ...]]

FACTORS: Final[tuple[Factor, ...]] = (
    shared_items,
    tool_items,
    technique_items,
    victim_items,
    claim_items,
    name_items,
)
"""What is weighed for the question *who*, from traces to words. ``docs/method.md`` lists it with its ranges."""


def gather(facts: CaseFacts, settings: WeighSettings = DEFAULTS) -> tuple[EvidenceItem, ...]:
    """Return the evidence of a case on who did it, sorted by id.

    Each item stands alone: tabled weight, exclusivity, age, reliability and planting are in it; what the items of a
    group or family share is taken out in :func:`weigh.weigh`. For the question *link* there is none here: its items
    come from the overlap analysis.
    """
    if facts.case.question is not Question.WHO:
        return ()
    view = FactView(facts)
    items = [item for factor in FACTORS for item in factor(view, settings)]
    return tuple(sorted(items, key=lambda item: item.id))
