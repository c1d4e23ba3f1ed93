"""Signed checkpoints of the audit log: what was in it, given away so that nobody can take it back.

The form is the tlog-checkpoint of C2SP (https://c2sp.org/tlog-checkpoint), a signed note
(https://c2sp.org/signed-note) with Ed25519 signatures: origin, number of entries, root of the tree in base64. Tools for
transparency logs read it, and a person can read it out over the telephone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from typing import Final

import msgspec

from consilience.errors import FormatError, LimitError
from consilience.exchange.signing_keys import PrivateKey, PublicKey

LARGEST: Final = 1 << 16
MOST_SIGNATURES: Final = 16
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_ED25519: Final = b"\x01"
_BREAK: Final = "\n\n"
_DASH: Final = "\u2014 "


class Checkpoint(msgspec.Struct, frozen=True):
    """The size and root of a log's tree, with (key name, key hash and signature) of each line of signature."""

    origin: str
    size: int
    root: bytes
    signatures: tuple[tuple[str, bytes], ...] = ()

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode('ascii')}\n"

    @property
    def note(self) -> str:
        """The whole note."""
        lines = (f"{_DASH}{name} {base64.b64encode(made).decode('ascii')}\n" for name, made in self.signatures)
        return f"{self.text}\n{''.join(lines)}"


def make_checkpoint(origin: str, size: int, root: bytes, key: PrivateKey) -> Checkpoint:
    """Return a checkpoint signed by ``key`` under the name ``origin``, which has no space and no plus sign."""
    unsigned = Checkpoint(origin, size, root)
    made = key_hash(origin, key.public) + key.sign(unsigned.text.encode("utf-8"))
    return Checkpoint(origin, size, root, ((origin, made),))


def key_hash(name: str, key: PublicKey) -> bytes:
    """Return the four bytes with which a note names a key, as its form says under "Ed25519 signatures"."""
    return hashlib.sha256(name.encode("utf-8") + b"\n" + _ED25519 + key.raw).digest()[:4]


def verifier_key(name: str, key: PublicKey) -> str:
    """Return a key as tools for signed notes are given it: name, key hash and key, with plus signs between."""
    return f"{name}+{key_hash(name, key).hex()}+{base64.b64encode(_ED25519 + key.raw).decode('ascii')}"


def read_checkpoint(data: bytes, *, file: str = "") -> Checkpoint:
    """Return the checkpoint of a signed note; its signatures are not verified by this.

    Raises :class:`LimitError` for one that is too large, and :class:`FormatError` for what is none, or could be written
    otherwise: another spelling of the same checkpoint is not taken. Extension lines are refused too, as this log
    makes none.
    """
    if len(data) > LARGEST:
        raise LimitError(f"has {len(data):,} bytes, more than the limit of {LARGEST:,}", file=file)
    try:
        text, _, signed = data.decode("utf-8").rpartition(_BREAK)
        origin, size, root = text.split("\n")
        made = tuple(_signature(line) for line in signed.removesuffix("\n").split("\n"))
        if not _SIZE.fullmatch(size):
            raise ValueError(f"{size[:40]!r} is no number of entries")
        found = Checkpoint(origin, int(size), binascii.a2b_base64(root, strict_mode=True), made)
    except ValueError as error:
        raise FormatError(f"is no signed checkpoint: {error}", file=file) from error
    if len(made) > MOST_SIGNATURES:
        raise LimitError(f"has more than {MOST_SIGNATURES} signatures", file=file)
    if len(found.root) != hashlib.sha256().digest_size or not origin.isprintable() or " " in origin or not origin:
        raise FormatError("is no signed checkpoint: its origin or its root is none", file=file)
    if found.note.encode("utf-8") != data:
        raise FormatError("is a checkpoint that is written otherwise than it has to be", file=file)
    return found


def _signature(line: str) -> tuple[str, bytes]:
    if not line.startswith(_DASH):
        raise ValueError("a line of signature begins with a dash")
    name, made = line.removeprefix(_DASH).split(" ")
    return name, binascii.a2b_base64(made, strict_mode=True)


def signed_by(checkpoint: Checkpoint, keys: Iterable[PublicKey]) -> tuple[PublicKey, ...]:
    """Return which of the keys signed under the checkpoint's origin.

    Lines of other names and keys are passed over, as the note's form demands; one that names a key of ours and is not
    by it is an error: :class:`FormatError`.
    """
    text = checkpoint.text.encode("utf-8")
    found = []
    for key in keys:
        hint = key_hash(checkpoint.origin, key)
        for name, made in checkpoint.signatures:
            if name == checkpoint.origin and made[:4] == hint:
                if not key.made(made[4:], text):
                    raise FormatError(f"the signature of key {key.key_id} is not over this checkpoint")
                found.append(key)
    return tuple(found)
