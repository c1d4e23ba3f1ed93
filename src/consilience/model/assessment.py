"""The assessment: a conclusion that carries its own explanation. Reports and exports get this value and nothing else.

All weights are in decibans (10·log10 of a likelihood ratio; Good 1950), rounded to two decimals; probabilities to four.
Texts that a person reads are not stored here: items carry a ``kind`` and ``params``, from which ``report`` makes
sentences in each language; quotations stay in their own language.
"""

from enum import StrEnum

import msgspec

from consilience.model.case import Question
from consilience.model.dates import UNKNOWN_DATE, PartialDate, Period
from consilience.model.judgement import CaseJudgement
from consilience.model.ladder import Ladder
from consilience.model.marking import Marking
from consilience.model.source import Source
from consilience.model.words import Confidence, Likelihood

SCHEMA = "consilience-assessment/1"


class Family(StrEnum):
    """Families of evidence after MICTIC (Steffens 2020): inside one, items are not independent."""

    MALWARE = "malware"
    INFRASTRUCTURE = "infrastructure"
    CONTROL = "control"
    TRADECRAFT = "tradecraft"
    VICTIMS = "victims"
    CLAIMS = "claims"
    CHANCE = "chance"


class HypothesisKind(StrEnum):
    """What sort of explanation it is. ``UNKNOWN`` is always among the hypotheses of a case."""

    ACTOR = "actor"
    UNKNOWN = "unknown"
    IMITATION = "imitation"
    SAME_ACTOR = "same-actor"
    SUBGROUP = "subgroup"
    COOPERATION = "cooperation"
    SUPPLIER = "common-supplier"
    HIJACK = "hijack"
    COINCIDENCE = "coincidence"


class WeighedHypothesis(msgspec.Struct, frozen=True, kw_only=True):
    """A hypothesis with its probability before and after the evidence.

    ``of`` is whom an imitation imitates; ``by`` is who imitates, by hypothesis id, and empty where that is not asked.
    """

    id: str
    kind: HypothesisKind
    label: dict[str, str]
    prior: float
    posterior: float
    names: tuple[str, ...] = ()
    country: str = ""
    of: str = ""
    by: str = ""

    @property
    def culprit(self) -> str:
        """The id of the hypothesis that names who did it: its own, or that of the known imitator."""
        return self.by or self.id


class Quotation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The words behind an item, in their own language, with the place to look them up."""

    text: str
    lang: str
    source: str
    document: str
    place: str
    statement: str = ""
    url: str = ""


class WeightPart(msgspec.Struct, frozen=True):
    """One step from a tabled weight to the weight that counts, in decibans (a difference, signed)."""

    name: str
    decibans: float
    params: dict[str, str] = {}


class EvidenceItem(msgspec.Struct, frozen=True, kw_only=True):
    """One weighed item. ``weights`` gives log likelihood in decibans per hypothesis id, relative to the base rate.

    ``group`` joins items that are not independent (one origin, one artefact): inside a group the strongest counts in
    full and the rest is discounted, and ``weights`` is what remains. ``parts`` explains the weight of hypothesis
    ``speaks_for`` (empty where the item speaks for none). ``plant_class`` says how cheaply it can be planted.
    """

    id: str
    family: Family
    kind: str
    params: dict[str, str]
    group: str
    speaks_for: str
    weights: dict[str, float]
    parts: tuple[WeightPart, ...] = ()
    plant_class: str = ""
    sources: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    quotations: tuple[Quotation, ...] = ()


class WaterfallStep(msgspec.Struct, frozen=True, kw_only=True):
    """A bar: the log-odds of the leading hypothesis against all others moves by ``decibans`` to ``total``.

    ``item`` is an evidence id, or ``prior`` for the first bar. The total of the last bar is the posterior's.
    """

    item: str
    decibans: float
    total: float


class Sensitivity(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer would be without something, or if something were planted.

    ``kind`` is ``without-item``, ``without-source``, ``without-family`` or ``if-planted``; ``of`` its id.
    ``leading`` is the hypothesis that would then lead, and ``posterior`` is that one's, not the present leader's.
    """

    kind: str
    of: str
    posterior: float
    leading: str
    changes_answer: bool


class NextObservation(msgspec.Struct, frozen=True, kw_only=True):
    """An observation not yet made that would move the answer: towards which hypothesis, how far, where to look.

    ``leading`` is the hypothesis that would then lead, and ``posterior`` is that one's, which need not be ``towards``.
    """

    kind: str
    towards: str
    decibans: float
    posterior: float
    leading: str
    params: dict[str, str] = {}


class SharedObservable(msgspec.Struct, frozen=True, kw_only=True):
    """An observable that two clusters share, with its weight and what made it.

    ``discount`` names the benign or shared-hosting list that it stands on, and is empty where it stands on none.
    ``gap_days`` is the smallest gap between the two uses that the dates allow; ``None`` where a date is unknown.
    ``first_a`` and ``last_a`` (``_b``) are the first and the last known date of use on each side, as stated; an end
    that nobody states is empty. ``dates`` flags what is doubtful about them (``overlap.shared.DATE_FLAGS``).
    """

    type: str
    value: str
    prevalence: int
    decibans: float
    parts: tuple[WeightPart, ...] = ()
    discount: str = ""
    gap_days: float | None = None
    first_a: str = ""
    first_b: str = ""
    sources: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    last_a: str = ""
    last_b: str = ""
    dates: tuple[str, ...] = ()


