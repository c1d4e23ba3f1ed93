"""Two rich made-up assessments, one of each question: every section of the dossier has something to show.

The names are invented. Posteriors, waterfall and totals are computed here by Bayes' rule from priors and weights, so
that they agree as those of the method do. Quotations are in six languages, one of them hostile to a careless template.
"""

from __future__ import annotations

import itertools
import math
from hashlib import sha256

import msgspec

from consilience.knowledge import scales
from consilience.model.assessment import (
    AnalystView,
    Assessment,
    Basis,
    ConsistencyCheck,
    DocumentRow,
    EvidenceItem,
    Family,
    HypothesisKind,
    JudgementRow,
    LedgerRow,
    NextObservation,
    PairOverlap,
    Quotation,
    Sensitivity,
    SharedObservable,
    SourceRow,
    TimelineEvent,
    WaterfallStep,
    WeighedHypothesis,
    WeightPart,
)
from consilience.model.case import Question
from consilience.model.dates import PartialDate, Period
from consilience.model.judgement import About, CaseJudgement, Ruling
from consilience.model.ladder import Ladder, LadderStep, Responsibility, Rung, RungClaim
from consilience.model.marking import Marking
from consilience.model.source import Reliability, Source, SourceKind
from consilience.model.words import Confidence, Likelihood

HOSTILE = "</q><script>alert(1)</script> #[evil] $x$ <img src=http://evil.example/x onerror=alert(2)> \u202e{{ 7*7 }}"
PERSIAN = "این عملیات را گروه «سپیده» انجام داده است"
KOREAN = "공격의 배후는 별빛 그룹이다"
RUSSIAN = "Никаких доказательств не обнаружено"

DIGEST = {
    name: sha256(name.encode()).hexdigest() for name in ("service", "ministry", "vendor", "press", "channel", "rows")
}


def _decibans(odds: float) -> float:
    return 10.0 * math.log10(odds)


def _posteriors(priors: dict[str, float], items: list[EvidenceItem]) -> dict[str, float]:
    scores = {
        key: _decibans(prior) + math.fsum(item.weights.get(key, 0.0) for item in items) for key, prior in priors.items()
    }
    total = math.fsum(10 ** (score / 10) for score in scores.values())
    return {key: 10 ** (score / 10) / total for key, score in scores.items()}


def _log_odds(posterior: float) -> float:
    return _decibans(posterior / (1.0 - posterior))


def _waterfall(priors: dict[str, float], items: list[EvidenceItem], leader: str) -> tuple[WaterfallStep, ...]:
    totals = [round(_log_odds(_posteriors(priors, items[:count])[leader]), 2) for count in range(len(items) + 1)]
    names = ["prior", *(item.id for item in items)]
    moved = [totals[0], *(round(after - before, 2) for before, after in itertools.pairwise(totals))]
    return tuple(
        WaterfallStep(item=name, decibans=step, total=total)
        for name, step, total in zip(names, moved, totals, strict=True)
    )


def _weighed(hypotheses: list[WeighedHypothesis], items: list[EvidenceItem]) -> tuple[WeighedHypothesis, ...]:
    after = _posteriors({each.id: each.prior for each in hypotheses}, items)
    return tuple(
        WeighedHypothesis(
            id=each.id,
            kind=each.kind,
            label=each.label,
            prior=each.prior,
            posterior=round(after[each.id], 4),
            names=each.names,
            country=each.country,
            of=each.of,
        )
        for each in hypotheses
    )


def _without(
    hypotheses: list[WeighedHypothesis], items: list[EvidenceItem], leader: str, *, withheld: bool
) -> list[Sensitivity]:
    priors = {each.id: each.prior for each in hypotheses}
    out = []
    for item in items:
        after = _posteriors(priors, [each for each in items if each is not item])
        leading = max(after, key=lambda key: after[key])
        flips = leading != leader or (after[leader] < 0.55) != withheld
        out.append(
            Sensitivity(
                kind="without-item",
                of=item.id,
                posterior=round(after[leading], 4),
                leading=leading,
                changes_answer=flips,
            )
        )
    return out


