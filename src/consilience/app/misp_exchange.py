"""Give a case to a partner as a MISP event, in a file or on their server, and take events from a server."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from consilience.app.adding import AddReport, Progress
from consilience.app.auditing import record_event, system_user
from consilience.app.misp_event import released_event, report_language
from consilience.app.opening_packages import open_package
from consilience.app.settings import Settings
from consilience.app.sharing import Prepared, prepare, recipient_of
from consilience.app.trusting import own_key, read_trust_files
from consilience.app.use_cases import add_paths
from consilience.app.verifying import Verified, verify_package
from consilience.app.whole_files import write_whole
from consilience.errors import ConsilienceError, FormatError, InputError
from consilience.exchange import dsse
from consilience.exchange.assessment_package import PAYLOAD_TYPE, encode
from consilience.exchange.audit_log import Action, Event, Thing
from consilience.exchange.misp.event_export import Attachment, MadeEvent
from consilience.exchange.misp.pushing import Pushed, push_event
from consilience.exchange.misp.rest_client import MispServer, Query, batches, connect
from consilience.exchange.recipient import Part, Recipient
from consilience.exchange.release import Released
from consilience.exchange.stix_extension import Centre
from consilience.exchange.taxii_client.connection import Access, check_address
from consilience.exchange.taxii_client.remotes import access_to, find_remote
from consilience.formats import misp
from consilience.formats.context import ReadContext
from consilience.formats.misp.attachments import signed_packages
from consilience.model.marking import Marking

KEY_VARIABLE: Final = "CONSILIENCE_MISP_KEY"
STATE: Final = "pulled.json"
_SCHEMA: Final = "consilience-misp-pulled/1"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What of a case is given to whom: as ``consilience share`` takes it, with the language of the event report."""

    to: str
    author: str
    lang: str = ""
    purpose: str = ""
    without: tuple[Part, ...] = ()
    reasons: bool = False
    by_text: bool = True
    passphrase: bytes = b""


class PreparedEvent(msgspec.Struct, frozen=True):
    """An event that may go to ``recipient``, and what it was made from."""

    event: Released[MadeEvent]
    prepared: Prepared
    recipient: Recipient

    @property
    def thing(self) -> Thing:
        """The event as the audit log names it: by the digest of its bytes."""
        digest = hashlib.sha256(self.event.value.data).hexdigest()
        return Thing(kind="misp-event", id=digest, marking=self.prepared.package.value.assessment.marking)


def prepare_event(
    where: Settings, folder: Path, wanted: Wanted, at: datetime, progress: Progress | None = None
) -> PreparedEvent:
    """Return what of a case may go to a partner as a MISP event, with the package, signed by this centre, attached.

    Raises :class:`UnknownNameError` for a partner without a trust file, :class:`MarkingError` where nothing may leave,
    and :class:`StoreError` where this centre has no key.
    """
    trust = read_trust_files(where)
    recipient = recipient_of(trust, wanted.to, wanted.purpose, wanted.without, reasons=wanted.reasons)
    own, key = own_key(where, at, wanted.passphrase)
    centre = Centre(own.identity, own.name)
    prepared = prepare(where, folder, recipient, centre, progress, by_text=wanted.by_text)
    assessment = prepared.package.value.assessment
    signed = dsse.encode(dsse.sign(encode(prepared.package), PAYLOAD_TYPE, [key])) + b"\n"
    attachment = Attachment(f"{assessment.case}.dsse.json", signed)
    event = released_event(prepared.package, wanted.lang or report_language(assessment), attachment)
    return PreparedEvent(event, prepared, recipient)


def export_event(
    where: Settings, folder: Path, wanted: Wanted, out: Path, at: datetime, progress: Progress | None = None
) -> PreparedEvent:
    """Write the event of a case to ``out``; the release is in the audit log before the file is in its place."""
    made = prepare_event(where, folder, wanted, at, progress)
    write_whole(out, made.event.value.data, lambda: record_event(where, _released(made, wanted)))
    return made


def push_case(
    where: Settings, folder: Path, wanted: Wanted, server: str, at: datetime, progress: Progress | None = None
) -> tuple[PreparedEvent, Pushed]:
    """Put the event of a case onto a MISP server, or bring the one that is there up to date.

    The release is in the audit log before anything is sent. Raises as :func:`prepare_event`, and :class:`PeerError`.
    """
    made = prepare_event(where, folder, wanted, at, progress)
    peer = open_server(where, server)
    record_event(where, _released(made, wanted))
    return made, push_event(peer, made.event, int(at.timestamp()))


def _released(made: PreparedEvent, wanted: Wanted) -> Event:
    return Event(action=Action.RELEASED, author=wanted.author, partner=made.recipient.identity, things=(made.thing,))


