"""What an item of evidence or a statement says, in one plain sentence of the reader's language.

An item is a code with parameters; its text comes from the catalogue. A code that the catalogue does not know, or whose
parameters do not fill its text, falls back to the code with its parameters, so that a newer analysis never loses an
item in the report. The incident of the case is "the attack" here, however a source described it: the source's own
words stand in ledger and card.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from consilience.knowledge import countries, scales
from consilience.knowledge.folding import fold
from consilience.model.assessment import EvidenceItem, LedgerRow, TimelineEvent, WeightPart
from consilience.report.catalogue import Catalogue, catalogue
from consilience.report.forms import any_date, decimal, isolated, p_value, share
from consilience.report.naming import Names, list_words, name_text, sentence, state_name

_SHARES: Final = frozenset({"a", "b", "r", "d", "q", "tie", "fraction", "factor", "planted"})
_CASE_CLAIMS: Final = frozenset({"claim-assessment", "claim-judgement", "claim-denial", "claim-no-evidence"})
_LISTS: Final = frozenset({"names", "shared"})
_LINKS: Final = "evidence.claim-link"
_LINK_KEYS: Final = {
    "suspects": "evidence.claim-link-suspects",
    "denies": "evidence.claim-denial",
    "finds-no-evidence": "evidence.claim-no-evidence",
}
_LINK_CLAIMS: Final = {
    "shares-infrastructure-with": "claim-shares",
    "cooperates-with": "claim-cooperates",
    "imitates": "claim-imitates",
    "hijacks": "claim-hijack",
}
_QUOTABLE: Final = frozenset({"responds-to", "claims-responsibility-for"})


class Said(msgspec.Struct, frozen=True):
    """A statement as a sentence needs it. ``incident``: its subject, or what it claims or answers, is the attack."""

    source: str
    act: str
    stance: str
    predicate: str
    subject: str
    objects: tuple[str, ...]
    incident: bool = False


def said_in_row(row: LedgerRow, names: Names) -> Said:
    """Return what a row of the ledger says."""
    objects = (row.object,) if row.object else ()
    ours = bool(row.counted) and _is_incident(row.subject, row.predicate, objects, names)
    return Said(row.source, row.act, row.stance, row.predicate, row.subject, objects, ours)


def said_in_event(event: TimelineEvent, names: Names) -> Said | None:
    """Return what the statement behind an event of the timeline says; ``None`` for an event without one."""
    given = event.params
    if "predicate" not in given:
        return None
    predicate, subject = given["predicate"], given.get("subject", "")
    objects = (given["object"],) if given.get("object") else ()
    ours = event.statement in names.counted and _is_incident(subject, predicate, objects, names)
    return Said(
        given.get("source", ""), given.get("act", ""), given.get("stance", ""), predicate, subject, objects, ours
    )


def _is_incident(subject: str, predicate: str, objects: Sequence[str], names: Names) -> bool:
    if predicate in _QUOTABLE:
        return bool(objects) and all(fold(each) not in names.actors for each in objects)
    return names.is_incident(subject, predicate)


def statement_sentence(said: Said, names: Names, *, alone: bool = False) -> str:
    """Return a statement as a sentence with its speaker; ``alone`` leaves the speaker of a plain claim to its table."""
    texts = catalogue(names.lang)
    source = names.source(said.source)
    if said.incident and said.predicate in {"attributed-to", "sponsored-by"}:
        key = _attack_key(said.stance, said.act, accused=_accused(said, names))
        if key:
            blamed = texts.listed([names.thing(each) for each in said.objects])
            return sentence(texts.text(key, source=source, object=blamed))
    if said.predicate in {"attributed-to", "sponsored-by"} and said.objects:
        named = texts.listed([names.thing(each) for each in said.objects])
        subject = _somebody(said.subject, said, names)
        return sentence(texts.text(_LINK_KEYS.get(said.stance, _LINKS), source=source, subject=subject, object=named))
    claimed = _claimed_link(said, names)
    if claimed:
        return sentence(claimed)
    claim = sentence(claim_sentence(said, names))
    if said.stance not in {"affirms", ""}:
        stance = texts.coded("stance", said.stance)
        return sentence(texts.text("timeline.statement", source=source, stance=stance, claim=claim))
    own = said.predicate == "claims-responsibility-for" and names.source(said.subject) == source
    return claim if alone or own else texts.text("timeline.event", claim=claim, source=source)


def _claimed_link(said: Said, names: Names) -> str:
    """Return what is said of the link between two clusters, in the words of the evidence; empty for all else."""
    texts = catalogue(names.lang)
    what, how = f"claimed.{_LINK_CLAIMS.get(said.predicate, '')}", f"say.{said.stance}"
    if what not in texts or how not in texts or len(said.objects) != 1:
        return ""
    one, other = names.thing(said.subject), names.thing(said.objects[0])
    told = texts.text(what, a=one, b=other, subject=one, object=other)
    return texts.text(how, source=names.source(said.source), what=told)


def claim_sentence(said: Said, names: Names) -> str:
    """Return what is claimed, in our words: subject, relation, object."""
    texts = catalogue(names.lang)
    known = f"predicate.{said.predicate}" if said.objects else f"predicate.{said.predicate}-alone"
    fallback = "predicate.generic" if said.objects else "predicate.generic-alone"
    answers = said.predicate in _QUOTABLE
    attack = texts.text("attack.object")
    subject = texts.text("attack.subject") if said.incident and not answers else _somebody(said.subject, said, names)
    things = [attack] if said.incident and answers else [_somebody(each, said, names) for each in said.objects]
    return texts.text(
        known if known in texts else fallback, subject=subject, object=texts.listed(things), predicate=said.predicate
    )


def _somebody(name: str, said: Said, names: Names) -> str:
    """Return a name, or in quotation marks the words with which a source describes something that happened."""
    thing = names.thing(name)
    happened = name == said.subject and names.is_incident(name, said.predicate)
    answered = name != said.subject and said.predicate in _QUOTABLE and fold(name) not in names.actors
    if (happened or answered) and thing in {name, isolated(name)}:
        return catalogue(names.lang).text("list.quoted", text=thing)
    return thing


def _accused(said: Said, names: Names) -> bool:
    state = names.states.get(said.source, "")
    return bool(state) and any(countries.country_code(each) == state for each in said.objects)


def _attack_key(stance: str, act: str, *, accused: bool) -> str:
    if stance == "denies":
        return "attack.denial-accused" if accused else "attack.denial"
    if stance == "finds-no-evidence":
        return "attack.no-evidence"
    if stance == "suspects":
        return "attack.suspicion"
    return {"judgement": "attack.judgement", "allegation": "attack.allegation"}.get(act, "attack.assessment") * (
        stance in {"affirms", ""}
    )


def evidence_title(item: EvidenceItem, names: Names, *, brief: bool = False) -> str:
    """Return what an item says, from its kind and parameters.

    What qualifies it (the source's own word with its range, who relays it, who repeats it) follows in brackets,
    unless ``brief``. Without a capital where it begins with an article: it may stand inside a sentence.
    """
    texts = catalogue(names.lang)
    given = {key: value for key, value in _with_meaning(item.kind, item.params).items() if value}
    shown = _shown(given, names)
    if "object" in shown:
        shown["object"] = texts.listed([names.thing(each) for each in names.blamed.get(item.id, (given["object"],))])
    core = _incident_claim(item, given, shown, names) or _evidence_core(item, given, shown, texts)
    asides = [] if brief else _asides(given, shown, texts)
    return texts.text("aside.together", core=core, asides=texts.text("list.between").join(asides)) if asides else core


def _incident_claim(item: EvidenceItem, given: Mapping[str, str], shown: Mapping[str, str], names: Names) -> str:
    """Return the title of a claim about the case's own incident; empty for all else."""
    if item.kind not in _CASE_CLAIMS or fold(given.get("subject", "")) in names.actors:
        return ""
    stance = {"claim-denial": "denies", "claim-no-evidence": "finds-no-evidence"}.get(item.kind)
    act = "judgement" if item.kind == "claim-judgement" else given.get("act", "")
    key = _attack_key(stance or given.get("stance", ""), act, accused=given.get("accused") == "yes")
    texts = catalogue(names.lang)
    return texts.text(key, **shown) if key and texts.fits(key, shown) else ""


def _evidence_core(item: EvidenceItem, given: Mapping[str, str], shown: Mapping[str, str], texts: Catalogue) -> str:
    what = _first_fit(texts, "claimed", item.kind, shown, given)
    said = f"say.{given.get('stance', '')}"
    if what and texts.fits(said, {"what": what, **shown}):
        return texts.text(said, what=what, source=shown["source"])
    return _first_fit(texts, "evidence", item.kind, shown, given) or _generic(texts, item.kind, shown)


def part_title(part: WeightPart, names: Names) -> str:
    """Return one step from a tabled weight to the weight that counts, in plain words with the figure behind it."""
    texts, lang = catalogue(names.lang), names.lang
    shown = {}
    for key, value in part.params.items():
        number = _number(value)
        if key in {"gap_days", "days"} and number is not None:
            shown[key] = decimal(round(number), 0, lang)
        elif key in _SHARES and number is not None:
            shown[key] = share(number, lang)
        elif number is not None:
            shown[key] = decimal(number, len(value.partition(".")[2]), lang)
        elif key == "list":
            shown[key] = name_text(list_words(value, lang))
        else:
            shown[key] = texts.coded("family", value) if key == "family" else names.source(value)
    for variant in ("", "-2", "-3"):
        if texts.fits(f"part.{part.name}{variant}", shown):
            return texts.text(f"part.{part.name}{variant}", **shown)
    return _generic(texts, part.name, shown)


def timeline_sentence(event: TimelineEvent, names: Names, objects: tuple[str, ...] = ()) -> str:
    """Return what an event of the timeline is: the incident by its title, a document by its own, else what is said.

    ``objects`` are all whom statements of one source name on one day, where they are told together.
    """
    texts, given = catalogue(names.lang), event.params
    if event.kind == "incident" and (given.get(names.lang) or given.get("en")):
        return name_text(given.get(names.lang) or given["en"])
    said = said_in_event(event, names)
    if said is not None:
        return statement_sentence(msgspec.structs.replace(said, objects=objects or said.objects), names)
    shown = _shown({key: value for key, value in given.items() if value}, names)
    if given.get("source"):
        shown["source"] = names.brief(given["source"])
    return _first_fit(texts, "timeline", event.kind, shown, {}) or _generic(texts, event.kind, shown)


def _first_fit(texts: Catalogue, group: str, code: str, shown: Mapping[str, str], raw: Mapping[str, str]) -> str:
    """Return the first text for a code that the parameters fill: by stance, by relation, plain, then the second form.

    Empty where there is none.
    """
    variants = [
        f"-{raw.get('stance', '')}",
        "-unaware" if raw.get("unaware") == "yes" else "-",
        f"-{raw.get('predicate', '')}",
        "",
        "-2",
    ]
    for variant in variants:
        key = f"{group}.{code}{variant}"
        if texts.fits(key, shown):
            return texts.text(key, **shown)
    return ""


def _generic(texts: Catalogue, code: str, shown: Mapping[str, str]) -> str:
    if not shown:
        return code
    return texts.text("list.coded", code=code, params=", ".join(f"{name} = {value}" for name, value in shown.items()))


def _with_meaning(kind: str, params: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters with those under general names also under the name of what they are."""
    given = dict(params)
    if kind in {"victim-country", "victim-sector"} and "value" in given:
        given[kind.removeprefix("victim-")] = given["value"]
    return given


def _shown(params: Mapping[str, str], names: Names) -> dict[str, str]:
    """Return parameters as a reader sees them: codes by name, numbers in the language's form."""
    texts = catalogue(names.lang)
    shown = {key: _shown_value(key, value, names) for key, value in params.items()}
    if params.get("unit") and params.get("observed", "").isdecimal():
        shown["counted"] = unit_count(params["unit"], int(params["observed"]), names.lang)
    if params.get("gap_days"):
        shown["gap_days"] = _gap(texts, params["gap_days"])
    return shown


def _shown_value(key: str, value: str, names: Names) -> str:
    texts = catalogue(names.lang)
    if key in {"country", "countries"}:
        return texts.listed([state_name(code.strip(), names.lang) for code in value.split(",") if code.strip()])
    if key == "sector":
        return texts.coded("sector", value)
    if key in {"type", "unit"}:
        return texts.coded("observable", value)
    if key in {"source", "via", "origin", "follows"}:
        return names.source(value)
    if key == "listed":
        return name_text(list_words(value, names.lang))
    if key == "subject":
        return names.thing(value)
    if key in {"published", "used"}:
        return any_date(value, names.lang)
    if key in _LISTS:
        return name_text(texts.listed([each for each in value.split(", ") if each]) or value)
    number = _number(value)
    if key in {"p", "q"} and number is not None:
        return p_value(number, names.lang)
    if number is not None and "." in value:
        return decimal(number, len(value.partition(".")[2]), names.lang)
    return name_text(value)


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", text) else None


def _gap(texts: Catalogue, days: str) -> str:
    number = _number(days)
    if number is None:
        return texts.text("overlap.gap-apart-unknown")
    if number < 1:
        return texts.text("overlap.gap-same")
    return texts.number("overlap.gap-apart", round(number))


def _asides(given: Mapping[str, str], shown: Mapping[str, str], texts: Catalogue) -> list[str]:
    """Return what qualifies an item, in a fixed order; a word of likelihood only together with its range."""
    out = []
    low, high = _number(given.get("low", "")), _number(given.get("high", ""))
    if "term" in shown and low is not None and high is not None:
        out.append(texts.text("aside.term", term=shown["term"], range=scales.percent_range(low, high, texts.lang)))
    out += [texts.text(f"aside.{key}", **{key: shown[key]}) for key in ("via", "follows", "listed") if key in shown]
    copies = given.get("copies", "")
    if copies.isdecimal() and int(copies):
        out.append(texts.number("aside.copies", int(copies)))
    out += [texts.text(f"aside.{key}") for key in ("accused", "public") if given.get(key) == "yes"]
    return out


def unit_count(unit: str, number: int, lang: str) -> str:
    """Return a number of observables of a unit: ``6 networks``."""
    texts = catalogue(lang)
    if f"unit.{unit}.many" in texts:
        return texts.number(f"unit.{unit}", number)
    return texts.number("unit.generic", number, unit=texts.coded("observable", unit))
