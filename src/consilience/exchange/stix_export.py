"""An assessment as a STIX 2.1 bundle that other tools understand without knowing this program.

Every hypothesis is a relationship of its own with its ``confidence``: ``campaign attributed-to intrusion-set`` for the
question who, ``intrusion-set related-to intrusion-set`` for the question of a link. "Unknown" and imitation are
explicit placeholder intrusion sets, so that the numbers of a bundle add up. A ``grouping`` holds the whole, and a
``note`` says in plain sentences which steps from activity to state are supported and which are missing. What STIX
has no property for (prior, term with its scale and interval, weights, digests) travels in one property extension,
which is described in ``docs/stix-extension.md``; a consumer that ignores it still reads ordinary relationships.

The bytes depend on the assessment and the date alone: ids are UUIDv5 over the content, and keys are sorted.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

from consilience.knowledge.scales import word_for
from consilience.model.assessment import Assessment, EvidenceItem, HypothesisKind, WeighedHypothesis
from consilience.model.case import Question
from consilience.model.dates import PartialDate, earliest, latest, parse_date
from consilience.model.ladder import LadderStep
from consilience.model.marking import STIX_ID, TLP2_EXTENSION, Marking, most_restrictive
from consilience.model.words import Likelihood

Object = dict[str, object]

# Names in this space: the first line of each seed says what is named.
_SPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:consilience:stix")
EXTENSION: Final = f"extension-definition--{uuid.uuid5(_SPACE, 'extension-definition')}"
AUTHOR: Final = f"identity--{uuid.uuid5(_SPACE, 'identity')}"
# The definition and the author are the same objects in every bundle, so their dates are fixed.
_DEFINED: Final = "2026-11-22T00:00:00.000Z"
# OASIS dates the TLP 2.0 marking definitions so, in its common-objects repository.
_TLP2_CREATED: Final = "2022-10-01T00:00:00.000Z"
_PLACEHOLDERS: Final = frozenset({HypothesisKind.UNKNOWN, HypothesisKind.IMITATION})

# JSON Schema of the extension. STIX 2.1, 7.3, allows the definition itself in place of its address.
SCHEMA: Final[Object] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Consilience attribution assessment, version 1.0.0",
    "type": "object",
    "required": ["extension_type"],
    "properties": {
        "extension_type": {"const": "property-extension"},
        "hypothesis": {"type": "string"},
        "kind": {"enum": [kind.value for kind in HypothesisKind]},
        "label": {"type": "object", "additionalProperties": {"type": "string"}},
        "prior": {"type": "number", "minimum": 0, "maximum": 1},
        "posterior": {"type": "number", "minimum": 0, "maximum": 1},
        "term": {"type": "string"},
        "scale": {"type": "string"},
        "low": {"type": "number", "minimum": 0, "maximum": 1},
        "high": {"type": "number", "minimum": 0, "maximum": 1},
        "placeholder": {"type": "boolean"},
        "case": {"type": "string"},
        "question": {"enum": [question.value for question in Question]},
        "leading": {"type": "string"},
        "abstains": {"type": "boolean"},
        "reasons": {"type": "array", "items": {"type": "string"}},
        "headline": {"type": "object", "additionalProperties": {"type": "string"}},
        "analytic_confidence": {"type": "object"},
        "independent_origins": {"type": "integer", "minimum": 0},
        "evidence": {"type": "array", "items": {"type": "object"}},
        "basis": {"type": "object"},
        "documents": {"type": "array", "items": {"type": "object"}},
        "incident": {"type": "object"},
        "ladder": {"type": "array", "items": {"type": "object"}},
        "state_responsibility": {"type": "object"},
    },
}


def bundle(assessment: Assessment, *, created: str = "", remarks: Sequence[str] = ()) -> bytes:
    """Return the assessment as the bytes of a STIX 2.1 bundle.

    ``remarks`` are sentences in the language of the bundle on the ladder, for readers that know nothing of the
    extension; without a ladder there is no note.

    ``created`` is a partial date that all objects of this assessment get as ``created`` and ``modified``; where it is
    empty, :func:`newest_date` is taken. Raises ``ValueError`` for a date that cannot be, and for a hypothesis whose
    posterior is not a probability.
    """
    moment = _timestamp(earliest(parse_date(created) or newest_date(assessment)).isoformat())
    marking = most_restrictive([assessment.marking, *(each.marking for each in assessment.documents)])
    writer = _Writer(assessment, moment, marking, remarks)
    objects = [*_fixed_objects(marking), *writer.objects()]
    content: Object = {"type": "bundle", "id": writer.identifier("bundle", ""), "objects": objects}
    return msgspec.json.format(msgspec.json.encode(content, order="sorted"), indent=2) + b"\n"


def newest_date(assessment: Assessment) -> PartialDate:
    """Return the newest date of a statement or document in the assessment, else the incident's, else 1970-01-01.

    STIX demands a date of making, and the clock's would give other bytes at every run.
    """
    dates = [row.said for row in assessment.ledger] + [each.published for each in assessment.documents]
    known = [date for date in dates if _possible(date)] or [assessment.incident.last or assessment.incident.first]
    return max((date for date in known if date), key=earliest, default=PartialDate("1970-01-01"))


def _possible(date: PartialDate) -> bool:
    """Whether a date is known and can be: the ledger keeps an impossible one as it was written."""
    try:
        return bool(parse_date(date))
    except ValueError:
        return False


def _timestamp(text: str) -> str:
    return text[:19] + ".000Z"


def _fixed_objects(marking: Marking) -> list[Object]:
    """Return the objects that are the same in all bundles: author, definition, and the TLP 2.0 definitions in use."""
    public = [STIX_ID[Marking.CLEAR]]
    author: Object = {
        "type": "identity",
        "spec_version": "2.1",
        "id": AUTHOR,
        "created": _DEFINED,
        "modified": _DEFINED,
        "created_by_ref": AUTHOR,
        "name": "Consilience",
        "description": "The program that weighed the evidence, by settings that the assessment names.",
        "identity_class": "system",
        "lang": "en",
        "object_marking_refs": public,
    }
    definition: Object = {
        "type": "extension-definition",
        "spec_version": "2.1",
        "id": EXTENSION,
        "created": _DEFINED,
        "modified": _DEFINED,
        "created_by_ref": AUTHOR,
        "name": "attribution-assessment",
        "description": "Hypotheses with prior and posterior, worded likelihood, weights of evidence, and digests.",
        "schema": msgspec.json.encode(SCHEMA, order="sorted").decode(),
        "version": "1.0.0",
        "extension_types": ["property-extension"],
        "object_marking_refs": public,
    }
    return [*(_tlp(each) for each in sorted({Marking.CLEAR, marking}, key=lambda each: each.rank)), author, definition]


def _tlp(marking: Marking) -> Object:
    label = marking.value.removeprefix("TLP:").lower()
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": STIX_ID[marking],
        "created": _TLP2_CREATED,
        "name": marking.value,
        "extensions": {TLP2_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": label}},
    }


def _text(by_language: dict[str, str]) -> str:
    """Return the English text, or else that of the first language by its code."""
    return by_language.get("en") or next((by_language[lang] for lang in sorted(by_language)), "")


class _Writer:
    """Writes the objects of one assessment."""

    def __init__(self, assessment: Assessment, moment: str, marking: Marking, remarks: Sequence[str]) -> None:
        self._assessment = assessment
        self._remarks = remarks
        self._moment = moment
        self._marking = marking
        self._lang = "en" if "en" in assessment.title else min(assessment.title, default="en")
        # Another assessment, even of the same case, makes other objects: it contradicts the earlier one and leaves it.
        self._seed = hashlib.sha256(msgspec.json.encode(assessment, order="sorted") + moment.encode()).hexdigest()

    def identifier(self, kind: str, name: str) -> str:
        """Return the id of the object of type ``kind`` that plays the part ``name`` in this assessment."""
        return f"{kind}--{uuid.uuid5(_SPACE, f'{self._seed} {kind} {name}')}"

    def objects(self) -> list[Object]:
        """Return all objects of the assessment; the grouping that holds the others comes last."""
        held = self._who() if self._assessment.question is Question.WHO else self._link()
        held += self._ladder_note(held)
        return [*held, self._grouping([str(each["id"]) for each in held])]

    def _ladder_note(self, held: list[Object]) -> list[Object]:
        """Return the note on the ladder, about the activity and whoever the ladder is of."""
        ladder = self._assessment.ladder
        if ladder is None or not self._remarks:
            return []
        actor = self.identifier("intrusion-set", f"hypothesis {ladder.hypothesis}")
        properties: Object = {
            "abstract": "From the activity to the state",
            "content": "\n".join(self._remarks),
            "object_refs": [each["id"] for each in held if each["id"] in {held[0]["id"], actor}],
            "extensions": _extension(
                {
                    "hypothesis": ladder.hypothesis,
                    "ladder": [_step(step) for step in ladder.steps],
                    "state_responsibility": _filled(
                        {
                            "scale": ladder.responsibility.scale,
                            "grades": ladder.responsibility.grades,
                            "origins": ladder.responsibility.origins,
                            "disputed": ladder.responsibility.disputed,
                        }
                    ),
                }
            ),
        }
        return [self._object("note", "ladder", properties)]

    def _object(self, kind: str, part: str, properties: Object) -> Object:
        head: Object = {
            "type": kind,
            "spec_version": "2.1",
            "id": self.identifier(kind, part),
            "created": self._moment,
            "modified": self._moment,
            "created_by_ref": AUTHOR,
            "lang": self._lang,
            "object_marking_refs": [STIX_ID[self._marking]],
        }
        return head | properties

    def _who(self) -> list[Object]:
        activity = self._activity()
        objects = [activity]
        for hypothesis in self._assessment.hypotheses:
            actor = self._actor(hypothesis)
            objects += [actor, self._relationship(hypothesis, "attributed-to", activity, actor)]
        return objects

    def _link(self) -> list[Object]:
        pair = self._pair()
        one, other = (self._object("intrusion-set", f"cluster {name}", {"name": name}) for name in pair)
        return [
            one,
            other,
            *(self._relationship(each, "related-to", one, other) for each in self._assessment.hypotheses),
        ]

    def _pair(self) -> tuple[str, str]:
        for overlap in self._assessment.overlaps:
            return overlap.a, overlap.b
        title = _text(self._assessment.title)
        return f"{title} (first cluster)", f"{title} (second cluster)"

    def _activity(self) -> Object:
        """Return the campaign that stands for the incident: STIX 2.1 lets an incident be attributed to nobody."""
        incident = self._assessment.incident
        properties: Object = {
            "name": _text(self._assessment.title) or self._assessment.case,
            "description": _text(self._assessment.asks),
            "extensions": _extension({"incident": {"first": incident.first, "last": incident.last}}),
        }
        # A month or a year is no moment: it stands in the extension only.
        if len(incident.first) >= 10:
            properties["first_seen"] = _timestamp(earliest(incident.first).isoformat())
        if len(incident.last) >= 10:
            properties["last_seen"] = _timestamp(latest(incident.last).isoformat())
        return self._object("campaign", "activity", {key: value for key, value in properties.items() if value != ""})

    def _actor(self, hypothesis: WeighedHypothesis) -> Object:
        label = _text(hypothesis.label) or hypothesis.id
        stands_in = hypothesis.kind in _PLACEHOLDERS
        properties: Object = {"name": label}
        if stands_in:
            properties["description"] = "A placeholder for an explanation, not a cluster that anybody has described."
            properties["extensions"] = _extension({"placeholder": True, "kind": hypothesis.kind})
        aliases = [name for name in hypothesis.names if name != label]
        if aliases and not stands_in:
            properties["aliases"] = aliases
        return self._object("intrusion-set", f"hypothesis {hypothesis.id}", properties)

    def _relationship(self, hypothesis: WeighedHypothesis, verb: str, source: Object, target: Object) -> Object:
        if not 0.0 <= hypothesis.posterior <= 1.0:
            raise ValueError(f"the posterior of {hypothesis.id} is {hypothesis.posterior}, not a probability")
        worded = self._worded(hypothesis)
        return self._object(
            "relationship",
            f"hypothesis {hypothesis.id}",
            {
                "relationship_type": verb,
                "source_ref": source["id"],
                "target_ref": target["id"],
                "description": _text(hypothesis.label),
                "confidence": round(100 * hypothesis.posterior),
                "extensions": _extension(
                    {
                        "hypothesis": hypothesis.id,
                        "kind": hypothesis.kind,
                        "label": hypothesis.label,
                        "prior": hypothesis.prior,
                        "posterior": hypothesis.posterior,
                        "term": worded.term,
                        "scale": worded.scale,
                        "low": worded.low,
                        "high": worded.high,
                    }
                ),
            },
        )

    def _worded(self, hypothesis: WeighedHypothesis) -> Likelihood:
        given = self._assessment.likelihood
        if hypothesis.id == self._assessment.leading:
            return given
        return word_for(hypothesis.posterior, given.scale, given.lang or "en")

    def _grouping(self, held: list[str]) -> Object:
        assessment = self._assessment
        confidence = assessment.confidence
        properties: Object = {
            "name": _text(assessment.title) or assessment.case,
            "context": "attribution-assessment",
            "object_refs": held,
            "extensions": _extension(
                {
                    "case": assessment.case,
                    "question": assessment.question,
                    "leading": assessment.leading,
                    "abstains": assessment.abstains,
                    "reasons": assessment.reasons,
                    "headline": assessment.headline,
                    "analytic_confidence": {
                        "term": confidence.term,
                        "level": confidence.level,
                        "scale": confidence.scale,
                        "reasons": assessment.confidence_reasons,
                    },
                    "independent_origins": assessment.independent_origins,
                    "evidence": [_evidence(item) for item in assessment.evidence],
                    "basis": _basis(assessment),
                    "documents": [
                        {"sha256": each.sha256, "name": each.name, "marking": each.marking}
                        for each in assessment.documents
                    ],
                }
            ),
        }
        if _text(assessment.headline):
            properties["description"] = _text(assessment.headline)
        return self._object("grouping", "assessment", properties)


def _step(step: LadderStep) -> Object:
    """Return a rung with the ids of the statements behind it; what a knowledge base publishes has none."""
    return _filled(
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


def _filled(properties: Object) -> Object:
    """Return the properties that hold something: STIX 2.1 (3.1) allows no empty list."""
    return {name: value for name, value in properties.items() if not isinstance(value, list | tuple) or value}


def _extension(properties: Object) -> Object:
    """Return our extension with the properties that hold something."""
    held = _filled(properties)
    confidence = held.get("analytic_confidence")
    if isinstance(confidence, dict) and not confidence["reasons"]:
        held["analytic_confidence"] = {name: value for name, value in confidence.items() if name != "reasons"}
    return {EXTENSION: {"extension_type": "property-extension", **held}}


def _evidence(item: EvidenceItem) -> Object:
    """Return a weighed item with its parts and the ids of its statements; its quotations stay at home.

    Quotations are words from documents that have markings of their own, and a partner who holds the statement can
    look them up.
    """
    return {
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


def _basis(assessment: Assessment) -> Object:
    basis = assessment.basis
    return {
        "statements": basis.statements,
        "statements_sha256": basis.statements_sha256,
        "observations": basis.observations,
        "observations_sha256": basis.observations_sha256,
        "knowledge": basis.knowledge,
        "method": basis.method,
        "settings": [{"name": key, "value": basis.settings[key]} for key in sorted(basis.settings)],
    }