class FamilyWeight(msgspec.Struct, frozen=True, kw_only=True):
    """What the shared values of one family of dependent evidence say together, in decibans.

    ``values`` is how many shared values the family has; ``parts`` are the steps of the sum, which add up to
    ``decibans``.
    """

    family: str
    decibans: float
    values: int
    parts: tuple[WeightPart, ...] = ()


class PairOverlap(msgspec.Struct, frozen=True, kw_only=True):
    """What two clusters share in one unit of observation, against chance.

    ``observed`` counts shared observables held by two or more clusters; ``expected`` is the mean of the null model;
    ``p_value`` is P(as much or more | chance) and ``q_value`` its Benjamini-Hochberg value over ``pairs_tested``.
    ``weight`` is what all shared values say together, in decibans, summed by ``families``.
    """

    a: str
    b: str
    unit: str
    observed: int
    expected: float
    p_value: float
    q_value: float
    pairs_tested: int
    score: float
    origins: int
    population: str
    shared: tuple[SharedObservable, ...] = ()
    shared_total: int = 0
    weight: float = 0.0
    families: tuple[FamilyWeight, ...] = ()


class LedgerRow(msgspec.Struct, frozen=True, kw_only=True):
    """Who said what, when, in which words. Likelihood and confidence stay apart; ``counted`` is the evidence id."""

    statement: str
    source: str
    said: PartialDate
    act: str
    stance: str
    predicate: str
    subject: str
    object: str
    quote: str
    lang: str
    via: str = ""
    likelihood: Likelihood | None = None
    confidence: Confidence | None = None
    credibility: int = 6
    counted: str = ""
    document: str = ""
    place: str = ""
    url: str = ""


class TimelineEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A dot on the timeline. ``lane`` is ``happened``, ``said`` or ``published``; ``params`` feed its sentence."""

    lane: str
    period: Period
    kind: str
    params: dict[str, str]
    statement: str = ""


class SourceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A source as the case uses it, with the origins that its word goes back to and how many statements it made."""

    source: Source
    origins: tuple[str, ...]
    statements: int


class DocumentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A document of the case: its digest is what a partner checks."""

    sha256: str
    name: str
    format: str
    source: str
    lang: str
    published: PartialDate = UNKNOWN_DATE
    url: str = ""
    title: str = ""
    marking: Marking = Marking.CLEAR


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What the assessment rests on, so that it can be recomputed: digests and versions."""

    statements: int
    statements_sha256: str
    observations: int
    observations_sha256: str
    knowledge: str
    method: str
    settings: dict[str, float]


class ConsistencyCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a marker that is cheap to forge points at the same actor as something that is not.

    ``marker`` and ``standard`` are codes of ``attribution.consistency``; ``*_points`` are hypothesis ids, and
    ``*_decibans`` by how much the actor is ahead of any other there.
    """

    marker: str
    standard: str
    marker_points: str
    standard_points: str
    marker_decibans: float
    standard_decibans: float
    agrees: bool


class JudgementRow(msgspec.Struct, frozen=True, kw_only=True):
    """An analyst's judgement and what became of it.

    ``outcome`` is ``applied``, ``contested`` (another analyst contradicts it, so that it is not applied), ``agrees``
    (it accepts what stands) or ``no-target`` (the case has no such item or hypothesis any more).
    """

    judgement: CaseJudgement
    outcome: str


class AnalystView(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer would be by the judgements of one analyst; ``author`` is empty for the method alone."""

    author: str
    hypotheses: dict[str, float]
    leading: str
    abstains: bool
    likelihood: Likelihood
    confidence: Confidence


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a case's question, and all that it rests on.

    ``leading`` is the id of the hypothesis with the highest posterior even when ``abstains`` is true; ``reasons``
    gives the codes of why it abstains, or of what limits the answer. ``scales`` words the leading posterior on every
    scale; ``likelihood`` is the first of them. ``headline`` is the answer in one sentence by language.

    ``ladder`` traces an answer on who did it from the activity to the state; it is ``None`` where no answer is given or
    nobody is named. ``views`` has the answer by each analyst where ``judgements`` contradict one another, and by the
    method alone where any applies.
    """

    case: str
    question: Question
    title: dict[str, str]
    asks: dict[str, str]
    hypotheses: tuple[WeighedHypothesis, ...]
    leading: str
    abstains: bool
    reasons: tuple[str, ...]
    likelihood: Likelihood
    scales: tuple[Likelihood, ...]
    confidence: Confidence
    confidence_reasons: tuple[str, ...]
    independent_origins: int
    evidence: tuple[EvidenceItem, ...]
    waterfall: tuple[WaterfallStep, ...]
    sensitivity: tuple[Sensitivity, ...]
    next_observations: tuple[NextObservation, ...]
    basis: Basis
    incident: Period = Period()
    countries: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    overlaps: tuple[PairOverlap, ...] = ()
    ledger: tuple[LedgerRow, ...] = ()
    timeline: tuple[TimelineEvent, ...] = ()
    sources: tuple[SourceRow, ...] = ()
    documents: tuple[DocumentRow, ...] = ()
    marking: Marking = Marking.CLEAR
    headline: dict[str, str] = {}
    ladder: Ladder | None = None
    consistency: tuple[ConsistencyCheck, ...] = ()
    judgements: tuple[JudgementRow, ...] = ()
    views: tuple[AnalystView, ...] = ()
    schema: str = SCHEMA
