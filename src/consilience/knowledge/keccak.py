"""Keccak-256 as Ethereum and Monero use it: the original padding, which the standard library's SHA-3 does not have.

Source: The Keccak reference, version 3.0 (Bertoni, Daemen, Peeters, Van Assche, 2011), sections 1.2 and 2.3.
"""

from __future__ import annotations

from typing import Final

_MASK: Final = (1 << 64) - 1
_RATE: Final = 136
"""Bytes that are absorbed at a time: 1600 bits less twice 256."""


def _round_constants() -> tuple[int, ...]:
    """Return the 24 constants of the step iota, from its shift register x^8 + x^6 + x^5 + x^4 + 1."""
    constants, register = [], 1
    for _ in range(24):
        constant = 0
        for power in range(7):
            if register & 1:
                constant |= 1 << ((1 << power) - 1)
            register = register << 1 ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return tuple(constants)


def _moves() -> tuple[tuple[int, int, int], ...]:
    """Return for rho and pi: the lane that is read, the lane that is written, the rotation; lane (x, y) is x + 5y."""
    moves = [(0, 0, 0)]
    x, y = 1, 0
    for step in range(24):
        moves.append((x + 5 * y, y + 5 * ((2 * x + 3 * y) % 5), (step + 1) * (step + 2) // 2 % 64))
        x, y = y, (2 * x + 3 * y) % 5
    return tuple(moves)


_CONSTANTS: Final = _round_constants()
_MOVES: Final = _moves()


def keccak_256(data: bytes) -> bytes:
    """Return the 32 bytes of the digest of ``data``."""
    padded = bytearray(data)
    padded += b"\0" * (_RATE - len(padded) % _RATE)
    padded[len(data)] |= 0x01
    padded[-1] |= 0x80
    lanes = [0] * 25
    for start in range(0, len(padded), _RATE):
        for lane in range(_RATE // 8):
            lanes[lane] ^= int.from_bytes(padded[start + 8 * lane : start + 8 * lane + 8], "little")
        lanes = _permuted(lanes)
    return b"".join(lane.to_bytes(8, "little") for lane in lanes[:4])


def _permuted(lanes: list[int]) -> list[int]:
    for constant in _CONSTANTS:
        column = [lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)]
        parity = [column[x - 1] ^ ((column[(x + 1) % 5] << 1 | column[(x + 1) % 5] >> 63) & _MASK) for x in range(5)]
        moved = [0] * 25
        for source, target, turn in _MOVES:
            lane = lanes[source] ^ parity[source % 5]
            moved[target] = (lane << turn | lane >> (64 - turn)) & _MASK
        lanes = [
            moved[y + x] ^ (~moved[y + (x + 1) % 5] & moved[y + (x + 2) % 5]) for y in range(0, 25, 5) for x in range(5)
        ]
        lanes[0] ^= constant
    return lanes
