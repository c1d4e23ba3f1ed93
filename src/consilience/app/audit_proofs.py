"""Signed checkpoints of the audit log, and proofs that something is in it or that it only grew."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import msgspec

from consilience.app.audit_checks import Severity, check_checkpoints, finding_of, kept_checkpoints, origin_of
from consilience.app.auditing import FOLDER
from consilience.app.settings import Settings
from consilience.app.trusting import own_key, read_trust_files
from consilience.errors import FormatError, InputError, MarkingError, StoreError, UnknownNameError
from consilience.exchange.audit_log import CHECKPOINTS, Entry, LogFile, broken_seals, read_log, read_seals
from consilience.exchange.checkpoint import Checkpoint, make_checkpoint, read_checkpoint, signed_by, verifier_key
from consilience.exchange.folder_lock import locked
from consilience.exchange.merkle_tree import consistency_proof, extends, includes, inclusion_proof, leaf_hash, root
from consilience.exchange.trust import Partner
from consilience.model.marking import Marking


class Signed(msgspec.Struct, frozen=True):
    """A checkpoint, and the key that signed it in the form that tools for signed notes take."""

    checkpoint: Checkpoint
    verifier: str


def make_signed_checkpoint(where: Settings, at: datetime, passphrase: bytes = b"") -> Signed:
    """Sign the log as it stands, keep the checkpoint and return it with the key that checks it.

    Raises :class:`StoreError` where the log was tampered with, which a signature must not cover up, or there is no key
    of this centre to sign with.
    """
    own, key = own_key(where, at, passphrase)
    folder = where.workspace / FOLDER
    with locked(folder):
        log, seals = read_log(folder), read_seals(folder)
        bad = [*map(finding_of, (*log.faults, *seals.faults, *broken_seals(log, seals)))]
        bad += check_checkpoints(where, log, kept_checkpoints(where))[1]
        for each in bad:
            if each.severity is not Severity.NOTE:
                raise StoreError(f"not signed: {each.sentence}", file=str(folder), place=each.place)
        leaves = [line.digest for line in log.lines]
        checkpoint = make_checkpoint(origin_of(own), len(leaves), root(leaves), key)
        _keep(folder / CHECKPOINTS / f"{len(leaves):09}-{key.public.key_id[:8]}.txt", checkpoint.note.encode("utf-8"))
    return Signed(checkpoint, verifier_key(checkpoint.origin, key.public))


def _keep(path: Path, data: bytes) -> None:
    """Write a new file durably; the same checkpoint twice is the same bytes."""
    try:
        path.parent.mkdir(exist_ok=True)
        staged = path.with_suffix(".new")
        with staged.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)
    except OSError as error:
        raise StoreError(f"the checkpoint cannot be written: {error.strerror}", file=str(path)) from error


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """That an entry is in the log, or that the log only grew: RFC 6962, 2.1.1 and 2.1.2. Digests are in hex.

    For inclusion, ``first`` is the entry's number and ``entry`` its exact bytes as text; for consistency ``first`` is
    the size of the older tree and ``first_root`` its root. ``checkpoint`` is the signed note over ``size`` and
    ``root``, where one was made.
    """

    kind: str
    first: int
    size: int
    root: str
    hashes: tuple[str, ...]
    entry: str = ""
    first_root: str = ""
    checkpoint: str = ""


def prove_entry(where: Settings, number: int, to: str = "") -> Proof:
    """Return the proof that entry ``number`` is in the log, against the newest checkpoint that covers it, if any.

    The proof holds the entry to the byte, so none can be blackened: with ``to``, a partner's name or identity, raises
    :class:`MarkingError` where the entry names a thing above that partner's ceiling, and :class:`UnknownNameError`
    where there is no such partner. Raises :class:`InputError` where there is no such entry.
    """
    log = _sound_log(where)
    leaves = [line.digest for line in log.lines]
    note, size = _newest_checkpoint(where, above=number)
    size = size or len(leaves)
    if not 0 <= number < size:
        raise InputError(f"the log has no entry {number}; it has {len(leaves)}, counted from 0")
    leaves = leaves[:size]
    if to:
        _check_ceiling(where, log.lines[number].entry, to)
    return Proof(
        kind="inclusion",
        first=number,
        size=size,
        root=root(leaves).hex(),
        hashes=tuple(each.hex() for each in inclusion_proof(leaves, number)),
        entry=log.lines[number].data.decode("utf-8"),
        checkpoint=note,
    )


def _check_ceiling(where: Settings, entry: Entry, to: str) -> None:
    partner = read_trust_files(where).partner(to)
    if partner is None:
        raise UnknownNameError(f"no trust file is of {to!r}")
    highest = max((each.marking for each in entry.things), key=lambda each: each.rank, default=Marking.CLEAR)
    if highest.rank > partner.ceiling.rank:
        reason = f"entry {entry.number} names what is {highest}, and {partner.name} is given up to {partner.ceiling}"
        raise MarkingError(reason)


def prove_growth(where: Settings, size: int) -> Proof:
    """Return the proof that the log still begins with the ``size`` entries that it had."""
    log = _sound_log(where)
    note, newest = _newest_checkpoint(where, above=size)
    leaves = [line.digest for line in log.lines][: newest or None]
    if not 0 < size <= len(leaves):
        raise InputError(f"the log never had {size} entries; it has {len(leaves)}")
    return Proof(
        kind="consistency",
        first=size,
        size=len(leaves),
        root=root(leaves).hex(),
        first_root=root(leaves[:size]).hex(),
        hashes=tuple(each.hex() for each in consistency_proof(leaves, size)),
        checkpoint=note,
    )


class ProofCheck(msgspec.Struct, frozen=True):
    """What a proof comes to: whose log it is about, where a trusted key signed for it, and a sentence on each step."""

    proven: bool
    identity: str
    name: str
    sentences: tuple[str, ...]


def check_proof(where: Settings, data: bytes, *, file: str = "") -> ProofCheck:
    """Check a proof that a partner, or this centre, made, against the checkpoint that comes with it.

    Raises :class:`FormatError` for what is no proof. That the same checkpoint was shown to everybody, a proof cannot
    say: compare it with the one that others hold.
    """
    try:
        proof = msgspec.json.decode(data, type=Proof)
        hashes = [bytes.fromhex(each) for each in proof.hashes]
        top, first_root = bytes.fromhex(proof.root), bytes.fromhex(proof.first_root)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise FormatError(f"is no proof: {error}", file=file) from error
    if proof.kind == "inclusion":
        holds = includes(top, proof.size, proof.first, leaf_hash(proof.entry.encode("utf-8")), hashes)
        what = f"entry {proof.first} is in the log of {proof.size} entries with root {proof.root}"
    elif proof.kind == "consistency":
        holds = extends(first_root, proof.first, top, proof.size, hashes)
        what = f"the log of {proof.size} entries with root {proof.root} begins with the {proof.first} of its older root"
    else:
        raise FormatError(f"is a proof of {proof.kind!r}, which is not known", file=file)
    if not holds:
        return ProofCheck(False, "", "", (f"The proof does not show that {what}.",))
    signer, sentence = _signer(where, proof, top)
    name, identity = (signer.name, signer.identity) if signer else ("", "")
    return ProofCheck(signer is not None, identity, name, (f"The proof shows that {what}.", sentence))


def _signer(where: Settings, proof: Proof, top: bytes) -> tuple[Partner | None, str]:
    """Return which partner signed the checkpoint of a proof, and a sentence on it."""
    if not proof.checkpoint:
        return None, "Nobody signed that root: there is no checkpoint with the proof."
    try:
        checkpoint = read_checkpoint(proof.checkpoint.encode("utf-8"))
        if (checkpoint.size, checkpoint.root) != (proof.size, top):
            return None, "The checkpoint is of another size or root than the proof."
        for partner in read_trust_files(where).partners:
            keys = [key for key in partner.keys if key.revoked is None]
            if checkpoint.origin == origin_of(partner) and signed_by(checkpoint, [key.public for key in keys]):
                return partner, f"{partner.name} signed that root as that of its own log."
    except InputError as error:
        return None, f"The checkpoint proves nothing: {error}."
    return None, "The checkpoint is signed by no key that this centre trusts for that log."


def list_entries(where: Settings) -> tuple[Entry, ...]:
    """Return the entries of the log. Raises :class:`StoreError` where a line of it was changed."""
    return tuple(line.entry for line in _sound_log(where).lines)


def _sound_log(where: Settings) -> LogFile:
    log = read_log(where.workspace / FOLDER)
    for fault in log.faults:
        if not fault.cut:
            raise StoreError(fault.reason, file=str(where.workspace / FOLDER), place=fault.place)
    return log


def _newest_checkpoint(where: Settings, above: int) -> tuple[str, int]:
    """Return the note and the size of the newest checkpoint over more than ``above`` entries; ("", 0) without one."""
    found = ("", 0)
    for name, data in kept_checkpoints(where):
        size = read_checkpoint(data, file=name).size
        if size > above and size >= found[1]:
            found = (data.decode("utf-8"), size)
    return found
