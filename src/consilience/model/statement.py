"""Statements: one claim by one source, with its words, its dates and its place. Frozen, named by its content.

A statement is never edited or merged: a correction is a new one that ``supersedes`` it. Its ``id`` is the SHA-256 of
its canonical JSON, so that two centres that read the same sentence with the same rule hold the same statement.
"""

import hashlib
from enum import StrEnum
from typing import Final

import msgspec

from consilience.model.dates import UNKNOWN_DATE, PartialDate, Period
from consilience.model.marking import Marking
from consilience.model.words import Confidence, Likelihood


class EntityType(StrEnum):
    """What sort of thing a statement speaks of, by its STIX 2.1 type where there is one."""

    CLUSTER = "intrusion-set"
    CAMPAIGN = "campaign"
    MALWARE = "malware"
    TOOL = "tool"
    TECHNIQUE = "attack-pattern"
    VULNERABILITY = "vulnerability"
    INFRASTRUCTURE = "infrastructure"
    INCIDENT = "incident"
    ORGANISATION = "identity"
    PERSONA = "threat-actor"
    COUNTRY = "location"
    SECTOR = "sector"
    OBSERVABLE = "observable"
    DOCUMENT = "report"
    OTHER = "other"


class Entity(msgspec.Struct, frozen=True, omit_defaults=True):
    """A thing as ``namer`` names it. For an activity cluster, (name, namer) is its whole identity."""

    type: EntityType
    name: str
    id: str = ""
    namer: str = ""


class Predicate(StrEnum):
    """Relations that the program understands. Others are kept as the text that the source used."""

    ALSO_KNOWN_AS = "also-known-as"
    OVERLAPS = "overlaps-with"
    PART_OF = "part-of"
    REVOKED_BY = "revoked-by"
    RELATED_TO = "related-to"
    ATTRIBUTED_TO = "attributed-to"
    SPONSORED_BY = "sponsored-by"
    ORIGINATES_FROM = "originates-from"
    USES = "uses"
    TARGETS = "targets"
    SHARES_INFRASTRUCTURE = "shares-infrastructure-with"
    COOPERATES = "cooperates-with"
    IMITATES = "imitates"
    HIJACKS = "hijacks"
    SUPPLIES = "supplies"
    CLAIMS_RESPONSIBILITY = "claims-responsibility-for"
    RESPONDS = "responds-to"
    AGREES = "agrees-with"
    HAS_EFFECT = "has-effect-on"
    MENTIONS = "mentions"


class Stance(StrEnum):
    """What the source does with the claim."""

    AFFIRMS = "affirms"
    SUSPECTS = "suspects"
    DENIES = "denies"
    NO_EVIDENCE = "finds-no-evidence"
    DECLINES = "declines-to-say"
    RECOMMENDS = "recommends"


class SpeechAct(StrEnum):
    """A service's assessment and a government's judgement are two acts; so is the attacker's own claim."""

    ASSESSMENT = "assessment"
    JUDGEMENT = "judgement"
    SELF_CLAIM = "self-claim"
    ALLEGATION = "allegation"
    DESCRIPTION = "description"


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where: the SHA-256 of the raw document, a pointer within it, and character offsets into the text at the pointer.

    ``pointer`` is a JSON Pointer, ``line N`` or ``page N``; ``start`` and ``end`` count Unicode code points of the
    stored text (for prose, the whole text), end excluded, and are -1 where the place is the whole of ``pointer``.
    """

    document: str
    pointer: str = ""
    start: int = -1
    end: int = -1


class Statement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One claim by one source.

    ``source`` is who says it; ``via`` is who relays it, where that is somebody else. ``happened``, ``said`` and
    ``published`` are three different dates. ``credibility`` is the second Admiralty axis, 1 to 6 (6: cannot be
    judged). ``rule`` names the reader or rule that made it. ``attributes`` holds what has no field of its own, sorted.
    """

    subject: Entity
    predicate: str
    source: str
    place: Place
    object: Entity | None = None
    via: str = ""
    quote: str = ""
    lang: str = ""
    stance: Stance = Stance.AFFIRMS
    act: SpeechAct = SpeechAct.DESCRIPTION
    likelihood: Likelihood | None = None
    confidence: Confidence | None = None
    happened: Period = Period()
    said: PartialDate = UNKNOWN_DATE
    published: PartialDate = UNKNOWN_DATE
    credibility: int = 6
    marking: Marking = Marking.CLEAR
    rule: str = ""
    supersedes: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    id: str = ""

    def __post_init__(self) -> None:
        if not self.id:
            digest = hashlib.sha256(_encode(self)).hexdigest()
            msgspec.structs.force_setattr(self, "id", "statement--" + digest)


_encode: Final = msgspec.json.Encoder().encode


def statement_id(statement: Statement) -> str:
    """Return the id that the statement's content gives: ``statement--`` and a SHA-256.

    It is taken over msgspec's JSON of the fields in their declared order, without defaults and without the id.
    """
    return msgspec.structs.replace(statement, id="").id


MODEL_RULE: Final = "model:"
"""The rule of what a language model proposed begins so, and the model's name follows."""


def is_models(statement: Statement) -> bool:
    """Tell whether a statement is a language model's proposal: it counts for nothing until an analyst accepts it."""
    return statement.rule.startswith(MODEL_RULE)


WEIGHED: Final = "-weighed-"
"""In the rule of what was weighed and not read by a rule this stands between the language and the kind of claim."""


def awaits_review(statement: Statement) -> bool:
    """Tell whether a statement counts for nothing until an analyst accepts it: a model or a weighing proposed it."""
    return is_models(statement) or WEIGHED in statement.rule


class Verdict(StrEnum):
    """An analyst's decision on a claim."""

    ACCEPT = "accept"
    REJECT = "reject"


class Judgement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An analyst accepts or rejects a statement: applied when reading, never written into the statement."""

    statement: str
    verdict: Verdict
    author: str
    made: PartialDate
    reason: str = ""
    withdrawn: PartialDate = UNKNOWN_DATE
