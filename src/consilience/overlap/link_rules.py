"""The rules by which evidence speaks for one kind of link rather than another: one page, read from top to bottom.

Weights are decibans (10·log10 of a likelihood ratio against the base rate of the sign) at full belief in the sign;
``overlap.link_items`` damps them by the source's reliability and hedging. A kind that a row does not name gets 0. There
are too few documented pairs (48 in 7 classes) to learn these numbers, so they are few, round and small, and where a
measurement exists it is named. Hand-set ones take four sizes: 2 a hint, 4 telling, 6 strong, 10 decisive unless the
source is wrong; 1 and 3 where the row says why. ``plant_class`` is how cheaply the sign can be made so that it points
here, and empty where nobody would; no weight exceeds the cap of its class.

Two figures are measured. ``STATED``: a source names the kind outright. Typing pairs by the words of the reports was
right for 13 of 22 pairs with 7 kinds to choose from: (13/22) / ((9/22)/6) = 8.7, that is 9.4 decibans. ``NAMED``: a
source puts the two together at all. Descriptions name the other side for 45 % of 48 documented pairs and for none of 42
controls: at least 16 decibans against coincidence, taken at 6. Who says what joins two clusters names both, so that
every claim of a relation has it; only a claim that they share or overlap has less, for such an overlap is what the
question starts from, and chance is one of its explanations.

Rows from TOOL_THROUGH_IMPLANT to REPORT_ON_BOTH are the signatures of E10; ``overlap.signatures`` finds them. "dev" in
a basis is the development file of 25 related and 21 control pairs, on which these rows were set.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.assessment import Family, HypothesisKind
from consilience.model.statement import Predicate

STATED: Final = 9.4
NAMED: Final = -6.0

SAME, SUBGROUP = HypothesisKind.SAME_ACTOR, HypothesisKind.SUBGROUP
COOPERATION, SUPPLIER = HypothesisKind.COOPERATION, HypothesisKind.SUPPLIER
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
    {SAME: 3.0, SUBGROUP: 3.0, COINCIDENCE: -13.0},
    _SEEN,
    "-13 at most, less where the q-value bounds it (Sellke, Bayarri and Berger 2001: -e q ln q); documented pairs that "
    "share artefacts are the same actor or its parts (mean 0.8 and 1.25 shared; 0 for the other kinds)",
)
OVERLAP_LEAD: Final = LinkRule(
    "overlap-lead",
    "they share more than chance gives for one pair, yet too little, or on too few reports, for a link",
    _INFRASTRUCTURE,
    {COINCIDENCE: -6.0},
    _SEEN,
    "-6 at most, less where the p-value bounds it (Sellke); p < 0.05 in the lists: 5 of 12 related dev pairs, 0 of 15 "
    "controls. Says that there is something, never what: one exclusive value can be forged",
)
SHARED_ADDRESS: Final = LinkRule(
    "shared-address",
    "one address, used by both within days",
    _INFRASTRUCTURE,
    {COOPERATION: 2.0, IMITATION: 2.0, SUPPLIER: 2.0, HIJACK: 1.0, SAME: 1.0, SUBGROUP: 1.0, COINCIDENCE: -2.0},
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
    {COOPERATION: 2.0, IMITATION: 2.0, SUPPLIER: 2.0, HIJACK: 1.0, SAME: 1.0, SUBGROUP: 1.0, COINCIDENCE: -3.0},
    _TOLD,
    "hand-set, as shared-address: sharing says that there is something to explain, not what explains it",
)
CLAIM_COOPERATES: Final = LinkRule(
    "claim-cooperates",
    "a source says that they work together",
    _CLAIMS,
    {COOPERATION: STATED, COINCIDENCE: NAMED, SAME: -1.0},
    _TOLD,
    "STATED; Gamaredon and Turla, ESET 2025: exclusive tool of one launched through the other's implant",
    COOPERATION,
)
CLAIM_IMITATES: Final = LinkRule(
    "claim-imitates",
    "a source says that one imitates the other",
    _CLAIMS,
    {IMITATION: STATED, SAME: -3.0, SUBGROUP: -1.0, COOPERATION: -1.0, COINCIDENCE: NAMED},
    _TOLD,
    "STATED; Olympic Destroyer, Kaspersky 2018: a forged header that matched to 100 %",
    IMITATION,
)
CLAIM_HIJACK: Final = LinkRule(
    "claim-hijack",
    "a source says that one took over what the other runs",
    _CLAIMS,
    {HIJACK: STATED, COOPERATION: -3.0, SAME: -3.0, SUBGROUP: -3.0, COINCIDENCE: NAMED},
    _TOLD,
    "STATED; Turla on a Pakistani group's servers (Storm-0156), Microsoft and Lumen 2024",
    HIJACK,
)
CLAIM_SUPPLIES: Final = LinkRule(
    "claim-supplies",
    "a source says that a third party supplies both",
    _CLAIMS,
    {SUPPLIER: STATED, COOPERATION: -3.0, SAME: -1.0},
    _TOLD,
    "STATED; 0 for coincidence: customers of one shop share by chance; the rows on services and builders say more",
    SUPPLIER,
)
CLAIM_SAME_OWN: Final = LinkRule(
    "claim-same",
    "a source merges a cluster that it named itself into the other",
    _CLAIMS,
    {SAME: 15.0, COINCIDENCE: NAMED},
    _TOLD,
    "hand-set, just below the cap: its own definition of the cluster decides; UNC2452 into APT29, Mandiant 2022",
    SAME,
)
CLAIM_SAME: Final = LinkRule(
    "claim-same",
    "a source says that they are one",
    _CLAIMS,
    {SAME: 6.0, SUBGROUP: 3.0, COINCIDENCE: NAMED},
    _TOLD,
    "hand-set, lower than STATED: names are put together without a check more often than other relations are claimed; "
    "3 for a part, which lists put under the name of the whole: dev, with a name on both 4 of 4 that are one, 1 of 3 "
    "parts",
    SAME,
)
CLAIM_PART: Final = LinkRule(
    "claim-part",
    "a source says that one is a part of the other",
    _CLAIMS,
    {SUBGROUP: STATED, SAME: 3.0, COINCIDENCE: NAMED},
    _TOLD,
    "STATED; 3 for one actor: where one publisher sees a part, another sees a name for the whole (Andariel, Lazarus)",
    SUBGROUP,
)
CLAIM_OVERLAPS: Final = LinkRule(
    "claim-same",
    "a source says that the two clusters overlap",
    _CLAIMS,
    {SAME: 2.0, SUBGROUP: 2.0, COOPERATION: 1.0, SUPPLIER: 1.0, COINCIDENCE: -2.0},
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
TOOL_THROUGH_IMPLANT: Final = LinkRule(
    "tool-through-implant",
    "a tool that only the one uses was started through an implant of the other",
    Family.MALWARE,
    {COOPERATION: 10.0, HIJACK: 4.0, SAME: 2.0, SUBGROUP: 2.0, SUPPLIER: -4.0, IMITATION: -6.0, COINCIDENCE: -10.0},
    "non-public",
    "hand-set; Gamaredon's implant started Turla's Kazuar, ESET 2025, which names a hijack as the next explanation",
)
KEYS_HELD: Final = LinkRule(
    "keys-held",
    "the one holds keys, controller software or live servers of the other",
    Family.CONTROL,
    {HIJACK: 6.0, SAME: 4.0, SUBGROUP: 4.0, COOPERATION: 2.0, IMITATION: -6.0, COINCIDENCE: -10.0},
    "controller",
    "hand-set; Turla with OilRig's keys and controllers, NCSC and NSA 2019; key possession is the dearest sign of E10",
)
UNAWARE: Final = LinkRule(
    "unaware",
    "the other side is said to know nothing of it",
    _CLAIMS,
    {HIJACK: 4.0, IMITATION: 2.0, COOPERATION: -10.0, SAME: -10.0, SUBGROUP: -10.0},
    _TOLD,
    "hand-set; 'almost certainly not aware of, or complicit with', NCSC and NSA 2019: who knows nothing takes no part",
)
COMPLICIT: Final = LinkRule(
    "complicit",
    "both sides are said to know and want it",
    _CLAIMS,
    {COOPERATION: 4.0, SUBGROUP: 2.0, HIJACK: -10.0, IMITATION: -6.0, COINCIDENCE: -10.0},
    _TOLD,
    "hand-set, the mirror of 'unaware': the one adapts its operation to the other",
)
HANDOVER: Final = LinkRule(
    "handover",
    "in one victim the one goes on where the other left off, within days",
    Family.CONTROL,
    {COOPERATION: 6.0, SUBGROUP: 4.0, SAME: 2.0, HIJACK: 2.0, IMITATION: -4.0, COINCIDENCE: -6.0},
    "non-public",
    "hand-set; access by DEV-0861, wiper by DEV-0842, Microsoft 2022; GreyEnergy and Zebrocy, Kaspersky 2019",
)
FORGED_MARKER: Final = LinkRule(
    "forged-marker",
    "a cheap marker of the one does not fit what is dear to make and stands beside it",
    Family.TRADECRAFT,
    {IMITATION: 10.0, SAME: -6.0, SUBGROUP: -6.0, COOPERATION: -4.0, SUPPLIER: -2.0, COINCIDENCE: -6.0},
    "non-public",
    "hand-set; Olympic Destroyer 2018: the header that matched Lazarus to 100 % did not belong to the code under it",
)
PUBLISHED_BEFORE_USE: Final = LinkRule(
    "published-before-use",
    "what they share was published before the second used it",
    _INFRASTRUCTURE,
    {IMITATION: 2.0, COINCIDENCE: 2.0, SAME: -2.0, SUBGROUP: -2.0, COOPERATION: -2.0},
    "public",
    "hand-set, a hint: from then on anybody could take it, and address owners let it again",
)
SHARED_SERVICE: Final = LinkRule(
    "shared-service",
    "what they share is a service that others use too (anonymisation, relay or VPN network, rented hosts)",
    _CLAIMS,
    {SUPPLIER: 4.0, COINCIDENCE: 2.0, COOPERATION: -6.0, SAME: -6.0, SUBGROUP: -4.0, HIJACK: -4.0, IMITATION: -2.0},
    _TOLD,
    "hand-set; UNC4841 and GhostEmperor, Mandiant 2023: half of all addresses in the lists lie in rented or relayed "
    "ranges, whose tenants change: 2 for coincidence",
)
COMMON_BUILDER: Final = LinkRule(
    "common-builder",
    "both use malware that at least one more cluster has, and that is not public",
    Family.MALWARE,
    {SUPPLIER: 6.0, IMITATION: -4.0, COINCIDENCE: -6.0},
    "non-public",
    "dev: 4 of 6 supplier pairs, 0 of 19 other related pairs, 0 of 21 controls; Golden Chickens 2020, Royal Road 2020, "
    "ShadowPad 2021. -4 for imitation: what is not public is out of an imitator's reach",
)
EXCLUSIVE_TOOL: Final = LinkRule(
    "exclusive-tool",
    "both use malware that nobody else is known to have",
    Family.MALWARE,
    {SAME: 4.0, SUBGROUP: 4.0, COOPERATION: 2.0, SUPPLIER: 2.0, IMITATION: -4.0, COINCIDENCE: -6.0},
    "non-public",
    "dev: 3 of 4 same-actor pairs, no control; software of 3 groups or fewer: 21 % of 48 pairs, 0 % of 42 controls. -4 "
    "for imitation, as in the row above",
)
SIMULTANEOUS: Final = LinkRule(
    "simultaneous",
    "both used something that nobody else had at the same time",
    _INFRASTRUCTURE,
    {COOPERATION: 2.0, SAME: 2.0, SUBGROUP: 2.0, HIJACK: 2.0, IMITATION: -2.0, COINCIDENCE: -2.0},
    _SEEN,
    "hand-set, a hint; GreyEnergy and Zebrocy 2018: one server, one month; an imitator needs no live server",
)
ONE_WAY: Final = LinkRule(
    "one-way",
    "the one always came first to what they share",
    _INFRASTRUCTURE,
    {HIJACK: 2.0, IMITATION: 2.0, COOPERATION: -2.0},
    _SEEN,
    "hand-set, a hint; counted from 6 values on, where a fair coin falls on one side 6 times in 6 in 3 % (sign test)",
)
TWO_WAY: Final = LinkRule(
    "two-way",
    "now the one, now the other came first to what they share",
    _INFRASTRUCTURE,
    {COOPERATION: 2.0, SAME: 2.0, SUBGROUP: 2.0, HIJACK: -2.0, IMITATION: -2.0},
    _SEEN,
    "hand-set, a hint; from 6 values on with |D| at most 1/3",
)
NAMED_TOGETHER: Final = LinkRule(
    "named-together",
    "a publisher's description of the one names the other, without saying what joins them",
    _CLAIMS,
    {COINCIDENCE: NAMED},
    _TOLD,
    "NAMED",
)
NAME_ON_BOTH: Final = LinkRule(
    "name-on-both",
    "a publisher has one cluster that carries names of both",
    _CLAIMS,
    {SAME: 6.0, SUBGROUP: 4.0, COINCIDENCE: -6.0},
    _TOLD,
    "dev: 4 same-actor, 1 subgroup, 1 cooperation pair, no control; four of these labels are this sign restated",
)
REPORT_ON_BOTH: Final = LinkRule(
    "report-on-both",
    "few clusters rest on one report, and both of these do",
    _CLAIMS,
    {COINCIDENCE: -6.0},
    _TOLD,
    "dev: a common report of at most 20 clusters: 13 of 25 related pairs, 0 of 21 controls; less the more share it",
)

LINK_RULES: Final = (
    CHANCE_OVERLAP,
    OVERLAP_ABOVE_CHANCE,
    OVERLAP_LEAD,
    SHARED_ADDRESS,
    ONE_SIDE_ONLY,
    CLAIM_SHARES,
    CLAIM_COOPERATES,
    CLAIM_IMITATES,
    CLAIM_HIJACK,
    CLAIM_SUPPLIES,
    CLAIM_SAME_OWN,
    CLAIM_SAME,
    CLAIM_PART,
    CLAIM_OVERLAPS,
    VICTIMS_DIFFER,
    TOOLS_DIFFER,
    TOOL_THROUGH_IMPLANT,
    KEYS_HELD,
    UNAWARE,
    COMPLICIT,
    HANDOVER,
    FORGED_MARKER,
    PUBLISHED_BEFORE_USE,
    SHARED_SERVICE,
    COMMON_BUILDER,
    EXCLUSIVE_TOOL,
    SIMULTANEOUS,
    ONE_WAY,
    TWO_WAY,
    NAMED_TOGETHER,
    NAME_ON_BOTH,
    REPORT_ON_BOTH,
)

SIMILAR: Final = "similar"
"""The relation by which MISP's editors say that two entries of different publishers speak of one cluster."""

