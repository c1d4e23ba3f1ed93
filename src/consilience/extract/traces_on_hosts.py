"""What an intruder leaves on a computer: registry keys, files, mutexes, pipes, services, tasks, user agents.

Each begins with a mark of its own. A path may hold blanks only in a part that another part follows, so that the
sentence after it is not read as a folder; a name without a form of its own needs the word for it and a sign that it
is a name (quotation marks, a colon, "named").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from consilience.extract.anchors import Anchors
from consilience.extract.candidate import Rank, Ranked, before, candidate
from consilience.extract.network_values import chunks, trimmed
from consilience.extract.observable_lists import lists
from consilience.knowledge.observable_syntax import FILE_ENDING
from consilience.model.observable import ObservableType

_T: Final = ObservableType
_OPEN: Final = r"[\"“‘'«`]\s?"
_QUOTED: Final = rf"{_OPEN}([^\"”’'»`“«\n]{{2,120}}?)\s?[\"”’'»`]"
_WORD: Final = r"[^\\/:*?\"<>|\s%,;“”’»()]{1,80}"
_PART: Final = rf"(?:{_WORD}(?:[ ](?!(?:and|or|et|ou|und)[ ]|hk){_WORD}){{0,4}}(?=\\)|[^\\/:*?\"<>|\s,;“”’»]{{1,120}})"
_REGISTRY: Final = re.compile(
    r"(?:HKEY_[A-Z_]{4,24}|HK(?:LM|CU|CR|CC|U)|(?:software|system\\currentcontrolset))"
    rf"(?:(?::|[ ](?=\\))?\\{{1,2}}(?:\n(?=[\w{{%]))?{_PART}){{1,16}}",
    re.I,
)
_WINDOWS_PATH: Final = re.compile(
    rf"(?:[A-Za-z]:|%[\w()]{{2,40}}%|\\\\[\w.$-]{{1,64}})(?:\\{{1,2}}(?:\n(?=[^\s\\]{{1,60}}\\))?{_PART}){{1,24}}\\?"
)
_UNIX_PATH: Final = re.compile(r"~?/[\w.@+-]{1,80}(?:/[\w.@%+~{}$-]{1,120}){0,14}/?")
_PIPE: Final = re.compile(r"\\pipe\\([\w\\.{}$#-]{1,160})", re.I)
_PIPE_SERVER: Final = re.compile(r"\\\\(?:\.|\?|[\w.-]{1,64})\Z")
_PIPE_SAID: Final = re.compile(rf"named\spipe\s(?:called\s|named\s)?{_QUOTED}", re.I)
_GLOBAL: Final = re.compile(r"(?<![\w\\])(?:Global|Local)\\{1,2}[\w{}.$!@#~-]{3,100}", re.I)
# One word after "named" or "called", without quotation marks: not a word that goes on with the sentence.
_TOLD: Final = r"(?!(?:the|a|an|by|for|from|in|to|after|as|and|or|with|that|this|is|it)\b)([\w{}\[\].$!@#~-]{3,100})"
_NAMED: Final = rf"\s(?:named|called|with\sthe\sname)\s(?:{_QUOTED}|{_TOLD})"
_MUTEX_SAID: Final = re.compile(
    rf"(?:mutex|mutant)(?:es)?(?:\s(?:object|name))?(?:{_NAMED}|\s(?:is\s)?{_QUOTED}|\s?[:=]\s?([\w{{}}.$!@#~-]{{4,100}}))",
    re.I,
)
_SERVICE_SAID: Final = re.compile(
    rf"service(?:\sname)?(?:{_NAMED}|\s(?:is\s)?{_QUOTED}|\s?[:=]\s?([\w.$-]{{3,80}})(?=\s*(?:\n|[.,;)]|\Z)))", re.I
)
_SERVICE_MADE: Final = re.compile(r"sc(?:\.exe)?\screate\s(?:\"([^\"\n]{1,120})\"|([\w.$-]{1,80}))", re.I)
_TASK_SAID: Final = re.compile(
    rf"(?:scheduled\stask|task\sname|tâche\splanifiée)(?:\s(?:named|called|nommée|with\sthe\sname|is))?\s?[:=]?\s?{_QUOTED}",
    re.I,
)
_TASK_MADE: Final = re.compile(
    r"schtasks(?:\.exe)?[^\n]{0,160}?\s/tn\s(?:\"([^\"\n]{1,160})\"|([\w\\.{}$-]{2,160}))", re.I
)
_BROWSER: Final = re.compile(r"Mozilla/\d\.\d(?:\s\([^()\n]{1,200}\)|\s[\w.-]{1,40}/[\w.+-]{1,40}){1,14}", re.I)
_AGENT_SAID: Final = re.compile(
    rf"user[-\s]?agent(?:\s(?:string|header))?\s?(?:[:=]|is|of)?\s?(?:{_QUOTED}|:\s?([^\s\"“]{{3,120}}/[^\s\"”,;]{{1,80}}))",
    re.I,
)
_FILE: Final = re.compile(
    rf"(?<![\w/\\.@%~$-])[\w$~][\w$~.-]{{0,120}}?\.(?:{FILE_ENDING.pattern})(?![\w-]|\.\w|\?\w+=)", re.I | re.X
)
_OTHER_FILE: Final = re.compile(r"(?<![\w/\\.@%~$-])[\w$~][\w$~.-]{0,120}\.([a-z]\w{1,6})(?![\w-]|\.\w|\?\w+=)", re.I)


def traces_on_hosts(text: str, anchors: Anchors) -> Iterator[Ranked]:
    """Yield the candidates of ``text`` with their rank: of two that overlap, the lower rank is the value."""
    for group, forms in _AFTER_MARK.items():
        for place in anchors.of(group):
            for rank, form, kind in forms:
                match = form.match(text, place)
                if match is not None:
                    yield from _named(rank, match, kind)
    for place in anchors.of("pipe"):
        yield from _pipe(text, place)
    for place in anchors.of("registry"):
        if not _within_word(text, place):
            yield from _path(text, place, _REGISTRY, _T.REGISTRY_KEY)
    for place in anchors.of("path"):
        yield from _path_at(text, place)
    yield from _files(text, anchors)


def _named(rank: Rank, match: re.Match[str], kind: ObservableType) -> Iterator[Ranked]:
    group = next((number for number, value in enumerate(match.groups(), 1) if value), 0)
    written = trimmed(match[group].strip())
    start = match.start(group)
    found = candidate(start, start + len(written), kind, written)
    if found is not None:
        yield rank, found


def _pipe(text: str, place: int) -> Iterator[Ranked]:
    match = _PIPE.match(text, place)
    if match is None:
        return
    server = _PIPE_SERVER.search(before(text, place, 67))
    start = place - len(server[0]) if server else place
    name = trimmed(match[1])
    found = candidate(start, match.start(1) + len(name), _T.PIPE, f"\\\\.\\pipe\\{name}") if name else None
    if found is not None:
        yield Rank.NAMED, found


def _within_word(text: str, place: int) -> bool:
    return bool(re.match(r"[\w\\]", before(text, place, 1)))


def _path(text: str, start: int, form: re.Pattern[str], kind: ObservableType) -> Iterator[Ranked]:
    match = form.match(text, start)
    if match is None:
        return
    written = trimmed(match[0])
    if kind is _T.FILE_PATH and len(written) < 5:
        return
    found = candidate(start, start + len(written), kind, written.replace("\n", ""))
    if found is not None:
        yield Rank.PATH, found


def _path_at(text: str, place: int) -> Iterator[Ranked]:
    """Read the path whose mark stands at ``place``: the drive or the variable begins before it."""
    if text.startswith(":\\", place):
        if place and text[place - 1].isalpha() and not re.match(r"\w", before(text, place - 1, 1)):
            yield from _path(text, place - 1, _WINDOWS_PATH, _T.FILE_PATH)
    elif text.startswith("%\\", place):
        start = text.rfind("%", max(0, place - 41), place)
        if start >= 0:
            yield from _path(text, start, _WINDOWS_PATH, _T.FILE_PATH)
    elif text.startswith("\\\\", place):
        if not re.match(r"[\w\\:%}]", before(text, place, 1)):
            yield from _path(text, place, _WINDOWS_PATH, _T.FILE_PATH)
    elif not re.match(r"[\w.:/~\\<%\])}-]", before(text, place, 1)):
        yield from _path(text, place, _UNIX_PATH, _T.FILE_PATH)


def _files(text: str, anchors: Anchors) -> Iterator[Ranked]:
    tables = lists()
    for start, end in chunks(text, anchors):
        for form in (_FILE, _OTHER_FILE):
            for match in form.finditer(text, start, end):
                name = match[0].lower()
                if form is _OTHER_FILE and match[1].lower() not in tables.file_endings | tables.rarer_file_endings:
                    continue
                if name in tables.not_files or name in tables.not_domains:
                    continue
                found = candidate(match.start(), match.end(), _T.FILE_NAME, match[0])
                if found is not None:
                    yield Rank.FILE_NAME, found


_Form = tuple[Rank, re.Pattern[str], ObservableType]
_AFTER_MARK: Final[dict[str, tuple[_Form, ...]]] = {
    "agent": ((Rank.USER_AGENT, _BROWSER, _T.USER_AGENT), (Rank.NAMED, _AGENT_SAID, _T.USER_AGENT)),
    "pipe": ((Rank.NAMED, _PIPE_SAID, _T.PIPE),),
    "mutex": ((Rank.NAMED, _GLOBAL, _T.MUTEX), (Rank.NAMED, _MUTEX_SAID, _T.MUTEX)),
    "service": ((Rank.SAID, _SERVICE_SAID, _T.SERVICE), (Rank.SAID, _SERVICE_MADE, _T.SERVICE)),
    "task": ((Rank.SAID, _TASK_SAID, _T.TASK), (Rank.SAID, _TASK_MADE, _T.TASK)),
}
