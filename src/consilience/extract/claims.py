"""Claims in prose: a rule of the language's table, the words it matched, and who said them.

The rules and the small words (negation, hedges, conditions) are in ``rules/<language>.toml``. A question, a condition
and a negation that a rule does not provide for make no statement: a wrong claim costs more than a missed one.
Likelihood and confidence are two axes and stay apart (ICD 203, 2015, D.6.e).
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import msgspec

from consilience.extract.dates import find_dates
from consilience.extract.masking import Masked, Token, mask
from consilience.extract.names import NameMention
from consilience.extract.rule_table import Grammar, Rule, slot
from consilience.extract.sentences import Sentence
from consilience.extract.speakers import Memory, Scope, Speaker, frames, governing
from consilience.knowledge.countries import country_code, country_name
from consilience.knowledge.scales import read_confidence, read_likelihood, scale_used_by, terms
from consilience.knowledge.sources import source_named
from consilience.model.dates import Period, parse_date
from consilience.model.document import Document, Passage
from consilience.model.source import SourceKind
from consilience.model.statement import Entity, EntityType, Place, Predicate, SpeechAct, Stance, Statement
from consilience.model.words import Confidence, Likelihood

LONGEST_SENTENCE: Final = 1500
_TRIGGER_WINDOW: Final = 40
_CLAUSE_WINDOW: Final = 200
_ASIDE: Final = re.compile(r",[^,]{1,80},")
_LEADING_DATE: Final = re.compile(r"\s*(?:\w{1,6}\s+){0,2}‹X\d+›,?\s*")
_TRAILING_CONFIDENCE: Final = re.compile(r",?\s+(?:with|avec)\s+[^.;:,‹]{1,40}", re.IGNORECASE)
_RESPONSE: Final = Predicate.RESPONDS
_PAIR: Final = ("first", "second")
_FIRST: Final = (Stance.NO_EVIDENCE, Stance.DECLINES, Stance.DENIES)


class _Context(msgspec.Struct):
    """What stays the same over the sentences of a passage."""

    passage: Passage
    document: Document
    grammar: Grammar
    memory: Memory
    own: Speaker
    cyber: bool
    before: list[Token]


class _Reading(msgspec.Struct):
    """One sentence while it is read: ``used`` are numbers of tokens that a denial or the like has taken."""

    context: _Context
    sentence: Sentence
    quote: str
    masked: Masked
    scopes: list[Scope]
    used: set[str]
    seen: set[tuple[str, ...]]
    clusters: list[Token]


def read_claims(
    passage: Passage,
    document: Document,
    sentences: list[Sentence],
    mentions: list[NameMention],
    grammar: Grammar,
    memory: Memory,
    indicators: bool = False,
) -> list[Statement]:
    """Return the claims of a passage in the order of its sentences.

    ``memory`` carries speakers from sentence to sentence. Sentences of more than 1500 characters are not read: they
    are lists or lost line ends. Dates that need the day of publication use that of ``document``. Where the passage
    lists ``indicators`` it speaks of computers.
    """
    cyber = (
        indicators
        or any(each.letter in "GM" for each in mentions)
        or bool(grammar.words["cyber"].search(f"{document.title} {passage.text}"))
    )
    own = memory.known(document.source, "") if document.source in memory.lexicon.sources else None
    own = own or Speaker(document.source, SpeechAct.ALLEGATION)
    context = _Context(passage, document, grammar, memory, own, cyber, [])
    found: list[Statement] = []
    first = 0
    for sentence in sentences:
        while first < len(mentions) and mentions[first].start < sentence.start:
            first += 1
        last = first
        while last < len(mentions) and mentions[last].end <= sentence.end:
            last += 1
        memory.sentence += 1
        if (first < last or len(context.before) > 1) and sentence.end - sentence.start <= LONGEST_SENTENCE:
            found += _of_sentence(sentence, mentions[first:last], context)
        else:
            context.before = []
        first = last
    return found


def _of_sentence(sentence: Sentence, mentions: list[NameMention], context: _Context) -> list[Statement]:
    quote = context.passage.text[sentence.start : sentence.end]
    dates = [
        each
        for each in find_dates(quote, context.grammar.language, context.document.published)
        if not any(
            name.start - sentence.start < each.end and each.start < name.end - sentence.start for name in mentions
        )
    ]
    masked = mask(quote, sentence.start, mentions, dates, context.grammar, context.cyber)
    scopes = frames(masked, context.grammar, context.memory)
    if quote.rstrip('”»" ').endswith("?"):
        return []
    clusters = list({token.name: token for token in masked.tokens if token.letter == "G"}.values())
    reading = _Reading(context, sentence, quote, masked, scopes, set(), set(), clusters or context.before)
    context.before = clusters
    lower = quote.lower().replace("’", "'")
    rules = [rule for rule in context.grammar.rules if any(each in lower for each in rule.row.trigger)]
    rules.sort(key=lambda rule: rule.row.stance not in _FIRST)
    found: list[Statement] = []
    for rule in rules:
        taken: list[tuple[int, int]] = []
        for pattern in rule.patterns:
            for match in pattern.finditer(masked.text):
                # Of one denial or absence a rule has one reading, that of its first pattern.
                again = any(match.start() < end and start < match.end() for start, end in taken)
                if again and rule.row.stance in _FIRST:
                    continue
                statements = _statements(rule, match, reading)
                taken += [match.span()] if statements else []
                found += statements
    return found


def _statements(rule: Rule, match: re.Match[str], reading: _Reading) -> list[Statement]:
    row = rule.row
    if row.predicate is not _RESPONSE and not reading.context.cyber:
        return []
    subjects, objects = _fill(row.subject, match, reading), _fill(row.object, match, reading)
    tokens = {token for name in ("actor", "target") for token in re.findall(r"‹\w+›", slot(match, name))}
    if row.predicate is Predicate.ATTRIBUTED_TO and row.stance not in _FIRST and tokens & reading.used:
        return []
    scope = governing(reading.masked.text, reading.scopes, match.start())
    stance = _stance(rule, match, scope, reading)
    if stance is None or not subjects or (row.object and not objects and row.stance is not Stance.DECLINES):
        return []
    if row.stance in _FIRST:
        reading.used |= tokens
    speakers = _speakers(rule, match, scope, reading)
    return [
        statement
        for speaker in speakers
        for subject in subjects
        for target in (objects or (None,))
        if (statement := _statement(rule, match, scope, stance, speaker, subject, target, reading)) is not None
    ]


def _statement(
    rule: Rule,
    match: re.Match[str],
    scope: Scope | None,
    stance: Stance,
    speaker: Speaker,
    subject: tuple[Entity, str],
    target: tuple[Entity, str] | None,
    reading: _Reading,
) -> Statement | None:
    context, row = reading.context, rule.row
    source = speaker.source or context.document.source
    entity = target[0] if target else None
    key = (row.predicate, subject[0].name, entity.name if entity else "", source)
    if key in reading.seen or entity == subject[0]:
        return None
    reading.seen.add(key)
    # An attacker's own claim carries no word of likelihood: one that stands near belongs to somebody else.
    window = _window(match, scope, reading) if row.act is not SpeechAct.SELF_CLAIM else ""
    notes = dict(row.attributes)
    if target and target[1]:
        notes["actor"] = target[1]
    if not speaker.source and speaker.text:
        notes["claimant"] = speaker.text.strip()
    hint = scale_used_by(speaker.country)
    said = scope.said if scope is not None and not row.source else ""
    return Statement(
        subject=subject[0],
        predicate=row.predicate,
        object=entity,
        source=source,
        via=context.document.source if source != context.document.source else "",
        place=Place(context.document.sha256, context.passage.pointer, reading.sentence.start, reading.sentence.end),
        quote=reading.quote,
        lang=context.grammar.language,
        stance=stance,
        act=row.act or _act(row.predicate, speaker),
        likelihood=_likelihood(window, context.grammar.language, hint),
        confidence=_confidence(window, context.grammar.language, hint),
        happened=_happened(match, scope, reading),
        said=parse_date(said),
        published=context.document.published,
        marking=context.document.marking,
        rule=row.id,
        attributes=tuple(sorted(notes.items())),
    )


def _act(predicate: str, speaker: Speaker) -> SpeechAct:
    return SpeechAct.DESCRIPTION if predicate == _RESPONSE else speaker.act


def _speakers(rule: Rule, match: re.Match[str], scope: Scope | None, reading: _Reading) -> tuple[Speaker, ...]:
    """Return who makes the claim: the slot of the rule, else the frame around it, else the document's publisher."""
    memory, own = reading.context.memory, (reading.context.own,)
    if rule.row.source == "named":
        name = _bare(reading.masked.written(slot(match, "named")))
        known = source_named(name)
        return (Speaker(known.id if known else "named:" + name.lower(), SpeechAct.SELF_CLAIM, name),)
    if rule.row.source:
        tokens = [each for each in reading.masked.of(slot(match, rule.row.source)) if each.letter in "SOVPU"]
        if tokens:
            speakers = tuple(memory.speaker(each) for each in tokens)
            memory.heard(speakers)
            return speakers
        if rule.row.source == "actor":
            return ()
    if rule.row.predicate is _RESPONSE:
        responders = tuple(memory.speaker(each) for each in reading.masked.of(slot(match, "claimant")))
        memory.heard(responders)
    return scope.speakers if scope is not None and scope.speakers else own


