"""Where a name may begin and end: word boundaries in scripts with and without blanks between words.

Chinese and Japanese set no blanks, so a name in them, or beside them, needs no boundary. Korean hangs particles and
nouns of relation on a name ("북한의", "Lazarus가"): those of a closed list are allowed after it. Persian joins endings
with a zero-width non-joiner, which is no letter.
"""

from __future__ import annotations

import re
from typing import Final

_KOREAN_TAIL: Final = re.compile(
    r"(?:들|측|발|계|산|군|식|어|제|당국|정부|해커들?|해킹|해킹조직|그룹|조직|정찰총국|연계|배후|추정|소속|소행|국적|대사관|외무성|외교부)?"
    r"(?:은|는|이|가|을|를|의|에|에서|에게|와|과|로|으로|도|만|까지|부터|라고|이라고|이라는|라는|며|이며|에는|에서는|"
    r"와의|과의|로부터|으로부터|에도|보다|처럼|이나|나|란|인|였|이었|이다|입니다)?(?![가-힣])"
)
# "Backdoor.Pirpi", "Win32/Turla": a name after the class that a detection gives it.
_DETECTION: Final = re.compile(
    r"(?<![^\W_])(?:backdoor|trojan|ransom|ransomware|worm|virus|exploit|downloader|dropper|hacktool|apt|win32|win64|w32|"
    r"linux|osx|macos|unix|android|ios|infostealer|rat|spyware|tool|js|vbs|msil|troj|bkdr)[./]\Z"
)
_TOKEN: Final = re.compile(r"[\w@-]+(?:/[\w@-]+)+")
_TOKEN_SPAN: Final = 60
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_ENDS: Final = frozenset(" \t\n\r\"'“”‘’«»()[]<>,;")


def bounded(text: str, start: int, end: int) -> bool:
    """True where ``text[start:end]`` stands as a word and is no part of an address, a path or a file name.

    ``text`` is in lower case.
    """
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    if before == " " and after == " ":
        return True
    # Nearly all matches lie inside a word.
    if (before in _PLAIN and text[start] in _PLAIN) or (after in _PLAIN and text[end - 1] in _PLAIN):
        return False
    if _joined(before, text[start]) or (_joined(text[end - 1], after) and not _korean(text, end, after)):
        return False
    if before in "@\\" or after in "@\\":
        return False
    if (before == "/" or after == "/") and not _one_of_several(text, start, end):
        return False
    detection = before == "." and _DETECTION.search(text, max(0, start - 14), start) is not None
    if after == "." and end + 1 < len(text) and text[end + 1].isalnum():
        return detection
    return before != "." or start < 2 or not text[start - 2].isalnum() or detection


def _joined(left: str, right: str) -> bool:
    """True where the two characters belong to one word."""
    if not (left.isalnum() or left == "_") or not (right.isalnum() or right == "_"):
        return False
    return not (_unspaced(left) or _unspaced(right))


def _unspaced(letter: str) -> bool:
    return "\u3040" <= letter <= "\u30ff" or "\u3400" <= letter <= "\u9fff"


def _korean(text: str, end: int, after: str) -> bool:
    return "가" <= after <= "힣" and _KOREAN_TAIL.match(text, end) is not None


def _one_of_several(text: str, start: int, end: int) -> bool:
    """True in "Carbanak/FIN7" and after the class of a detection, false in a path or a URL."""
    if _DETECTION.search(text, max(0, start - 14), start):
        return True
    first, last = start, end
    while first > max(0, start - _TOKEN_SPAN) and text[first - 1] not in _ENDS:
        first -= 1
    while last < min(len(text), end + _TOKEN_SPAN) and text[last] not in _ENDS:
        last += 1
    return _TOKEN.fullmatch((text[first:start] + "x" + text[end:last]).strip(".:!?…")) is not None
