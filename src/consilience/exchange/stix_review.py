"""A partner's answer to an assessment as STIX: opinions on its hypotheses and notes with evidence that it lacks.

The objects are by the one who answers. Whose assessment it is writes neither opinions nor notes on it, but a new
version (OASIS, STIX Best Practices Guide, on notes and opinions).
"""

from __future__ import annotations

import uuid
from typing import Final

import msgspec

from consilience.errors import FormatError, MarkingError
from consilience.exchange.release import Released, may_leave
from consilience.exchange.stix_evidence import weighed_item
from consilience.exchange.stix_extension import (
    SPACE,
    Centre,
    Object,
    centre_identity,
    extended,
    tlp_definition,
)
from consilience.exchange.stix_import import ReceivedAssessment
from consilience.knowledge import scales
from consilience.model.assessment import Assessment
from consilience.model.marking import STIX_ID, Marking, most_restrictive
from consilience.model.words import Likelihood

OPINIONS: Final = ("strongly-agree", "agree", "neutral", "disagree", "strongly-disagree")
"""The opinion vocabulary of STIX 2.1 (10.14), by how many steps of the scale lie between the two words."""


def opinion(ours: Likelihood, theirs: Likelihood) -> str:
    """Return the opinion that two words on one scale come to: the same word, the next one, and so on.

    Raises ``ValueError`` where the two are not of one scale, or one is no word of it.
    """
    if ours.scale != theirs.scale:
        raise ValueError(f"the words are of two scales, {ours.scale} and {theirs.scale}")
    rows = [(term.low, term.high) for term in scales.scale(ours.scale).terms]
    try:
        steps = abs(rows.index((ours.low, ours.high)) - rows.index((theirs.low, theirs.high)))
    except ValueError as error:
        raise ValueError(f"{ours.term!r} or {theirs.term!r} is no word of {ours.scale}") from error
    return OPINIONS[min(steps, len(OPINIONS) - 1)]


def review(received: ReceivedAssessment, ours: Released[Assessment], author: Centre, created: str) -> bytes:
    """Return a bundle with an opinion on each hypothesis that both weigh, and a note for each item that only we have.

    ``created`` is a timestamp of STIX (``2026-11-26T12:00:00.000Z``). The bundle is bound by the stricter of both
    markings. Raises :class:`FormatError` where the assessment is our own or has none of our hypotheses, and
    :class:`MarkingError` where theirs is above what the recipient of ours gets.
    """
    if received.author.identity == author.identity:
        raise FormatError("is by this centre: its author sends a new version and no opinion", place=received.grouping)
    if not may_leave(ours.recipient, received.assessment.marking):
        raise MarkingError(f"the assessment is marked {received.assessment.marking}; {ours.recipient.name} gets less")
    writer = _Writer(received, ours.value, author, created)
    objects = [*writer.opinions(), *writer.notes()]
    if not objects:
        raise FormatError("has no hypothesis that is weighed here", place=received.grouping)
    fixed = [tlp_definition(each) for each in sorted({Marking.CLEAR, writer.marking}, key=lambda each: each.rank)]
    content: Object = {
        "type": "bundle",
        "id": f"bundle--{uuid.uuid5(SPACE, f'{writer.seed} bundle')}",
        "objects": [*fixed, centre_identity(author), *objects],
    }
    return msgspec.json.format(msgspec.json.encode(content, order="sorted"), indent=2) + b"\n"


class _Writer:
    def __init__(self, received: ReceivedAssessment, ours: Assessment, author: Centre, created: str) -> None:
        self._received, self._ours, self._author, self._created = received, ours, author, created
        self.marking = most_restrictive((received.assessment.marking, ours.marking))
        self.seed = f"review {received.grouping} {author.identity} {created}"

    def opinions(self) -> list[Object]:
        own = {each.id: each for each in self._ours.hypotheses}
        made = []
        for theirs in self._received.assessment.hypotheses:
            ours = own.get(theirs.id)
            if ours is None:
                continue
            scale = self._received.assessment.likelihood.scale
            said, held = (scales.word_for(each.posterior, scale, "en") for each in (theirs, ours))
            here, there = scales.sentence_range(held, "en"), scales.sentence_range(said, "en")
            properties: Object = {
                "opinion": opinion(held, said),
                "explanation": f"Here: {here}. There: {there}.",
                "object_refs": [self._received.relationships[theirs.id]],
                "extensions": extended(
                    {
                        "hypothesis": theirs.id,
                        "reviewed_posterior": theirs.posterior,
                        "posterior": ours.posterior,
                        "term": held.term,
                        "scale": held.scale,
                        "low": held.low,
                        "high": held.high,
                    }
                ),
            }
            made.append(self._object("opinion", theirs.id, properties))
        return made

    def notes(self) -> list[Object]:
        """Return a note for each item that only we have, on the relationships of the hypotheses that it moves."""
        theirs = {item.id for item in self._received.assessment.evidence}
        made = []
        for item in self._ours.evidence:
            moved = [key for key in item.weights if item.weights[key] and key in self._received.relationships]
            if item.id in theirs or not moved:
                continue
            properties: Object = {
                "abstract": "Evidence that this assessment does not have",
                "content": "; ".join(f"{key}: {item.weights[key]:+.2f} dB" for key in moved),
                "object_refs": [self._received.relationships[key] for key in moved],
                "extensions": extended({"reviewed_item": item.id, "evidence": [weighed_item(item, quotations=True)]}),
            }
            made.append(self._object("note", item.id, properties))
        return made

    def _object(self, kind: str, part: str, properties: Object) -> Object:
        head: Object = {
            "type": kind,
            "spec_version": "2.1",
            "id": f"{kind}--{uuid.uuid5(SPACE, f'{self.seed} {kind} {part}')}",
            "created": self._created,
            "modified": self._created,
            "created_by_ref": self._author.identity,
            "lang": "en",
            "object_marking_refs": [STIX_ID[self.marking]],
        }
        return head | properties
