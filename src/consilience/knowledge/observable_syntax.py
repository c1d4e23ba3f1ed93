"""The syntax of observables: undo defanging, bring a value into its one normal form, tell the type of a token.

Normal forms: IPv6 after RFC 5952; host names in lower case and IDNA (the 2003 rules of the standard library) without
the final dot; URLs with scheme and host in lower case, all else as given (RFC 3986, 6.2.2.1); hashes in lower case,
save ssdeep and TLSH; ``AS64500``; ``CVE-2017-0144``; ``T1059.001``; registry keys in lower case with the hive's long
name. Two values are the same observable exactly if their forms are equal.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import partial
from typing import Final

from consilience.knowledge.technical_identifiers import account, attack_object, registry_key, ssdeep, tlsh
from consilience.knowledge.wallet_addresses import WALLETS, wallet
from consilience.model.observable import Observable, ObservableType

_INVISIBLE: Final = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_DEFANGED: Final = re.compile(
    r"[\[({\\．。｡\u00ad\u200b-\u200d\u2060\ufeff]|h(?:xx|\*\*|xt|tx)ps?|fxp|meow", re.IGNORECASE
)
_SCHEME: Final = re.compile(r"\b(?:h(?:xx|\*\*|xt|tx)p|meow)(s?)(?=\s?[\[({]?\s?:)", re.IGNORECASE)
_FTP: Final = re.compile(r"\bfxp(s?)(?=\s?[\[({]?\s?:)", re.IGNORECASE)
_BRACKETED: Final = re.compile(r"\s?[\[({]\s?(\.|:|://|/|//|@|dot|at|d0t)\s?[\])}]\s?", re.IGNORECASE)
_BARE: Final = str.maketrans({"．": ".", "。": ".", "｡": "."} | dict.fromkeys(_INVISIBLE))
_MEANING: Final = {"dot": ".", "d0t": ".", "at": "@"}


def refang(text: str) -> str:
    """Return ``text`` with the usual defanging undone and invisible characters removed.

    Undone are ``hxxp``, ``h**p``, ``fxp`` and ``meow`` schemes; ``.``, ``:``, ``/``, ``://``, ``@``, ``dot`` and ``at``
    in square, round or curly brackets; backslashes before a dot; and full-width dots.
    Offsets are not kept: it is for single values, not for prose.
    """
    if _DEFANGED.search(text) is None:
        return text
    text = text.translate(_BARE)
    text = _SCHEME.sub(r"http\1", text)
    text = _FTP.sub(r"ftp\1", text)
    text = _BRACKETED.sub(_bracketed, text)
    return text.replace("\\.", ".")


def _bracketed(match: re.Match[str]) -> str:
    inner = match[1].lower()
    return _MEANING.get(inner, inner)


def normalise(type: ObservableType, value: str) -> str:  # noqa: A002 - the word of the model
    """Return the normal form of ``value``, taken as refanged; raise ``ValueError`` with the reason it cannot be one."""
    value = value.strip()
    if not value:
        raise ValueError("the value is empty")
    if "\0" in value:
        raise ValueError("the value holds a NUL character")
    return _NORMAL_FORM[type](value)


_OCTET: Final = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4: Final = re.compile(rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}")


def _ipv4(value: str) -> str:
    if _IPV4.fullmatch(value):
        return value
    raise ValueError("not an IPv4 address: four decimal numbers from 0 to 255, without leading zeros")


def _ipv6(value: str) -> str:
    if "%" in value:
        raise ValueError("an IPv6 address with a zone has no meaning on another machine")
    try:
        address = ipaddress.IPv6Address(value)
    except ValueError as error:
        raise ValueError(f"not an IPv6 address: {error}") from error
    # RFC 5952, 5; Python changed its own form of these in 3.13.
    return f"::ffff:{address.ipv4_mapped}" if address.ipv4_mapped else address.compressed


def _network(value: str) -> str:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        raise ValueError(f"not a network: {error}") from error
    return network.with_prefixlen


_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN: Final = re.compile(rf"(?:{_LABEL}\.)+(?:[a-z]{{2,63}}|xn--[a-z0-9-]{{0,58}}[a-z0-9])")
_LONGEST_NAME: Final = 253


def _domain(value: str) -> str:
    """RFC 1035, 2.3.4, with the underscores that real names hold and a top level that is not a number (RFC 3696, 2)."""
    name = value.lower().removesuffix(".")
    if len(name) <= _LONGEST_NAME and _DOMAIN.fullmatch(name):
        return name
    if not name.isascii():
        return _idna(name)
    raise ValueError(_why_no_domain(name))


def _idna(name: str) -> str:
    if len(name) > _LONGEST_NAME:
        raise ValueError(f"a domain name has at most {_LONGEST_NAME} characters")
    try:
        encoded = name.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError as error:
        raise ValueError(f"not a domain name in IDNA: {error}") from error
    if len(encoded) <= _LONGEST_NAME and _DOMAIN.fullmatch(encoded):
        return encoded
    raise ValueError(_why_no_domain(encoded))


def _why_no_domain(name: str) -> str:
    labels = name.split(".")
    if len(name) > _LONGEST_NAME:
        return f"a domain name has at most {_LONGEST_NAME} characters"
    if len(labels) < 2:
        return "a domain name has at least two labels"
    for label in labels:
        if not label:
            return "a label of the domain name is empty"
        if len(label) > 63:
            return "a label of the domain name has more than 63 characters"
        if label[0] == "-" or label[-1] == "-":
            return f"the label {label!r} begins or ends with a hyphen"
        if not re.fullmatch(r"[a-z0-9_-]+", label):
            return f"the label {label!r} holds a character that no host name has"
    return f"{labels[-1]!r} cannot be a top-level domain"


def _host(value: str) -> str:
    """Return a host as it stands in a URL: a name, an IPv4 address, or an IPv6 address in square brackets."""
    if value[:1] == "[" and value[-1:] == "]":
        return f"[{_ipv6(value[1:-1])}]"
    if value[-1:].isdigit() and value.replace(".", "").isdigit():
        return _ipv4(value)
    return _domain(value)


def _port(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65_536):
        raise ValueError(f"{text[:20]!r} is not a port from 1 to 65535")
    return str(int(text))


def _host_port(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not colon or not host:
        raise ValueError("not of the form host:port")
    return f"{_host(host)}:{_port(port)}"


_URL: Final = re.compile(
    r"([a-z][a-z0-9+.-]*)://(?:([^/?#\s]*)@)?(\[[^\]\s]*\]|[^/?#:@\[\]\s]+)(?::(\d*))?([/?#]\S*)?", re.IGNORECASE
)


def _url(value: str) -> str:
    match = _URL.fullmatch(value)
    if match is None:
        if re.search(r"\s", value):
            raise ValueError("a URL holds no white space")
        raise ValueError("not a URL of the form scheme://host/path")
    scheme, user, host, port, rest = match.groups()
    userinfo = "" if user is None else user + "@"
    tail = "" if port is None else ":" + (_port(port) and port if port else "")
    return f"{scheme.lower()}://{userinfo}{_host(host)}{tail}{rest or ''}"


_LOCAL_PART: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}")


def _email(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if not at or _LOCAL_PART.fullmatch(local) is None or ".." in local or local[0] == "." or local[-1] == ".":
        raise ValueError("not of the form name@domain")
    return f"{local.lower()}@{_domain(domain)}"


def _hash_of(name: str, digits: int) -> Callable[[str], str]:
    form = re.compile(rf"[0-9a-f]{{{digits}}}")

    def check(value: str) -> str:
        value = value.lower()
        if form.fullmatch(value):
            return value
        raise ValueError(f"{name} has {digits} hexadecimal digits")

    return check


_CVE: Final = re.compile(r"CVE-(?:1999|2\d{3})-\d{4,19}")


def _cve(value: str) -> str:
    value = value.upper().replace("\u2011", "-").replace("\u2010", "-").replace("\u2013", "-")
    if _CVE.fullmatch(value):
        return value
    raise ValueError("not of the form CVE-YYYY-NNNN")


_TECHNIQUE: Final = re.compile(r"T\d{4}(?:\.\d{3})?")


def _technique(value: str) -> str:
    value = value.upper()
    if _TECHNIQUE.fullmatch(value):
        return value
    raise ValueError("not an ATT&CK technique of the form T1059 or T1059.001")


_ASN: Final = re.compile(r"(?:ASN?\s?)?(\d{1,10})", re.IGNORECASE)


def _asn(value: str) -> str:
    match = _ASN.fullmatch(value)
    if match is None or not 0 < int(match[1]) < 1 << 32:
        raise ValueError("not an autonomous system of the form AS64500")
    return f"AS{int(match[1])}"


def _file_name(value: str) -> str:
    if len(value) > 1024:
        raise ValueError("a file name has at most 1024 characters")
    if any(ord(letter) < 32 for letter in value):
        raise ValueError("a file name holds no control characters")
    return value


def _at_most(what: str, size: int) -> Callable[[str], str]:
    def check(value: str) -> str:
        if len(value) > size:
            raise ValueError(f"{what} has at most {size} characters")
        return value

    return check


_CERTIFICATE: Final = re.compile(r"[0-9a-f]{8,128}")


def _certificate(value: str) -> str:
    """A fingerprint or a serial number in hexadecimal digits, with or without colons."""
    value = re.sub(r"[:\s]", "", value).lower()
    if _CERTIFICATE.fullmatch(value):
        return value
    raise ValueError("a certificate is named by 8 to 128 hexadecimal digits, of its fingerprint or serial number")


_NORMAL_FORM: Final[dict[ObservableType, Callable[[str], str]]] = {
    ObservableType.IPV4: _ipv4,
    ObservableType.IPV6: _ipv6,
    ObservableType.NETWORK: _network,
    ObservableType.HOST_PORT: _host_port,
    ObservableType.DOMAIN: _domain,
    ObservableType.URL: _url,
    ObservableType.EMAIL: _email,
    ObservableType.MD5: _hash_of("an MD5 hash", 32),
    ObservableType.SHA1: _hash_of("a SHA-1 hash", 40),
    ObservableType.SHA256: _hash_of("a SHA-256 hash", 64),
    ObservableType.SHA512: _hash_of("a SHA-512 hash", 128),
    ObservableType.SSDEEP: ssdeep,
    ObservableType.TLSH: tlsh,
    ObservableType.IMPHASH: _hash_of("an import hash", 32),
    ObservableType.JARM: _hash_of("a JARM fingerprint", 62),
    ObservableType.JA3: _hash_of("a JA3 fingerprint", 32),
    ObservableType.CVE: _cve,
    ObservableType.TECHNIQUE: _technique,
    ObservableType.ATTACK_OBJECT: attack_object,
    ObservableType.ASN: _asn,
    **{kind: partial(wallet, kind) for kind in WALLETS},
    ObservableType.ACCOUNT: account,
    ObservableType.REGISTRY_KEY: registry_key,
    ObservableType.FILE_NAME: _file_name,
    ObservableType.FILE_PATH: _file_name,
    ObservableType.MUTEX: _at_most("a mutex", 1024),
    ObservableType.PIPE: _at_most("a named pipe", 256),
    ObservableType.SERVICE: _at_most("the name of a service", 256),
    ObservableType.TASK: _at_most("the name of a task", 256),
    ObservableType.USER_AGENT: _at_most("a user agent", 1024),
    ObservableType.CERTIFICATE: _certificate,
    ObservableType.YARA: _at_most("the name of a YARA rule", 128),
    ObservableType.SIGMA: _at_most("the title of a Sigma rule", 256),
}

# None of these is a top-level domain (IANA root zone); zip, mov, sh, py, rs, app and the like are, and stay domains.
FILE_ENDING: Final = re.compile(
    r"""
    exe | dll | sys | bat | cmd | ps1 | psm1 | vbs | vbe | js | jse | wsf | wsh | hta | lnk | scr | cpl | ocx |
    msi | msix | jar | war | apk | elf | doc | docx | docm | xls | xlsx | xlsm | xlsb | ppt | pptx | pptm | pdf
    | rtf | odt | txt | csv | log | xml | json | ini | cfg | dat | bin | tmp | rar | 7z | tar | gz | bz2 | iso |
    img | vhd | vhdx | dmg | php | asp | aspx | jsp | html | htm | jpg | jpeg | png | gif | bmp
    """,
    re.VERBOSE | re.IGNORECASE,
)

_HEX: Final = re.compile(r"[0-9A-Fa-f]+")
_HASH_LENGTH: Final = {
    32: ObservableType.MD5,
    40: ObservableType.SHA1,
    64: ObservableType.SHA256,
    128: ObservableType.SHA512,
}
_NAMED: Final = (
    (re.compile(r"CVE-", re.IGNORECASE), ObservableType.CVE),
    (re.compile(r"T\d{4}(?:\.\d{3})?\Z", re.IGNORECASE), ObservableType.TECHNIQUE),
    (re.compile(r"AS\d+\Z", re.IGNORECASE), ObservableType.ASN),
    (re.compile(r"0x[0-9a-f]{40}\Z", re.IGNORECASE), ObservableType.ETHEREUM),
    (re.compile(r"(?:[13]|bc1)[0-9A-Za-z]{24,}\Z", re.IGNORECASE), ObservableType.BITCOIN),
)


def classify(value: str) -> Observable | None:
    """Return the observable that one token of an indicator list is, or ``None`` where it is none that has a type.

    The token is refanged first. A name with the ending of a file that is no top-level domain (``a.exe``) is a file
    name. Free text (mutexes, handles) and certificates cannot be told by their form.
    """
    token = refang(value).strip()
    kind = _kind(token)
    if kind is None:
        return None
    try:
        return Observable(kind, _NORMAL_FORM[kind](token))
    except ValueError:
        return None


def refusal(value: str) -> str:
    """Return why :func:`classify` finds no observable in ``value``; an empty text where it finds one."""
    token = refang(value).strip()
    kind = _kind(token)
    if kind is None:
        return f"{token[:60]!r} has the form of no known type of observable"
    try:
        _NORMAL_FORM[kind](token)
    except ValueError as error:
        return f"{token[:60]!r}: {error}"
    return ""


def _kind(token: str) -> ObservableType | None:
    """Return the only type that the token can be, by the marks that it holds."""
    if not token or "\0" in token:
        return None
    kind = _HASH_LENGTH.get(len(token))
    if kind is not None and _HEX.fullmatch(token):
        return kind
    if "://" in token:
        return ObservableType.URL
    if "@" in token:
        return ObservableType.EMAIL
    if "/" in token:
        return ObservableType.NETWORK
    if ":" in token:
        return ObservableType.HOST_PORT if token.count(":") == 1 or token[0] == "[" else ObservableType.IPV6
    return _kind_of_word(token)


def _kind_of_word(token: str) -> ObservableType | None:
    _, dot, ending = token.rpartition(".")
    if dot and not ending.isdigit():
        return ObservableType.FILE_NAME if FILE_ENDING.fullmatch(ending) else ObservableType.DOMAIN
    if dot and token[0].isdigit():
        return ObservableType.IPV4
    for form, kind in _NAMED:
        if form.match(token):
            return kind
    return None