def open_server(where: Settings, name: str, environment: Mapping[str, str] = os.environ) -> MispServer:
    """Log in to the MISP server that ``remotes.toml`` calls ``name``, or that has this address.

    The key is in the file that the list of remotes names, which its owner alone may read, or in the environment as
    ``CONSILIENCE_MISP_KEY``. Raises :class:`InputError` where there is none.
    """
    remote = find_remote(where.workspace, name)
    key = environment.get(KEY_VARIABLE, "")
    if key:
        access = Access(url=remote.url, ca=where.workspace / remote.ca if remote.ca else None)
        access = msgspec.structs.replace(access, plain_http=remote.plain_http, secret=key)
        check_address(access)
    else:
        access = access_to(remote, where.workspace, environment)
    if not access.secret:
        raise InputError(f"there is no key: name its file in remotes.toml, or set {KEY_VARIABLE}", file=remote.url)
    return connect(access.url, access.secret, access.ca)


class PulledPackage(msgspec.Struct, frozen=True):
    """A signed assessment that an event carried: the file that it was written to, and what checking it gave.

    ``verified`` is ``None`` where it cannot be opened, and ``reason`` says why.
    """

    event: str
    file: Path
    verified: Verified | None
    reason: str = ""


class Pulled(msgspec.Struct, frozen=True, kw_only=True):
    """What a pull took: files of events, how many were here already, and the packages that came in them."""

    files: tuple[Path, ...]
    already: int
    missing: tuple[str, ...]
    packages: tuple[PulledPackage, ...]
    added: AddReport | None


class _State(msgspec.Struct):
    """Which events are here, by uuid, with the time of the change that they were taken with."""

    server: str
    events: dict[str, int] = {}
    schema: str = _SCHEMA


def pull_events(
    where: Settings,
    server: str,
    query: Query,
    out: Path,
    at: datetime,
    *,
    add: bool = True,
    progress: Progress | None = None,
) -> Pulled:
    """Take the events of a server that fit into the folder ``out``, one file each, and add them to the workspace.

    What is here in its newest state is not fetched again. After a cut, the next pull takes the rest. A signed
    assessment in an event is written beside it and checked; only the event is added: what a package says is for
    ``consilience compare``. Events that the server lists and does not give are ``missing``.
    """
    peer = open_server(where, server)
    state = _read_state(out, peer.address)
    listed = {each.uuid: each.timestamp for each in peer.index(query)}
    wanted = [key for key, changed in listed.items() if state.events.get(key, -1) < changed]
    files: list[Path] = []
    for batch in batches(wanted):
        taken: list[tuple[Path, bytes]] = []
        for key, event in peer.events(batch):
            if progress:
                progress(key)
            data = msgspec.json.format(msgspec.json.encode({"Event": event}), indent=2) + b"\n"
            write_whole(out / f"{key}.json", data)
            state.events[key] = listed[key]
            taken.append((out / f"{key}.json", data))
        if taken:
            write_whole(out / STATE, msgspec.json.encode(state))
            record_event(where, _received(peer, taken))
            files += [path for path, _ in taken]
    packages = tuple(each for path in files for each in _packages(where, path, at))
    return Pulled(
        files=tuple(files),
        already=len(listed) - len(wanted),
        missing=tuple(sorted(set(wanted) - {path.stem for path in files})),
        packages=packages,
        added=add_paths(where, files, progress=progress) if add and files else None,
    )


def _received(peer: MispServer, taken: list[tuple[Path, bytes]]) -> Event:
    things = tuple(Thing(kind="misp-event", id=path.stem, marking=_marking(path, data)) for path, data in taken)
    return Event(action=Action.RECEIVED, author=system_user(), partner=peer.address, things=things)


def _marking(path: Path, data: bytes) -> Marking:
    """Return what binds an event; TLP:RED for one that cannot be read, so that the log does not name it."""
    try:
        return misp.read(data, ReadContext(name=path.name)).document.marking
    except InputError:
        return Marking.RED


def _read_state(out: Path, address: str) -> _State:
    path = out / STATE
    try:
        state = msgspec.json.decode(path.read_bytes(), type=_State)
    except FileNotFoundError:
        return _State(address)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"is no list of pulled events: {error}", file=str(path)) from error
    if state.server != address:
        raise InputError(f"holds events of {state.server}; take those of another server elsewhere", file=str(out))
    return state


def _packages(where: Settings, path: Path, at: datetime) -> Iterator[PulledPackage]:
    """Write and check the signed assessments in an event. Their own names are the sender's: they name no file here."""
    trust = read_trust_files(where)
    for number, each in enumerate(signed_packages(path.read_bytes(), path.name), 1):
        target = path.with_name(f"{path.stem}.{number}.dsse.json")
        write_whole(target, each.data)
        try:
            opened = open_package(each.data, str(target))
            yield PulledPackage(path.stem, target, verify_package(where, opened, trust, at, str(target)))
        except ConsilienceError as error:
            yield PulledPackage(path.stem, target, None, error.reason)
