"""Words from which the kind of a link is read off a sentence that names both clusters."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from consilience.model.statement import Predicate, Stance
from consilience.overlap import link_rules
from consilience.overlap.link_rules import LinkRule


class Cue(msgspec.Struct, frozen=True):
    """Words of a sentence that names both clusters, and what they make of it."""

    predicate: Predicate
    stance: Stance
    words: re.Pattern[str]


CUES: Final = tuple(
    Cue(predicate, stance, re.compile("|".join(words)))
    for predicate, stance, *words in (
        (
            Predicate.ALSO_KNOWN_AS,
            Stance.DENIES,
            r"\b(?:tracked|operates?|operating) separately",
            r"\bseparate (?:entity|group|cluster|actor)",
            r"\bdistinct\b",
        ),
        (Predicate.IMITATES, Stance.AFFIRMS, r"\bfalse[- ]flag", r"\b(?:imitat|mimic|impersonat)\w+"),
        (Predicate.HIJACKS, Stance.AFFIRMS, r"\bhijack\w*", r"\bcommandeer\w*", r"\btook over\b"),
        (
            Predicate.PART_OF,
            Stance.AFFIRMS,
            r"\bsub-?(?:group|cluster|set|division)s? (?:of|within|under)\b",
            r"\ban? (?:\S+ ){0,3}sub-?(?:group|cluster|set|division)\b",
            r"\b(?:subsidiary|subordinate|umbrella)\b",
            r"\bpart of (?:the )?(?!Operation)[A-Z0-9]",
        ),
        (
            Predicate.COOPERATES,
            Stance.AFFIRMS,
            r"\b(?:collaborat|cooperat|co-operat)\w+",
            r"\bwork\w* (?:closely )?(?:with|together)\b",
            r"\bwith the (?:assistance|help|support) of\b",
            r"\bhand\w* over\b",
        ),
        (Predicate.ALSO_KNOWN_AS, Stance.AFFIRMS, r"\bsame (?:group|actor)\b", r"\bmerged\b", r"\bnow tracked as\b"),
        (Predicate.OVERLAPS, Stance.SUSPECTS, r"\b(?:overlap|resembl|similar)\w*"),
    )
)
"""How a sentence of a publisher's description is read that names the other cluster: the first row that fits."""

HEDGED: Final = re.compile(
    r"\b(?:may|might|could|possibly|potentially|suspected|believed|thought|reportedly|appears?)\b"
)
"""Words that turn what such a sentence affirms into a suspicion."""


class SignCue(msgspec.Struct, frozen=True):
    """Words with which a source reports a sign, in the sentence that it says of the two clusters."""

    rule: LinkRule
    words: re.Pattern[str]


_FORGED: Final = r"forged?|faked?|falsified|planted|counterfeit|falsifiée?s?|contrefaite?s?"
_MARKER: Final = (
    r"headers?|markers?|metadata|timestamps?|signatures?|fingerprints?|certificates?|strings?|comments?|flags?"
    r"|en-têtes?|marqueurs?|métadonnées|horodatages?|empreintes?|certificats?|chaînes?|commentaires?"
)

SIGN_CUES: Final = tuple(
    SignCue(rule, re.compile("|".join(words), re.IGNORECASE))
    for rule, *words in (
        (
            link_rules.UNAWARE,
            r"\b(?:not|un)[- ]?(?:\w+ )?aware\b",
            r"\bunwitting\w*",
            r"\bwithout (?:\S+ ){0,3}(?:knowledge|consent)\b",
            r"\bà (?:l['’]insu|leur insu|son insu)\b",
            r"\bignor(?:e|ait|aient|ent) (?:tout|que)\b",
        ),
        (
            link_rules.COMPLICIT,
            r"\bcomplicit\b",
            r"\bknowingly (?:\w+ )?(?:shar|g[ai]v|provid|help|let|allow)\w*",
            r"\bwith (?:the|its|their) (?:consent|agreement)\b",
            r"\bsciemment\b",
            r"\bavec (?:l['’]|son |leur )accord\b",
        ),
        (
            link_rules.KEYS_HELD,
            r"\b(?:obtain|acquir|h[eo]ld|possess|stole)\w* (?:(?!registry\b)\S+ ){0,5}(?:keys?|controllers?)\b",
            r"\b(?:obten|obtien|détien|déten|possèd|posséd|acqui|vol)\w* (?:\S+ ){0,5}(?:clés?|contrôleurs?)\b",
        ),
        (
            link_rules.HANDOVER,
            r"\bhand(?:s|ed|ing)?[- ]?(?:over|off)s?\b",
            r"\bhand(?:s|ed|ing) (?:\w+ ){1,3}(?:over|off)\b",
            r"\bpass(?:e|é|ée|er|ation|age) (?:\w+ )?(?:le relais|de relais|la main)\b",
        ),
        (
            link_rules.FORGED_MARKER,
            rf"\b(?:{_FORGED}) (?:\S+ ){{0,4}}(?:{_MARKER})\b",
            rf"\b(?:{_MARKER})\W+(?:(?!(?:not|never|pas|jamais)\b)\S+ ){{0,8}}(?:{_FORGED})\b",
        ),
        (
            link_rules.SHARED_SERVICE,
            r"\b(?:anonymi[sz]ation|anonymi[sz]ing|obfuscation|relay|proxy|vpn|orb) (?:service|network|provider)s?\b",
            r"\b(?:service|réseau|fournisseur) (?:d['’]anonymisation|de relais|de proxy|vpn)\b",
        ),
        (
            link_rules.COMMON_BUILDER,
            r"\bmalware[- ]as[- ]a[- ]service\b",
            r"\b(?:malware|tools?|loaders?) (?:\S+ ){0,2}(?:used|shared) (?:by|among|across) (?:\S+ ){0,3}groups\b",
            r"\b(?:same|shared|common) (?:\w+ )?(?:builder|weaponi[sz]er|quartermaster|developer)\b",
            r"\b(?:même|commun) (?:\w+ )?(?:atelier|générateur|développeur)\b",
        ),
    )
)
"""How a sign is read off the quotation of a statement. A sign that is denied just before counts for nothing; of the two
that exclude one another, what is known and not known, the first row decides."""

_DENIED: Final = re.compile(
    r"\b(?:no|not|never|neither|nor|without|cannot|n['’]t|aucun\w*|pas|jamais|sans)\b(?:\s[^\s,;:.]+){0,3}\s*$",
    re.IGNORECASE,
)


def signs_in(sentence: str) -> tuple[LinkRule, ...]:
    """Return the signs that a sentence reports as seen, in the order of :data:`SIGN_CUES`."""
    found = [cue.rule for cue in SIGN_CUES if any(not _denied(sentence, each) for each in cue.words.finditer(sentence))]
    unaware = link_rules.UNAWARE in found
    return tuple(rule for rule in found if not (unaware and rule is link_rules.COMPLICIT))


def _denied(sentence: str, match: re.Match[str]) -> bool:
    return _DENIED.search(sentence[: match.start()]) is not None