SOURCES = (
    Source(
        id="north-cert",
        name="CERT of Nordmark",
        kind=SourceKind.STATE,
        country="NO",
        reliability=Reliability.B,
        basis="Published assessments, three of three confirmed later",
    ),
    Source(
        id="ministry",
        name="Ministry of Foreign Affairs of Nordmark",
        kind=SourceKind.STATE,
        country="NO",
        reliability=Reliability.B,
        basis="Speaks for the state",
        derives_from=("north-cert",),
    ),
    Source(
        id="glass-labs", name="Glass Labs", kind=SourceKind.VENDOR, reliability=Reliability.B, basis="Own telemetry"
    ),
    Source(
        id="daily",
        name="The Daily <b>Tide</b>",
        kind=SourceKind.PRESS,
        reliability=Reliability.D,
        derives_from=("glass-labs",),
    ),
    Source(id="sepideh", name="سپیده", kind=SourceKind.PERSONA, reliability=Reliability.E, basis="Claims its own acts"),
    Source(
        id="accused", name="Посольство Южного Берега", kind=SourceKind.STATE, country="RU", reliability=Reliability.D
    ),
)

DOCUMENTS = (
    DocumentRow(
        sha256=DIGEST["service"],
        name="cert-report.txt",
        format="text",
        source="north-cert",
        lang="en",
        published=PartialDate("2022-09-07"),
        url="https://cert.example/reports/17",
        title="Report 17",
    ),
    DocumentRow(
        sha256=DIGEST["ministry"],
        name="declaration.html",
        format="html",
        source="ministry",
        lang="fr",
        published=PartialDate("2022-09-08"),
        url="https://ministry.example/declaration",
    ),
    DocumentRow(
        sha256=DIGEST["vendor"],
        name="glass.pdf",
        format="pdf",
        source="glass-labs",
        lang="en",
        published=PartialDate("2022-08"),
        url="https://glass.example/blog?id=1&ref=<x>",
        marking=Marking.AMBER,
    ),
    DocumentRow(sha256=DIGEST["press"], name="daily.html", format="html", source="daily", lang="ko"),
    DocumentRow(
        sha256=DIGEST["channel"],
        name="channel.txt",
        format="text",
        source="sepideh",
        lang="fa",
        published=PartialDate("2022-07-19"),
    ),
    DocumentRow(sha256=DIGEST["rows"], name="indicators.csv", format="csv", source="glass-labs", lang=""),
)


def _quote(text: str, lang: str, source: str, document: str, place: str = "chars 10-60", url: str = "") -> Quotation:
    return Quotation(
        text=text,
        lang=lang,
        source=source,
        document=DIGEST[document],
        place=place,
        statement=f"statement--{source}",
        url=url,
    )


def _item(identifier: str, kind: str, family: Family, weights: dict[str, float], **rest: object) -> EvidenceItem:
    given: dict[str, object] = {
        "group": f"{family}/{identifier}",
        "speaks_for": max(weights, key=lambda key: weights[key], default=""),
        "params": {},
    }
    given.update(rest)
    return EvidenceItem(id=identifier, kind=kind, family=family, weights=weights, **given)  # type: ignore[arg-type]


def _parts(total: float) -> tuple[WeightPart, ...]:
    table = round(total + 4.5, 2)
    return (
        WeightPart("table", table, {"row": "official"}),
        WeightPart("reliability", -3.25, {"r": "0.8"}),
        WeightPart("planting-cap", round(total - table + 3.25, 2), {"code": "claim-official", "d": "0.01"}),
    )


