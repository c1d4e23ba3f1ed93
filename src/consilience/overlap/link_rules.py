"""The rules by which evidence speaks for one kind of link rather than another: one page, read from top to bottom.

Weights are decibans (10·log10 of a likelihood ratio against the base rate of the sign) at full belief in the sign;
``overlap.kind`` damps them by the source's reliability and hedging. A kind that a row does not name gets 0. There are
too few documented pairs (48 in 7 classes) to learn these numbers, so they are few, round and small, and where a
measurement exists it is named. ``plant_class`` is how cheaply the sign can be made so that it points here, and empty
where nobody would; no weight exceeds the cap of its class.

``STATED``: a source names the kind outright. Typing pairs by the words of the reports was right for 13 of 22 pairs
with 7 kinds to choose from: (13/22) / ((9/22)/6) = 8.7, that is 9.4 decibans.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.assessment import Family, HypothesisKind
from consilience.model.statement import Predicate

STATED: Final = 9.4

SAME, COOPERATION, SUPPLIER = HypothesisKind.SAME_ACTOR, HypothesisKind.COOPERATION, HypothesisKind.SUPPLIER
HIJACK, IMITATION, COINCIDENCE = HypothesisKind.HIJACK, HypothesisKind.IMITATION, HypothesisKind.COINCIDENCE


class LinkRule(msgspec.Struct, frozen=True):
    """A row: the item's code, what is seen, what it says of each kind, and where that comes from.

    ``names`` is the kind that a claim names outright; a source that names several spreads its word over them.
    """

    code: str
    sign: str
    family: Family
    weights: dict[HypothesisKind, float]
    plant_class: str
    basis: str
    names: HypothesisKind | None = None

    @property
    def cap(self) -> float:
        """The largest weight in decibans that the risk of planting leaves; infinity where nobody would plant it."""
        return WEIGHTS.plant[self.plant_class].cap if self.plant_class else math.inf


_INFRASTRUCTURE, _CLAIMS = Family.INFRASTRUCTURE, Family.CLAIMS
_SEEN: Final = "open-infrastructure"
_TOLD: Final = "claim-technical"

CHANCE_OVERLAP: Final = LinkRule(
    "chance-overlap",
    "they share no more than chance gives",
    Family.CHANCE,
    {COINCIDENCE: 0.8},
    "",
    "83 % of 48 documented pairs share no exact address or host either, nor do 42 controls: 10·log10(1/0.83)",
)
OVERLAP_ABOVE_CHANCE: Final = LinkRule(
    "overlap-above-chance",
    "they share more than chance gives, in several reports",
    _INFRASTRUCTURE,
    {SAME: 3.0, COINCIDENCE: -13.0},
    _SEEN,
    "-13 at most, less where the q-value bounds it (Sellke, Bayarri and Berger 2001: -e q ln q); documented pairs that "
    "share artefacts are the same actor or its parts (mean 0.8 and 1.25 shared; 0 for the other kinds)",
)
SHARED_ADDRESS: Final = LinkRule(
    "shared-address",
    "one address, used by both within days",
    _INFRASTRUCTURE,
    {COOPERATION: 2.0, IMITATION: 2.0, SUPPLIER: 2.0, HIJACK: 1.0, SAME: 1.0, COINCIDENCE: -2.0},
    _SEEN,
    "hand-set: GreyEnergy/Zebrocy 2019 (cooperation), rented hosts (supplier), Gamaredon/Lazarus 2025 (left open by "
    "its source): an address alone does not tell these apart, and one address is a lead, not a link",
)
ONE_SIDE_ONLY: Final = LinkRule(
    "one-side-only",
    "the artefact said to be shared stands in public lists under one of the two only",
    _INFRASTRUCTURE,
    {},
    _SEEN,
    "nothing: lists are incomplete, and a missing overlap is no evidence (at most 0.6 decibans); shown to be seen",
)
CLAIM_SHARES: Final = LinkRule(
    "claim-shares",
    "a source says that they share infrastructure",
    _CLAIMS,
    {COOPERATION: 2.0, IMITATION: 2.0, SUPPLIER: 2.0, HIJACK: 1.0, SAME: 1.0, COINCIDENCE: -3.0},
    _TOLD,
    "hand-set, as shared-address: sharing says that there is something to explain, not what explains it",
)
CLAIM_COOPERATES: Final = LinkRule(
    "claim-cooperates",
    "a source says that they work together",
    _CLAIMS,
    {COOPERATION: STATED, COINCIDENCE: -3.0, SAME: -1.0},
    _TOLD,
    "STATED; Gamaredon and Turla, ESET 2025: exclusive tool of one launched through the other's implant",
    COOPERATION,
)
CLAIM_IMITATES: Final = LinkRule(
    "claim-imitates",
    "a source says that one imitates the other",
    _CLAIMS,
    {IMITATION: STATED, SAME: -3.0, COOPERATION: -1.0},
    _TOLD,
    "STATED; Olympic Destroyer, Kaspersky 2018: a forged header that matched to 100 %",
    IMITATION,
)
CLAIM_HIJACK: Final = LinkRule(
    "claim-hijack",
    "a source says that one took over what the other runs",
    _CLAIMS,
    {HIJACK: STATED, COOPERATION: -3.0, SAME: -3.0},
    _TOLD,
    "STATED; Turla on a Pakistani group's servers (Storm-0156), Microsoft and Lumen 2024",
    HIJACK,
)
CLAIM_HIJACK_UNAWARE: Final = LinkRule(
    "claim-hijack",
    "a source says so, and that the other side knew nothing of it",
    _CLAIMS,
    {HIJACK: 13.0, COOPERATION: -STATED, SAME: -STATED},
    _TOLD,
    "STATED and, hand-set, the ignorance that tells a hijack from cooperation; Turla on OilRig, NCSC and NSA 2019",
    HIJACK,
)
CLAIM_SUPPLIES: Final = LinkRule(
    "claim-supplies",
    "a source says that a third party supplies both",
    _CLAIMS,
    {SUPPLIER: STATED, COOPERATION: -3.0, SAME: -1.0, COINCIDENCE: 2.0},
    _TOLD,
    "STATED; UNC4841 and GhostEmperor, Mandiant: an anonymising service or provider that both happen to use",
    SUPPLIER,
)
CLAIM_SAME_OWN: Final = LinkRule(
    "claim-same",
    "a source merges a cluster that it named itself into the other",
    _CLAIMS,
    {SAME: 15.0, COINCIDENCE: -3.0},
    _TOLD,
    "hand-set, just below the cap: its own definition of the cluster decides; UNC2452 into APT29, Mandiant 2022",
    SAME,
)
CLAIM_SAME: Final = LinkRule(
    "claim-same",
    "a source says that they are one, or one a part of the other",
    _CLAIMS,
    {SAME: 6.0, COINCIDENCE: -2.0},
    _TOLD,
    "hand-set, lower than STATED: names are put together without a check more often than other relations are claimed",
    SAME,
)
CLAIM_OVERLAPS: Final = LinkRule(
    "claim-same",
    "a source says that the two clusters overlap",
    _CLAIMS,
    {SAME: 2.0, COOPERATION: 1.0, SUPPLIER: 1.0, COINCIDENCE: -2.0},
    _TOLD,
    "hand-set: says that there is something to explain; UNC4841/GhostEmperor shows how little",
)
VICTIMS_DIFFER: Final = LinkRule(
    "victims-differ",
    "the victims named for the one are not among those named for the other",
    Family.VICTIMS,
    {SAME: -2.0},
    "public",
    "hand-set, weak: lists of victims are incomplete",
)
TOOLS_DIFFER: Final = LinkRule(
    "tools-differ",
    "the tools named for the one are not among those named for the other",
    Family.MALWARE,
    {SAME: -1.0},
    "public",
    "only 21 % of documented pairs share rare software: 10·log10(1 - 0.21) = -1.0",
)

LINK_RULES: Final = (
    CHANCE_OVERLAP,
    OVERLAP_ABOVE_CHANCE,
    SHARED_ADDRESS,
    ONE_SIDE_ONLY,
    CLAIM_SHARES,
    CLAIM_COOPERATES,
    CLAIM_IMITATES,
    CLAIM_HIJACK,
    CLAIM_HIJACK_UNAWARE,
    CLAIM_SUPPLIES,
    CLAIM_SAME_OWN,
    CLAIM_SAME,
    CLAIM_OVERLAPS,
    VICTIMS_DIFFER,
    TOOLS_DIFFER,
)

RULE_OF: Final = {
    Predicate.SHARES_INFRASTRUCTURE: CLAIM_SHARES,
    Predicate.RELATED_TO: CLAIM_SHARES,
    Predicate.COOPERATES: CLAIM_COOPERATES,
    Predicate.IMITATES: CLAIM_IMITATES,
    Predicate.HIJACKS: CLAIM_HIJACK,
    Predicate.ALSO_KNOWN_AS: CLAIM_SAME,
    Predicate.REVOKED_BY: CLAIM_SAME,
    Predicate.PART_OF: CLAIM_SAME,
    Predicate.OVERLAPS: CLAIM_OVERLAPS,
}
"""The rule for a statement of which one of the two is the subject and the other the object."""
