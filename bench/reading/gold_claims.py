"""Attribution and response in the three gold texts of the shared data: located, right state, right claimant.

Scored are the claims of ``gold.json`` that say who did it (attribution, sponsorship, self-claim, presupposed
attribution, absence of evidence) and every place of a response. A response that is recommended has the stance
``recommends``. A claim is located by a statement of its kind in the sentence in which its words stand. What an actor
is said to have done before, and words of condemnation, are not demanded and not wrong. What stands under ``external``
in the gold is not scored. The rules were written by people who had read these texts: the figures say what the rules
can express.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from claim_matching import Counts, Read, is_one_of, speaks_for

from consilience.knowledge.folding import fold
from consilience.knowledge.sources import source_named
from consilience.model.document import Document, Passage
from consilience.model.statement import Predicate, Stance, Statement

PUBLISHER: Final = "file:gold"
_WHO: Final = frozenset({Predicate.ATTRIBUTED_TO, Predicate.SPONSORED_BY, Predicate.ORIGINATES_FROM})
_SAID: Final = (Stance.AFFIRMS, Stance.SUSPECTS)
_KINDS: Final = {
    "attribution": _WHO,
    "attribution_presupposed": _WHO,
    "sponsorship": _WHO,
    "claim_of_responsibility": frozenset({Predicate.CLAIMS_RESPONSIBILITY}),
}
_RESPONSES: Final = frozenset({Predicate.RESPONDS})
_NOT_DEMANDED: Final = {"actor_history": _WHO, "condemnation": _RESPONSES}
_SCORED: Final = _WHO | _RESPONSES | {Predicate.CLAIMS_RESPONSIBILITY}
_STATES: Final = ("sponsor_state", "attributed_states")


class GoldClaim(msgspec.Struct, frozen=True):
    """A claim of the gold: its place in the text, what may stand for it, and the right answers.

    ``demanded`` is False for what may be stated and need not be. ``objects`` are states and names of actors, of which
    one has to be the object (of a self-claim: the subject). ``claimants`` are names, ids or states, of which one has
    to be the source, or has to be the subject of an act that the text itself tells; none for the writer of the text.
    """

    id: str
    response: bool
    demanded: bool
    start: int
    end: int
    predicates: frozenset[str]
    stances: tuple[str, ...]
    objects: tuple[str, ...]
    claimants: tuple[str, ...]


def score(folder: Path, read: Read) -> dict[str, Counts]:
    """Return the counts for ``attribution`` and ``response`` over the documents whose text is the annotated one.

    Raises ``ValueError`` where a text is not the one that was annotated.
    """
    found = {"attribution": Counts(), "response": Counts()}
    for gold in json.loads((folder / "gold.json").read_text("utf-8"))["documents"]:
        raw = (folder / gold["file"]).read_bytes()
        if hashlib.sha256(raw).hexdigest() != gold["sha256"]:
            raise ValueError(f"{gold['file']}: not the text that gold.json annotates")
        text, lang = raw.decode("utf-8"), gold["language"]
        document = Document(
            sha256=gold["sha256"], name=gold["file"], format="text", size=len(raw), source=PUBLISHER, lang=lang
        )
        made = [each for each in read(Passage(text), document) if each.predicate in _SCORED]
        _add(found, list(gold_claims(gold)), made, lang)
    return found


def _add(found: dict[str, Counts], claims: list[GoldClaim], made: list[Statement], lang: str) -> None:
    right: set[str] = set()
    for claim in claims:
        located = [each for each in made if _is_located(each, claim)]
        exact = [each for each in located if _has_state(each, claim, lang)]
        right |= {each.id for each in exact}
        if not claim.demanded:
            continue
        spoken = any(_has_claimant(each, claim, lang) for each in exact)
        found["response" if claim.response else "attribution"].add(
            Counts(claims=1, located=int(bool(located)), objects=int(bool(exact)), claimants=int(spoken))
        )
    for each in made:
        group = found["response" if each.predicate in _RESPONSES else "attribution"]
        group.add(Counts(made=1, right=int(each.id in right)))


def gold_claims(gold: dict[str, Any]) -> Iterator[GoldClaim]:
    """Return the claims of one annotated document that are scored."""
    entities = {each["id"]: each for each in gold["entities"]}
    for claim in gold["claims"]:
        absent = claim["kind"] == "evidence" and claim["polarity"] == "-"
        demanded = claim["kind"] in _KINDS or absent
        if not demanded and claim["kind"] not in _NOT_DEMANDED:
            continue
        states = [state for key in _STATES for state in _listed(claim.get(key))]
        doers = [name for key in ("attributed_actor", "object") for name in _names(entities, claim.get(key))]
        content = claim["content"]
        yield GoldClaim(
            id=claim["id"],
            response=claim["kind"] == "condemnation",
            demanded=demanded,
            start=content["start"],
            end=content["end"],
            predicates=(_KINDS | _NOT_DEMANDED).get(claim["kind"], _WHO),
            stances=(Stance.NO_EVIDENCE, Stance.DENIES) if absent else _SAID,
            objects=(*states, *doers),
            claimants=_claimants(entities, claim["claimant"]),
        )
    for response in gold["responses"]:
        yield from _of_response(response, entities)


def _of_response(response: dict[str, Any], entities: dict[str, Any]) -> Iterator[GoldClaim]:
    """Return one claim for each place of a response; the writer of the text speaks where it is only recommended."""
    advised = response["status"] == "recommended"
    actors = [] if advised else [name for each in _listed(response["actor"]) for name in _names(entities, each)]
    for span in response["spans"]:
        yield GoldClaim(
            id=response["id"],
            response=True,
            demanded=True,
            start=span["start"],
            end=span["end"],
            predicates=_RESPONSES,
            stances=(Stance.RECOMMENDS,) if advised else (Stance.AFFIRMS,),
            objects=tuple(_names(entities, response.get("target"))),
            claimants=tuple(actors),
        )


def _listed(value: Any) -> list[str]:
    return [] if not value else [value] if isinstance(value, str) else list(value)


def _names(entities: dict[str, Any], key: str | None) -> list[str]:
    """Return what an entity of the gold may be called: its code where it is a state, and every mention."""
    entity = entities.get(key or "")
    if entity is None:
        return []
    code = [entity["norm"]] if entity["type"] == "country" else []
    return [*code, entity["canonical"], *(mention["text"] for mention in entity["mentions"])]


def _claimants(entities: dict[str, Any], claimant: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of who speaks, and of who speaks for them; none for the writer of the text."""
    if claimant["entity"] == "AUTHOR":
        return ()
    names = [name for key in ("entity", "via", "via_organisation") for name in _names(entities, claimant.get(key))]
    return tuple(dict.fromkeys([*names, *([claimant["span"]["text"]] if "span" in claimant else [])]))