def _stance(rule: Rule, match: re.Match[str], scope: Scope | None, reading: _Reading) -> Stance | None:
    """Return the stance that the words give the claim, or ``None`` where they make no claim of it."""
    words, row = reading.context.grammar.words, rule.row
    text = reading.masked.text
    before = re.split(r"[.;:]", text[max(0, match.start() - _TRIGGER_WINDOW) : match.start()])[-1]
    inside = reading.masked.written(_without_aside(match), "HKU")
    if words["condition"].search(before) or words["condition"].search(inside):
        return None
    denied = scope is not None and scope.stance is Stance.DENIES
    if not denied and _withdrawn(match, reading):
        return None
    if words["unreal"].search(inside) and not denied:
        return None
    if row.predicate is _RESPONSE and words["considered"].search(inside):
        return None
    if row.negated != "keep":
        if words["negation"].search(_last_words(words["not_negation"].sub(" ", before))):
            return None
        if words["negation"].search(words["not_negation"].sub(" ", inside)):
            # Who denies that it was not so affirms in a roundabout way: that is left alone.
            return Stance(row.negated) if row.negated != "drop" and not denied else None
    if words["recommend"].search(inside):
        return Stance.RECOMMENDS if row.predicate is _RESPONSE else None
    if row.stance is not Stance.AFFIRMS:
        return row.stance
    if scope is not None and scope.stance is not None:
        return scope.stance
    return Stance.SUSPECTS if words["hedge"].search(_last_words(before) + inside) else Stance.AFFIRMS