RULE_OF: Final[dict[str, LinkRule]] = {
    Predicate.SHARES_INFRASTRUCTURE: CLAIM_SHARES,
    Predicate.RELATED_TO: CLAIM_SHARES,
    Predicate.COOPERATES: CLAIM_COOPERATES,
    Predicate.IMITATES: CLAIM_IMITATES,
    Predicate.HIJACKS: CLAIM_HIJACK,
    Predicate.ALSO_KNOWN_AS: CLAIM_SAME,
    Predicate.REVOKED_BY: CLAIM_SAME,
    SIMILAR: CLAIM_SAME,
    Predicate.PART_OF: CLAIM_PART,
    Predicate.OVERLAPS: CLAIM_OVERLAPS,
    Predicate.MENTIONS: NAMED_TOGETHER,
}
"""The rule for a statement of which one of the two is the subject and the other the object."""

SIGN_STATED: Final[dict[tuple[str, str], LinkRule]] = {
    ("other-side", "unaware"): UNAWARE,
    ("other-side", "complicit"): COMPLICIT,
} | {
    ("sign", rule.code): rule
    for rule in (
        TOOL_THROUGH_IMPLANT,
        KEYS_HELD,
        UNAWARE,
        COMPLICIT,
        HANDOVER,
        FORGED_MARKER,
        PUBLISHED_BEFORE_USE,
        SHARED_SERVICE,
        COMMON_BUILDER,
    )
}
"""The sign that an attribute of a statement on the two reports as seen: ``sign`` or ``other-side`` and its value."""

LAUNCHES: Final = frozenset({"delivers", "deploys", "downloads", "drops", "executes", "launches"})
"""Relations of a tool, or of a cluster, to the tool that it starts: STIX 2.1's words and plain ones."""

FEW_USERS: Final = 10
"""Malware that more clusters than this use is as good as public (Cobalt Strike has 34 known users, Mimikatz 51)."""
