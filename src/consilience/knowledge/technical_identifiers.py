"""Normal forms of identifiers that tools and platforms give: ATT&CK, fuzzy hashes, onion services, accounts, keys."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final

_ATTACK_OBJECT: Final = re.compile(r"(?:TA00|DS00|[GSMC])\d{2,4}")


def attack_object(value: str) -> str:
    """Return the number of a tactic, group, software, mitigation, campaign or data source of ATT&CK."""
    value = value.upper()
    if _ATTACK_OBJECT.fullmatch(value):
        return value
    raise ValueError("not an ATT&CK identifier such as TA0001, G0007, S0154, M1036, C0010 or DS0009")


_SSDEEP: Final = re.compile(r"(\d{1,10}):([A-Za-z0-9/+]{0,64}):([A-Za-z0-9/+]{0,64})")


def ssdeep(value: str) -> str:
    """A block size, 3 times a power of two, and two digests in Base64 (Kornblum 2006, 3.2): letter case counts."""
    match = _SSDEEP.fullmatch(value)
    blocks, left = divmod(int(match[1]) if match else 1, 3)
    if left or not blocks or blocks & (blocks - 1):
        raise ValueError("not an ssdeep hash of the form 96:digest:digest")
    return value


_TLSH: Final = re.compile(r"(?:T1)?([0-9A-F]{70})", re.IGNORECASE)


def tlsh(value: str) -> str:
    """70 hexadecimal digits in upper case after the mark of the version, which old hashes lack."""
    match = _TLSH.fullmatch(value)
    if match is None:
        raise ValueError("a TLSH hash has 70 hexadecimal digits, with or without T1 before them")
    return f"T1{match[1].upper()}"


_ONION: Final = re.compile(r"(?:[a-z0-9-]{1,63}\.)*([a-z2-7]{16}|[a-z2-7]{56})\.onion")


def is_onion(name: str) -> bool:
    """True for a Tor service: version 3 with the checksum of its key (rend-spec-v3, 6), version 2 by its form alone."""
    match = _ONION.fullmatch(name)
    if match is None or len(match[1]) == 16:
        return match is not None
    decoded = base64.b32decode(match[1].upper())
    key, checksum, version = decoded[:32], decoded[32:34], decoded[34:]
    return version == b"\x03" and hashlib.sha3_256(b".onion checksum" + key + version).digest()[:2] == checksum


_ACCOUNT: Final = re.compile(r"([a-z]{1,20}):@?([\w.-]{1,64})", re.IGNORECASE)


def account(value: str) -> str:
    """``platform:name`` in lower case: platforms compare names without regard to case."""
    match = _ACCOUNT.fullmatch(value)
    if match is None:
        raise ValueError("an account is written platform:name")
    return f"{match[1]}:{match[2]}".lower()


_HIVES: Final = {
    "hklm": "hkey_local_machine",
    "hkcu": "hkey_current_user",
    "hkcr": "hkey_classes_root",
    "hku": "hkey_users",
    "hkcc": "hkey_current_config",
}


def registry_key(value: str) -> str:
    """The hive by its long name, single backslashes, lower case: Windows compares keys without regard to case."""
    hive, *rest = [part for part in re.split(r"[:\s]?\\+", value.lower()) if part]
    if not rest:
        raise ValueError("a registry key has a hive and a path")
    return "\\".join([_HIVES.get(hive, hive), *rest])
