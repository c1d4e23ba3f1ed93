"""Run one of the peers over texts, in the peers' own environment and apart from Consilience.

Usage: PEERS/bin/python peer_extractors.py ioc-finder|iocsearcher|iocextract < TEXTS.json > VALUES.json

In: a JSON list of texts. Out: ``{"values": [[[type, value, start], ...], ...], "seconds": s}``, types in Consilience's
words, ``start`` null where the peer does not say it, ``seconds`` of processor time without start-up. Options are those
that make the peers answer the question of the annotation guide: no second value inside a URL or an e-mail address.
iocextract (GPL) is only run as a program.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

Value = tuple[str, str, int | None]

IOC_FINDER = {
    "asns": "autonomous-system",
    "attack_techniques": "attack-pattern",
    "bitcoin_addresses": "btc-wallet",
    "cves": "cve",
    "domains": "domain-name",
    "email_addresses": "email-addr",
    "file_paths": "file-path",
    "imphashes": "imphash",
    "ipv4_cidrs": "network",
    "ipv4s": "ipv4-addr",
    "ipv6s": "ipv6-addr",
    "md5s": "md5",
    "monero_addresses": "xmr-wallet",
    "registry_key_paths": "windows-registry-key",
    "sha1s": "sha1",
    "sha256s": "sha256",
    "sha512s": "sha512",
    "ssdeeps": "ssdeep",
    "urls": "url",
    "user_agents": "user-agent",
}
IOCSEARCHER = {
    "bitcoin": "btc-wallet",
    "bitcoincash": "bch-wallet",
    "cardano": "ada-wallet",
    "cve": "cve",
    "dashcoin": "dash-wallet",
    "dogecoin": "doge-wallet",
    "email": "email-addr",
    "ethereum": "eth-wallet",
    "fqdn": "domain-name",
    "ip4": "ipv4-addr",
    "ip4Net": "network",
    "ip6": "ipv6-addr",
    "litecoin": "ltc-wallet",
    "md5": "md5",
    "monero": "xmr-wallet",
    "onionAddress": "domain-name",
    "registry": "windows-registry-key",
    "ripple": "xrp-wallet",
    "sha1": "sha1",
    "sha256": "sha256",
    "solana": "sol-wallet",
    "tezos": "xtz-wallet",
    "tron": "trx-wallet",
    "ttp": "attack-pattern",
    "url": "url",
    "zcash": "zec-wallet",
}
IOCEXTRACT = {"emails": "email-addr", "ipv4s": "ipv4-addr", "ipv6s": "ipv6-addr", "urls": "url"}
SIZES = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}


def ioc_finder() -> Callable[[str], list[Value]]:
    """Return ioc-finder for the types that both have."""
    from ioc_finder import find_iocs

    def read(text: str) -> list[Value]:
        found = find_iocs(
            text,
            parse_domain_from_url=False,
            parse_from_url_path=False,
            parse_domain_from_email_address=False,
            parse_address_from_cidr=False,
            parse_urls_without_scheme=False,
            included_ioc_types=list(IOC_FINDER),
        )
        values: list[Value] = []
        for name, kind in IOC_FINDER.items():
            each = found.get(name, [])
            for one in each if isinstance(each, list) else [value for group in each.values() for value in group]:
                values.append((kind, one, None))  # noqa: PERF401 - two loops are easier to read
        return values

    return read


def iocsearcher() -> Callable[[str], list[Value]]:
    """Return iocsearcher, without values inside others, as its command line has with ``--nooverlaps``."""
    from iocsearcher.searcher import Searcher

    searcher = Searcher()

    def read(text: str) -> list[Value]:
        matches = searcher.remove_overlaps(searcher.search_matches(text, set(IOCSEARCHER)))
        return [(IOCSEARCHER[each.name], each.value, each.start_offset) for each in matches]

    return read


def iocextract(text: str, folder: Path) -> list[Value]:
    """Run the program iocextract over one text."""
    (folder / "text").write_text(text, "utf-8")
    program = Path(sys.executable).parent / "iocextract"
    ran = subprocess.run([program, "-i", folder / "text", "--refang", "-j"], capture_output=True, check=True)
    found = json.loads(ran.stdout)
    hashes = [(SIZES[len(each)], each, None) for each in found["hashes"] if len(each) in SIZES]
    return hashes + [(kind, each, None) for name, kind in IOCEXTRACT.items() for each in found[name]]


def programs_seconds() -> float:
    """Return the processor time of the programs that have run."""
    times = os.times()
    return times.children_user + times.children_system


def main() -> None:
    """Read all texts and print what was found."""
    name, texts = sys.argv[1], json.load(sys.stdin)
    if name == "iocextract":
        with TemporaryDirectory() as folder:
            values = [iocextract(text, Path(folder)) for text in texts]
            begin = programs_seconds()
            iocextract("", Path(folder))
            start_up = programs_seconds() - begin
            begin = programs_seconds()
            iocextract("\n".join(texts), Path(folder))
            seconds = programs_seconds() - begin - start_up
    else:
        read = {"ioc-finder": ioc_finder, "iocsearcher": iocsearcher}[name]()
        read("evil.example.com")
        begin_ = time.process_time()
        values = [read(text) for text in texts]
        seconds = time.process_time() - begin_
    json.dump({"values": values, "seconds": seconds}, sys.stdout)


if __name__ == "__main__":
    main()
