"""Observables: typed, normalised technical values. Type names are those of STIX 2.1 where it has one."""

from enum import StrEnum

import msgspec


class ObservableType(StrEnum):
    """What sort of technical value it is."""

    IPV4 = "ipv4-addr"
    IPV6 = "ipv6-addr"
    NETWORK = "network"
    HOST_PORT = "host-port"
    DOMAIN = "domain-name"
    URL = "url"
    EMAIL = "email-addr"
    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA512 = "sha512"
    SSDEEP = "ssdeep"
    TLSH = "tlsh"
    IMPHASH = "imphash"
    JARM = "jarm"
    JA3 = "ja3"
    CVE = "cve"
    TECHNIQUE = "attack-pattern"
    ATTACK_OBJECT = "attack-object"
    ASN = "autonomous-system"
    BITCOIN = "btc-wallet"
    BITCOIN_CASH = "bch-wallet"
    ETHEREUM = "eth-wallet"
    TRON = "trx-wallet"
    MONERO = "xmr-wallet"
    LITECOIN = "ltc-wallet"
    DASH = "dash-wallet"
    DOGECOIN = "doge-wallet"
    RIPPLE = "xrp-wallet"
    CARDANO = "ada-wallet"
    SOLANA = "sol-wallet"
    TEZOS = "xtz-wallet"
    ZCASH = "zec-wallet"
    ACCOUNT = "user-account"
    REGISTRY_KEY = "windows-registry-key"
    FILE_NAME = "file-name"
    FILE_PATH = "file-path"
    MUTEX = "mutex"
    PIPE = "named-pipe"
    SERVICE = "windows-service"
    TASK = "scheduled-task"
    USER_AGENT = "user-agent"
    CERTIFICATE = "x509-certificate"
    YARA = "yara-rule"
    SIGMA = "sigma-rule"


class Role(StrEnum):
    """What the text quotes the value as."""

    INDICATOR = "indicator"
    BENIGN = "benign"
    VICTIM = "victim"
    REFERENCE = "reference"


class Observable(msgspec.Struct, frozen=True, order=True):
    """One normalised value."""

    type: ObservableType
    value: str


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """A row: source ``source`` says that cluster ``cluster`` used a value, between ``first`` and ``last``.

    ``first``, ``last`` and ``reported`` are partial dates as text; empty is unknown. ``report`` is the report within
    the document that the row comes from (a URL where the list gives one): the unit in which copies are counted.
    ``place`` says where in the document (``line 7``, ``/objects/12``, ``chars 10-25``).
    """

    cluster: str
    type: str
    value: str
    source: str
    document: str
    place: str
    report: str = ""
    first: str = ""
    last: str = ""
    reported: str = ""
    role: str = Role.INDICATOR