def _is_located(made: Statement, claim: GoldClaim) -> bool:
    place = made.place
    inside = place.start < claim.end and claim.start < place.end
    return inside and made.predicate in claim.predicates and made.stance in claim.stances


def _has_state(made: Statement, claim: GoldClaim, lang: str) -> bool:
    """Return whether the state or actor is right; a claim that names none is right by being located."""
    thing = made.subject if made.predicate == Predicate.CLAIMS_RESPONSIBILITY else made.object
    return not claim.objects or any(is_one_of(thing, each, lang) for each in claim.objects)


def _has_claimant(made: Statement, claim: GoldClaim, lang: str) -> bool:
    if not claim.claimants:
        return made.source == PUBLISHER
    # Somebody without a name stays with the publisher, and how the text calls him is kept.
    called = dict(made.attributes).get("claimant", "")
    if called and any(fold(each) in fold(called) for each in claim.claimants if each):
        return True
    if claim.response and made.source == PUBLISHER:
        return any(is_one_of(made.subject, each, lang) for each in claim.claimants)
    return any(_is_source(made.source, each, lang) for each in claim.claimants)


def _is_source(source: str, name: str, lang: str) -> bool:
    # "National Cyber Security Centre (UK)": what stands in brackets is the annotator's.
    for each in (name, name.partition(" (")[0]):
        known = source_named(each)
        if known is not None and known.id == source:
            return True
    if len(name) == 2 and name.isupper():
        return speaks_for(source, lang, name)
    have, want = fold(source), fold(name)
    return bool(want) and bool(have) and (want in have or have in want)