def _who_items(small: int) -> list[EvidenceItem]:
    claim = {"subject": "the attack of July", "object": "Dawn Group", "targets": "dawn"}
    items = [
        _item(
            "claim-assessment-1",
            "claim-assessment",
            Family.CLAIMS,
            {"dawn": 9.4},
            params={
                "source": "CERT of Nordmark",
                "source-id": "north-cert",
                "term": "almost certainly",
                "low": "0.95",
                "high": "0.99",
                "copies": "1",
                **claim,
            },
            parts=_parts(9.4),
            plant_class="costly",
            sources=("north-cert", "ministry"),
            origins=("north-cert",),
            statements=("statement--north-cert", "statement--ministry"),
            group="claims/north-cert",
            quotations=(
                _quote(
                    "Dawn Group was almost certainly responsible for the attack of July.",
                    "en",
                    "north-cert",
                    "service",
                    url="https://cert.example/reports/17",
                ),
                _quote("Le Dawn Group est responsable de cette attaque.", "fr", "ministry", "ministry"),
            ),
        ),
        _item(
            "claim-judgement-1",
            "claim-judgement",
            Family.CLAIMS,
            {"dawn": 0.0},
            group="claims/north-cert",
            params={"source": "Ministry of Foreign Affairs of Nordmark", "follows": "CERT of Nordmark", **claim},
            sources=("ministry",),
            origins=("north-cert",),
            statements=("statement--ministry",),
            speaks_for="dawn",
            quotations=(_quote("Nous tenons Dawn Group pour responsable.", "fr", "ministry", "ministry", "page 2"),),
        ),
        _item(
            "shared-address-1",
            "shared-address",
            Family.INFRASTRUCTURE,
            {"dawn": 7.1, "copycat": 4.0},
            params={"unit": "ipv4-addr", "value": "198.51.100.7", "names": "Dawn Group", "listed": ""},
            plant_class="moderate",
            parts=_parts(7.1),
            sources=("glass-labs",),
            origins=("glass-labs",),
            statements=("statement--rows",),
            quotations=(_quote("198.51.100.7;2022-07-14;c2", "", "glass-labs", "rows", "line 12"),),
        ),
        _item(
            "claim-self-1",
            "claim-self",
            Family.CLAIMS,
            {"sepideh": 2.2},
            params={"source": "سپیده", "subject": "سپیده", "object": "the attack of July"},
            plant_class="cheap",
            sources=("sepideh",),
            origins=("sepideh",),
            statements=("statement--sepideh",),
            quotations=(_quote(PERSIAN, "fa", "sepideh", "channel"),),
        ),
        _item(
            "claim-denial-1",
            "claim-denial",
            Family.CLAIMS,
            {"dawn": -0.6},
            speaks_for="dawn",
            params={"source": "Посольство Южного Берега", "accused": "yes", **claim},
            sources=("accused",),
            origins=("accused",),
            statements=("statement--accused",),
            quotations=(_quote(RUSSIAN, "ru", "accused", "press", ""),),
        ),
        _item(
            "tool-1",
            "tool",
            Family.MALWARE,
            {"dawn": 5.2, "copycat": 3.9},
            params={"tool": HOSTILE, "names": "Dawn Group", "users": "2", "population": "171", "public": "yes"},
            plant_class="cheap",
            parts=_parts(5.2),
            sources=("daily",),
            origins=("glass-labs",),
            statements=("statement--daily",),
            quotations=(_quote(HOSTILE, "", "daily", "press", "<b>line</b> 3"), _quote(KOREAN, "ko", "daily", "press")),
        ),
        _item(
            "a-code-from-tomorrow", "a-code-from-tomorrow", Family.CHANCE, {"dawn": -2.4}, params={"x": "1", "key": "2"}
        ),
    ]
    items += [
        _item(
            f"victim-sector-{index}",
            "victim-sector",
            Family.VICTIMS,
            {"dawn": 0.2 + index / 10},
            params={"value": "government", "names": "Dawn Group"},
            sources=("glass-labs",),
            origins=("glass-labs",),
        )
        for index in range(small)
    ]
    return items


