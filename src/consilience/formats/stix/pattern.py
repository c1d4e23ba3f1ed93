"""STIX patterns that do no more than name values: read as the list of those values (STIX 2.1, 9).

``[ipv4-addr:value = '192.0.2.1' OR domain-name:value = 'a.example']`` names two values. Alternatives (``OR``, ``IN``)
are taken apart; ``AND`` is taken apart only where all its terms describe one object (the hashes of one file, the
address of one connection). Every other pattern says something that a list of values would not say, and is not reduced.
"""

from __future__ import annotations

import re
from typing import Final

from consilience.model.observable import ObservableType

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<path>[a-z0-9-]{3,250}:[A-Za-z0-9_.'\[\]*-]+)
    | (?P<text>'(?:[^'\\]|\\.)*')
    | (?P<number>\d+)
    | (?P<word>AND|OR|IN)\b
    | (?P<sign>[][()=,])
    )""",
    re.VERBOSE,
)
_LONGEST: Final = 1 << 16

_HASHES: Final = {
    "md5": ObservableType.MD5,
    "sha1": ObservableType.SHA1,
    "sha256": ObservableType.SHA256,
    "sha512": ObservableType.SHA512,
}
_PATHS: Final = {
    "ipv4-addr:value": ObservableType.IPV4,
    "ipv6-addr:value": ObservableType.IPV6,
    "domain-name:value": ObservableType.DOMAIN,
    "url:value": ObservableType.URL,
    "email-addr:value": ObservableType.EMAIL,
    "email-message:from_ref.value": ObservableType.EMAIL,
    "email-message:sender_ref.value": ObservableType.EMAIL,
    "file:name": ObservableType.FILE_NAME,
    "mutex:name": ObservableType.MUTEX,
    "autonomous-system:number": ObservableType.ASN,
    "x509-certificate:serial_number": ObservableType.CERTIFICATE,
}
_ENDPOINTS: Final = {
    "ipv4-addr": ObservableType.IPV4,
    "ipv6-addr": ObservableType.IPV6,
    "domain-name": ObservableType.DOMAIN,
}

Term = tuple[str, tuple[str, ...]]


def hash_type(name: str) -> ObservableType | None:
    """Return the type of a hash from its name in the hash-algorithm vocabulary (``SHA-256``), or ``None``."""
    return _HASHES.get(re.sub(r"[^a-z0-9]", "", name.lower()))


def is_network(text: str) -> bool:
    """Return whether an address stands for a network, as STIX allows in CIDR form, and not for one host."""
    return "/" in text and not text.endswith(("/32", "/128"))


def values_of(pattern: str) -> tuple[tuple[ObservableType, str], ...]:
    """Return the typed values, as written, that ``pattern`` names; raise ``ValueError`` with why it is not reduced."""
    if len(pattern) > _LONGEST:
        raise ValueError("a pattern that is too long")
    reader = _Reader(_tokens(pattern))
    found: list[tuple[ObservableType, str]] = []
    while True:
        for terms in reader.observation():
            found.extend(_typed(terms))
        if not reader.skip("OR"):
            break
    if reader.left():
        raise ValueError("a pattern with more than alternatives of values")
    return tuple(dict.fromkeys(found))


def _tokens(pattern: str) -> list[tuple[str, str]]:
    tokens, position, end = [], 0, len(pattern.rstrip())
    while position < end:
        match = _TOKEN.match(pattern, position)
        if match is None or match.lastgroup is None:
            raise ValueError("a pattern with more than equalities")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


class _Reader:
    """Reads alternatives of conjunctions of equalities; brackets inside are allowed only around a whole of them."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def left(self) -> bool:
        return self._at < len(self._tokens)

    def skip(self, text: str) -> bool:
        found = self.left() and self._tokens[self._at][0] in ("word", "sign") and self._tokens[self._at][1] == text
        self._at += found
        return found

    def observation(self) -> list[list[Term]]:
        self._expect("[")
        alternatives = self._alternatives()
        self._expect("]")
        return alternatives

    def _alternatives(self) -> list[list[Term]]:
        found: list[list[Term]] = []
        while True:
            if self.skip("("):
                found.extend(self._alternatives_within())
            else:
                found.append(self._conjunction())
            if not self.skip("OR"):
                return found

    def _alternatives_within(self) -> list[list[Term]]:
        # One level of round brackets is what exporters write; more would have to be multiplied out.
        found = [self._conjunction()]
        while self.skip("OR"):
            found.append(self._conjunction())
        self._expect(")")
        return found

    def _conjunction(self) -> list[Term]:
        terms = [self._term()]
        while self.skip("AND"):
            terms.append(self._term())
        return terms

    def _term(self) -> Term:
        path = self._take("path")
        if self.skip("="):
            return path, (self._literal(),)
        self._expect("IN")
        self._expect("(")
        values = [self._literal()]
        while self.skip(","):
            values.append(self._literal())
        self._expect(")")
        return path, tuple(values)

    def _literal(self) -> str:
        if self.left() and self._tokens[self._at][0] == "number":
            return self._take("number")
        return re.sub(r"\\(.)", r"\1", self._take("text")[1:-1])

    def _take(self, kind: str) -> str:
        if not self.left() or self._tokens[self._at][0] != kind:
            raise ValueError("a pattern with more than equalities")
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _expect(self, text: str) -> None:
        if not self.skip(text):
            raise ValueError("a pattern with more than alternatives of values")


def _typed(terms: list[Term]) -> list[tuple[ObservableType, str]]:
    kinds = {path.partition(":")[0] for path, _ in terms}
    if len(kinds) > 1:
        raise ValueError("a pattern that joins several objects")
    if kinds == {"network-traffic"}:
        return _endpoint(dict(terms))
    if len(terms) > 1 and kinds != {"file"}:
        raise ValueError("a pattern that joins several objects")
    return [(_type_of(path), value) for path, values in terms for value in values]


def _type_of(path: str) -> ObservableType:
    kind = _PATHS.get(path)
    if kind is not None:
        return kind
    head, _, name = path.partition(":hashes.")
    found = hash_type(name) if head in ("file", "artifact") else None
    if head == "x509-certificate" and name:
        found = ObservableType.CERTIFICATE
    if found is None:
        raise ValueError(f"a pattern on {path}")
    return found


def _endpoint(terms: dict[str, tuple[str, ...]]) -> list[tuple[ObservableType, str]]:
    """``network-traffic:dst_ref``, the form in which MISP exports an address, with or without a port."""
    kinds = terms.pop("network-traffic:dst_ref.type", ())
    addresses = terms.pop("network-traffic:dst_ref.value", ())
    ports = terms.pop("network-traffic:dst_port", ())
    if terms or len(addresses) != 1 or len(kinds) > 1 or len(ports) > 1:
        raise ValueError("a pattern on network traffic")
    kind = _ENDPOINTS.get(kinds[0]) if kinds else None
    if kind is None:
        kind = ObservableType.IPV6 if ":" in addresses[0] else ObservableType.IPV4
    if not ports:
        return [(kind, addresses[0])]
    host = f"[{addresses[0]}]" if kind is ObservableType.IPV6 else addresses[0]
    return [(ObservableType.HOST_PORT, f"{host}:{ports[0]}")]
