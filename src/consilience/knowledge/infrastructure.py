"""Benign and shared infrastructure: which list a value stands on, and in which units it may be compared.

Lists come from MISP's warninglists (the data files of the package ``pymispwarninglists``), from the private section of
the Public Suffix List (the snapshot bundled with ``tldextract``; the network is never asked), and from our own table
``data/shared_infrastructure.toml``, which also says which list is used for what, and why.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from consilience.knowledge.infrastructure_lists import (
    Compiled,
    ListRow,
    digest,
    hash_key,
    open_compiled,
    rows,
    table,
)
from consilience.knowledge.public_suffixes import registered_part
from consilience.model.observable import ObservableType

if TYPE_CHECKING:
    from tldextract import TLDExtract

BENIGN: Final = "benign"
SHARED: Final = "shared"

HOST: Final = "host"
"""Unit type of a full host name that stands below a registrable domain or below a shared suffix."""

_URLS: Final = frozenset({ObservableType.URL, "url-path"})
"""Lists of indicators also give URLs without scheme, or without host (``/gate.php``), under the type ``url-path``."""

Units = tuple[tuple[str, str], ...]

_HASHES: Final = frozenset(
    {
        ObservableType.MD5,
        ObservableType.SHA1,
        ObservableType.SHA256,
        ObservableType.SHA512,
        ObservableType.CERTIFICATE,
    }
)
_LIST_IN_LABEL: Final = re.compile(r"\(([^()]+)\)$")
_WORD_OF_PATH: Final = re.compile(r"[^/._\-]+")
_NOT_A_HOST: Final = re.compile(r"^$|[\s/@?#]")
_NONE: Final = -1


@functools.cache
def _suffix_list() -> TLDExtract:
    from tldextract import TLDExtract

    return TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


@functools.lru_cache(maxsize=1 << 17)
def registrable_domain(host: str) -> str:
    """Return what one party registers: the name under the public suffix, private suffixes included.

    ``a.b.example.co.uk`` gives ``example.co.uk``, ``x.y.github.io`` gives ``y.github.io``. A host that is itself a
    suffix, or has none, is returned as it is.
    """
    if host.isascii():
        return registered_part(host.rstrip(".")) or host
    parts = _suffix_list().extract_str(host)  # a name that is not in normal form
    return f"{parts.domain}.{parts.suffix}" if parts.domain and parts.suffix else host


def _is_parent(host: str) -> bool:
    """Say whether a name on a list with tenants is the landlord's own: a suffix, or next to the registry."""
    parts = _suffix_list().extract_str(host)
    return not parts.domain or parts.top_domain_under_registry_suffix == host


@functools.cache
def _rows_by_id() -> dict[str, ListRow]:
    return {row.id: row for row in rows()}


def _row_of(listed: str) -> ListRow | None:
    found = _LIST_IN_LABEL.search(listed)
    return _rows_by_id().get(found[1]) if found else None


def list_label(listed: str, lang: str) -> str:
    """Return in a language what :meth:`SharedInfrastructure.listed` said in English; unknown text comes back as it is.

    A bare list id, as in the second value of :meth:`SharedInfrastructure.category`, is read too.
    """
    row = _row_of(listed) or _rows_by_id().get(listed)
    return f"{row.label.get(lang, row.label['en'])} ({row.id})" if row else listed


def _host_of_url(url: str) -> tuple[str, str]:
    """Return host and path of a URL in lower-case host, or two empty texts for what is none."""
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        return (parts.hostname or "").rstrip("."), parts.path
    except ValueError:
        return "", ""


def _host_of_host_port(value: str) -> str:
    host = value.rpartition(":")[0] or value
    return host.strip("[]")


def _is_address(host: str) -> bool:
    return host[-1:].isdigit() or ":" in host


def telling_path(path: str) -> bool:
    """Say whether the path of a URL is worth comparing: ten characters or more, and not all words of it generic.

    The rule under which paths were measured (log10 LR 3.23; attribution.md C5). Words of one letter and numbers count
    as generic.
    """
    rule = table().paths
    if len(path) < rule.shortest:
        return False
    words = _WORD_OF_PATH.findall(path.lower())
    return any(word not in rule.generic and len(word) > 1 and not word.isdigit() for word in words)