def _withdrawn(match: re.Match[str], reading: _Reading) -> bool:
    """True where the clause around the claim takes it back: "it is wrong to say that", "reports that ... are false".

    What stands between two commas is skipped, and so are words that only look like a negation ("no doubt that").
    """
    words, text = reading.context.grammar.words, reading.masked.text
    before = re.split(r"[.;:]", text[max(0, match.start() - _CLAUSE_WINDOW) : match.start()])[-1]
    before = words["not_negation"].sub(" ", _ASIDE.sub(" ", before))
    # The list speaks of what stands right before the claim: the mark is put where the claim begins.
    if words["withdrawn"].search(before.rstrip() + " ‹"):
        return True
    # "This is false" may stand in the sentence that follows.
    end = reading.sentence.end
    after = text[match.end() : match.end() + _CLAUSE_WINDOW] + " "
    after += reading.context.passage.text[end : end + _CLAUSE_WINDOW]
    return bool(words["refuted"].match(after.lstrip()))


def _without_aside(match: re.Match[str]) -> str:
    """Return the words matched without what stands between two commas: its words are not the claim's."""
    aside = slot(match, "aside") if "aside" in match.re.pattern else ""
    return match[0].replace(aside, "", 1) if aside else match[0]


def _last_words(text: str) -> str:
    """Return the last three words of a clause: what can still belong to the verb that follows."""
    return " ".join(re.split(r"[,()]", text)[-1].split()[-3:]) + " "


def _window(match: re.Match[str], scope: Scope | None, reading: _Reading) -> str:
    """Return the masked words in which a likelihood or a confidence can stand: from the frame to the claim's end."""
    start = max(0, match.start() - _TRIGGER_WINDOW)
    if scope is not None and not scope.wide:
        start = scope.frame[0]
    elif (stop := max(reading.masked.text.rfind(mark, 0, match.start()) for mark in ".;:")) >= start:
        start = stop
    after = _TRAILING_CONFIDENCE.match(reading.masked.text, match.end())
    return reading.masked.text[start : match.start()] + _without_aside(match) + (after[0] if after else "")


@cache
def _terms(lang: str, kind: str) -> re.Pattern[str]:
    forms = (re.escape(each.text).replace(r"\ ", r"\s+") for each in terms(lang) if each.kind == kind)
    return re.compile(r"(?<!\w)(?:" + "|".join(forms) + r")(?!\w)", re.IGNORECASE)


