"""The hypotheses of an assessment as relations of a galaxy cluster of the case's own, each with an estimative tag.

MISP says of a tag on an event that the event is of that actor. So an actor is attached to the event only where the
assessment gives an answer, and only the one that it names. All explanations, with the unlikely ones and "an actor not
named here", are relations of one cluster in the galaxy of campaigns, which stands for the incident. A relation holds
the uuid of the other end and no name: the names stand beside it, as elements ``hypothesis`` of the cluster, each
beginning with the uuid.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from consilience.exchange.misp.identifiers import CAMPAIGNS, THREAT_ACTORS, Object, identifier, tag
from consilience.exchange.stix_extension import Centre
from consilience.knowledge import scales
from consilience.model.assessment import Assessment, HypothesisKind, WeighedHypothesis
from consilience.model.case import Question
from consilience.model.words import Likelihood

LIKELIHOOD: Final = "estimative-language:likelihood-probability"
CONFIDENCE: Final = "estimative-language:confidence-in-analytic-judgment"
_PLACEHOLDERS: Final = frozenset({HypothesisKind.UNKNOWN, HypothesisKind.IMITATION})


class MispActor(msgspec.Struct, frozen=True):
    """An entry of MISP's galaxy of threat actors."""

    uuid: str
    value: str


def text_of(by_language: Mapping[str, str], lang: str) -> str:
    """Return the text in ``lang``, else in English, else in the first language by its code."""
    return by_language.get(lang) or by_language.get("en") or next((by_language[key] for key in sorted(by_language)), "")


def likelihood_tag(probability: float) -> str:
    """Return the tag whose interval holds the probability.

    By the interval of the term, never by the taxonomy's ``numerical_value``, which is the lower end of each interval:
    57 is "likely" by it, and by STIX's table of the same seven words "roughly even chance".
    """
    term = scales.word_for(probability, scales.ICD_203, "en").term
    return f'{LIKELIHOOD}="{term.lower().replace(" ", "-")}"'


def confidence_tag(level: str) -> str:
    """Return the tag of a level of analytic confidence: ``low``, ``moderate`` or ``high``."""
    return f'{CONFIDENCE}="{level}"'


def actor_tag(actor: MispActor) -> str:
    """Return the tag that attaches an actor of MISP's galaxy."""
    return f'misp-galaxy:{THREAT_ACTORS[0]}="{actor.value}"'


def actor_galaxy(actor: MispActor, relation: str) -> Object:
    """Return the galaxy entry of an actor that the event is attributed to."""
    kind, galaxy = THREAT_ACTORS
    cluster: Object = {
        "uuid": actor.uuid,
        "type": kind,
        "value": actor.value,
        "tag_name": actor_tag(actor),
        "relationship_type": relation,
        "default": True,
        # MISP keeps every entry of its own galaxies with distribution 3.
        "distribution": "3",
    }
    return {"uuid": galaxy, "type": kind, "name": "Threat Actor", "GalaxyCluster": [cluster]}


class CampaignCluster:
    """Writes the cluster of one case with its relations. ``event`` is the uuid of the event that holds it."""

    def __init__(
        self, assessment: Assessment, event: str, actors: Mapping[str, MispActor], distribution: str, lang: str
    ) -> None:
        self._assessment, self._actors, self._lang = assessment, actors, lang
        self._event, self._distribution = event, distribution
        self.uuid = identifier(event, "campaign")
        self.relation = "attributed-to" if assessment.question is Question.WHO else "related-to"

    @property
    def tag(self) -> str:
        """The tag that attaches it: MISP names clusters that are not its own by their uuid."""
        return f'misp-galaxy:{CAMPAIGNS[0]}="{self.uuid}"'

    def target(self, hypothesis: WeighedHypothesis) -> str:
        """Return the uuid at the other end: that of MISP's entry, else one that is made of the case and its own id."""
        actor = self._actors.get(hypothesis.id)
        return actor.uuid if actor else identifier(self._event, "hypothesis", hypothesis.id)

    def galaxy(self, author: Centre, organisation: Object, version: str) -> Object:
        """Return the galaxy entry with the cluster, made by ``author``; ``version`` is a number that grows."""
        assessment = self._assessment
        kind, galaxy = CAMPAIGNS
        cluster: Object = {
            "uuid": self.uuid,
            "type": kind,
            "value": text_of(assessment.title, self._lang) or assessment.case,
            "description": text_of(assessment.asks, self._lang),
            "tag_name": self.tag,
            "relationship_type": "",
            "source": "Consilience",
            "authors": [author.name],
            "version": version,
            "default": False,
            "distribution": self._distribution,
            "Orgc": organisation,
            "GalaxyElement": [{"key": key, "value": value} for key, value in self._elements() if value],
            "GalaxyClusterRelation": [self._relation(each) for each in assessment.hypotheses],
        }
        return {"uuid": galaxy, "type": kind, "name": "Tidal Campaigns", "GalaxyCluster": [cluster]}

    def _relation(self, hypothesis: WeighedHypothesis) -> Object:
        return {
            "galaxy_cluster_uuid": self.uuid,
            "referenced_galaxy_cluster_uuid": self.target(hypothesis),
            "referenced_galaxy_cluster_type": self.relation,
            "distribution": self._distribution,
            "Tag": [tag(likelihood_tag(hypothesis.posterior))],
        }

    def _elements(self) -> list[tuple[str, str]]:
        assessment = self._assessment
        basis = assessment.basis
        found = [
            ("schema", assessment.schema),
            ("case", assessment.case),
            ("question", assessment.question.value),
            ("leading", f"{assessment.leading}{' (no answer is given)' if assessment.abstains else ''}"),
            ("first_seen", assessment.incident.first),
            ("last_seen", assessment.incident.last),
            *(("targeted-sector", each) for each in assessment.sectors),
            ("independent-origins", str(assessment.independent_origins)),
            ("method", basis.method),
            ("knowledge", basis.knowledge),
            ("statements-sha256", basis.statements_sha256),
            ("observations-sha256", basis.observations_sha256),
        ]
        for each in assessment.hypotheses:
            target, worded = self.target(each), self.worded(each)
            found += [
                ("hypothesis", f"{target} {text_of(each.label, self._lang) or each.id}"),
                ("hypothesis-id", f"{target} {each.id} {each.kind}"),
                ("prior", f"{target} {each.prior}"),
                ("posterior", f"{target} {each.posterior}"),
                ("likelihood", f"{target} {scales.sentence_range(worded, worded.lang)}, {worded.scale}"),
            ]
            if each.kind in _PLACEHOLDERS or assessment.question is not Question.WHO:
                found.append(("placeholder", target))
        return found

    def worded(self, hypothesis: WeighedHypothesis) -> Likelihood:
        """Return the word for a hypothesis on the assessment's own scale."""
        given = self._assessment.likelihood
        if hypothesis.id == self._assessment.leading:
            return given
        return scales.word_for(hypothesis.posterior, given.scale, given.lang or "en")
