"""Claims in prose: a rule of the language's table, the words it matched, and who said them.

The rules and the small words (negation, hedges, conditions) are in ``rules/<language>.toml``. A question, a condition
and a negation that a rule does not provide for make no statement: a wrong claim costs more than a missed one.
Likelihood and confidence are two axes and stay apart (ICD 203, 2015, D.6.e).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from consilience.extract import claim_words
from consilience.extract.claim_roles import OF_ATTACKS
from consilience.extract.claim_slots import Filled, bare, fill
from consilience.extract.clauses import Clause, clauses
from consilience.extract.dates import find_dates
from consilience.extract.learned_claims import speaks_for, with_learned
from consilience.extract.masking import TOKEN, mask
from consilience.extract.names import NameMention
from consilience.extract.pattern_words import WordsOf
from consilience.extract.referents import Referents
from consilience.extract.rule_patterns import RulePattern, slot
from consilience.extract.rule_table import Grammar, Rule
from consilience.extract.sentence_reading import Context, Reading, act_of
from consilience.extract.sentences import Sentence
from consilience.extract.speakers import Memory, Scope, Speaker, frames, governing
from consilience.knowledge.scales import scale_used_by
from consilience.knowledge.sources import source_named
from consilience.model.dates import parse_date
from consilience.model.document import Document, Passage
from consilience.model.source import SourceKind
from consilience.model.statement import EntityType, Place, Predicate, SpeechAct, Stance, Statement

LONGEST_SENTENCE: Final = 1500
_MAY_LACK: Final = ("sentence", "near")
_AFTER: Final = 60
_RESPONSE: Final = Predicate.RESPONDS
_DIPLOMATIC: Final = ("ambassador-summoned", "ambassador-recalled", "expulsion", "diplomatic-rupture")
_BLAMES: Final = (Stance.AFFIRMS, Stance.SUSPECTS)
_FIRST: Final = (Stance.NO_EVIDENCE, Stance.DECLINES, Stance.DENIES)
_CYBER_BODY: Final = re.compile(
    r"cyber|cert|csirt|ncsc|cisa|anssi|viginum|bsi|enisa|nukib|ssscip|nksc|nisc|incd|akcesk"
)
# A phrase may make a name that no list has: "the group calling itself X", "the X backdoor".
_NAMELESS: Final = frozenset(
    {Predicate.HAS_EFFECT, Predicate.CLAIMS_RESPONSIBILITY, Predicate.ATTRIBUTED_TO, Predicate.RESPONDS}
    | {Predicate.USES, Predicate.TARGETS}
)
_WORD: Final = re.compile(r"(?<!\w)[\w‹]")
_BULLET: Final = re.compile(r"\s*(?:[-–—•*·]|\d{1,2}[.)])\s")


def read_claims(sentences: Iterable[Reading]) -> list[Statement]:
    """Return the claims of the sentences of a passage in order: what the rules read, and what is weighed beside it."""
    return [statement for reading in sentences for statement in with_learned(reading, of_rules(reading))]


def readings(
    passage: Passage,
    document: Document,
    sentences: list[Sentence],
    mentions: list[NameMention],
    grammar: Grammar,
    memory: Memory,
    indicators: bool = False,
) -> Iterator[Reading]:
    """Yield the sentences in which claims may stand, masked and with their speakers, in order.

    What is read of one sentence tells of speakers and names in the next: read each before the next is taken.
    ``memory`` carries them. Sentences of more than 1500 characters are not read: they are lists or lost line ends.
    Dates that need the day of publication use that of ``document``. Where the passage lists ``indicators`` it speaks of
    computers.
    """
    cyber = (
        indicators
        or _is_of_computers(document.source, memory)
        or any(each.letter in "GM" or _of_computers(each, memory) for each in mentions)
        or bool(grammar.words["cyber"].search(f"{document.title} {passage.text}"))
    )
    own = memory.known(document.source, "") if document.source in memory.lexicon.sources else None
    own = own or Speaker(document.source, SpeechAct.ALLEGATION)
    context = Context(passage, document, grammar, memory, own, cyber, [], Referents())
    first = 0
    for sentence in sentences:
        while first < len(mentions) and mentions[first].start < sentence.start:
            first += 1
        last = first
        while last < len(mentions) and mentions[last].end <= sentence.end:
            last += 1
        memory.sentence += 1
        named = first < last or len(context.before) > 1 or context.listing
        if sentence.end - sentence.start <= LONGEST_SENTENCE and (named or _may_be_nameless(sentence, context)):
            yield _reading(sentence, mentions[first:last], context)
        else:
            context.before = []
            context.referents.sentence += 1
        first = last


def _may_be_nameless(sentence: Sentence, context: Context) -> bool:
    """True where a claim may stand without a known name: "the group", what befell data, who names nobody, a list."""
    quote, grammar = context.passage.text[sentence.start : sentence.end], context.grammar
    if quote.endswith(":"):
        return True
    if context.referents.last and any(anaphor.pattern.search(quote) for anaphor in grammar.anaphora):
        return True
    if not context.cyber:
        return False
    rows = (rule.row for rule in grammar.triggered(quote.lower().replace("’", "'")))
    return any(row.predicate in _NAMELESS or row.stance in (Stance.DECLINES, Stance.NO_EVIDENCE) for row in rows)


def _of_computers(mention: NameMention, memory: Memory) -> bool:
    """True where the text names a vendor or an agency whose trade is the security of computers."""
    return mention.letter in "OV" and _is_of_computers(mention.key, memory)


def _is_of_computers(key: str, memory: Memory) -> bool:
    source = memory.lexicon.sources.get(key)
    return source is not None and (source.kind is SourceKind.VENDOR or bool(_CYBER_BODY.search(source.id)))


def _reading(sentence: Sentence, mentions: list[NameMention], context: Context) -> Reading:
    quote = context.passage.text[sentence.start : sentence.end]
    grammar = context.grammar
    dates = [
        each
        for each in find_dates(quote, grammar.language, context.document.published)
        if not any(
            name.start - sentence.start < each.end and each.start < name.end - sentence.start for name in mentions
        )
    ]
    masked = mask(quote, sentence.start, mentions, dates, grammar, context.cyber)
    context.referents.resolve(masked, grammar)
    scopes = frames(masked, grammar, context.memory)
    listed, context.listing = context.listing, _is_listing(quote, context)
    clusters = list({token.name: token for token in masked.tokens if token.letter == "G"}.values())
    reading = Reading(context, sentence, quote, masked, scopes, set(), set(), clusters or context.before, listed)
    context.before = clusters
    return reading


def of_rules(reading: Reading) -> list[Statement]:
    """Return what the rules read in a sentence; a question claims nothing."""
    quote, grammar = reading.quote, reading.context.grammar
    if quote.rstrip('”»" ').endswith("?"):
        return []
    rules = [
        rule for rule in grammar.triggered(quote.lower().replace("’", "'")) if reading.listed or not rule.row.listed
    ]
    if not rules:
        return []
    rules.sort(key=lambda rule: rule.row.stance not in _FIRST)
    whole = WordsOf(reading.masked.text.lower())
    ways = [_Way(each, whole) for each in clauses(reading.masked.text, grammar)]
    return _aimed([statement for rule in rules for statement in _of_rule(rule, ways, reading)])


def _aimed(statements: list[Statement]) -> list[Statement]:
    """Return the statements of a sentence with each answer to a deed aimed at the one held responsible for it there.

    That is the only one whom the state that answers, or the publisher, holds responsible.
    """
    return [_aimed_at_culprit(each, statements) if each.predicate == _RESPONSE else each for each in statements]


def _aimed_at_culprit(answer: Statement, statements: list[Statement]) -> Statement:
    if answer.object is not None and answer.object.type is not EntityType.INCIDENT:
        return answer
    culprits = {
        each.object
        for each in statements
        if each.predicate == Predicate.ATTRIBUTED_TO
        and each.stance in _BLAMES
        and each.object is not None
        and each.object.type in (EntityType.COUNTRY, EntityType.CLUSTER)
        and (each.source == answer.source or (answer.subject.id and speaks_for(each.source) == answer.subject.id))
    }
    if len(culprits) != 1 or answer.subject in culprits:
        return answer
    return msgspec.structs.replace(answer, object=culprits.pop())


class _Way:
    """A clause, with what tells quickly that a pattern matches nowhere in it."""

    def __init__(self, clause: Clause, whole: WordsOf) -> None:
        self.clause = clause
        self.words = WordsOf(clause.text[clause.start :].lower(), whole)
        # Of a clause that was joined to its subject only what holds both is new: matches begin at the subject.
        self.heads = [each.start() for each in _WORD.finditer(clause.text, clause.start, clause.rest)]

    def matches(self, pattern: RulePattern) -> Iterator[re.Match[str]]:
        """Yield the matches of a pattern in order; none overlaps the one before."""
        if not pattern.may_match(self.words):
            return
        text, rest = self.clause.text, self.clause.rest
        if not rest:
            yield from pattern.regex.finditer(text, self.clause.start)
            return
        for head in self.heads:
            match = pattern.regex.match(text, head)
            if match is not None and match.end() > rest:
                yield match
                return


def _is_listing(quote: str, context: Context) -> bool:
    """True where what follows is recommended item by item: after "must:", and while lines begin with a bullet."""
    if quote.rstrip().endswith(":"):
        return bool(context.grammar.words["recommend"].search(quote))
    return context.listing and bool(_BULLET.match(quote))


def _of_rule(rule: Rule, ways: list[_Way], reading: Reading) -> list[Statement]:
    """Return what a rule reads in the clauses of a sentence; a further clause is given to one subject only."""
    found: list[Statement] = []
    taken: list[tuple[int, int]] = []
    if not all(need.search(reading.masked.text) for need in rule.needs):
        return []
    # What the whole sentence lacks, none of its clauses has; the first of them is the sentence itself.
    patterns = [each for each in rule.patterns if each.may_match(ways[0].words)]
    for way in ways:
        rest = way.clause.rest
        for pattern in patterns:
            here: list[tuple[int, int]] = []
            for match in way.matches(pattern):
                # Of one place a rule has one reading, that of its first pattern.
                if any(match.start() < end and start < match.end() and end > rest for start, end in taken):
                    continue
                statements = _statements(rule, match, reading)
                if statements:
                    here.append(match.span())
                found += statements
            taken += here
    return found


def _statements(rule: Rule, match: re.Match[str], reading: Reading) -> list[Statement]:
    row = rule.row
    if row.predicate is not _RESPONSE and not reading.context.cyber:
        return []
    if row.predicate is Predicate.ATTRIBUTED_TO and _is_kinetic(match, reading):
        return []
    if row.attributes.get("response") in _DIPLOMATIC and _is_of_another_matter(reading):
        return []
    subjects, objects = fill(row.subject, match, reading), fill(row.object.rstrip("?"), match, reading)
    tokens = {token for name in ("actor", "target") for token in re.findall(r"‹\w+›", slot(match, name))}
    if row.predicate is Predicate.ATTRIBUTED_TO and row.stance not in _FIRST and tokens & reading.used:
        return []
    words = reading.context.grammar.words
    scope = governing(reading.masked.text, reading.scopes, match.start(), words["turns"])
    stance = claim_words.stance(rule, match, scope, reading)
    if stance is None or not subjects or (_needs_object(rule) and not objects):
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


def _is_kinetic(match: re.Match[str], reading: Reading) -> bool:
    """True where the words matched speak of arms and not of computers; names are left out ("military intelligence")."""
    words, bare_words = reading.context.grammar.words, TOKEN.sub(" ", match[0])
    near = bare_words + match.string[match.end() : match.end() + _AFTER]
    return bool(words["kinetic"].search(bare_words)) and not words["cyber"].search(near)


def _is_of_another_matter(reading: Reading) -> bool:
    """True where the sentence gives a reason and names no incident, attacker or tool and nothing of computers."""
    words = reading.context.grammar.words
    if any(each.letter in OF_ATTACKS for each in reading.masked.of(reading.masked.text)):
        return False
    return bool(words["cause"].search(reading.quote)) and not words["cyber"].search(reading.quote)


def _needs_object(rule: Rule) -> bool:
    return bool(rule.row.object) and not rule.row.object.endswith("?") and rule.row.stance is not Stance.DECLINES


def _statement(
    rule: Rule,
    match: re.Match[str],
    scope: Scope | None,
    stance: Stance,
    speaker: Speaker,
    subject: Filled,
    target: Filled | None,
    reading: Reading,
) -> Statement | None:
    context, row = reading.context, rule.row
    source = speaker.source or context.document.source
    entity = target[0] if target else None
    notes = _notes(rule, match, speaker, target, reading)
    if any(name not in _MAY_LACK and attribute not in notes for attribute, name in row.codes.items()):
        return None
    told = tuple(notes.get(each, "") for each in (*row.attributes, *row.codes))
    key = (row.predicate, subject[0].name, entity.name if entity else "", source, told)
    if key in reading.seen or entity == subject[0]:
        return None
    reading.seen.add(key)
    # An attacker's own claim carries no word of likelihood: one that stands near belongs to somebody else.
    window = claim_words.window(match, scope, reading) if row.act is not SpeechAct.SELF_CLAIM else ""
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
        act=row.act or act_of(row.predicate, speaker),
        likelihood=claim_words.likelihood(window, context.grammar.language, hint),
        confidence=claim_words.confidence(window, context.grammar.language, hint),
        happened=claim_words.happened(match, scope, reading),
        said=parse_date(said),
        published=context.document.published,
        marking=context.document.marking,
        rule=row.id,
        attributes=tuple(sorted(notes.items())),
    )


def _notes(
    rule: Rule, match: re.Match[str], speaker: Speaker, target: Filled | None, reading: Reading
) -> dict[str, str]:
    """Return the attributes: those of the rule, the codes of its words, and how the text calls who has no name."""
    notes = dict(rule.row.attributes)
    grammar = reading.context.grammar
    for attribute, name in rule.row.codes.items():
        words = _coded(name, match, reading)
        found = [code for code, pattern in grammar.codes.get(attribute, ()) if pattern.search(words)]
        if found:
            notes[attribute] = ",".join(found)
    if target and target[1]:
        notes["actor"] = target[1]
    if not speaker.source and speaker.text:
        notes["claimant"] = speaker.text.strip()
    carried = [each.stands_for for each in reading.masked.of(match[0]) if each.stands_for]
    if carried:
        notes["stands-for"] = ", ".join(carried)
    return notes


def _coded(name: str, match: re.Match[str], reading: Reading) -> str:
    """Return the words in which the codes of an attribute are looked for."""
    if name == "sentence":
        return reading.quote
    after = re.split(r"[.;:]", match.string[match.end() : match.end() + _AFTER])[0] if name == "near" else ""
    words = match[0] + after if name in ("match", "near") else slot(match, name)
    return reading.masked.written(words)


def _speakers(rule: Rule, match: re.Match[str], scope: Scope | None, reading: Reading) -> tuple[Speaker, ...]:
    """Return who makes the claim: the slot of the rule, else the frame around it, else the document's publisher."""
    memory, own = reading.context.memory, (reading.context.own,)
    if rule.row.source == "named":
        name = bare(reading.masked.written(slot(match, "named")))
        known = source_named(name)
        return (Speaker(known.id if known else "named:" + name.lower(), SpeechAct.SELF_CLAIM, name),)
    if rule.row.source:
        tokens = [each for each in reading.masked.of(slot(match, rule.row.source)) if each.letter in "SCOVPU"]
        if tokens:
            pronoun = reading.context.grammar.words["pronoun"]
            speakers = tuple(memory.speaker(each, bool(pronoun.fullmatch(each.text.strip()))) for each in tokens)
            memory.heard(speakers)
            return speakers
        if rule.row.source == "actor":
            return ()
    if rule.row.predicate is _RESPONSE:
        responders = tuple(memory.speaker(each) for each in reading.masked.of(slot(match, "claimant")))
        memory.heard(responders)
    return scope.speakers if scope is not None and scope.speakers else own
