"""Ed25519 keys (RFC 8032): the public ones by their id, the private ones in files that only their owner can read.

A private key is a file in PKCS#8 PEM (RFC 5958, RFC 7468), encrypted where a passphrase is given, with mode 0600. A key
id is the SHA-256 of the public key's DER SubjectPublicKeyInfo (RFC 8410), in hex:
``openssl pkey -pubin -in KEY.pem -outform DER | sha256sum`` prints it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from consilience.errors import FormatError, StoreError

_LARGEST = 1 << 16


class PublicKey(msgspec.Struct, frozen=True):
    """An Ed25519 public key: the 32 bytes of RFC 8032."""

    raw: bytes

    @property
    def key_id(self) -> str:
        """The SHA-256 of the DER SubjectPublicKeyInfo, 64 hex digits."""
        return hashlib.sha256(self._key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()

    @property
    def pem(self) -> str:
        """The key as other tools read it: PEM of the SubjectPublicKeyInfo, with a line break at its end."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")

    @property
    def _key(self) -> Ed25519PublicKey:
        return Ed25519PublicKey.from_public_bytes(self.raw)

    def made(self, signature: bytes, message: bytes) -> bool:
        """Tell whether ``signature`` is this key's over ``message``."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


def read_public_key(pem: str, *, file: str = "", place: str = "") -> PublicKey:
    """Return the key that a PEM text holds; raise :class:`FormatError` for anything but an Ed25519 public key."""
    try:
        key = load_pem_public_key(pem.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm) as error:  # a wrong encoding is a ValueError too
        raise FormatError("is not a public key in PEM", file=file, place=place) from error
    if not isinstance(key, Ed25519PublicKey):
        raise FormatError("is a public key, but not one of Ed25519", file=file, place=place)
    return PublicKey(key.public_bytes_raw())


class PrivateKey:
    """An Ed25519 private key. Its secret is not shown by ``repr``, and it cannot be compared or serialised."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey(key.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"PrivateKey({self.public.key_id})"

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the signature over ``message``; the same message gives the same signature."""
        return self._key.sign(message)

    def pem(self, passphrase: bytes = b"") -> bytes:
        """Return the key as PKCS#8 PEM, encrypted where there is a passphrase."""
        protection = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)


def make_key() -> PrivateKey:
    """Return a new key from the operating system's random numbers."""
    return PrivateKey(Ed25519PrivateKey.generate())


def write_private_key(path: Path, key: PrivateKey, passphrase: bytes = b"") -> None:
    """Write a private key to a new file of mode 0600 in a folder of mode 0700.

    A file that is there is never overwritten: :class:`StoreError`.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.pem(passphrase))
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise StoreError("a key is there already and is not overwritten", file=str(path)) from error
    except OSError as error:
        raise StoreError(f"the key cannot be written: {error.strerror}", file=str(path)) from error


def read_private_key(path: Path, passphrase: bytes = b"") -> PrivateKey:
    """Return the private key of a file.

    Raises :class:`StoreError` for a file that others than its owner can read or change, that is no regular file (a
    symbolic link is none), or cannot be opened with this passphrase, and :class:`FormatError` where it holds no
    Ed25519 private key.
    """
    data = _read_private(path)
    encrypted = b"ENCRYPTED" in data
    if encrypted and not passphrase:
        raise StoreError("the key has a passphrase, and none was given", file=str(path))
    try:
        key = load_pem_private_key(data, passphrase if encrypted else None)
    except (ValueError, UnsupportedAlgorithm) as error:
        if encrypted:
            raise StoreError("the passphrase does not open the key", file=str(path)) from error
        raise FormatError("is not a private key in PKCS#8 PEM", file=str(path)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise FormatError("is a private key, but not one of Ed25519", file=str(path))
    return PrivateKey(key)


def _read_private(path: Path) -> bytes:
    """Return the bytes of a file, having looked at the rights of the very file that is read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise StoreError("is not a regular file", file=str(path))
            if state.st_mode & 0o077:
                raise StoreError(
                    f"others can read or change the private key (mode {stat.S_IMODE(state.st_mode):04o}); "
                    f"`chmod 600` it, and make a new key if it may have been read",
                    file=str(path),
                )
            return file.read(_LARGEST)
    except OSError as error:
        raise StoreError(f"the private key cannot be read: {error.strerror}", file=str(path)) from error
