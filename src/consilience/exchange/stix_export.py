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

from consilience.exchange import stix_extension
from consilience.exchange.stix_evidence import basis, rung, weighed_item
from consilience.exchange.stix_extension import (
    AUTHOR,
    EXTENSION,
    SPACE,
    Centre,
    Object,
    centre_identity,
    extended,
    filled,
    program,
    tlp_definition,
)
from consilience.knowledge.scales import word_for
from consilience.model.assessment import Assessment, HypothesisKind, WeighedHypothesis
from consilience.model.case import Question
from consilience.model.dates import PartialDate, earliest, latest, parse_date
from consilience.model.marking import STIX_ID, Marking, most_restrictive
from consilience.model.words import Likelihood

_PLACEHOLDERS: Final = frozenset({HypothesisKind.UNKNOWN, HypothesisKind.IMITATION})


def bundle(
    assessment: Assessment,
    *,
    created: str = "",
    remarks: Sequence[str] = (),
    author: Centre | None = None,
    definition: bool = True,
    quotations: bool = False,
    languages: bool = False,
) -> bytes:
    """Return the assessment as the bytes of a STIX 2.1 bundle.

    ``remarks`` are sentences in the language of the bundle on the ladder, for readers that know nothing of the
    extension; without a ladder there is no note. ``author`` is the centre that created the objects, by default the
    program. ``definition`` puts the definition of our extension into the bundle; what goes into a TAXII collection
    goes without it. ``quotations`` sends the words behind each item too. ``languages`` marks every text in another
    language than the bundle's by a granular marking (STIX 2.1, 7.2.3): it stands beside the text in any case, and
    the schemas of OASIS, 2024, refuse such a marking against the standard's words, as they demand a marking too.

    ``created`` is a partial date that all objects of this assessment get as ``created`` and ``modified``; where it is
    empty, :func:`newest_date` is taken. Raises ``ValueError`` for a date that cannot be, and for a hypothesis whose
    posterior is not a probability.
    """
    moment = _timestamp(earliest(parse_date(created) or newest_date(assessment)).isoformat())
    marking = most_restrictive([assessment.marking, *(each.marking for each in assessment.documents)])
    markings = sorted({Marking.CLEAR, marking}, key=lambda each: each.rank)
    writer = _Writer(assessment, moment, marking, remarks, author, quotations, languages)
    objects = [
        *(tlp_definition(each) for each in markings),
        *([program()] if definition or author is None else []),
        *([stix_extension.definition()] if definition else []),
        *([centre_identity(author)] if author else []),
        *writer.objects(),
    ]
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


def _text(by_language: dict[str, str]) -> str:
    """Return the English text, or else that of the first language by its code."""
    return by_language.get("en") or next((by_language[lang] for lang in sorted(by_language)), "")


class _Writer:
    """Writes the objects of one assessment."""

    def __init__(
        self,
        assessment: Assessment,
        moment: str,
        marking: Marking,
        remarks: Sequence[str],
        author: Centre | None,
        quotations: bool,
        languages: bool,
    ) -> None:
        self._assessment = assessment
        self._author = author.identity if author else AUTHOR
        self._quotations, self._with_languages = quotations, languages
        self._remarks = remarks
        self._moment = moment
        self._marking = marking
        self._lang = "en" if "en" in assessment.title else min(assessment.title, default="en")
        # Another assessment, even of the same case, makes other objects: it contradicts the earlier one and leaves it.
        self._seed = hashlib.sha256(msgspec.json.encode(assessment, order="sorted") + moment.encode()).hexdigest()
        if author is not None:
            self._seed += f" {author.identity}"

    def identifier(self, kind: str, name: str) -> str:
        """Return the id of the object of type ``kind`` that plays the part ``name`` in this assessment."""
        return f"{kind}--{uuid.uuid5(SPACE, f'{self._seed} {kind} {name}')}"

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
            "extensions": extended(
                {
                    "hypothesis": ladder.hypothesis,
                    "ladder": [rung(step) for step in ladder.steps],
                    "state_responsibility": filled(
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
            "created_by_ref": self._author,
            "lang": self._lang,
            "object_marking_refs": [STIX_ID[self._marking]],
        }
        made = head | properties
        if not self._with_languages:
            return made
        languages = [
            {"lang": lang, "selectors": selectors} for lang, selectors in sorted(self._languages(made).items())
        ]
        return made | ({"granular_markings": languages} if languages else {})

    def _languages(self, made: Object) -> dict[str, list[str]]:
        """Return the selectors of texts in another language than the object's own (STIX 2.1, 7.2.3), by language."""
        found: dict[str, list[str]] = {}
        for added in _dicts(made.get("extensions")):
            at = f"extensions.{EXTENSION}"
            for name in ("headline", "label", "title", "asks"):
                texts = added.get(name)
                for lang in texts if isinstance(texts, dict) else ():
                    if lang != self._lang:
                        found.setdefault(lang, []).append(f"{at}.{name}.{lang}")
            for item, evidence in enumerate(_dicts(added.get("evidence"))):
                for number, quoted in enumerate(_dicts(evidence.get("quotations"))):
                    lang = str(quoted["lang"])
                    if lang and lang != self._lang:
                        found.setdefault(lang, []).append(f"{at}.evidence.[{item}].quotations.[{number}].text")
        return found

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
            "extensions": extended({"incident": {"first": incident.first, "last": incident.last}}),
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
            properties["extensions"] = extended({"placeholder": True, "kind": hypothesis.kind})
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
                "extensions": extended(
                    {
                        "hypothesis": hypothesis.id,
                        "kind": hypothesis.kind,
                        "label": hypothesis.label,
                        "names": hypothesis.names,
                        "country": hypothesis.country,
                        "imitates": hypothesis.of,
                        "imitator": hypothesis.by,
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
            "extensions": extended(
                {
                    "case": assessment.case,
                    "question": assessment.question,
                    "title": assessment.title,
                    "asks": assessment.asks,
                    "leading": assessment.leading,
                    "abstains": assessment.abstains,
                    "reasons": assessment.reasons,
                    "headline": assessment.headline,
                    "analytic_confidence": {
                        "term": confidence.term,
                        "level": confidence.level,
                        "scale": confidence.scale,
                        "lang": confidence.lang,
                        "reasons": assessment.confidence_reasons,
                    },
                    "independent_origins": assessment.independent_origins,
                    "evidence": [weighed_item(item, self._quotations) for item in assessment.evidence],
                    "basis": basis(assessment),
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


def _dicts(value: object) -> list[Object]:
    """Return the mappings in a list, or among the values of a mapping; none where it is neither."""
    held = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [each for each in held if isinstance(each, dict)]
