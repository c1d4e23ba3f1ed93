"""What the columns of a table are called, and what they hold."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from consilience.model.observable import ObservableType


class Field(StrEnum):
    """What a column holds. Some serve tables of indicators, some tables of claims, some both."""

    TYPE = "type"
    VALUE = "value"
    CLUSTER = "cluster"
    FIRST = "first"
    LAST = "last"
    REPORT = "report"
    REPORTED = "reported"
    ROLE = "role"
    SOURCE = "source"
    SUBJECT = "subject"
    PREDICATE = "predicate"
    OBJECT = "object"
    SAID = "said"
    HAPPENED = "happened"
    PUBLISHED = "published"
    QUOTE = "quote"
    LANG = "lang"
    LIKELIHOOD = "likelihood"
    CONFIDENCE = "confidence"
    ACT = "act"
    STANCE = "stance"
    CREDIBILITY = "credibility"
    VIA = "via"
    URL = "url"
    MARKING = "marking"
    SUBJECT_TYPE = "subject_type"
    OBJECT_TYPE = "object_type"
    SUBJECT_NAMER = "subject_namer"
    OBJECT_NAMER = "object_namer"


INDICATOR_FIELDS: Final = {
    "type": Field.TYPE,
    "indicator_type": Field.TYPE,
    "ioc_type": Field.TYPE,
    "observable_type": Field.TYPE,
    "value": Field.VALUE,
    "indicator": Field.VALUE,
    "indicators": Field.VALUE,
    "ioc": Field.VALUE,
    "iocs": Field.VALUE,
    "ioc_value": Field.VALUE,
    "indicator_value": Field.VALUE,
    "observable": Field.VALUE,
    "cluster": Field.CLUSTER,
    "actor": Field.CLUSTER,
    "group": Field.CLUSTER,
    "threat_actor": Field.CLUSTER,
    "intrusion_set": Field.CLUSTER,
    "first": Field.FIRST,
    "first_seen": Field.FIRST,
    "firstseen": Field.FIRST,
    "first_seen_utc": Field.FIRST,
    "last": Field.LAST,
    "last_seen": Field.LAST,
    "lastseen": Field.LAST,
    "last_seen_utc": Field.LAST,
    "reference": Field.REPORT,
    "references": Field.REPORT,
    "report": Field.REPORT,
    "link": Field.REPORT,
    "reported": Field.REPORTED,
    "published": Field.REPORTED,
    "date": Field.REPORTED,
    "date_added": Field.REPORTED,
    "dateadded": Field.REPORTED,
    "role": Field.ROLE,
    "source": Field.SOURCE,
    "publisher": Field.SOURCE,
    "vendor": Field.SOURCE,
    "reporter": Field.SOURCE,
    "marking": Field.MARKING,
    "tlp": Field.MARKING,
}

CLAIM_FIELDS: Final = {
    "subject": Field.SUBJECT,
    "sujet": Field.SUBJECT,
    "predicate": Field.PREDICATE,
    "prédicat": Field.PREDICATE,
    "object": Field.OBJECT,
    "objet": Field.OBJECT,
    "said": Field.SAID,
    "date": Field.SAID,
    "happened": Field.HAPPENED,
    "published": Field.PUBLISHED,
    "source": Field.SOURCE,
    "quote": Field.QUOTE,
    "citation": Field.QUOTE,
    "lang": Field.LANG,
    "language": Field.LANG,
    "langue": Field.LANG,
    "likelihood": Field.LIKELIHOOD,
    "confidence": Field.CONFIDENCE,
    "act": Field.ACT,
    "stance": Field.STANCE,
    "credibility": Field.CREDIBILITY,
    "via": Field.VIA,
    "url": Field.URL,
    "reference": Field.URL,
    "marking": Field.MARKING,
    "tlp": Field.MARKING,
    "subject_type": Field.SUBJECT_TYPE,
    "object_type": Field.OBJECT_TYPE,
    "subject_namer": Field.SUBJECT_NAMER,
    "object_namer": Field.OBJECT_NAMER,
}

TYPED_COLUMNS: Final = {
    "ip": "",
    "ip_address": "",
    "ipv4": ObservableType.IPV4,
    "ipv6": ObservableType.IPV6,
    "domain": ObservableType.DOMAIN,
    "hostname": ObservableType.DOMAIN,
    "fqdn": ObservableType.DOMAIN,
    "url": ObservableType.URL,
    "email": ObservableType.EMAIL,
    "md5": ObservableType.MD5,
    "md5_hash": ObservableType.MD5,
    "sha1": ObservableType.SHA1,
    "sha1_hash": ObservableType.SHA1,
    "sha256": ObservableType.SHA256,
    "sha256_hash": ObservableType.SHA256,
    "sha512": ObservableType.SHA512,
    "cve": ObservableType.CVE,
}
"""Columns named after what they hold; an empty type is told by the form of each value (an address of either kind)."""

TYPE_WORDS: Final = {
    **TYPED_COLUMNS,
    **{each.value.replace("-", "_"): each for each in ObservableType},
    "ip_port": ObservableType.HOST_PORT,
    "ip_dst": "",
    "ip_src": "",
    "hash": "",
    "filehash_md5": ObservableType.MD5,
    "filehash_sha1": ObservableType.SHA1,
    "filehash_sha256": ObservableType.SHA256,
    "cidr": ObservableType.NETWORK,
    "filename": ObservableType.FILE_NAME,
    "email_src": ObservableType.EMAIL,
    "email_dst": ObservableType.EMAIL,
    "uri": ObservableType.URL,
    "asn": ObservableType.ASN,
    "as": ObservableType.ASN,
    "btc": ObservableType.BITCOIN,
    "eth": ObservableType.ETHEREUM,
    "vulnerability": ObservableType.CVE,
    "technique": ObservableType.TECHNIQUE,
}
"""Words of a type column, after :func:`column_key`."""


def column_key(name: str) -> str:
    """Return a column's name or a type's word in one spelling: lower case, joined by underscores."""
    name = name.strip().strip('"').casefold()
    return "_".join("".join(letter if letter.isalnum() else " " for letter in name).split())


def is_claims_header(keys: list[str]) -> bool:
    """Tell whether a header is that of a table of claims: it has a subject and a predicate."""
    fields = {CLAIM_FIELDS.get(key) for key in keys}
    return {Field.SUBJECT, Field.PREDICATE} <= fields


def is_indicator_header(keys: list[str]) -> bool:
    """Tell whether a header is that of a table of indicators: it names a column of values, or a type of value."""
    return any(INDICATOR_FIELDS.get(key) is Field.VALUE or key in TYPED_COLUMNS for key in keys)