def who(*, small: int = 6, marking: Marking = Marking.AMBER) -> Assessment:
    """An incident with a clear answer, ``7 + small`` items, a planted-looking tool and a hostile document."""
    drafts = [
        WeighedHypothesis(
            id="dawn",
            kind=HypothesisKind.ACTOR,
            prior=0.3,
            posterior=0.0,
            names=("Dawn Group",),
            label={"en": "Dawn Group (a service of Southshore)", "fr": "le Dawn Group (un service du Rivage-Sud)"},
        ),
        WeighedHypothesis(
            id="sepideh",
            kind=HypothesisKind.ACTOR,
            prior=0.3,
            posterior=0.0,
            label={"en": "Sepideh (سپیده) acting alone", "fr": "Sepideh (سپیده) agissant seul"},
        ),
        WeighedHypothesis(
            id="copycat",
            kind=HypothesisKind.IMITATION,
            prior=0.1,
            posterior=0.0,
            of="dawn",
            label={"en": "somebody who imitates Dawn Group", "fr": "quelqu’un qui imite le Dawn Group"},
        ),
        WeighedHypothesis(
            id="unknown",
            kind=HypothesisKind.UNKNOWN,
            prior=0.3,
            posterior=0.0,
            label={"en": "an actor not named here", "fr": "un acteur qui n’est pas nommé ici"},
        ),
    ]
    items = _who_items(small)
    hypotheses = _weighed(drafts, items)
    leading = max(hypotheses, key=lambda each: each.posterior)
    tests = _without(drafts, items, "dawn", withheld=False)
    tests += [
        Sensitivity(kind="without-source", of="north-cert", posterior=0.4417, leading="dawn", changes_answer=True),
        Sensitivity(kind="without-family", of="claims", posterior=0.3812, leading="unknown", changes_answer=True),
        Sensitivity(kind="if-planted", of="tool-1", posterior=0.6911, leading="dawn", changes_answer=False),
        Sensitivity(kind="if-planted", of="all-cheap", posterior=0.5801, leading="dawn", changes_answer=False),
    ]
    return Assessment(
        case="nordmark-2022",
        question=Question.WHO,
        title={
            "en": "Attack on the state network of Nordmark, July 2022",
            "fr": "Attaque du réseau de l’État de Nordmark, juillet 2022",
        },
        asks={"en": "Who carried out the attack of July 2022?", "fr": "Qui a mené l’attaque de juillet 2022\u202f?"},
        hypotheses=hypotheses,
        leading=leading.id,
        abstains=False,
        reasons=("claims-only",),
        likelihood=scales.word_for(leading.posterior, scales.PHIA, "en"),
        scales=tuple(
            scales.word_for(leading.posterior, name, "en") for name in (scales.PHIA, scales.ICD_203, scales.FRENCH)
        ),
        confidence=Confidence("moderate confidence", "moderate", "icd-203", "en"),
        confidence_reasons=("sources-agree", "indirect"),
        independent_origins=3,
        evidence=tuple(items),
        waterfall=_waterfall({each.id: each.prior for each in drafts}, items, "dawn"),
        sensitivity=tuple(tests),
        next_observations=(
            NextObservation(
                kind="exclusive-infrastructure", towards="dawn", decibans=14.6, posterior=0.9876, leading="dawn"
            ),
            NextObservation(kind="planted-proof", towards="copycat", decibans=12.0, posterior=0.2812, leading="dawn"),
            NextObservation(
                kind="a-kind-from-tomorrow",
                towards="unknown",
                decibans=8.0,
                posterior=0.61,
                leading="dawn",
                params={"where": "logs"},
            ),
        ),
        basis=Basis(
            statements=9,
            statements_sha256=DIGEST["service"],
            observations=41,
            observations_sha256=DIGEST["rows"],
            knowledge="misp-galaxy 2026-10; ATT&CK 18.1",
            method="weigh/1",
            settings={"rho": 0.25, "min_odds": 2.0},
        ),
        incident=Period(PartialDate("2022-07")),
        countries=("NO",),
        sectors=("government", "a sector of its own"),
        ledger=_ledger(),
        timeline=_timeline(),
        sources=tuple(
            SourceRow(source=each, origins=each.derives_from or (each.id,), statements=2) for each in SOURCES
        ),
        documents=DOCUMENTS,
        marking=marking,
    )


