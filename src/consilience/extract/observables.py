"""Observables in prose: each found in the text as it was written, defanged or not, with its exact place.

Every pattern is linear in the length of the text: repeats are bounded, and no match can begin inside the run of
characters that an earlier attempt has already refused. Values are normalised and validated by the rules of
``knowledge.observable_syntax``; host names must also end in a public suffix (Mozilla's list, as packed with
tldextract). What reads like prose ("setup.py", "version 1.2.3.4", "Booking.com") is left alone: a wrong
observable costs more than a missed one.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Callable, Iterable
from functools import cache
from importlib import resources
from typing import Final

import msgspec
import tldextract

from consilience.knowledge.observable_syntax import normalise, refang
from consilience.knowledge.sources import source_for_url
from consilience.model.observable import Observable, ObservableType, Role


class FoundObservable(msgspec.Struct, frozen=True):
    """A value in a text. ``start`` and ``end`` are code points of the text; ``original`` is what stands there."""

    start: int
    end: int
    original: str
    observable: Observable
    role: Role


def find_observables(text: str, own_hosts: Iterable[str] = ()) -> list[FoundObservable]:
    """Return the observables of ``text`` in order of place; no two overlap.

    ``own_hosts`` are hosts of the publisher: values there, and on well-known reference sites and the sites of known
    sources, get the role ``reference`` unless the text defangs them. Addresses that are not globally reachable
    (IANA special-purpose registries) and names kept for documentation get the role ``benign``.
    """
    hosts = frozenset(host.lower().removeprefix("www.") for host in own_hosts if host)
    found: list[FoundObservable] = []
    taken = bytearray(len(text))
    for pattern, make in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.start(), match.end()
            if any(taken[start:end]):
                continue
            each = make(text, start, end)
            if each is not None:
                found.append(msgspec.structs.replace(each, role=_role(each, hosts)))
                taken[each.start : each.end] = b"\1" * (each.end - each.start)
    return sorted(found, key=lambda each: each.start)


class _Tables(msgspec.Struct, frozen=True):
    """The lists of ``observables.toml``."""

    file_endings: frozenset[str]
    word_endings: frozenset[str]
    not_domains: frozenset[str]
    reference_hosts: frozenset[str]
    benign_hosts: frozenset[str]


@cache
def _tables() -> _Tables:
    text = resources.files("consilience.extract").joinpath("observables.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _Tables)


@cache
def _suffixes() -> tldextract.TLDExtract:
    """Return the public suffix list as it came with the package: nothing is fetched and nothing is written."""
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


_DOT: Final = r"(?:\s?[\[({]\s?(?:\.|dot|d0t)\s?[\])}]\s?|\\?[.．。｡])"
_COLON: Final = r"(?:[\[({]:[\])}]|:)"
_LABEL: Final = r"(?:[^\W_]|_)[\w-]{0,62}"
_NAME: Final = rf"(?:{_LABEL}{_DOT}){{1,12}}[^\W\d_][\w-]{{1,62}}"
_FOUR: Final = rf"\d{{1,3}}(?:{_DOT}\d{{1,3}}){{3}}"
_PORT: Final = rf"(?:{_COLON}\d{{1,5}}(?!\d))?"
_SIX: Final = rf"[0-9A-Fa-f]{{0,4}}(?:{_COLON}[0-9A-Fa-f]{{0,4}}){{2,8}}"

_URL: Final = re.compile(
    r"(?<![\w])(?:h(?:tt|xx|\*\*|xt|tx)ps?|meows?|f[tx]ps?|wss?|tcp|udp)"
    r"\s?(?:[\[({]\s?:\s?//\s?[\])}]|[\[({]\s?:\s?[\])}]|:)(?:[\[({]?/{1,2}[\])}]?){0,2}"
    rf"(?:[^\s/@<>\"]{{1,64}}@)?(?:{_NAME}|{_FOUR}|\[{_SIX}\]){_PORT}"
    r"(?:[/?#][^\s<>\"«»“”`|\x00-\x1f]{0,2048})?",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(rf"(?<![\w.+%-])[\w.+%-]{{1,64}}(?:@|\s?[\[({{](?:@|at)[\])}}]\s?){_NAME}(?![\w-])", re.I)
_IPV4: Final = re.compile(rf"(?<![\w.])(?<!\d[-/]){_FOUR}(?:/\d{{1,2}}(?![\w/])|{_PORT})(?![\w]|\.\d)")
_IPV6: Final = re.compile(rf"(?<![\w:.\]]){_SIX}(?:/\d{{1,3}}(?!\w))?(?![\w:])")
_HASH: Final = re.compile(r"(?<!\w)(?:[0-9A-Fa-f]{128}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{32})(?!\w)")
_ETHEREUM: Final = re.compile(r"(?<!\w)0x[0-9A-Fa-f]{40}(?!\w)")
_BITCOIN: Final = re.compile(r"(?<!\w)(?:[13][1-9A-HJ-NP-Za-km-z]{24,34}|bc1[02-9ac-hj-np-z]{11,71})(?!\w)")
_CVE: Final = re.compile(r"(?<!\w)CVE[-‐‑–]\d{4}[-‐‑–]\d{4,19}(?!\w)", re.I)
_TECHNIQUE: Final = re.compile(r"(?<![\w.])T1[0-6]\d\d(?:\.\d{3})?(?!\w|\.\d)")
_ASN: Final = re.compile(r"(?<!\w)ASN?\s?\d{1,10}(?!\w)")
_DOMAIN: Final = re.compile(rf"(?<![\w.@/\\-]){_NAME}{_PORT}(?![\w@-])")

_VERSION: Final = re.compile(r"(?:\bv|\bver|\bversions?|\bbuild|\brelease|\bfirmware|\brévision)[.:]?\s{0,2}$", re.I)
_COMMIT: Final = re.compile(r"\bcommit\s{1,2}$", re.I)
_CERTIFICATE: Final = re.compile(r"(?:certific|thumbprint|serial|numéro de série)[^\n]{0,30}$", re.I)
_AUTONOMOUS: Final = re.compile(r"(?:\bASN\b|autonomous system|système autonome)[^\n]{0,40}$", re.I)
_ATTACK: Final = re.compile(r"ATT&CK|\bMITRE\b")
_SIZES: Final = {
    32: ObservableType.MD5,
    40: ObservableType.SHA1,
    64: ObservableType.SHA256,
    128: ObservableType.SHA512,
}
_WITH_HOST: Final = frozenset(
    {ObservableType.DOMAIN, ObservableType.HOST_PORT, ObservableType.IPV4, ObservableType.IPV6}
)
_BEFORE: Final = 64

_Maker = Callable[[str, int, int], FoundObservable | None]


def _found(text: str, start: int, end: int, kind: ObservableType) -> FoundObservable | None:
    original = text[start:end]
    try:
        value = normalise(kind, refang(original))
    except ValueError:
        return None
    return FoundObservable(start, end, original, Observable(kind, value), Role.INDICATOR)


def _before(text: str, start: int) -> str:
    return text[max(0, start - _BEFORE) : start]


def _make_url(text: str, start: int, end: int) -> FoundObservable | None:
    end = start + len(_trimmed(text[start:end]))
    found = _found(text, start, end, ObservableType.URL)
    if found is None:
        return None
    host = _host_of(found.observable)
    return found if _is_address(host) or _registrable(host) else None


def _trimmed(url: str) -> str:
    """Return ``url`` without the punctuation of the sentence: final stops, and closing brackets never opened."""
    while url:
        last = url[-1]
        never_opened = last in ")]}" and url.count(last) > url.count({")": "(", "]": "[", "}": "{"}[last])
        if last not in ".,;:!?'’…*_" and not never_opened:
            break
        url = url[:-1]
    return url


def _host_of(observable: Observable) -> str:
    """Return the host name or the address that a value names, or an empty text for one that names none."""
    kind, value = observable.type, observable.value
    if kind is ObservableType.URL:
        value = re.split(r"[/?#]", value.partition("://")[2], maxsplit=1)[0].rpartition("@")[2]
    elif kind is ObservableType.EMAIL:
        return value.rpartition("@")[2]
    elif kind is ObservableType.NETWORK:
        return value.partition("/")[0]
    elif kind not in _WITH_HOST:
        return ""
    return value if kind is ObservableType.IPV6 or value.endswith("]") else re.sub(r":\d*\Z", "", value)


def _make_email(text: str, start: int, end: int) -> FoundObservable | None:
    found = _found(text, start, end, ObservableType.EMAIL)
    return found if found is not None and _registrable(_host_of(found.observable)) else None


def _make_ipv4(text: str, start: int, end: int) -> FoundObservable | None:
    original = refang(text[start:end])
    address = re.split(r"[:/]", original, maxsplit=1)[0]
    if _is_plain(text[start:end]) and _VERSION.search(_before(text, start)):
        return None
    if not _is_address(address):
        return None
    kind = ObservableType.IPV4
    if original != address:
        kind = ObservableType.NETWORK if "/" in original else ObservableType.HOST_PORT
    return _found(text, start, end, kind)


def _make_ipv6(text: str, start: int, end: int) -> FoundObservable | None:
    original = refang(text[start:end])
    address, slash, _ = original.partition("/")
    # "dead::beef" is as often a scope in a programming language as an address.
    if sum(letter.isdigit() for letter in address) < 3 or not _is_address(address):
        return None
    return _found(text, start, end, ObservableType.NETWORK if slash else ObservableType.IPV6)


def _make_hash(text: str, start: int, end: int) -> FoundObservable | None:
    before, original = _before(text, start), text[start:end]
    if _COMMIT.search(before) or original.isdigit() or original.isalpha() or len(set(original)) < 6:
        return None
    kind = ObservableType.CERTIFICATE if _CERTIFICATE.search(before) else _SIZES[end - start]
    return _found(text, start, end, kind)


def _make_technique(text: str, start: int, end: int) -> FoundObservable | None:
    original = text[start:end]
    if "." not in original and not _in_brackets(text, start, end) and not _ATTACK.search(text):
        return None
    return _found(text, start, end, ObservableType.TECHNIQUE)


def _in_brackets(text: str, start: int, end: int) -> bool:
    return text[max(0, start - 1) : start] in ("(", "[") and text[end : end + 1] in (")", "]")


def _make_asn(text: str, start: int, end: int) -> FoundObservable | None:
    original = text[start:end]
    digits = sum(letter.isdigit() for letter in original)
    certain = original.startswith("ASN") or (digits >= 4 and original[2].isdigit())
    if not certain and not _AUTONOMOUS.search(_before(text, start)):
        return None
    return _found(text, start, end, ObservableType.ASN)


def _make_domain(text: str, start: int, end: int) -> FoundObservable | None:
    original = text[start:end]
    kind = ObservableType.HOST_PORT if re.search(r":[\])}]?\d+\Z", original) else ObservableType.DOMAIN
    found = _found(text, start, end, kind)
    if found is None:
        return None
    host = _host_of(found.observable)
    if not _registrable(host) or (_is_plain(original) and _reads_as_prose(text, start, end, host)):
        return None
    return found


def _simple(kind: ObservableType) -> _Maker:
    def make(text: str, start: int, end: int) -> FoundObservable | None:
        return _found(text, start, end, kind)

    return make


def _is_plain(original: str) -> bool:
    """True where the text does not defang the value."""
    return not re.search(r"[\[({\\．。｡]|h(?:xx|\*\*|xt|tx)p|meow|fxp", original, re.I)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


def _registrable(host: str) -> bool:
    """True for a name under a public suffix, which is not a public suffix itself."""
    parts = _suffixes().extract_str(host)
    return bool(parts.suffix and parts.domain)


def _reads_as_prose(text: str, start: int, end: int, host: str) -> bool:
    tables, labels = _tables(), host.split(".")
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


def _role(found: FoundObservable, own: frozenset[str]) -> Role:
    host = _host_of(found.observable)
    if not host:
        return Role.INDICATOR
    if _under(host, _tables().benign_hosts):
        return Role.BENIGN
    if _is_address(host):
        return Role.INDICATOR if ipaddress.ip_address(host.strip("[]")).is_global else Role.BENIGN
    if _is_plain(found.original) and (
        _under(host, own) or _under(host, _tables().reference_hosts) or source_for_url(f"https://{host}/") is not None
    ):
        return Role.REFERENCE
    return Role.INDICATOR


def _under(host: str, names: frozenset[str]) -> bool:
    """True where ``host`` or one of its parents is among ``names``."""
    labels = host.split(".")
    return any(".".join(labels[index:]) in names for index in range(len(labels) - 1))


# In this order: what holds another value comes before it.
_PATTERNS: Final[tuple[tuple[re.Pattern[str], _Maker], ...]] = (
    (_URL, _make_url),
    (_EMAIL, _make_email),
    (_ETHEREUM, _simple(ObservableType.ETHEREUM)),
    (_HASH, _make_hash),
    (_BITCOIN, _simple(ObservableType.BITCOIN)),
    (_CVE, _simple(ObservableType.CVE)),
    (_IPV4, _make_ipv4),
    (_IPV6, _make_ipv6),
    (_TECHNIQUE, _make_technique),
    (_ASN, _make_asn),
    (_DOMAIN, _make_domain),
)