def _address_units(value: str, row: ListRow | None) -> Units:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return ()
    if address.version == 6 and address.ipv4_mapped is None:
        return ((ObservableType.IPV6.value, str(address)),)
    text = str(address if address.version == 4 else address.ipv4_mapped)
    own = (ObservableType.IPV4.value, text)
    if row is not None and row.klass == BENIGN:
        return (own,)
    return own, (ObservableType.NETWORK.value, text.rpartition(".")[0] + ".0/24")


def _name_units(host: str, row: ListRow | None) -> Units:
    host = host.lower().rstrip(".")
    if _NOT_A_HOST.search(host):
        return ()
    if row is not None and row.tenants:
        return ((ObservableType.DOMAIN.value if _is_parent(host) else HOST, host),)
    domain = registrable_domain(host)
    if row is not None or host == domain:
        return ((ObservableType.DOMAIN.value, domain),)
    return ((HOST, host), (ObservableType.DOMAIN.value, domain))


def _host_units(host: str, row: ListRow | None) -> Units:
    return _address_units(host, row) if _is_address(host) else _name_units(host, row)


def _url_units(value: str, row: ListRow | None) -> Units:
    host, path = _host_of_url(value)
    if not host and value.startswith("/"):
        return ((ObservableType.URL.value, path),) if telling_path(path) else ()
    below = _host_units(host, row)
    if not below or (row is not None and row.klass == BENIGN):
        return below
    if row is not None and not _is_address(host) and below[0][0] != HOST:
        # The service is everybody's; what stands behind its name tells users apart, however short.
        return ((ObservableType.URL.value, host + path), *below) if path.strip("/") else below
    return ((ObservableType.URL.value, path), *below) if telling_path(path) else below


def overlap_units(type_: str, value: str, listed: str) -> Units:
    """Return the units (type, value) in which an observable is compared with others, the most specific first.

    ``type_`` is an :class:`ObservableType`, ``listed`` what :meth:`SharedInfrastructure.listed` says of the value. The
    units of one value nest, so they are one family of dependent evidence and never two pieces of it:

    - an IPv4 address (``::ffff:198.51.100.7`` is one): itself, and its /24 as ``network`` unless it is benign;
      host:port counts as its address;
    - a host name on no list: the full name as ``host`` where it is longer, and its registrable domain as
      ``domain-name``; below a shared suffix (dynamic DNS, free hosting, private suffix) only the full name as
      ``host``; the parent itself, or a benign name, only as ``domain-name``;
    - a URL: the units of its host, after its path as ``url`` where :func:`telling_path` says so; on a service with one
      host for all users, host and path together; a path without a host (``url-path``) gives the same ``url`` unit;
    - all else (hashes, e-mail addresses, wallets, ...): itself.

    This unit ("canon") cut the overlapping pairs in Maltrail from 1,194 to 254 and doubled the average precision of
    every unweighted method (scale.md section 1). An address or URL that cannot be read has no unit.
    """
    if type_ in (ObservableType.IPV4, ObservableType.IPV6):
        return _address_units(value, _row_of(listed))
    if type_ == ObservableType.DOMAIN:
        return _host_units(value, _row_of(listed))
    if type_ in _URLS:
        return _url_units(value, _row_of(listed))
    if type_ == ObservableType.HOST_PORT:
        return _host_units(_host_of_host_port(value), _row_of(listed))
    return ((str(type_), value),) if value else ()


