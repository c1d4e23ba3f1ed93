"""Claims that no rule reads: the proposals of a sentence that are likely enough, as statements that await review.

What is made carries the words that weighed most in the attribute ``weighed``, and its probability in ``probability``; a
claim that a rule has read is not made again, and what the rules read stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from consilience.extract import claim_words
from consilience.extract.claim_features import of_sentence
from consilience.extract.claim_proposals import WHOLE_OF, Proposal, Weighed, proposals, weigh
from consilience.extract.claim_roles import OF_ATTACKS, RESPONSE_KINDS
from consilience.extract.claim_slots import incident_near
from consilience.extract.sentence_reading import Reading, act_of
from consilience.extract.speakers import Scope, Speaker, governing
from consilience.knowledge.scales import scale_used_by
from consilience.knowledge.sources import known_source
from consilience.model.dates import parse_date
from consilience.model.source import SourceKind
from consilience.model.statement import WEIGHED, Entity, EntityType, Place, Predicate, SpeechAct, Stance, Statement

LONGEST_WEIGHED: Final = 600
"""In characters: the sentences that the weights are fitted to are shorter."""

_SELF: Final = SpeechAct.SELF_CLAIM
# Log odds from which a name is taken for the speaker, and from which an answer is of a kind and no mere statement.
_SURE_OF_SPEAKER: Final = 0.5
_SURE_OF_KIND: Final = -1.0
_STOP: Final = re.compile(r"[.;:](?=\s|$)")
_BLAME: Final = frozenset({Predicate.ATTRIBUTED_TO, Predicate.SPONSORED_BY, Predicate.ORIGINATES_FROM})
_HOLDS: Final = (Stance.AFFIRMS, Stance.SUSPECTS)
_MUTUAL: Final = frozenset(
    {
        Predicate.ALSO_KNOWN_AS,
        Predicate.OVERLAPS,
        Predicate.SHARES_INFRASTRUCTURE,
        Predicate.COOPERATES,
        Predicate.AGREES,
    }
)
_CODES: Final = {
    Predicate.SUPPLIES: ("supplied",),
    Predicate.AGREES: ("lifecycle", "provisions"),
    Predicate.HAS_EFFECT: ("effect",),
}
_NOBODY: Final = Entity(EntityType.OTHER, "not named")
_OF_ALL_MATTERS: Final = {Predicate.AGREES, Predicate.SUPPLIES}
_MUST_HAVE: Final = ("supplied", "effect")


def with_learned(reading: Reading, made: list[Statement]) -> list[Statement]:
    """Return what the rules have ``made`` of a sentence, and what the model of its language proposes beside it."""
    if len(reading.quote) > LONGEST_WEIGHED or reading.quote.rstrip('”»" ').endswith("?"):
        return made
    weighed = weigh(reading)
    if weighed is None:
        return made
    kept = list(made)
    for proposal in asked(weighed):
        known = weighed.model.kinds.get(proposal.kind)
        if known is None:
            continue
        probability = weighed.model.probability(proposal.kind, proposal.parts)
        statement = statement_of(proposal, weighed, probability) if probability >= known.threshold else None
        if statement is not None and is_new(statement, kept):
            kept.append(statement)
    return kept


def asked(weighed: Weighed) -> Iterator[Proposal]:
    """Return the proposals of a sentence, one by one.

    Whether the text at large speaks of computers is one of the things that are weighed. But where it does not, the
    words of pacts and of supplies are those of other matters, and a sentence on arms tells of answers alone.
    """
    context, never = weighed.reading.context, set[Predicate]()
    if not context.cyber:
        of_arms = context.grammar.words["kinetic"].search(weighed.reading.quote)
        never = set(Predicate) - {Predicate.RESPONDS} if of_arms else _OF_ALL_MATTERS
    return (each for each in proposals(weighed) if each.predicate not in never)


def is_new(statement: Statement, made: list[Statement]) -> bool:
    """Return whether a proposal says something beside what is ``made`` of its sentence, and nothing against it.

    Nobody accuses himself, a body is no victim of its own state, a state is not hit where the sentence is about its
    guilt, and where a state is held responsible already no other one is named by weighing.
    """
    blames = statement.predicate in _BLAME and statement.stance in _HOLDS
    subject, target = statement.subject, statement.object
    if target is not None and _state_of(subject) and _state_of(subject) == _state_of(target):
        return False
    if (
        blames
        and target is not None
        and target.type is EntityType.COUNTRY
        and target.id == speaks_for(statement.source)
    ):
        return False
    for each in made:
        if same_claim(statement, each) or _victim_is_culprit(statement, each) or _victim_is_culprit(each, statement):
            return False
        if blames and each.object == target and each.predicate in _BLAME and each.stance not in _HOLDS:
            return False
        if _two_states_blamed(statement, each):
            return False
    return True


def _victim_is_culprit(one: Statement, other: Statement) -> bool:
    """True where a state is hit by the first claim and of the second the one whom it is about, blamed or cleared."""
    return (
        one.predicate == Predicate.TARGETS
        and other.predicate in _BLAME
        and one.object is not None
        and one.object.type is EntityType.COUNTRY
        and one.object == other.object
    )


def _two_states_blamed(one: Statement, other: Statement) -> bool:
    return all(
        each.predicate == Predicate.ATTRIBUTED_TO
        and each.stance in _HOLDS
        and each.object is not None
        and each.object.type is EntityType.COUNTRY
        for each in (one, other)
    )


def _state_of(thing: Entity | None) -> str:
    if thing is None or thing.type is EntityType.COUNTRY:
        return thing.id if thing else ""
    known = known_source(thing.id) if thing.id else None
    return known.source.country if known is not None and known.source.kind is SourceKind.STATE else ""


def speaks_for(source: str) -> str:
    """Return the code of the state for which a source speaks, an empty text for a source of no state."""
    known = known_source(source)
    if known is None:
        return source.removeprefix("state:")
    return known.source.country if known.source.kind is SourceKind.STATE else ""


def statement_of(proposal: Proposal, weighed: Weighed, probability: float) -> Statement | None:
    """Return the statement of a proposal, or ``None`` where a code that it must have is not in its words."""
    reading = weighed.reading
    context, grammar = reading.context, reading.context.grammar
    place = weighed.skeleton.items[max(proposal.object, proposal.subject, 0)].start
    scope = governing(reading.masked.text, reading.scopes, place, grammar.words["turns"])
    speaker = _speaker(proposal, weighed, scope)
    source = speaker.source or context.document.source
    notes = _notes(proposal, weighed, speaker, probability)
    if notes is None:
        return None
    window = _clause(reading.masked.text, place)
    hint = scale_used_by(speaker.country)
    subject = _subject(proposal, place, weighed)
    target = _object(proposal, place, weighed)
    if not subject.name or (target is not None and not target.name):
        return None
    # Of "delete it" alone nobody can say what was done to whom.
    if target == _NOBODY and not any(each.letter in OF_ATTACKS for each in reading.masked.of(reading.masked.text)):
        return None
    return Statement(
        subject=subject,
        predicate=proposal.predicate,
        object=target,
        source=source,
        via=context.document.source if source != context.document.source else "",
        place=Place(context.document.sha256, context.passage.pointer, reading.sentence.start, reading.sentence.end),
        quote=reading.quote,
        lang=grammar.language,
        stance=_stance(proposal, weighed),
        act=_SELF if proposal.predicate is Predicate.CLAIMS_RESPONSIBILITY else act_of(proposal.predicate, speaker),
        likelihood=claim_words.likelihood(window, grammar.language, hint),
        confidence=claim_words.confidence(window, grammar.language, hint),
        said=parse_date(scope.said if scope is not None else ""),
        published=context.document.published,
        marking=context.document.marking,
        rule=f"{grammar.language}{WEIGHED}{proposal.kind}",
        attributes=tuple(sorted(notes.items())),
    )


def _subject(proposal: Proposal, place: int, weighed: Weighed) -> Entity:
    """Return the subject; where none is named, the incident, or nobody in particular where all are called upon."""
    if proposal.subject >= 0:
        return weighed.entity(proposal.subject, "responder" if proposal.predicate is Predicate.RESPONDS else "")
    if proposal.predicate is Predicate.RESPONDS:
        return _NOBODY
    return incident_near(place, weighed.reading)


def _object(proposal: Proposal, place: int, weighed: Weighed) -> Entity | None:
    if proposal.object >= 0:
        return weighed.entity(proposal.object)
    if proposal.predicate is Predicate.HAS_EFFECT:
        odds, victim = weighed.best("victim")
        return weighed.entity(victim) if odds > 0 else _NOBODY
    return None if proposal.stance is Stance.DECLINES else incident_near(place, weighed.reading)


def _stance(proposal: Proposal, weighed: Weighed) -> Stance:
    suspected = proposal.kind == "attributed" and weighed.of("suspects") > 0
    return Stance.SUSPECTS if suspected else proposal.stance


def _speaker(proposal: Proposal, weighed: Weighed, scope: Scope | None) -> Speaker:
    """Return who says it: the frame around it, else the name that speaks most likely, else the publisher."""
    context = weighed.reading.context
    if scope is not None and scope.speakers:
        return scope.speakers[0]
    if proposal.predicate is not Predicate.RESPONDS:
        odds, at = weighed.best("denier" if proposal.stance is Stance.DENIES else "speaker")
        if odds > _SURE_OF_SPEAKER:
            return context.memory.speaker(weighed.token(at))
    return context.own


def _notes(proposal: Proposal, weighed: Weighed, speaker: Speaker, probability: float) -> dict[str, str] | None:
    """Return the attributes, ``None`` where the words have no code that the predicate must have."""
    notes = {"probability": f"{probability:.2f}"}
    role = WHOLE_OF.get(proposal.kind)
    if role is not None:
        telling = weighed.model.telling(of_sentence(weighed.skeleton), weighed.number[role])
        notes["weighed"] = ", ".join(telling)
    token = weighed.token(proposal.object) if proposal.object >= 0 else None
    if proposal.kind == "attributed" and token is not None and token.country:
        notes["actor"] = token.text.strip()
    if not speaker.source and speaker.text:
        notes["claimant"] = speaker.text.strip()
    for attribute in _CODES.get(proposal.predicate, ()):
        codes = weighed.reading.context.grammar.codes.get(attribute, ())
        found = [code for code, pattern in codes if pattern.search(weighed.reading.quote)]
        if found:
            notes[attribute] = ",".join(found)
        elif attribute in _MUST_HAVE:
            return None
    if proposal.predicate is Predicate.RESPONDS:
        odds, kind = max((weighed.of(each), each) for each in RESPONSE_KINDS)
        notes["response"] = kind if odds > _SURE_OF_KIND else "statement"
    return notes


def _clause(text: str, place: int) -> str:
    """Return the words between the stops around a place."""
    start = max(text.rfind(mark, 0, place) for mark in ".;:") + 1
    stop = _STOP.search(text, place)
    return text[start : stop.start() if stop else len(text)]


def same_claim(new: Statement, known: Statement) -> bool:
    """Return whether a claim is made already: the rules say more surely what stands in a sentence.

    Of an attribution that is so where the object is the same, of an answer where the subject is; but an answer of which
    the rules know only what happened, and not whom it is aimed at, is not made yet. Of what befell data and services a
    sentence tells once.
    """
    if new.predicate != known.predicate:
        return False
    if new.predicate == Predicate.HAS_EFFECT:
        return True
    if new.predicate == Predicate.ATTRIBUTED_TO:
        if Stance.DECLINES in (new.stance, known.stance):
            return new.stance == known.stance
        return new.object == known.object
    if new.predicate == Predicate.CLAIMS_RESPONSIBILITY:
        return new.subject == known.subject
    if new.predicate == Predicate.RESPONDS:
        aimed = known.object is not None and known.object.type in (EntityType.COUNTRY, EntityType.CLUSTER)
        return new.subject == known.subject and (aimed or new.object == known.object)
    ends = (new.subject, new.object)
    return ends == (known.subject, known.object) or (new.predicate in _MUTUAL and ends == (known.object, known.subject))
