"""A text with one value of each kind whose letter case counts or that the annotated reports lack, made with a seed.

The values are made here and are valid by their checksums; the addresses belong to nobody that we know of.
"""

from __future__ import annotations

import base64
import hashlib
import random

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
RIPPLE = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

VERSIONS = (
    ("btc-wallet", b"\x00", BASE58), ("btc-wallet", b"\x05", BASE58), ("trx-wallet", b"\x41", BASE58),
    ("ltc-wallet", b"\x30", BASE58), ("ltc-wallet", b"\x32", BASE58), ("dash-wallet", b"\x4c", BASE58),
    ("doge-wallet", b"\x1e", BASE58), ("xrp-wallet", b"\x00", RIPPLE), ("xtz-wallet", b"\x06\xa1\x9f", BASE58),
    ("zec-wallet", b"\x1c\xb8", BASE58),
)  # fmt: skip
PREFIXES = (("btc-wallet", "bc", 0, 20), ("ltc-wallet", "ltc", 0, 20), ("ada-wallet", "addr", None, 57))
SENTENCES = (
    "The ransom was paid to {}.", "Victims sent the money to {} within a day.", "Wallet: {}",
    "An address ({}) that the group had used before received it.", "- {}",
)  # fmt: skip


def base58check(payload: bytes, letters: str) -> str:
    """Return Base58Check by the definition: the payload and the first four bytes of its double SHA-256."""
    data = payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = letters[digit] + text
    return letters[0] * (len(data) - len(data.lstrip(b"\0"))) + text


def polymod(values: list[int]) -> int:
    """Return the checksum state of BIP 173 after ``values``."""
    state = 1
    for value in values:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for index, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            state ^= generator if top >> index & 1 else 0
    return state


def bech32(prefix: str, version: int | None, program: bytes) -> str:
    """Return a bech32 address (BIP 173)."""
    bits = "".join(f"{byte:08b}" for byte in program)
    bits += "0" * (-len(bits) % 5)
    data = ([] if version is None else [version]) + [int(bits[at : at + 5], 2) for at in range(0, len(bits), 5)]
    expanded = [ord(each) >> 5 for each in prefix] + [0] + [ord(each) & 31 for each in prefix]
    state = polymod([*expanded, *data, 0, 0, 0, 0, 0, 0]) ^ 1
    return prefix + "1" + "".join(BECH32[each] for each in [*data, *(state >> 5 * (5 - at) & 31 for at in range(6))])


def onion(key: bytes) -> str:
    """Return the name of an onion service of version 3."""
    checksum = hashlib.sha3_256(b".onion checksum" + key + b"\x03").digest()[:2]
    return base64.b32encode(key + checksum + b"\x03").decode().lower() + ".onion"


def synthetic() -> tuple[str, set[tuple[str, str]]]:
    """Return a text and the values in it: ten of each kind, and as many with one letter changed, which are none."""
    chance = random.Random(20261125)
    values: list[tuple[str, str]] = []
    for _ in range(10):
        values += [(kind, base58check(version + chance.randbytes(20), letters)) for kind, version, letters in VERSIONS]
        values += [(kind, bech32(prefix, version, chance.randbytes(size))) for kind, prefix, version, size in PREFIXES]
        values.append(("domain-name", onion(chance.randbytes(32))))
        values.append(("eth-wallet", "0x" + chance.randbytes(20).hex()))
    lines = [chance.choice(SENTENCES).format(value) for _, value in values]
    for kind, value in values:
        if kind != "eth-wallet":
            # Two different letters before the checksum change places: whoever does not check it, finds a value.
            at = next(i for i in range(12, len(value)) if value[i] != value[i + 1])
            lines.append(chance.choice(SENTENCES).format(value[:at] + value[at + 1] + value[at] + value[at + 2 :]))
    chance.shuffle(lines)
    return "\n".join(lines), set(values)
