"""What the words around a claim make of it: stance, likelihood, confidence, and when it happened."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from consilience.extract.rule_patterns import slot
from consilience.extract.rule_table import Rule
from consilience.extract.sentence_reading import Reading
from consilience.extract.speakers import Scope
from consilience.knowledge.scales import read_confidence, read_likelihood, terms
from consilience.model.dates import Period
from consilience.model.statement import Predicate, Stance
from consilience.model.words import Confidence, Likelihood

# What has not been done, but is thought of or may come, is no such thing.
_DONE: Final = frozenset({Predicate.RESPONDS, Predicate.HAS_EFFECT})
_TRIGGER_WINDOW: Final = 40
_CLAUSE_WINDOW: Final = 200
_TRAILING_WINDOW: Final = 70
_ASIDE: Final = re.compile(r",[^,]{1,80},")
_LEADING_DATE: Final = re.compile(r"\s*(?:\w{1,6}\s+){0,2}‹X\d+›,?\s*")


def stance(rule: Rule, match: re.Match[str], scope: Scope | None, reading: Reading) -> Stance | None:
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
    if not (row.announced or row.stance is Stance.DECLINES) and words["unreal"].search(inside) and not denied:
        return None
    urged = bool(words["recommend"].search(inside))
    if row.predicate in _DONE and not (row.announced or urged) and words["considered"].search(inside):
        return None
    if row.negated != "keep":
        if words["negation"].search(_last_words(words["not_negation"].sub(" ", before))):
            return None
        if words["negation"].search(words["not_negation"].sub(" ", inside)):
            # Who denies that it was not so affirms in a roundabout way: that is left alone.
            return Stance(row.negated) if row.negated != "drop" and not denied else None
    if urged:
        return Stance.RECOMMENDS if row.predicate is Predicate.RESPONDS else None
    if row.stance is not Stance.AFFIRMS:
        return row.stance
    if scope is not None and scope.stance is not None:
        return scope.stance
    # "Ils prendraient d'autres mesures", it was announced: what is to come stands in the conditional and is no guess.
    hedged = not row.announced and words["hedge"].search(_last_words(before) + inside)
    return Stance.SUSPECTS if hedged else Stance.AFFIRMS


def _withdrawn(match: re.Match[str], reading: Reading) -> bool:
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


def window(match: re.Match[str], scope: Scope | None, reading: Reading) -> str:
    """Return the masked words in which a likelihood or a confidence can stand: from the frame to the claim's end."""
    start = max(0, match.start() - _TRIGGER_WINDOW)
    if scope is not None and not scope.wide:
        start = scope.frame[0]
    elif (stop := max(reading.masked.text.rfind(mark, 0, match.start()) for mark in ".;:")) >= start:
        start = stop
    return reading.masked.text[start : match.start()] + _without_aside(match) + _trailing(match.end(), reading)


def _trailing(end: int, reading: Reading) -> str:
    """Return "with high confidence" where it stands after the claim, in the same clause."""
    after = re.split(r"[.;:]|,\s+(?!\w+\s)", reading.masked.text[end : end + _TRAILING_WINDOW])[0]
    match = reading.context.grammar.words["with"].search(after)
    return after[match.start() :] if match else ""


@cache
def _terms(lang: str, kind: str) -> re.Pattern[str]:
    forms = (re.escape(each.text).replace(r"\ ", r"\s+") for each in terms(lang) if each.kind == kind)
    either = "|".join(forms)
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)" if either else "(?!)", re.IGNORECASE)


def likelihood(window: str, lang: str, hint: str) -> Likelihood | None:
    """Return the likelihood that the first such word of ``window`` says; ``hint`` is the scale of the speaker."""
    match = _terms(lang, "likelihood").search(window)
    return read_likelihood(match[0], lang, hint) if match else None


def confidence(window: str, lang: str, hint: str) -> Confidence | None:
    """Return the confidence that the first such word of ``window`` says; ``hint`` is the scale of the speaker."""
    match = _terms(lang, "confidence").search(window)
    return read_confidence(match[0], lang, hint) if match else None


def happened(match: re.Match[str], scope: Scope | None, reading: Reading) -> Period:
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