def _ledger() -> tuple[LedgerRow, ...]:
    said = {"predicate": "attributed-to", "subject": "the attack of July", "object": "Dawn Group", "stance": "affirms"}
    return (
        LedgerRow(
            statement="s1",
            source="north-cert",
            said=PartialDate("2022-09-07"),
            act="assessment",
            quote="Dawn Group was almost certainly responsible for the attack of July.",
            lang="en",
            credibility=2,
            likelihood=Likelihood("almost certainly", 0.95, 1.0, "phia", "en"),
            counted="claim-assessment-1",
            document=DIGEST["service"],
            place="chars 10-60",
            url="https://cert.example/reports/17",
            **said,
        ),
        LedgerRow(
            statement="s2",
            source="ministry",
            said=PartialDate("2022-09-08"),
            act="judgement",
            via="daily",
            quote="Nous tenons Dawn Group pour responsable.",
            lang="fr",
            counted="claim-judgement-1",
            **said,
        ),
        LedgerRow(
            statement="s3",
            source="glass-labs",
            said=PartialDate("2022-08"),
            act="assessment",
            quote="We link the tool to Dawn Group with moderate confidence.",
            lang="en",
            confidence=Confidence("moderate confidence", "moderate", "", "en"),
            **{**said, "predicate": "uses"},
        ),
        LedgerRow(
            statement="s4",
            source="sepideh",
            said=PartialDate(""),
            act="self-claim",
            quote=PERSIAN,
            lang="fa",
            counted="claim-self-1",
            **{**said, "predicate": "claims-responsibility-for", "subject": "سپیده"},
        ),
        LedgerRow(
            statement="s5",
            source="accused",
            said=PartialDate("2022-09-09"),
            act="allegation",
            quote=RUSSIAN,
            lang="ru",
            **{**said, "stance": "denies"},
        ),
        LedgerRow(
            statement="s6",
            source="daily",
            said=PartialDate("2022"),
            act="description",
            quote=HOSTILE,
            lang="",
            url="javascript:alert(3)",
            **{**said, "predicate": "a-relation-from-tomorrow", "object": "<i>x</i>"},
        ),
    )


def _timeline() -> tuple[TimelineEvent, ...]:
    def event(lane: str, first: str, last: str, kind: str, **params: str) -> TimelineEvent:
        return TimelineEvent(lane=lane, period=Period(PartialDate(first), PartialDate(last)), kind=kind, params=params)

    blames = {
        "subject": "the attack of July",
        "predicate": "attributed-to",
        "object": "Dawn Group",
        "stance": "affirms",
    }
    return (
        event("happened", "2022-07-15", "2022-07-15", "incident", en="Files wiped", fr="Fichiers effacés"),
        event("happened", "2021-05", "2022-07-15", "event", source="north-cert", **{**blames, "predicate": "uses"}),
        event("happened", "2022", "", "event", source="daily", **{**blames, "object": HOSTILE}),
        event("said", "2022-09-07T10:30:00Z", "", "statement", source="north-cert", **blames),
        event("said", "2022-09-08", "2022-09-08", "statement", source="ministry", **blames),
        event(
            "said",
            "",
            "",
            "statement",
            source="sepideh",
            subject="سپیده",
            predicate="claims-responsibility-for",
            object="",
        ),
        event("published", "2022-08", "", "document", name="glass.pdf", title="", source="glass-labs"),
        event(
            "published", "2022-09-07", "", "document", name="cert-report.txt", title="Report 17", source="north-cert"
        ),
        event("published", "2022-09-08", "", "a-kind-from-tomorrow", title="Déclaration"),
    )


