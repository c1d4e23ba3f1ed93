"""Observables in prose: each found in the text as it was written, defanged or not, with its exact place.

The text is passed once for the marks that values have (``anchors``); patterns run only there. Every pattern is linear
in the length of the text or bounded. Values are normalised and validated by ``knowledge.observable_syntax``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from consilience.extract.anchors import Anchors
from consilience.extract.candidate import Candidate, Ranked
from consilience.extract.detection_rules import detection_rules
from consilience.extract.hashes_and_wallets import hashes_and_wallets
from consilience.extract.named_identifiers import named_identifiers
from consilience.extract.network_values import host_of, network_values
from consilience.extract.observable_lists import lists
from consilience.extract.observable_roles import role_of
from consilience.extract.plain_text import plain_text
from consilience.extract.traces_on_hosts import traces_on_hosts
from consilience.knowledge.wallet_addresses import WALLETS
from consilience.model.observable import Observable, ObservableType, Role

_T: Final = ObservableType
ALL_TYPES: Final = frozenset(ObservableType)

COMPARED: Final = WALLETS | {
    _T.IPV4, _T.IPV6, _T.NETWORK, _T.HOST_PORT, _T.DOMAIN, _T.URL, _T.EMAIL, _T.MD5, _T.SHA1, _T.SHA256, _T.SHA512,
    _T.CERTIFICATE, _T.CVE, _T.TECHNIQUE, _T.ASN,
}  # fmt: skip
"""The types that are kept from prose where reports are compared. A name of a file or a service is shared by so many
that its chance matches would drown the rest; whoever wants them asks for them."""

_ON_HOSTS: Final = frozenset(
    {_T.REGISTRY_KEY, _T.FILE_NAME, _T.FILE_PATH, _T.MUTEX, _T.PIPE, _T.SERVICE, _T.TASK, _T.USER_AGENT}
)
_RULES: Final = frozenset({_T.YARA, _T.SIGMA})


class FoundObservable(msgspec.Struct, frozen=True):
    """A value in a text. ``start`` and ``end`` are code points of the text; ``original`` is what stands there.

    ``resembles`` is the ASCII name that a host name with look-alike letters of another script is read as by the eye;
    empty for all others.
    """

    start: int
    end: int
    original: str
    observable: Observable
    role: Role
    resembles: str = ""


def find_observables(
    text: str, own_hosts: Iterable[str] = (), types: frozenset[ObservableType] = COMPARED
) -> list[FoundObservable]:
    """Return the observables of ``text`` that are of ``types``, in order of place.

    No two overlap, except that a YARA or Sigma rule is found as a whole and so are the values inside it.
    ``own_hosts`` are hosts of the publisher: values there, and on well-known reference sites and the sites of known
    sources, get the role ``reference`` unless the text defangs them. Addresses that are not globally reachable
    (IANA special-purpose registries) and names kept for documentation get the role ``benign``. Words before a value
    ("legitimate", "the victim's", "contact us at") give the roles ``benign``, ``victim`` and ``reference``.
    """
    own = frozenset(host.lower().removeprefix("www.") for host in own_hosts if host)
    plain = plain_text(text)
    anchors = Anchors(plain.text)
    ranked = sorted(_candidates(plain.text, anchors, types), key=lambda each: (each[0], each[1].start))
    taken = bytearray(len(plain.text))
    chosen: list[Candidate] = []
    for _, each in ranked:
        if taken.find(1, each.start, each.end) < 0:
            taken[each.start : each.end] = b"\1" * (each.end - each.start)
            chosen.append(each)
    if types & _RULES:
        chosen += detection_rules(plain.text, anchors)
    found = []
    for each in sorted(chosen, key=lambda one: (one.start, -one.end)):
        if each.type in types:
            start, end = plain.original(each.start, each.end)
            original = text[start:end]
            role = role_of(plain.text, each, original, own)
            found.append(FoundObservable(start, end, original, Observable(each.type, each.value), role, _seems(each)))
    return found


def _candidates(text: str, anchors: Anchors, types: frozenset[ObservableType]) -> Iterator[Ranked]:
    yield from network_values(text, anchors)
    yield from hashes_and_wallets(text, anchors)
    yield from named_identifiers(text, anchors)
    if types & _ON_HOSTS:
        yield from traces_on_hosts(text, anchors)


def _seems(found: Candidate) -> str:
    host = host_of(found.type, found.value)
    if "xn--" not in host:
        return ""
    try:
        name = host.encode("ascii").decode("idna")
    except UnicodeError:
        return ""
    latin = "".join(lists().confusable.get(letter, letter) for letter in name)
    return latin if latin.isascii() else ""
