"""From MISP's attribute types to observables (the table ``describeTypes.json`` of MISP lists the types)."""

from __future__ import annotations

from typing import Final

from consilience.knowledge.observable_syntax import classify, normalise, refang
from consilience.model.observable import Observable, ObservableType

_ADDRESS: Final = "address"
_PORT: Final = "port"
_SKIPPED: Final = ""
_HOSTS: Final = (ObservableType.DOMAIN, ObservableType.IPV4, ObservableType.IPV6, ObservableType.HOST_PORT)

# The parts of a type are separated by "|", as those of its values are.
_PARTS: Final[dict[str, str]] = {
    "ip-src": _ADDRESS,
    "ip-dst": _ADDRESS,
    "ip": _ADDRESS,
    "port": _PORT,
    "domain": ObservableType.DOMAIN,
    "hostname": ObservableType.DOMAIN,
    "url": ObservableType.URL,
    "uri": ObservableType.URL,
    "link": ObservableType.URL,
    "md5": ObservableType.MD5,
    "sha1": ObservableType.SHA1,
    "sha256": ObservableType.SHA256,
    "sha512": ObservableType.SHA512,
    "filename": ObservableType.FILE_NAME,
    "email": ObservableType.EMAIL,
    "email-src": ObservableType.EMAIL,
    "email-dst": ObservableType.EMAIL,
    "email-reply-to": ObservableType.EMAIL,
    "whois-registrant-email": ObservableType.EMAIL,
    "dns-soa-email": ObservableType.EMAIL,
    "mutex": ObservableType.MUTEX,
    "vulnerability": ObservableType.CVE,
    "btc": ObservableType.BITCOIN,
    "dash": ObservableType.DASH,
    "xmr": ObservableType.MONERO,
    "regkey": ObservableType.REGISTRY_KEY,
    "named pipe": ObservableType.PIPE,
    "windows-service-name": ObservableType.SERVICE,
    "windows-scheduled-task": ObservableType.TASK,
    "user-agent": ObservableType.USER_AGENT,
    "jarm-fingerprint": ObservableType.JARM,
    "ja3-fingerprint-md5": ObservableType.JA3,
    "AS": ObservableType.ASN,
    "x509-fingerprint-md5": ObservableType.CERTIFICATE,
    "x509-fingerprint-sha1": ObservableType.CERTIFICATE,
    "x509-fingerprint-sha256": ObservableType.CERTIFICATE,
    # Fuzzy and partial hashes name no single file; the file name beside one is read.
    "authentihash": _SKIPPED,
    "imphash": _SKIPPED,
    "impfuzzy": _SKIPPED,
    "pehash": _SKIPPED,
    "sha224": _SKIPPED,
    "sha384": _SKIPPED,
    "sha512/224": _SKIPPED,
    "sha512/256": _SKIPPED,
    "ssdeep": _SKIPPED,
    "tlsh": _SKIPPED,
    "vhash": _SKIPPED,
}
_WHOLE: Final = {"malware-sample": "filename|md5", "attachment": "filename"}


def is_observable(type_name: str) -> bool:
    """Return whether attributes of this type hold at least one value that is read as an observable."""
    parts = _parts(type_name)
    return all(part in _PARTS for part in parts) and any(_PARTS[part] != _SKIPPED for part in parts)


def observables(type_name: str, value: str) -> tuple[Observable, ...]:
    """Return the normalised observables in an attribute's value; raise ``ValueError`` with why it has not its form.

    A host or address with a port is one observable, ``host:port``; other composites are one for each part.
    """
    parts = _parts(type_name)
    texts = value.split("|") if len(parts) > 1 else [value]
    if len(texts) != len(parts):
        raise ValueError(f"a value of type {type_name} has {len(parts)} parts, separated by '|'")
    kinds = [_PARTS[part] for part in parts]
    if kinds[1:] == [_PORT]:
        host = refang(texts[0]).strip()
        shown = f"[{host}]" if kinds[0] == _ADDRESS and ":" in host else host
        return (_observable(ObservableType.HOST_PORT, f"{shown}:{texts[1].strip()}"),)
    return tuple(
        _address(text) if kind == _ADDRESS else _observable(ObservableType(kind), text)
        for kind, text in zip(kinds, texts, strict=True)
        if kind not in (_SKIPPED, _PORT)
    )


def _parts(type_name: str) -> list[str]:
    return _WHOLE.get(type_name, type_name).split("|")


def _address(text: str) -> Observable:
    text = refang(text).strip()
    if "/" in text and not text.endswith(("/32", "/128")):
        return _observable(ObservableType.NETWORK, text)
    text = text.partition("/")[0]
    return _observable(ObservableType.IPV6 if ":" in text else ObservableType.IPV4, text)


def _observable(kind: ObservableType, text: str) -> Observable:
    if kind is ObservableType.URL and "/" not in text:
        # Events give bare hosts as the type url (14 of 97 in ESET's): the host is all that they say.
        host = classify(text)
        if host is not None and host.type in _HOSTS:
            return host
    return Observable(kind, normalise(kind, refang(text)))