def link(*, shared: int = 16, total: int = 35) -> Assessment:
    """Two clusters with a chance overlap: the answer is withheld and five kinds of link stay open."""
    kinds = (
        ("same-actor", "one and the same actor", "un seul et même acteur"),
        ("cooperation", "cooperation", "coopération"),
        ("common-supplier", "a common supplier", "un fournisseur commun"),
        ("hijack", "one took over what belongs to the other", "l’un s’est emparé des moyens de l’autre"),
        ("imitation", "one imitates the other", "l’un imite l’autre"),
        ("coincidence", "coincidence", "coïncidence"),
        ("unknown", "a link of another kind", "un lien d’une autre nature"),
    )
    drafts = [
        WeighedHypothesis(id=code, kind=HypothesisKind(code), label={"en": en, "fr": fr}, prior=1 / 7, posterior=0.0)
        for code, en, fr in kinds
    ]
    items = [
        _item(
            "chance-overlap-1",
            "chance-overlap",
            Family.CHANCE,
            {"coincidence": 1.9, "same-actor": -6.2},
            params={
                "a": "Andariel Test",
                "b": "Dawn Group",
                "observed": "6",
                "expected": "6.06",
                "p": "0.56",
                "unit": "network",
            },
        ),
        _item(
            "claim-cooperates-1",
            "claim-cooperates",
            Family.CLAIMS,
            {"cooperation": 4.3, "coincidence": -1.2},
            params={
                "a": "Andariel Test",
                "b": "Dawn Group",
                "stance": "suspects",
                "predicate": "x",
                "source": "Glass Labs",
                "subject": "Andariel Test",
                "object": "Dawn Group",
                "term": "likely",
                "low": "0.55",
                "high": "0.8",
            },
            parts=_parts(4.3),
            sources=("glass-labs",),
            origins=("glass-labs",),
            statements=("statement--glass",),
            quotations=(
                _quote(
                    "They are likely cooperating. At a minimum, one imitates the other.",
                    "en",
                    "glass-labs",
                    "vendor",
                    "page 4",
                ),
            ),
        ),
        _item(
            "claim-imitates-1",
            "claim-imitates",
            Family.CLAIMS,
            {"imitation": 3.6},
            params={
                "a": "Andariel Test",
                "b": "Dawn Group",
                "stance": "suspects",
                "predicate": "x",
                "source": "Glass Labs",
                "subject": "Andariel Test",
                "object": "Dawn Group",
            },
            sources=("glass-labs",),
            origins=("glass-labs",),
            statements=("statement--glass-2",),
            quotations=(_quote("At a minimum, one imitates the other.", "en", "glass-labs", "vendor", "page 4"),),
        ),
    ]
    hypotheses = _weighed(drafts, items)
    leading = max(hypotheses, key=lambda each: each.posterior)
    base = who()
    return Assessment(
        case="andariel-test-dawn",
        question=Question.LINK,
        title={"en": "Andariel Test and Dawn Group", "fr": "Andariel Test et Dawn Group"},
        asks={"en": "What links the two clusters?", "fr": "Qu’est-ce qui lie les deux groupes\u202f?"},
        hypotheses=hypotheses,
        leading=leading.id,
        abstains=True,
        reasons=("margin",),
        likelihood=scales.word_for(leading.posterior, scales.PHIA, "en"),
        scales=tuple(
            scales.word_for(leading.posterior, name, "en") for name in (scales.PHIA, scales.ICD_203, scales.FRENCH)
        ),
        confidence=Confidence("low confidence", "low", "icd-203", "en"),
        confidence_reasons=("few-origins",),
        independent_origins=1,
        evidence=tuple(items),
        waterfall=_waterfall({each.id: each.prior for each in drafts}, items, leading.id),
        sensitivity=tuple(_without(drafts, items, leading.id, withheld=True)),
        next_observations=(),
        basis=base.basis,
        overlaps=(
            PairOverlap(
                a="Andariel Test",
                b="Dawn Group",
                unit="network",
                observed=6,
                expected=6.0612,
                p_value=0.5606,
                q_value=0.8123,
                pairs_tested=54615,
                score=1.1,
                origins=2,
                population="331 clusters, 129552 rows",
                shared=_shared(shared),
                shared_total=total,
            ),
            PairOverlap(
                a="Andariel Test",
                b="Dawn Group",
                unit="all",
                observed=1,
                expected=0.4,
                p_value=0.0007,
                q_value=0.0301,
                pairs_tested=54615,
                score=31.2,
                origins=1,
                population="331 clusters, 129552 rows",
                shared=_shared(1),
                shared_total=1,
            ),
            PairOverlap(
                a="Andariel Test",
                b="Dawn Group",
                unit="x509-certificate",
                observed=0,
                expected=0.0,
                p_value=1.0,
                q_value=1.0,
                pairs_tested=54615,
                score=0.0,
                origins=0,
                population="",
            ),
        ),
        ledger=base.ledger,
        timeline=base.timeline,
        sources=base.sources,
        documents=base.documents,
        marking=Marking.CLEAR,
    )


