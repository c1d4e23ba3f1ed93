"""Addresses of wallets, each checked by its own checksum, so that a string of letters is not taken for one.

Sources: Base58Check and its version bytes are those of the coins' reference clients (``chainparams``); BIP 173 and
BIP 350 for bech32 and bech32m; the CashAddr specification of Bitcoin Cash; EIP-55 for Ethereum; CryptoNote's block-wise
Base58 for Monero; CIP-19 for Cardano. Solana addresses are bare public keys: they have a length and no checksum.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Final

from consilience.knowledge.keccak import keccak_256
from consilience.model.observable import ObservableType

_LETTERS: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE: Final = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_BECH32_LETTERS: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32: Final = {letter: index for index, letter in enumerate(_BECH32_LETTERS)}
_BECH32_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CASH_GENERATOR: Final = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)
_BECH32M: Final = 0x2BC830A3


def wallet(kind: ObservableType, value: str) -> str:
    """Return the normal form of the address ``value`` of the currency ``kind``; raise ``ValueError`` with the reason.

    Letter case is kept where it carries meaning (Base58) and lowered where it does not (bech32, hexadecimal).
    """
    return _FORMS[kind](value)


def find_currency(value: str) -> tuple[ObservableType, str] | None:
    """Return the currency of which ``value`` is a valid address, and its normal form; ``None`` where there is none.

    Solana is never found: its addresses have no checksum.
    """
    small = value.lower() if value.isupper() else value
    for start, kind in _BEGINNINGS:
        if small.startswith(start):
            try:
                return kind, wallet(kind, value)
            except ValueError:
                continue
    return None


def _base58(value: str, letters: str = _LETTERS) -> bytes:
    """Return the bytes of a Base58 number, a zero byte for each leading zero digit."""
    if len(value) > 120:
        raise ValueError("the address is too long")
    number = 0
    for letter in value:
        digit = letters.find(letter)
        if digit < 0:
            raise ValueError(f"{letter!r} is no digit of Base58")
        number = number * 58 + digit
    zeros = len(value) - len(value.lstrip(letters[0]))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _checked58(value: str, currency: str, letters: str = _LETTERS) -> bytes:
    """Return the payload of a Base58Check value: what stands before the first four bytes of its double SHA-256."""
    decoded = _base58(value, letters)
    payload, checksum = decoded[:-4], decoded[-4:]
    if hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4] != checksum:
        raise ValueError(f"the checksum of the {currency} address is wrong")
    return payload


def _base58check(
    currency: str, versions: tuple[bytes, ...], size: int = 20, letters: str = _LETTERS
) -> Callable[[str], str]:
    def check(value: str) -> str:
        payload = _checked58(value, currency, letters)
        if not any(payload.startswith(version) and len(payload) == len(version) + size for version in versions):
            raise ValueError(f"not a {currency} address of the main net")
        return value

    return check


def _remainder(digits: list[int], generator: tuple[int, ...], width: int) -> int:
    """Return the remainder of the BCH code that bech32 (30 bits) and CashAddr (40 bits) share, begun with 1."""
    checksum = 1
    for digit in digits:
        top = checksum >> (width - 5)
        checksum = (checksum & ((1 << (width - 5)) - 1)) << 5 ^ digit
        for index, part in enumerate(generator):
            if top >> index & 1:
                checksum ^= part
    return checksum


def _bech32(value: str, currency: str) -> tuple[str, list[int], int]:
    """Return human-readable part, data without checksum, and the constant of the checksum (BIP 173, BIP 350)."""
    if not (value.islower() or value.isupper()):
        raise ValueError("a bech32 address is of one letter case")
    prefix, _, rest = value.lower().rpartition("1")
    data = [_BECH32.get(letter, -1) for letter in rest]
    if not prefix or len(data) < 7 or -1 in data or not prefix.isascii():
        raise ValueError(f"not a {currency} address of the main net")
    expanded = [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]
    return prefix, data[:-6], _remainder(expanded + data, _BECH32_GENERATOR, 30)


def _segwit(prefix: str, currency: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        found, data, constant = _bech32(value, currency)
        if found != prefix or len(value) > 90:
            raise ValueError(f"not a {currency} address of the main net")
        version, program = data[0], data[1:]
        if constant != (1 if version == 0 else _BECH32M):
            raise ValueError(f"the checksum of the {currency} address is wrong")
        size, spare = divmod(len(program) * 5, 8)
        padding = program[-1] & ((1 << spare) - 1) if program else 0
        if version > 16 or spare > 4 or padding or not (size in (20, 32) if version == 0 else 2 <= size <= 40):
            raise ValueError("not a segregated-witness program")
        return value.lower()

    return check


def _either(currency: str, *forms: Callable[[str], str]) -> Callable[[str], str]:
    """Try the forms of an address in turn; the reason given is that of the last form, unless a checksum was wrong."""

    def check(value: str) -> str:
        reason = f"not a {currency} address of the main net"
        for form in forms:
            try:
                return form(value)
            except ValueError as error:
                reason = str(error) if "main net" not in str(error) and "Base58" not in str(error) else reason
        raise ValueError(reason)

    return check


def _bitcoin(value: str) -> str:
    """Base58Check of versions 0 and 5, or a segregated-witness address."""
    return _BITCOIN_SEGWIT(value) if value[:3].lower() == "bc1" else _BITCOIN_BASE58(value)


_BITCOIN_SEGWIT: Final = _segwit("bc", "Bitcoin")
_BITCOIN_BASE58: Final = _base58check("Bitcoin", (b"\x00", b"\x05"))


def _cash(value: str) -> str:
    """CashAddr with or without its prefix; the old Base58 form is that of Bitcoin and is read as Bitcoin."""
    if not (value.islower() or value.isupper()):
        raise ValueError("a Bitcoin Cash address is of one letter case")
    body = value.lower().removeprefix("bitcoincash:")
    data = [_BECH32.get(letter, -1) for letter in body]
    if len(body) != 42 or -1 in data:
        raise ValueError("not a Bitcoin Cash address of the main net")
    if _remainder([ord(letter) & 31 for letter in "bitcoincash"] + [0, *data], _CASH_GENERATOR, 40) != 1:
        raise ValueError("the checksum of the Bitcoin Cash address is wrong")
    return f"bitcoincash:{body}"


_ETHEREUM: Final = re.compile(r"0x[0-9A-Fa-f]{40}")


def _ethereum(value: str) -> str:
    """40 hexadecimal digits; where they mix letter case, the case must be that of EIP-55."""
    if value[:2] not in ("0x", "0X") or not _ETHEREUM.fullmatch("0x" + value[2:]):
        raise ValueError("an Ethereum address is 0x and 40 hexadecimal digits")
    digits = value[2:]
    lowered = digits.lower()
    if digits not in (lowered, digits.upper()):
        nibbles = keccak_256(lowered.encode("ascii")).hex()
        if any(letter.isalpha() and letter.isupper() != (nibbles[i] >= "8") for i, letter in enumerate(digits)):
            raise ValueError("the checksum of the Ethereum address is wrong")
    return f"0x{lowered}"


_MONERO_BLOCK: Final = {11: 8, 7: 5}


def _monero(value: str) -> str:
    """Blocks of 11 letters are 8 bytes, the last of 7 is 5; standard (18), integrated (19) and sub-addresses (42)."""
    if len(value) not in (95, 106):
        raise ValueError("a Monero address has 95 or 106 letters")
    decoded = b""
    for start in range(0, len(value), 11):
        block = value[start : start + 11]
        number = 0
        for letter in block:
            digit = _LETTERS.find(letter)
            if digit < 0:
                raise ValueError(f"{letter!r} is no digit of Base58")
            number = number * 58 + digit
        size = _MONERO_BLOCK[len(block)]
        if number >> (8 * size):
            raise ValueError("not a Monero address of the main net")
        decoded += number.to_bytes(size, "big")
    if decoded[0] not in (18, 19, 42):
        raise ValueError("not a Monero address of the main net")
    if keccak_256(decoded[:-4])[:4] != decoded[-4:]:
        raise ValueError("the checksum of the Monero address is wrong")
    return value


def _cardano(value: str) -> str:
    """CIP-19: bech32 of a header and one or two hashes of 28 bytes."""
    prefix, data, constant = _bech32(value, "Cardano")
    if prefix not in ("addr", "stake") or len(value) > 120:
        raise ValueError("not a Cardano address of the main net")
    if constant != 1:
        raise ValueError("the checksum of the Cardano address is wrong")
    if len(data) * 5 // 8 not in (29, 57):
        raise ValueError("a Cardano address has 29 or 57 bytes")
    return value.lower()


def _zcash_shielded(value: str) -> str:
    prefix, data, constant = _bech32(value, "Zcash")
    if prefix != "zs" or len(data) * 5 // 8 != 43:
        raise ValueError("not a Zcash address of the main net")
    if constant != 1:
        raise ValueError("the checksum of the Zcash address is wrong")
    return value.lower()


def _solana(value: str) -> str:
    if not 32 <= len(value) <= 44 or len(_base58(value)) != 32:
        raise ValueError("a Solana address is a public key of 32 bytes in Base58")
    return value


_T: Final = ObservableType
_FORMS: Final[Mapping[ObservableType, Callable[[str], str]]] = {
    _T.BITCOIN: _bitcoin,
    _T.BITCOIN_CASH: _cash,
    _T.ETHEREUM: _ethereum,
    _T.TRON: _base58check("Tron", (b"\x41",)),
    _T.MONERO: _monero,
    _T.LITECOIN: _either("Litecoin", _segwit("ltc", "Litecoin"), _base58check("Litecoin", (b"\x30", b"\x32"))),
    _T.DASH: _base58check("Dash", (b"\x4c", b"\x10")),
    _T.DOGECOIN: _base58check("Dogecoin", (b"\x1e", b"\x16")),
    _T.RIPPLE: _base58check("XRP", (b"\x00",), letters=_RIPPLE),
    _T.CARDANO: _cardano,
    _T.SOLANA: _solana,
    # tz1, tz2, tz3 and KT1: three bytes of prefix and a hash of 20
    _T.TEZOS: _base58check("Tezos", (b"\x06\xa1\x9f", b"\x06\xa1\xa1", b"\x06\xa1\xa4", b"\x02\x5a\x79")),
    _T.ZCASH: _either("Zcash", _base58check("Zcash", (b"\x1c\xb8", b"\x1c\xbd")), _zcash_shielded),
}

WALLETS: Final = frozenset(_FORMS)
"""The types of observables that are wallets."""

# How an address of each currency can begin: what else begins so is refused by its checksum.
_STARTS: Final = (
    (_T.BITCOIN, "1 3 bc1"),
    (_T.BITCOIN_CASH, "bitcoincash: q p"),
    (_T.ETHEREUM, "0x"),
    (_T.TRON, "T"),
    (_T.MONERO, "4 8"),
    (_T.LITECOIN, "L M ltc1"),
    (_T.DASH, "X 7"),
    (_T.DOGECOIN, "D 9 A"),
    (_T.RIPPLE, "r"),
    (_T.CARDANO, "addr1 stake1"),
    (_T.TEZOS, "tz KT1"),
    (_T.ZCASH, "t1 t3 zs1"),
)
_BEGINNINGS: Final = tuple((start, kind) for kind, starts in _STARTS for start in starts.split())
