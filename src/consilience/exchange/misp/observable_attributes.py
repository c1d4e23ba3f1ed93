"""From our observables to MISP's attribute types (``describeTypes.json`` of MISP lists them with their categories).

What MISP has no type for is not forced into one: of a YARA or Sigma rule we have the name, where MISP wants the rule;
most wallets, accounts on a platform and paths of files have no attribute type.
"""

from __future__ import annotations

from typing import Final

import msgspec

from consilience.model.observable import ObservableType


class AttributeType(msgspec.Struct, frozen=True):
    """A type of MISP with the category that it stands in. ``detects`` is whether a sensor finds harm by it.

    The name of a file, a task, a service or a browser is harmless elsewhere: an alarm on it is false as a rule.
    """

    type: str
    category: str
    detects: bool = True


_NETWORK: Final = "Network activity"
_DELIVERY: Final = "Payload delivery"
_ARTIFACTS: Final = "Artifacts dropped"
_MONEY: Final = "Financial fraud"

_TYPES: Final = {
    ObservableType.IPV4: AttributeType("ip-dst", _NETWORK),
    ObservableType.IPV6: AttributeType("ip-dst", _NETWORK),
    ObservableType.NETWORK: AttributeType("ip-dst", _NETWORK),
    ObservableType.DOMAIN: AttributeType("domain", _NETWORK),
    ObservableType.URL: AttributeType("url", _NETWORK),
    ObservableType.EMAIL: AttributeType("email", _DELIVERY),
    ObservableType.MD5: AttributeType("md5", _DELIVERY),
    ObservableType.SHA1: AttributeType("sha1", _DELIVERY),
    ObservableType.SHA256: AttributeType("sha256", _DELIVERY),
    ObservableType.SHA512: AttributeType("sha512", _DELIVERY),
    ObservableType.SSDEEP: AttributeType("ssdeep", _DELIVERY),
    ObservableType.TLSH: AttributeType("tlsh", _DELIVERY),
    ObservableType.IMPHASH: AttributeType("imphash", _DELIVERY),
    ObservableType.JARM: AttributeType("jarm-fingerprint", _NETWORK),
    ObservableType.JA3: AttributeType("ja3-fingerprint-md5", _NETWORK),
    ObservableType.CVE: AttributeType("vulnerability", "External analysis", detects=False),
    ObservableType.ASN: AttributeType("AS", _NETWORK, detects=False),
    ObservableType.BITCOIN: AttributeType("btc", _MONEY),
    ObservableType.DASH: AttributeType("dash", _MONEY),
    ObservableType.MONERO: AttributeType("xmr", _MONEY),
    ObservableType.REGISTRY_KEY: AttributeType("regkey", "Persistence mechanism"),
    ObservableType.FILE_NAME: AttributeType("filename", _DELIVERY, detects=False),
    ObservableType.MUTEX: AttributeType("mutex", _ARTIFACTS),
    ObservableType.PIPE: AttributeType("named pipe", _ARTIFACTS),
    ObservableType.SERVICE: AttributeType("windows-service-name", _ARTIFACTS, detects=False),
    ObservableType.TASK: AttributeType("windows-scheduled-task", _ARTIFACTS, detects=False),
    ObservableType.USER_AGENT: AttributeType("user-agent", _NETWORK, detects=False),
}
_FINGERPRINTS: Final = {32: "x509-fingerprint-md5", 40: "x509-fingerprint-sha1", 64: "x509-fingerprint-sha256"}


def attribute_of(kind: str, value: str) -> tuple[AttributeType, str] | None:
    """Return the attribute type and the value in MISP's spelling; ``None`` where MISP has no type for it.

    ``kind`` is a value of :class:`ObservableType`. A host with a port is written as MISP's composite, ``host|port``.
    """
    try:
        found = ObservableType(kind)
    except ValueError:
        return None
    if found is ObservableType.HOST_PORT:
        host, _, port = value.rpartition(":")
        bare = host.removeprefix("[").removesuffix("]")
        is_address = ":" in bare or bare.replace(".", "").isdecimal()
        return AttributeType("ip-dst|port" if is_address else "hostname|port", _NETWORK), f"{bare}|{port}"
    if found is ObservableType.CERTIFICATE:
        type_name = _FINGERPRINTS.get(len(value))
        return (AttributeType(type_name, _NETWORK), value) if type_name else None
    known = _TYPES.get(found)
    return (known, value) if known else None
