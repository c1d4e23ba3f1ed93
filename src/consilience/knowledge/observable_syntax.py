"""The syntax of observables: undo defanging, bring a value into its one normal form, tell the type of a token.

Normal forms: IPv6 after RFC 5952; host names in lower case and IDNA (the 2003 rules of the standard library) without
the final dot; URLs with scheme and host in lower case, all else as given (RFC 3986, 6.2.2.1); hashes in lower case;
``AS64500``; ``CVE-2017-0144``; ``T1059.001``. Two values are the same observable exactly if their forms are equal.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable
from typing import Final

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


_BASE58_LETTERS: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58: Final = {letter: index for index, letter in enumerate(_BASE58_LETTERS)}
_BASE58_FORM: Final = re.compile(r"[13][1-9A-HJ-NP-Za-km-z]{24,34}")
_BECH32: Final = {letter: index for index, letter in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_BECH32_FORM: Final = re.compile(r"bc1[02-9ac-hj-np-z]{11,71}")
_BECH32_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def _bitcoin(value: str) -> str:
    """Base58Check of versions 0 and 5 (main net), or a segregated-witness address (BIP 173, BIP 350)."""
    if _BASE58_FORM.fullmatch(value):
        return _base58check(value)
    # BIP 173: all of one case; the mixed form is refused.
    lowered = value.lower() if value.isupper() or value.islower() else ""
    if _BECH32_FORM.fullmatch(lowered):
        return _segwit(lowered)
    raise ValueError("not a Bitcoin address of the main net")


def _base58check(value: str) -> str:
    number = 0
    for letter in value:
        number = number * 58 + _BASE58[letter]
    if number >> 200:
        raise ValueError("the Bitcoin address is too long")
    decoded = number.to_bytes(25, "big")
    payload, checksum = decoded[:21], decoded[21:]
    if hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4] != checksum:
        raise ValueError("the checksum of the Bitcoin address is wrong")
    if payload[0] not in (0, 5):
        raise ValueError("not a Bitcoin address of the main net")
    if len(value) - len(value.lstrip("1")) != len(decoded) - len(decoded.lstrip(b"\0")):
        raise ValueError("the Bitcoin address does not have 25 bytes")
    return value


def _segwit(value: str) -> str:
    data = [_BECH32[letter] for letter in value[3:]]
    # The human-readable part "bc", expanded as BIP 173 says: high bits, a zero, low bits.
    checksum = 1
    for digit in (3, 3, 0, 2, 3, *data):
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ digit
        for index, generator in enumerate(_BECH32_GENERATOR):
            if top >> index & 1:
                checksum ^= generator
    version, program = data[0], data[1:-6]
    if checksum != (1 if version == 0 else 0x2BC830A3):
        raise ValueError("the checksum of the Bitcoin address is wrong")
    size, spare = divmod(len(program) * 5, 8)
    padding = program[-1] & ((1 << spare) - 1) if program else 0
    if version > 16 or spare > 4 or padding or not (size in (20, 32) if version == 0 else 2 <= size <= 40):
        raise ValueError("not a segregated-witness program")
    return value


_ETHEREUM: Final = re.compile(r"0x[0-9a-f]{40}")


def _ethereum(value: str) -> str:
    """The form only: EIP-55 checks letter case with Keccak-256, which the standard library does not have."""
    value = value.lower()
    if _ETHEREUM.fullmatch(value):
        return value
    raise ValueError("an Ethereum address is 0x and 40 hexadecimal digits")


def _file_name(value: str) -> str:
    if len(value) > 1024:
        raise ValueError("a file name has at most 1024 characters")
    if any(ord(letter) < 32 for letter in value):
        raise ValueError("a file name holds no control characters")
    return value


def _mutex(value: str) -> str:
    if len(value) > 1024:
        raise ValueError("a mutex has at most 1024 characters")
    return value


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
    ObservableType.CVE: _cve,
    ObservableType.TECHNIQUE: _technique,
    ObservableType.ASN: _asn,
    ObservableType.BITCOIN: _bitcoin,
    ObservableType.ETHEREUM: _ethereum,
    ObservableType.MUTEX: _mutex,
    ObservableType.FILE_NAME: _file_name,
    ObservableType.CERTIFICATE: _certificate,
}

# None of these is a top-level domain (IANA root zone); zip, mov, sh, py, rs, app and the like are, and stay domains.
_FILE_ENDING: Final = re.compile(
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
        return ObservableType.FILE_NAME if _FILE_ENDING.fullmatch(ending) else ObservableType.DOMAIN
    if dot and token[0].isdigit():
        return ObservableType.IPV4
    for form, kind in _NAMED:
        if form.match(token):
            return kind
    return None