class SharedInfrastructure:
    """The lists, ready to look up. Made by :func:`open_shared_infrastructure`. ``digest`` names their state."""

    def __init__(self, compiled: Compiled) -> None:
        self.digest = digest()
        self._suffixes = compiled.suffixes
        self._exact = compiled.exact
        self._emails = compiled.email_domains
        self._v4_starts = array("I", compiled.v4_starts)
        self._v4_ends = array("I", compiled.v4_ends)
        self._v4_lists = compiled.v4_lists
        self._v6_starts = [compiled.v6_starts[at : at + 16] for at in range(0, len(compiled.v6_starts), 16)]
        self._v6_ends = compiled.v6_ends
        self._v6_lists = compiled.v6_lists
        self._hash_keys = array("Q", compiled.hash_keys)
        self._hash_lists = compiled.hash_lists
        self._rows = rows()
        self._place = {row.id: index for index, row in enumerate(self._rows)}
        self._labels = [f"{row.label['en']} ({row.id})" for row in self._rows]

    def category(self, type_: str, value: str) -> tuple[str, str]:
        """Return the class of a value (``benign``, ``shared`` or empty) and the id of the most telling list."""
        found = self._find(type_, value)
        return (self._rows[found].klass, self._rows[found].id) if found != _NONE else ("", "")

    def listed(self, type_: str, value: str) -> str:
        """Return what the value is known as, with the list in brackets: ``dynamic DNS (dynamic-dns)``; else ``""``."""
        found = self._find(type_, value)
        return self._labels[found] if found != _NONE else ""

    def units_for(self, values: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Units]]:
        """Yield for each (type, value) what it is listed as and its units, in the order given."""
        for type_, value in values:
            listed = self.listed(type_, value)
            yield listed, overlap_units(type_, value, listed)

    def _find(self, type_: str, value: str) -> int:
        if type_ in (ObservableType.IPV4, ObservableType.IPV6):
            return self._find_address(value)
        if type_ == ObservableType.DOMAIN:
            return self._find_host(value)
        if type_ in _URLS:
            return self._find_host(_host_of_url(value)[0])
        if type_ == ObservableType.HOST_PORT:
            return self._find_host(_host_of_host_port(value))
        if type_ == ObservableType.NETWORK:
            return self._find_network(value)
        if type_ == ObservableType.EMAIL:
            return self._emails.get(value.rpartition("@")[2].lower(), _NONE)
        return self._find_hash(value) if type_ in _HASHES else _NONE

    def _find_host(self, host: str) -> int:
        host = host.lower().rstrip(".")
        if not host:
            return _NONE
        return self._find_address(host) if _is_address(host) else self._find_name(host)

    def _find_name(self, host: str) -> int:
        name, level = host, 0
        while True:
            on_exact = self._exact.get(name, _NONE)
            if level and on_exact != _NONE and not (level == 1 and host.startswith("www.")):
                on_exact = self._place.get(f"{self._rows[on_exact].id}:below", _NONE)
            on_suffix = self._suffixes.get(name, _NONE)
            if on_exact != _NONE or on_suffix != _NONE:
                return min(each for each in (on_exact, on_suffix) if each != _NONE)
            _, dot, name = name.partition(".")
            if not dot:
                return _NONE
            level += 1

    def _find_address(self, value: str) -> int:
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            return _NONE
        if address.version == 6 and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if address.version == 4:
            return self._find_v4(int(address))
        index = bisect_right(self._v6_starts, address.packed) - 1
        if index < 0 or address.packed > self._v6_ends[index * 16 : index * 16 + 16]:
            return _NONE
        return self._v6_lists[index]

    def _find_v4(self, number: int) -> int:
        index = bisect_right(self._v4_starts, number) - 1
        if index < 0 or number > self._v4_ends[index]:
            return _NONE
        return self._v4_lists[index]

    def _find_network(self, value: str) -> int:
        """A network stands on a list if its first and its last address do."""
        try:
            network = ipaddress.ip_network(value, strict=False)
        except ValueError:
            return _NONE
        first = self._find_address(str(network.network_address))
        last = self._find_address(str(network.broadcast_address))
        return first if last != _NONE else _NONE

    def _find_hash(self, value: str) -> int:
        key = hash_key(value)
        if key is None:
            return _NONE
        index = bisect_right(self._hash_keys, key) - 1
        return self._hash_lists[index] if index >= 0 and self._hash_keys[index] == key else _NONE


def open_shared_infrastructure(cache: Path) -> SharedInfrastructure:
    """Open the lists, compiling them into a file in the folder ``cache`` where no current one is there.

    Safe when several processes start at once. Raises ``KnowledgeError`` where the data package is missing or the
    folder cannot be written.
    """
    return SharedInfrastructure(open_compiled(cache))