def _shared(number: int) -> tuple[SharedObservable, ...]:
    return tuple(
        SharedObservable(
            type="network",
            value=f"203.0.{index}.0/24",
            prevalence=2 + index,
            decibans=round(13.0 - index, 2),
            parts=(
                WeightPart("table", 14.9, {"unit": "network", "basis": "before 2023"}),
                *((WeightPart("listed", -1.0, {"list": "Hosting & VPN <list>"}),) if index % 3 == 1 else ()),
                WeightPart("decay", (-0.9 if index % 3 == 1 else -1.9) - index, {"gap_days": "30"}),
            ),
            discount="Hosting & VPN <list>" if index % 3 == 1 else "",
            gap_days=None if index % 2 else float(index * 40),
            first_a="2024-03",
            first_b="" if index % 2 else "2025-01-17",
            sources=("glass-labs",),
            reports=("https://glass.example/1", "https://glass.example/2"),
        )
        for index in range(number)
    )


def judged() -> Assessment:
    """The incident of :func:`who` with a ladder that lacks a step, cheap traces that disagree, and two analysts."""
    base = who()
    service = RungClaim(
        source="north-cert",
        origins=("north-cert",),
        stance="affirms",
        subject="the attack",
        object=HOSTILE,
        skipped=(Rung.CLUSTER, Rung.GROUP),
        statement="statement--" + DIGEST["service"],
        likelihood=Likelihood("almost certainly", 0.95, 1.0, "phia", "en"),
        degrees=(4, 10),
    )
    denial = msgspec.structs.replace(service, source="accused", origins=("accused",), stance="denies", degrees=None)
    known = msgspec.structs.replace(service, source="glass-labs", statement="", skipped=(Rung.ORGAN,), degrees=None)
    low = Confidence("low", "low", "ICD 203", "en")
    steps = (
        LadderStep(rung=Rung.CLUSTER, names=(), support=(), against=(), origins=0, confidence=None),
        LadderStep(rung=Rung.GROUP, names=("Dawn Group",), support=(known,), against=(), origins=1, confidence=low),
        LadderStep(rung=Rung.ORGAN, names=(HOSTILE,), support=(service,), against=(denial,), origins=1, confidence=low),
        LadderStep(rung=Rung.STATE, names=("RU",), support=(known, service), against=(), origins=1, confidence=low),
    )
    grades = ("state-encouraged", "state-shaped", "state-coordinated", "state-ordered")
    first, second = base.evidence[0].id, base.evidence[1].id
    rulings = (
        (first, Ruling.REJECT, "Ana <b>", HOSTILE, "contested"),
        (first, Ruling.ACCEPT, "Ben", "", "contested"),
        (second, Ruling.PLANTED, "Ben", PERSIAN, "applied"),
        ("tool-00000000", Ruling.REJECT, "Ben", "", "no-target"),
    )
    aside = CaseJudgement(
        about=About.HYPOTHESIS, target="sepideh", ruling=Ruling.ACCEPT, author="Ben", made=PartialDate("2026-11")
    )
    held = [
        JudgementRow(
            judgement=CaseJudgement(
                about=About.ITEM,
                target=target,
                ruling=ruling,
                author=author,
                made=PartialDate("2026-11-25"),
                reason=reason,
            ),
            outcome=outcome,
        )
        for target, ruling, author, reason, outcome in rulings
    ]
    views = [
        AnalystView(
            author=author,
            hypotheses={"dawn": figure, "unknown": round(1 - figure, 4)},
            leading="dawn",
            abstains=figure < 0.55,
            likelihood=scales.word_for(figure, scales.PHIA, "en"),
            confidence=Confidence(level, level, "icd-203", "en"),
        )
        for author, figure, level in (("Ana <b>", 0.5421, "low"), ("Ben", 0.8712, "moderate"), ("", 0.9011, "moderate"))
    ]
    return msgspec.structs.replace(
        base,
        reasons=("claims-only", "cheap-against-costly"),
        ladder=Ladder(
            hypothesis="dawn",
            named=Rung.STATE,
            steps=steps,
            responsibility=Responsibility(scale="state-responsibility", grades=grades, origins=2, disputed=True),
        ),
        consistency=(
            ConsistencyCheck(
                marker="persona",
                standard="official-claims",
                marker_points="sepideh",
                standard_points="dawn",
                marker_decibans=2.5,
                standard_decibans=6.0,
                agrees=False,
            ),
        ),
        judgements=(*held, JudgementRow(judgement=aside, outcome="agrees")),
        views=tuple(views),
    )
