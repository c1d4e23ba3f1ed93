"""RFC 3161 time stamps over a signature: a third party's word for when it was there already.

Without one, a signature by a key that was revoked later proves nothing, as anybody may have dated it back. What is
stamped is the signature, as with sigstore: it binds the payload. Request and response are the files that ``openssl ts``
makes and reads; they travel over whatever channel the authority offers, and a partner gets the response beside the
envelope. Needs the extra ``timestamp`` (rfc3161-client, Apache-2.0).
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Final

from cryptography.x509 import Certificate, load_pem_x509_certificates

from consilience.errors import FormatError, InputError, LimitError, StoreError
from consilience.exchange.dsse import Signature

LARGEST: Final = 1 << 20
_EXTRA: Final = "consilience[timestamp]"


def stamp_request(signature: Signature) -> bytes:
    """Return the DER of a TimeStampReq over the SHA-512 of a signature, with a nonce, asking for the certificate."""
    _need_client()
    from rfc3161_client import TimestampRequestBuilder

    made: bytes = TimestampRequestBuilder().data(signature.sig).nonce(nonce=True).build().as_bytes()
    return made


def stamped_at(response: bytes, signature: Signature, roots: bytes, *, file: str = "") -> datetime:
    """Return when an authority says that it saw a signature, having verified its TimeStampResp.

    ``roots`` are the certificates that are trusted for this, in PEM. Verified are: the status, the authority's
    signature, its chain as of the stamp's own time, its key purpose (RFC 3161, 2.3), and that it stamped this very
    signature. Raises :class:`InputError` where any of it fails, and :class:`FormatError` or :class:`LimitError` for
    bytes that are no response or no certificates.
    """
    _need_client()
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    if len(response) > LARGEST:
        raise LimitError(f"has {len(response):,} bytes, more than the limit of {LARGEST:,}", file=file)
    builder = VerifierBuilder()
    for each in _certificates(roots):
        builder = builder.add_root_certificate(each)
    try:
        decoded = decode_timestamp_response(response)
        stamped: datetime = decoded.tst_info.gen_time
    except (ValueError, TypeError) as error:
        raise FormatError("is no response of a time-stamping authority, or it refused", file=file) from error
    try:
        builder.build().verify_message(decoded, signature.sig)
    except (VerificationError, ValueError) as error:
        raise InputError(f"the time stamp proves nothing: {error}", file=file) from error
    return stamped.astimezone(UTC)


def _certificates(pem: bytes) -> list[Certificate]:
    try:
        return load_pem_x509_certificates(pem)
    except ValueError as error:
        raise FormatError("holds no certificate in PEM", place="roots") from error


def _need_client() -> None:
    if find_spec("rfc3161_client") is None:
        raise StoreError(f"time stamps need rfc3161-client: pip install '{_EXTRA}'")
