"""An assessment as a MISP event in the core format (draft-dulaunoy-misp-core-format), as bytes.

The answer is an attached actor with estimative-language tags, all explanations are relations of a campaign cluster
(``galaxy_relations``), the reasoning is an event report in Markdown, and what MISP has no place for is in the signed
package that is attached, and listed (``carried``). Nothing here looks at a clock: the same values give the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from consilience.errors import MarkingError
from consilience.exchange.misp.carried import Uncarried, uncarried
from consilience.exchange.misp.galaxy_relations import (
    CampaignCluster,
    MispActor,
    actor_galaxy,
    actor_tag,
    confidence_tag,
    likelihood_tag,
    text_of,
)
from consilience.exchange.misp.identifiers import DIGEST_PREFIX, DISTRIBUTION, INHERIT, Object, identifier, tag
from consilience.exchange.misp.observable_attributes import attribute_of
from consilience.exchange.stix_export import newest_date
from consilience.exchange.stix_extension import Centre
from consilience.knowledge.countries import country_name
from consilience.model.assessment import Assessment, WeighedHypothesis
from consilience.model.dates import PartialDate, earliest, latest
from consilience.model.marking import Marking, most_restrictive

_DAY = len("2022-07-15")


class SeenObservable(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value that was found in the incident. ``listed`` names the list of shared or harmless infrastructure it is on.

    ``source`` is the id of who reports it; dates are partial and empty where unknown.
    """

    type: str
    value: str
    source: str
    first: PartialDate = PartialDate("")
    last: PartialDate = PartialDate("")
    listed: str = ""


class EventTexts(msgspec.Struct, frozen=True, kw_only=True):
    """What a person reads in the event: the report in Markdown in the language ``lang``, and notes by language."""

    lang: str
    report_name: str
    report: str
    notes: Mapping[str, str] = {}


class Attachment(msgspec.Struct, frozen=True):
    """A file that is attached to the event."""

    name: str
    data: bytes


class MadeEvent(msgspec.Struct, frozen=True):
    """An event as bytes, with its uuid and with what of the assessment it does not carry."""

    uuid: str
    data: bytes
    uncarried: tuple[Uncarried, ...]


def event_uuid(author: Centre, case: str, recipient: str) -> str:
    """Return the uuid of the event on a case by one centre for one recipient.

    A newer assessment of the case updates the event. For another recipient, who may get less, it is another event:
    where both meet on one server, neither replaces the other.
    """
    return identifier("event", author.identity, case, recipient)


def make_event(
    assessment: Assessment,
    author: Centre,
    recipient: str,
    texts: EventTexts,
    observables: Sequence[SeenObservable] = (),
    actors: Mapping[str, MispActor] | None = None,
    attachment: Attachment | None = None,
) -> MadeEvent:
    """Return the event that says what ``author`` assesses. ``actors`` gives MISP's entry for hypotheses by id.

    Raises :class:`MarkingError` for what is TLP:RED: it is for no server.
    """
    marking = most_restrictive([assessment.marking, *(each.marking for each in assessment.documents)])
    if marking is Marking.RED:
        raise MarkingError("TLP:RED leaves in no form", place=assessment.case)
    writer = _Writer(assessment, author, event_uuid(author, assessment.case, recipient), marking, texts, actors or {})
    return writer.made(observables, attachment)


