"""Names that a text itself introduces: "a backdoor dubbed BLUEMOTH", "la porte dérobée baptisée Lilas".

No list has the name of what was found last week. The words that introduce it say what it is. Patterns are few and
strict: a noun of the trade, a word of naming, and a name with a capital letter; in a text without capitals one word
that ends at a stop. The rest of the text is then searched for the name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import ahocorasick_rs

_MALWARE: Final = (
    r"(?:malware|backdoors?|trojans?|rats?|ransomware|implants?|loaders?|downloaders?|droppers?|wipers?|stealers?|"
    r"infostealers?|rootkits?|bootkits?|botnets?|worms?|spyware|keyloggers?|web\s?shells?|toolkits?|frameworks?|utility|"
    r"(?:hacking|custom|malicious|new)\s(?:tools?|scripts?|programs?)|families|family|variants?|strains?|"
    r"maliciels?|portes?\sdérobées?|rançongiciels?|chevaux\sde\stroie|cheval\sde\stroie|logiciels?\s(?:malveillants?|espions?)|"
    r"effaceurs?|Schadsoftware|Hintertür|Trojaner|troyano|puerta\strasera)"
)
_GROUP: Final = (
    r"(?:(?:hacking|hacker|threat|espionage|cyberespionage|apt|cyber|ransomware|extortion|hacktivist|state-sponsored|"
    r"activity)\s(?:groups?|actors?|gangs?|crews?|collectives?|teams?|clusters?)|"
    r"adversary|adversaries|groupes?\sd['’](?:attaquants|espionnage)|groupes?\sde\s(?:pirates|hackers)|"
    r"modes?\sopératoires?|Hackergruppe|Angreifergruppe|grupo\sde\s(?:hackers|ciberespionaje))"
)
_NAMING: Final = (
    r"(?:(?:which|that|he|she|we|it|they|who)\s(?:\w+\s){0,2}?(?:calls?|called|names?|named|tracks?\sas|dub|dubbed)|"
    r"(?:\w+\s){0,2}?(?:dubbed|called|named|codenamed|tracked\sas|known\sas|referred\sto\sas|"
    r"baptisée?s?|appelée?s?|nommée?s?|surnommée?s?|dénommée?s?|connue?s?\ssous\sle\snom\sde|namens|llamad[oa]))"
)
_CASED: Final = r"[\"“«‘']?\s?(?P<name>[A-Z][\w-]{2,24}(?:\.\w{1,12})?(?:\s[A-Z][\w-]{1,20}){0,2})"
_LOWER: Final = (
    r"[\"“«‘']?\s?(?P<name>[a-z][\w-]{2,24}(?:\s(?:rat|rootkit|bot|loader|stealer|locker))?)"
    r"(?=\s?[,;)”»\"(]|\s?\.(?:\s|\Z))"
)
_GAP: Final = r"(?P<gap>[,\s(](?:[^.;:!?\n]{0,40}?[,\s(])??)"
# What stands between and is named in the noun's stead: "the backdoor creates a service named msupdate".
_OTHER_THING: Final = re.compile(
    r"\b(?:services?|functions?|exports?|resources?|files?|process|tasks?|machines?|servers?|hosts?|mutex|domains?|keys?|"
    r"folders?|directory|notes?|techniques?|methods?|individuals?|creators?|developers?|authors?|users?|movies?|activists?|"
    r"agents?|campaigns?|company|compan(?:y|ies)|person|victims?|vulnerabilit\w+|vendor|fichiers?|serveurs?|sociétés?|"
    r"entreprises?)\b",
    re.I,
)
_OF_THE_OTHER_KIND: Final = {
    "M": re.compile(r"\b(?:groups?|actors?|gangs?|groupes?|attackers?)\b", re.I),
    "G": re.compile(rf"\b{_MALWARE}\b", re.I),
}


def _patterns(name: str, flags: re.RegexFlag) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (letter, re.compile(rf"(?<!\w)(?i:{noun}{_GAP}{_NAMING}\s(?:the\s|le\s|la\s)?){name}", flags))
        for letter, noun in (("M", _MALWARE), ("G", _GROUP))
    )


_IN_CASED: Final = _patterns(_CASED, re.NOFLAG)
_IN_LOWER: Final = _patterns(_LOWER, re.NOFLAG)
_NAMING_WORDS: Final = ahocorasick_rs.AhoCorasick(
    [
        *(
            "dubbed",
            "called",
            " named",
            "tracks as",
            "track as",
            "tracked as",
            "known as",
            "referred to as",
            "codenamed",
        ),
        *(" calls ", " call ", " names ", " name ", " dub ", "baptisé", "appelé", "nommé", "connu sous", "connue sous"),
        *("namens", "llamad"),
    ]
)
_BEFORE: Final = 90
_AFTER: Final = 70
# Words that follow a word of naming and introduce nothing.
_NO_NAMES: Final = frozenset(
    {
        "after",
        "again",
        "also",
        "another",
        "because",
        "home",
        "itself",
        "operation",
        "such",
        "that",
        "them",
        "themselves",
    }
    | {
        "this",
        "those",
        "when",
        "where",
        "which",
        "microsoft",
        "windows",
        "google",
        "adobe",
        "the",
        "they",
        "their",
        "these",
    }
)


def introduced_names(text: str, lower: str, *, without_capitals: bool) -> Iterator[tuple[str, str, str]]:
    """Return the letter (``M`` malware, ``G`` group), the name, and the words that introduce it, in order of place.

    ``lower`` is the text in lower case and of the same length.
    """
    patterns = _IN_LOWER if without_capitals else _IN_CASED
    for _, start, end in _NAMING_WORDS.find_matches_as_indexes(lower):
        window = text[max(0, start - _BEFORE) : end + _AFTER]
        for letter, match in ((letter, match) for letter, pattern in patterns for match in pattern.finditer(window)):
            name = match["name"].rstrip(".-")
            gap = match[0][match.start("gap") - match.start() : match.start("name") - match.start()]
            if _OTHER_THING.search(gap) or _OF_THE_OTHER_KIND[letter].search(gap):
                continue
            if len(name) > 2 and name.split()[0].lower() not in _NO_NAMES:
                yield letter, name, " ".join(match[0].split())