def _likelihood(window: str, lang: str, hint: str) -> Likelihood | None:
    match = _terms(lang, "likelihood").search(window)
    return read_likelihood(match[0], lang, hint) if match else None


def _confidence(window: str, lang: str, hint: str) -> Confidence | None:
    match = _terms(lang, "confidence").search(window)
    return read_confidence(match[0], lang, hint) if match else None


def _happened(match: re.Match[str], scope: Scope | None, reading: _Reading) -> Period:
    """Return when it happened: the date inside the incident's phrase, else the only date among the words matched."""
    tokens = reading.masked.of(match[0])
    inner = [reading.masked.tokens[part] for token in tokens if token.letter == "I" for part in token.parts]
    dates = [each.date for each in inner if each.date]
    if not dates:
        # A date in the frame is the day on which it was said.
        outside = match[0] if scope is None or match.start() >= scope.frame[1] else ""
        leading = _LEADING_DATE.fullmatch(reading.masked.text, 0, match.start()) if scope is None else None
        dates = [each.date for each in reading.masked.of(outside + (leading[0] if leading else "")) if each.date]
    return Period(dates[0], dates[0]) if len(dates) == 1 else Period()


def _fill(name: str, match: re.Match[str], reading: _Reading) -> list[tuple[Entity, str]]:
    """Return the entities of a slot, each with how the text calls it where the entity alone would lose that.

    ``a|b`` is the first of the two that is filled. ``incident`` is never without an answer: the nearest incident of
    the sentence, else the document's title. ``nation`` is the first country of the match. ``first`` and ``second`` are
    the two clusters of the sentence, else of the one before it, and nobody where these are not two.
    """
    if name in _PAIR:
        return [_entity(reading.clusters[_PAIR.index(name)])] if len(reading.clusters) == len(_PAIR) else []
    for each in name.split("|"):
        if each == "incident":
            return [(_incident(match, reading), "")]
        if each == "named":
            text = _bare(reading.masked.written(slot(match, "named")))
            inside = reading.masked.of(slot(match, "named"))
            return [(_entity(inside[0])[0] if inside else Entity(EntityType.PERSONA, text), "")] if text else []
        tokens = reading.masked.of(slot(match, each))
        if each in ("nation", "state", "group") and not tokens and each == name.split("|")[-1]:
            tokens = [token for token in reading.masked.of(match[0]) if token.letter in "SDCHK"][:1]
        if tokens:
            return [(_for_whom(token, reading), "") if each == "claimant" else _entity(token) for token in tokens]
    return []


def _for_whom(token: Token, reading: _Reading) -> Entity:
    """Return the state of a responder, also of a minister who is named without it in the words of its organ."""
    entity = _entity(token)[0]
    if token.letter not in "PU" or entity.type is EntityType.COUNTRY:
        return entity
    memory = reading.context.memory
    speaker = memory.speaker(token)
    known = memory.lexicon.sources.get(speaker.source)
    if not speaker.country or (known is not None and known.kind is not SourceKind.STATE):
        return entity
    return Entity(EntityType.COUNTRY, country_name(speaker.country, "en"), speaker.country)


def _incident(match: re.Match[str], reading: _Reading) -> Entity:
    inside = reading.masked.of(slot(match, "incident"))
    if not inside:
        near = re.finditer(r"‹I\d+›", reading.masked.text)
        places = sorted(near, key=lambda each: abs(each.start() - match.start()))
        inside = reading.masked.of(places[0][0]) if places else []
    return Entity(EntityType.INCIDENT, inside[0].text if inside else reading.context.document.title)


def _entity(token: Token) -> tuple[Entity, str]:
    if token.letter in "CDSHKP" and token.country:
        note = token.text.strip() if not country_code(token.text) else ""
        return Entity(EntityType.COUNTRY, country_name(token.country, "en"), token.country), note
    if token.letter == "G":
        return Entity(EntityType.CLUSTER, token.name), ""
    if token.letter == "M":
        return Entity(token.type, token.name), ""
    if token.letter == "T":
        return Entity(EntityType.SECTOR, token.key), ""
    if token.letter == "I":
        return Entity(EntityType.INCIDENT, token.text), ""
    return Entity(EntityType.ORGANISATION, token.name or token.text.strip(" ,"), token.key), ""


def _bare(text: str) -> str:
    return text.strip(" \t\"'“”«»’,")
