"""STIX patterns that do no more than name values: read as the list of those values (STIX 2.1, 9).

``[ipv4-addr:value = '192.0.2.1' OR domain-name:value = 'a.example']`` names two values. Alternatives (``OR``, ``IN``)
are taken apart; ``AND`` is taken apart only where all its terms describe one object (the hashes of one file, the
address of one connection). Every other pattern says something that a list of values would not say, and is not reduced.
"""

from __future__ import annotations

import re
from typing import Final

from consilience.errors import InputError
from consilience.formats.stix_pattern.parser import parse
from consilience.formats.stix_pattern.syntax_tree import (
    AllOf,
    AnyOf,
    Comparison,
    ComparisonExpression,
    Joined,
    Joining,
    ObjectPath,
    Observation,
    ObservationExpression,
    Operator,
    Wildcard,
)
from consilience.model.observable import ObservableType

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
    """Return the typed values, as written, that ``pattern`` names; raise ``ValueError`` with why it is not reduced.

    ``file:hashes.SHA-256`` without the quotes that the standard asks for is what many feeds write, and is read.
    """
    try:
        expression = parse(pattern, "2.0", bare_hyphens=True).expression
    except InputError as error:
        raise ValueError("a pattern that is not in STIX's patterning language") from error
    found = [value for terms in _alternatives_of(expression) for value in _typed(terms)]
    return tuple(dict.fromkeys(found))


def _alternatives_of(expression: ObservationExpression) -> list[list[Term]]:
    match expression:
        case Observation(inner):
            return _alternatives(inner)
        case Joined(Joining.OR, operands):
            return [terms for each in operands for terms in _alternatives_of(each)]
    raise ValueError("a pattern with more than alternatives of values")


def _alternatives(expression: ComparisonExpression) -> list[list[Term]]:
    match expression:
        case Comparison():
            return [[_term(expression)]]
        case AnyOf(operands):
            return [terms for each in operands for terms in _alternatives(each)]
        case AllOf(operands):
            return [[_term(each) for each in operands]]


def _term(expression: ComparisonExpression) -> Term:
    # Alternatives under an AND would have to be multiplied out.
    if not isinstance(expression, Comparison):
        raise ValueError("a pattern with more than alternatives of values")
    if expression.negated or expression.operator not in (Operator.EQUAL, Operator.IN):
        raise ValueError("a pattern with more than equalities")
    if not all(type(each) in (str, int) for each in expression.constants):
        raise ValueError("a pattern with more than texts and whole numbers")
    return _written(expression.path), tuple(map(str, expression.constants))


def _written(path: ObjectPath) -> str:
    return f"{path.type}:" + ".".join("*" if isinstance(each, Wildcard) else str(each) for each in path.steps)


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
