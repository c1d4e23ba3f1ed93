"""Our observables as the STIX objects that patterns speak of, and the constants of patterns in our normal forms.

What STIX has no object for (wallets, techniques, names of rules, fingerprints of handshakes) matches no pattern.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from consilience.formats.stix_pattern.objects import JsonObject, Seen
from consilience.formats.stix_pattern.syntax_tree import (
    AllOf,
    AnyOf,
    Comparison,
    ComparisonExpression,
    Constant,
    Joined,
    ObjectPath,
    Observation,
    ObservationExpression,
    Operator,
    Pattern,
    Qualified,
)
from consilience.knowledge.observable_syntax import normalise
from consilience.model.observable import ObservableType

_PATHS: Final = {
    ObservableType.IPV4: ObjectPath("ipv4-addr", ("value",)),
    ObservableType.IPV6: ObjectPath("ipv6-addr", ("value",)),
    ObservableType.DOMAIN: ObjectPath("domain-name", ("value",)),
    ObservableType.URL: ObjectPath("url", ("value",)),
    ObservableType.EMAIL: ObjectPath("email-addr", ("value",)),
    ObservableType.MD5: ObjectPath("file", ("hashes", "MD5")),
    ObservableType.SHA1: ObjectPath("file", ("hashes", "SHA-1")),
    ObservableType.SHA256: ObjectPath("file", ("hashes", "SHA-256")),
    ObservableType.SHA512: ObjectPath("file", ("hashes", "SHA-512")),
    ObservableType.SSDEEP: ObjectPath("file", ("hashes", "SSDEEP")),
    ObservableType.TLSH: ObjectPath("file", ("hashes", "TLSH")),
    ObservableType.FILE_NAME: ObjectPath("file", ("name",)),
    ObservableType.MUTEX: ObjectPath("mutex", ("name",)),
    ObservableType.REGISTRY_KEY: ObjectPath("windows-registry-key", ("key",)),
    ObservableType.CERTIFICATE: ObjectPath("x509-certificate", ("serial_number",)),
}
_TYPES: Final = {path: kind for kind, path in _PATHS.items()}
_ASN: Final = ObjectPath("autonomous-system", ("number",))


def object_of(kind: str, value: str, observation: int) -> Seen | None:
    """Return the object that the observable is in STIX, seen in ``observation``; ``None`` where it is none.

    A network is the address object in CIDR form, a host with a port is traffic to that port of it.
    """
    if kind == ObservableType.HOST_PORT:
        return _traffic(value, observation)
    if kind == ObservableType.ASN:
        return Seen({"type": _ASN.type, "number": int(value.removeprefix("AS"))}, {}, [observation])
    if kind == ObservableType.NETWORK:
        kind = ObservableType.IPV6 if ":" in value else ObservableType.IPV4
    try:
        path = _PATHS[ObservableType(kind)]
    except (KeyError, ValueError):
        return None
    data: Any = value
    for step in reversed(path.steps):
        data = {step: data}
    return Seen({"type": path.type, **data}, {}, [observation])


def _traffic(value: str, observation: int) -> Seen:
    host, _, port = value.rpartition(":")
    if host[:1] == "[":
        host, kind = host[1:-1], "ipv6-addr"
    else:
        kind = "ipv4-addr" if host[-1:].isdigit() else "domain-name"
    scope: dict[str, JsonObject] = {"0": {"type": kind, "value": host}}
    return Seen({"type": "network-traffic", "dst_ref": "0", "dst_port": int(port)}, scope, [observation])


def in_normal_form(pattern: Pattern) -> Pattern:
    """Return a pattern whose constants have the form in which a workspace keeps such values.

    ``[file:hashes.MD5 = 'ABCD...']`` finds the hash in lower case then. Only tests of equality are changed: what LIKE
    and MATCHES look for are parts of values, which have no normal form.
    """
    return msgspec.structs.replace(pattern, expression=_normal_observation(pattern.expression))


def _normal_observation(expression: ObservationExpression) -> ObservationExpression:
    match expression:
        case Observation(inner):
            return Observation(_normal_comparison(inner))
        case Joined(operator, operands):
            return Joined(operator, tuple(map(_normal_observation, operands)))
        case Qualified(qualified):
            return msgspec.structs.replace(expression, expression=_normal_observation(qualified))


def _normal_comparison(expression: ComparisonExpression) -> ComparisonExpression:
    match expression:
        case AllOf(operands) | AnyOf(operands):
            return type(expression)(tuple(map(_normal_comparison, operands)))
        case Comparison(path, Operator.EQUAL | Operator.NOT_EQUAL | Operator.IN, _, constants) if path in _TYPES:
            constants = tuple(_normal_constant(_TYPES[path], each) for each in constants)
            return msgspec.structs.replace(expression, constants=constants)
    return expression


def _normal_constant(kind: ObservableType, constant: Constant) -> Constant:
    if not isinstance(constant, str):
        return constant
    if "/" in constant and kind in (ObservableType.IPV4, ObservableType.IPV6):
        # One address may be written as a network of one (STIX 2.1, 6.7 and 6.8).
        host = constant.removesuffix("/32" if kind is ObservableType.IPV4 else "/128")
        kind, constant = (ObservableType.NETWORK, constant) if "/" in host else (kind, host)
    try:
        return normalise(kind, constant)
    except ValueError:
        return constant
