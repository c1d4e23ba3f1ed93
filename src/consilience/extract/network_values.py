"""Addresses, names, URLs and mailboxes in prose, defanged or not.

A value has a dot or a colon inside it, so only the chunks around those are read: runs without white space, and with
the white space that stands beside brackets ("evil [.] com"). Host names must end in a public suffix. What reads like
prose ("setup.py", "version 1.2.3.4", "Booking.com") is left alone: a wrong value costs more than a missed one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Final

from consilience.extract.anchors import Anchors
from consilience.extract.candidate import Candidate, Rank, Ranked, before, candidate
from consilience.extract.observable_lists import lists
from consilience.knowledge.observable_syntax import refang
from consilience.knowledge.public_suffixes import is_registrable
from consilience.knowledge.technical_identifiers import is_onion
from consilience.model.observable import ObservableType

_DOT: Final = r"(?:\s?[\[({]\s?(?:\.|dot|d0t)\s?[\])}]\s?|[\[({]\.|\.[\])}]|\\?[.．。｡])"
_ONE_SIDED: Final = re.compile(r"[\[({]\.(?=\w)|\.[\])}](?=\w)")
_COLON: Final = r"(?:[\[({]:[\])}]|:)"
_LABEL: Final = r"(?:[^\W_]|_)[\w-]{0,62}"
_NAME: Final = rf"(?:{_LABEL}{_DOT}){{1,12}}[^\W\d_][\w-]{{1,62}}"
_FOUR: Final = rf"\d{{1,3}}(?:{_DOT}\d{{1,3}}){{3}}"
_PORT: Final = rf"(?:{_COLON}\d{{1,5}}(?!\d))?"
_SIX: Final = rf"[0-9A-Fa-f]{{0,4}}(?:{_COLON}[0-9A-Fa-f]{{0,4}}){{2,8}}"
_MAPPED: Final = r"::(?:[fF]{4}:)?\d{1,3}(?:\.\d{1,3}){3}"

_URL: Final = re.compile(
    r"(?<![\w])(?:h(?:tt|xx|\*\*|xt|tx)ps?|meows?|f[tx]ps?|wss?|tcp|udp)"
    r"\s?(?:[\[({]\s?:\s?//\s?[\])}]|[\[({]\s?:\s?[\])}]|:)(?:[\[({]?/{1,2}[\])}]?){0,2}"
    rf"(?:[^\s/@<>\"]{{1,64}}@)?(?:{_NAME}|{_FOUR}|\[{_SIX}\]){_PORT}"
    r"(?:[/?#][^\s<>\"«»“”`|\x00-\x1f]{0,2048})?",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(rf"(?<![\w.+%-])[\w.+%-]{{1,64}}(?:@|\s?[\[({{](?:@|at)[\])}}]\s?){_NAME}(?![\w-])", re.I)
_IPV4: Final = re.compile(rf"(?<![\w.])(?<!\d[-/]){_FOUR}(?:/\d{{1,2}}(?![\w/])|{_PORT})(?![\w]|\.\d)")
_IPV6: Final = re.compile(rf"(?:\[{_SIX}\]:\d{{1,5}}|(?<![\w:.\]])(?:{_MAPPED}|{_SIX})(?:/\d{{1,3}}(?!\w))?)(?![\w:])")
# A name may follow a dot or a hyphen that follows no word: "-evil[.]com", "ns1.*.evil[.]com".
_DOMAIN: Final = re.compile(rf"(?:(?<![\w.@/\\-])|(?<=[^\w.@/\\-][.-])){_NAME}{_PORT}(?![\w@-])")
_BROKEN_NAME: Final = re.compile(
    r"\.\n(?<=[\w-]\.\n)[ \t]{0,8}(?:com|net|org|info|biz)(?![\w-])(?:/[^\s<>\"«»“”`|]{0,300})?"
)
_SPACED: Final = re.compile(r"[\w-]{1,63}(?:\s(?:\.|dot)\s[\w-]{1,63}){1,6}", re.IGNORECASE)
_SPACED_DOT: Final = re.compile(r"\s(?:\.|dot)\s", re.IGNORECASE)

# Scripts without blanks end a chunk with their own punctuation; an ideographic full stop is a dot beside ASCII alone.
_ENDS: Final = "，、；！？（）《》「」『』【】“”"
_REST: Final = re.compile(
    rf"(?:[^\s{_ENDS}。｡]|[。｡](?=[0-9A-Za-z])|(?<=[0-9A-Za-z])[。｡]|\s(?=[\[({{\])}}:])|(?<=[\[({{\])}}])\s)*+"
)
# Chinese and Japanese words, and Korean particles, stand beside a value without a blank. A label that mixes them with
# ASCII is rarer than that; one of a single script ("例子.com") stays whole.
_UNSPACED: Final = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3](?=[0-9A-Za-z])|(?<=[0-9A-Za-z])[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]"
)
_LOOKS_LIKE_URL: Final = re.compile(r"[:/]")
_VERSION: Final = re.compile(r"(?:\bv|\bver|\bversions?|\bbuild|\brelease|\bfirmware|\brévision)[.:]?\s{0,2}$", re.I)
_PLAIN_NOT: Final = re.compile(r"[\[({\\．。｡]|\s(?:\.|dot)\s|h(?:xx|\*\*|xt|tx)p|meow|fxp", re.I)
_BROKEN_AT: Final = "/-_=&?%"
_CONTINUES: Final = re.compile(r"[ \t]{0,8}([^\s<>\"]{2,200})(?=\s|\Z)")
_GOES_ON: Final = re.compile(r"[/=&?%_]|\d|\.\w{2,5}\Z")
_LONGEST_LEAD: Final = 320
"""Characters before the first dot of a value: a scheme, a user name and a label."""

_WITH_HOST: Final = frozenset(
    {ObservableType.DOMAIN, ObservableType.HOST_PORT, ObservableType.IPV4, ObservableType.IPV6}
)


def network_values(text: str, anchors: Anchors) -> Iterator[Ranked]:
    """Yield the candidates of ``text`` with their rank: of two that overlap, the lower rank is the value."""
    if not text.isascii():
        text = _UNSPACED.sub(" ", text)
    for start, end in chunks(text, anchors):
        chunk = text[start:end]
        for rank, form, make, possible in _FORMS:
            if not possible(chunk):
                continue
            for match in form.finditer(text, start, end):
                found = make(text, match.start(), match.end())
                if found is not None:
                    yield rank, found
    for place in anchors.of("spaced"):
        found = _spaced_name(text, place)
        if found is not None:
            yield Rank.DOMAIN, found
    for match in _BROKEN_NAME.finditer(text):
        broken = _broken_name(text, match)
        if broken is not None:
            yield broken


def _broken_name(text: str, match: re.Match[str]) -> Ranked | None:
    """Return the URL or the name that a line end has broken before its last label."""
    start = match.start()
    lowest = max(0, start - _LONGEST_LEAD)
    while start > lowest and (text[start - 1].isalnum() or text[start - 1] in "._-:/@%[]"):
        start -= 1
    end = start + len(trimmed(text[start : match.end()]))
    written = re.sub(r"\n[ \t]*", "", text[start:end])
    if "://" in written:
        found, rank = _refanged(start, end, ObservableType.URL, written), Rank.URL
    else:
        name = written.partition("/")[0]
        end = start + len(name) + len(text[start:end]) - len(written)
        found, rank = _refanged(start, end, ObservableType.DOMAIN, name), Rank.DOMAIN
    return (rank, found) if found is not None and _has_suffix(host_of(found.type, found.value)) else None


def chunks(text: str, anchors: Anchors) -> Iterator[tuple[int, int]]:
    """Yield the runs of characters that hold a dot or a colon inside a word, in order and apart from one another."""
    end = 0
    for place in anchors.inner():
        if place < end:
            continue
        start = _chunk_start(text, place, max(end, place - _LONGEST_LEAD))
        rest = _REST.match(text, place)
        end = rest.end() if rest is not None else place + 1
        yield start, end


def _chunk_start(text: str, place: int, lowest: int) -> int:
    while place > lowest:
        letter = text[place - 1]
        if letter in _ENDS:
            break
        if letter.isspace() and not (text[place] in "[({])}:" or (place > 1 and text[place - 2] in "[({])}")):
            break
        place -= 1
    return place


def _plainly(written: str) -> str:
    """Return ``written`` refanged; here also where only one bracket stands beside the dot ("evil[.com")."""
    plain = refang(written)
    return _ONE_SIDED.sub(".", plain) if "[" in plain or "(" in plain or "]" in plain or ")" in plain else plain


def _refanged(start: int, end: int, kind: ObservableType, written: str) -> Candidate | None:
    return candidate(start, end, kind, _plainly(written))


def _make_url(text: str, start: int, end: int) -> Candidate | None:
    end = _joined_end(text, start, end)
    end = start + len(trimmed(text[start:end]))
    found = _refanged(start, end, ObservableType.URL, re.sub(r"\n[ \t]*", "", text[start:end]))
    if found is None:
        return None
    host = host_of(found.type, found.value)
    return found if is_address(host) or _has_suffix(host) else None


def _joined_end(text: str, start: int, end: int) -> int:
    """Return the end of a URL that a PDF has broken: after a mark that ends no sentence, before what is no word."""
    while end - start < 2048 and text[end : end + 1] == "\n" and text[end - 1] in _BROKEN_AT:
        more = _CONTINUES.match(text, end + 1)
        if more is None or not _GOES_ON.search(trimmed(more[1])) or "://" in more[1]:
            break
        end = more.end()
    return end


def trimmed(url: str) -> str:
    """Return ``url`` without the punctuation of the sentence: final stops, and closing brackets never opened."""
    end = len(url)
    # Counted once: a URL that ends in a thousand brackets must not be counted a thousand times.
    open_ = {closing: url.count(opening) - url.count(closing) for closing, opening in (")(", "][", "}{")}
    while end:
        last = url[end - 1]
        never_opened = last in open_ and open_[last] < 0
        if last not in ".,;:!?'’…*_" and not never_opened:
            break
        if never_opened:
            open_[last] += 1
        end -= 1
    return url[:end]


def host_of(kind: ObservableType, value: str) -> str:
    """Return the host name or the address that a value names, or an empty text for one that names none."""
    if kind is ObservableType.URL:
        value = re.split(r"[/?#]", value.partition("://")[2], maxsplit=1)[0].rpartition("@")[2]
    elif kind is ObservableType.EMAIL:
        return value.rpartition("@")[2]
    elif kind is ObservableType.NETWORK:
        return value.partition("/")[0]
    elif kind not in _WITH_HOST:
        return ""
    return value if kind is ObservableType.IPV6 or value.endswith("]") else re.sub(r":\d*\Z", "", value)


def _make_email(text: str, start: int, end: int) -> Candidate | None:
    found = _refanged(start, end, ObservableType.EMAIL, text[start:end])
    return found if found is not None and _has_suffix(host_of(found.type, found.value)) else None


def _make_ipv4(text: str, start: int, end: int) -> Candidate | None:
    original = _plainly(text[start:end])
    address = re.split(r"[:/]", original, maxsplit=1)[0]
    if is_plain(text[start:end]) and _VERSION.search(before(text, start)):
        return None
    if not is_address(address):
        return None
    kind = ObservableType.IPV4
    if original != address:
        kind = ObservableType.NETWORK if "/" in original else ObservableType.HOST_PORT
    return candidate(start, end, kind, original)


def _make_ipv6(text: str, start: int, end: int) -> Candidate | None:
    original = _plainly(text[start:end])
    if original[:1] == "[":
        return candidate(start, end, ObservableType.HOST_PORT, original)
    address, slash, _ = original.partition("/")
    # "dead::beef" is as often a scope in a programming language as an address.
    if sum(letter.isdigit() for letter in address) < 3 or not is_address(address):
        return None
    return candidate(start, end, ObservableType.NETWORK if slash else ObservableType.IPV6, original)


def _make_domain(text: str, start: int, end: int) -> Candidate | None:
    original = text[start:end]
    kind = ObservableType.HOST_PORT if re.search(r":[\])}]?\d+\Z", original) else ObservableType.DOMAIN
    found = _refanged(start, end, kind, original)
    if found is None:
        return None
    host = host_of(kind, found.value)
    if not _has_suffix(host) or (is_plain(original) and _reads_as_prose(text, start, end, host)):
        return None
    return found


def _spaced_name(text: str, place: int) -> Candidate | None:
    """Return the name or address around a dot between two blanks; only with an ending that is no word."""
    start = place
    while start > max(0, place - 63) and (text[start - 1].isalnum() or text[start - 1] in "-_"):
        start -= 1
    match = _SPACED.match(text, start) if start < place else None
    if match is None or re.search(r"\s(?:\.|dot)\s\Z", before(text, start), re.IGNORECASE):
        return None
    labels = _SPACED_DOT.split(match[0])
    ending = next((index for index, label in enumerate(labels) if label.lower() in lists().unmistakable_endings), 0)
    last = ending or 3
    if last >= len(labels):
        return None
    written = ".".join(labels[: last + 1])
    ends = [dot.start() for dot in _SPACED_DOT.finditer(match[0])] + [len(match[0])]
    end = start + ends[last]
    if ending:
        found = candidate(start, end, ObservableType.DOMAIN, written)
        return found if found is not None and _has_suffix(found.value) else None
    return candidate(start, end, ObservableType.IPV4, written)


def is_plain(original: str) -> bool:
    """True where the text does not defang the value."""
    return not _PLAIN_NOT.search(original)


def is_address(text: str) -> bool:
    """True for an IP address, also in square brackets."""
    if ":" not in text and not text[-1:].isdigit():
        return False  # quicker than the exception
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


def _has_suffix(host: str) -> bool:
    return is_onion(host) if host.endswith(".onion") else is_registrable(host)


def _reads_as_prose(text: str, start: int, end: int, host: str) -> bool:
    tables, labels = lists(), host.split(".")
    if host in tables.not_domains:
        return True
    if len(labels) > 2 or _alone_on_line(text, start, end):
        return False
    if text[start:end] != text[start:end].lower():
        return True
    if re.search(r"[\d-]", labels[0]):
        return False
    return labels[-1] in tables.file_endings or labels[-1] in tables.word_endings


def _alone_on_line(text: str, start: int, end: int) -> bool:
    left = text[max(0, start - 8) : start].rpartition("\n")[2] if start else ""
    right = text[end : end + 8].partition("\n")[0]
    whole_left = start <= 8 or "\n" in text[start - 8 : start]
    return whole_left and not left.strip(" \t-*•–·") and not right.strip(" \t\r,;")


_Form = tuple[Rank, re.Pattern[str], Callable[[str, int, int], Candidate | None], Callable[[str], object]]

# Rank, pattern, what makes the value, and a cheap look at the chunk that says whether it can hold one at all.
_FORMS: Final[tuple[_Form, ...]] = (
    (Rank.URL, _URL, _make_url, _LOOKS_LIKE_URL.search),
    (Rank.EMAIL, _EMAIL, _make_email, re.compile(r"@|[\[({]at[\])}]", re.IGNORECASE).search),
    (Rank.IPV4, _IPV4, _make_ipv4, re.compile(r"\d\D{0,9}\d\D{0,9}\d\D{0,9}\d").search),
    (Rank.IPV6, _IPV6, _make_ipv6, re.compile(r":[^:]{0,6}:").search),
    (Rank.DOMAIN, _DOMAIN, _make_domain, re.compile(r"[.．。｡\])}]\s?[^\W\d_][\w-]").search),
)