class _Writer:
    """Writes the event of one assessment."""

    def __init__(
        self,
        assessment: Assessment,
        author: Centre,
        uuid: str,
        marking: Marking,
        texts: EventTexts,
        actors: Mapping[str, MispActor],
    ) -> None:
        self._assessment, self._author, self._uuid = assessment, author, uuid
        self._marking, self._texts, self._actors = marking, texts, actors
        self._distribution = DISTRIBUTION[marking]
        self._moment = earliest(newest_date(assessment))
        self._timestamp = str(int(self._moment.timestamp()))
        self._campaign = CampaignCluster(assessment, uuid, actors, self._distribution, texts.lang)
        self._sources = {each.source.id: each.source.name for each in assessment.sources}
        self._untyped: list[str] = []
        self._imprecise = 0

    def made(self, observables: Sequence[SeenObservable], attachment: Attachment | None) -> MadeEvent:
        written = [self._observable(each) for each in observables]
        attributes: list[Object] = [
            *(each for each in written if each is not None),
            *self._links(),
            *self._answer_in_words(),
            *([self._attached(attachment)] if attachment else []),
        ]
        event = self._event() | {"Attribute": attributes}
        digest = hashlib.sha256(_encoded(event)).hexdigest()
        comment = "Tells whether the event was changed"
        attributes.append(self._attribute("text", "Internal reference", DIGEST_PREFIX + digest, comment))
        return MadeEvent(
            self._uuid,
            msgspec.json.format(_encoded(event), indent=2) + b"\n",
            uncarried(self._assessment, self._untyped, self._imprecise),
        )

    def _event(self) -> Object:
        assessment, texts = self._assessment, self._texts
        organisation: Object = {"name": self._author.name, "uuid": self._author.identity.removeprefix("identity--")}
        answer = self._answer()
        actor = self._actors.get(answer.id) if answer else None
        return {
            "uuid": self._uuid,
            "info": text_of(assessment.title, texts.lang) or assessment.case,
            "date": self._moment.date().isoformat(),
            "timestamp": self._timestamp,
            "analysis": "1" if assessment.abstains else "2",
            # Undefined: who did it says nothing of how dangerous it is.
            "threat_level_id": "4",
            "published": False,
            "distribution": self._distribution,
            "Orgc": organisation,
            "Tag": self._tags(answer, actor),
            "Galaxy": [
                self._campaign.galaxy(self._author, organisation, self._timestamp),
                *([actor_galaxy(actor, self._campaign.relation)] if actor else []),
            ],
            "EventReport": [
                {
                    "uuid": identifier(self._uuid, "report"),
                    "name": texts.report_name,
                    "content": texts.report,
                    "distribution": INHERIT,
                    "timestamp": self._timestamp,
                    "deleted": False,
                }
            ],
            "Note": [self._note(lang, text) for lang, text in sorted(texts.notes.items())],
            **self._opinions(),
        }

    def _answer(self) -> WeighedHypothesis | None:
        """Return the hypothesis that is the answer, where one on an actor is given."""
        if self._assessment.abstains or self._campaign.relation != "attributed-to":
            return None
        return next((each for each in self._assessment.hypotheses if each.id == self._assessment.leading), None)

    def _tags(self, answer: WeighedHypothesis | None, actor: MispActor | None) -> list[Object]:
        assessment = self._assessment
        found = [
            tag(self._marking.value.lower()),
            tag(confidence_tag(assessment.confidence.level)),
            tag(self._campaign.tag),
            *(tag(f'misp-galaxy:target-information="{name}"') for name in self._countries()),
        ]
        if answer:
            found.append(tag(likelihood_tag(answer.posterior)))
        if actor:
            found.append(tag(actor_tag(actor)) | {"relationship_type": self._campaign.relation})
        return found

    def _countries(self) -> list[str]:
        return [country_name(code, "en") or code for code in self._assessment.countries]

    def _answer_in_words(self) -> list[Object]:
        """Return the attribute that names an answer which MISP's galaxy has no actor for, such as a state."""
        answer = self._answer()
        if answer is None or answer.id in self._actors:
            return []
        label = text_of(answer.label, self._texts.lang) or answer.id
        return [
            self._attribute("threat-actor", "Attribution", label, "The answer; see the event report")
            | {"Tag": [tag(likelihood_tag(answer.posterior))]}
        ]

    def _attribute(self, kind: str, category: str, value: str, comment: str = "", *, to_ids: bool = False) -> Object:
        return {
            "uuid": identifier(self._uuid, "attribute", kind, value),
            "type": kind,
            "category": category,
            "value": value,
            "to_ids": to_ids,
            "distribution": INHERIT,
            "timestamp": self._timestamp,
            "comment": comment,
            "disable_correlation": not to_ids,
        }

    def _observable(self, seen: SeenObservable) -> Object | None:
        """Return a value as an attribute that a sensor looks for, unless others share the value or it cannot be sought.

        A day or a moment of use is written as such; of a month or a year the comment tells.
        """
        found = attribute_of(seen.type, seen.value)
        if found is None:
            self._untyped.append(seen.type)
            return None
        kind, value = found
        said = f"reported by {self._sources.get(seen.source, seen.source)}"
        vague = [date for date in (seen.first, seen.last) if date and len(date) < _DAY]
        if vague:
            self._imprecise += 1
            said += f"; used {' to '.join(dict.fromkeys(each for each in (seen.first, seen.last) if each))}"
        if seen.listed:
            said += f"; on a list of shared or harmless infrastructure: {seen.listed}"
        made = self._attribute(kind.type, kind.category, value, said, to_ids=kind.detects and not seen.listed)
        if len(seen.first) >= _DAY:
            made["first_seen"] = earliest(seen.first).isoformat(timespec="microseconds")
        if len(seen.last) >= _DAY:
            made["last_seen"] = latest(seen.last).isoformat(timespec="microseconds")
        return made

    def _links(self) -> list[Object]:
        addresses = dict.fromkeys(each.url for each in self._assessment.documents if each.url)
        return [self._attribute("link", "External analysis", url, "A document of the case") for url in addresses]

    def _attached(self, attachment: Attachment) -> Object:
        comment = "The signed package: check it with `consilience verify`"
        made = self._attribute("attachment", "External analysis", attachment.name, comment)
        return made | {"data": base64.b64encode(attachment.data).decode("ascii")}

    # Analyst data.

    def _analyst_data(self, kind: str, name: str, about: str, about_uuid: str) -> Object:
        moment = self._moment.strftime("%Y-%m-%d %H:%M:%S")
        return {
            "uuid": identifier(self._uuid, kind, name),
            "object_type": about,
            "object_uuid": about_uuid,
            "authors": self._author.name,
            "created": moment,
            "modified": moment,
            "distribution": self._distribution,
        }

    def _note(self, lang: str, text: str) -> Object:
        return self._analyst_data("Note", lang, "Event", self._uuid) | {"note": text, "language": lang}

    def _opinions(self) -> dict[str, object]:
        """Return how far the centre holds with each attribution to an actor of MISP's galaxy, 0 to 100.

        The opinion is about a relationship from the event to the actor: one about the actor's own entry would be read
        as one about all that anybody says of that actor.
        """
        relationships, opinions = [], []
        if self._campaign.relation == "attributed-to":
            for each in self._assessment.hypotheses:
                if each.id not in self._actors:
                    continue
                about = self._analyst_data("Relationship", each.id, "Event", self._uuid) | {
                    "related_object_type": "GalaxyCluster",
                    "related_object_uuid": self._actors[each.id].uuid,
                    "relationship_type": self._campaign.relation,
                }
                worded = self._campaign.worded(each)
                relationships.append(about)
                opinions.append(
                    self._analyst_data("Opinion", each.id, "Relationship", str(about["uuid"]))
                    | {
                        "opinion": round(100 * each.posterior),
                        "comment": f"{text_of(each.label, self._texts.lang) or each.id}: {worded.term} "
                        f"({worded.low:.0%} to {worded.high:.0%}, {worded.scale})",
                    }
                )
        return {"Relationship": relationships, "Opinion": opinions}


def _encoded(event: Mapping[str, object]) -> bytes:
    return msgspec.json.encode({"Event": event}, order="sorted")
