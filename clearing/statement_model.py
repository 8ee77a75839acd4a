"""The content of statements and reports, once for all formats, in one language. Pure; money in fen.

A statement's receivable lines minus its payable lines are the agency's net position. Meals at an agency's own canteens
are listed and move no money between agencies.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache, partial
from typing import Any, Protocol

from clearing.bank_files import BankAccount, reference_of, remark_of
from clearing.netting import NetPosition, netting_efficiency_percent
from clearing.states import ObligationLine
from foundation import catalogue
from foundation.catalogue import Language
from foundation.money import in_words, yuan
from registry.meals import Meal


class Row(Protocol):
    """A row of a query, by the names of its columns."""

    def __getitem__(self, name: str, /) -> Any:
        """The value of a column."""


@dataclass(frozen=True, slots=True)
class Fen:
    """Money in a cell."""

    fen: int


Cell = str | int | date | Fen


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. Where no unit stands above the table, the names of columns in yuan have it.

    ``is_wide``: it holds names, and gets the room that the others leave.
    """

    name: str
    in_yuan: bool = False
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Bar:
    """Two bars in the chart, with the label that they share."""

    label: str
    first: Fen | int
    second: Fen | int


@dataclass(frozen=True, slots=True)
class Document:
    """One document: figures, what has to be paid, subtotals, lines and their totals, notes, lines to sign."""

    language: Language
    title: str
    facts: Sequence[tuple[str, Cell]]
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    totals: Sequence[Sequence[Cell]] = ()
    sums: Sequence[Sequence[Cell]] = ()
    """The rows summed up, for a format with room for fewer of them."""
    payment: Sequence[tuple[str, str]] = ()
    subtotals: Table | None = None
    bars: Sequence[Bar] = ()
    legend: tuple[str, str] = ("", "")
    notes: Sequence[str] = ()
    sign_off: Sequence[str] = ()

    def as_copy(self) -> "Document":
        """The document marked as a copy that is not signed."""
        return replace(self, notes=[*self.notes, self.say("note.copy")])

    def say(self, name: str, /, **params: Any) -> str:
        """A text ``statement.<name>`` of the catalogue in the document's language."""
        return catalogue.text(f"statement.{name}", self.language, **params)


@dataclass(frozen=True, slots=True)
class SettlementTerms:
    """What all statements of a cycle have in common: the business days that it cleared, and when its money moves.

    ``pay_in_until`` is the last day for net payables, ``paid_out_on`` the day on which the bank is asked to pay net
    receivables; payments can be disputed for ``dispute_days`` working days.
    """

    business_date: date
    first_day: date
    last_day: date
    pay_in_until: date
    paid_out_on: date
    dispute_days: int


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language for the codes of obligations."""

    receivable: str
    payable: str
    own: str
    lines: dict[str, str]
    meals: dict[str, str]
    channels: dict[str, str]


CHANNELS = ("card", "qr", "sheet")

PUBLIC_MIN = 5
"""Fewer visitors than this are not published: they could be recognised."""

Say = Callable[..., str]


def _say(language: Language) -> Say:
    return partial(_text, language)


def _text(language: Language, name: str, /, **params: Any) -> str:
    return catalogue.text(f"statement.{name}", language, **params)


@lru_cache(maxsize=len(Language))
def words(language: Language) -> Words:
    """The words of a language, looked up once: statements have many lines."""
    say = _say(language)
    return Words(
        say("receivable"),
        say("payable"),
        say("own"),
        {line: say(f"line.{line}") for line in ObligationLine},
        {meal: say(f"meal.{meal}") for meal in Meal},
        {channel: say(f"channel.{channel}") for channel in CHANNELS},
    )


def written_date(day: date, language: Language) -> str:
    """A date as documents write it: 2026年11月24日, 24 November 2026."""
    if language is Language.CHINESE:
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {day:%B} {day.year}"


def _period(terms: SettlementTerms, language: Language) -> str:
    first, last = written_date(terms.first_day, language), written_date(terms.last_day, language)
    return first if first == last else _say(language)("period", first=first, last=last)


def _columns(say: Say, *names: str) -> list[Column]:
    """Columns by the names of their texts; ``*`` marks money, ``+`` names of agencies and places."""
    return [Column(say(f"column.{name.rstrip('*+')}"), name.endswith("*"), name.endswith("+")) for name in names]


def _name_of(row: Row, language: Language) -> str:
    name: str = row["name_zh"] if language is Language.CHINESE else row["name_en"]
    return name


def statement(
    terms: SettlementTerms, agency: Row, obligations: Iterable[Row], opening_fen: int, payee: BankAccount | None,
    language: Language = Language.CHINESE,
) -> Document:  # fmt: skip
    """One agency's statement, complete enough to pay from.

    ``agency`` is its row of positions with its names; ``payee`` the account that receives the money: the centre's for
    a net payable, the agency's own for a net receivable, None if it is not registered.
    """
    say, known = _say(language), words(language)
    rows: list[Sequence[Cell]] = []
    by_counterparty: dict[str, list[int]] = {}
    total = 0
    for o in obligations:
        side, sign, other = _side_of(o, agency["agency_id"], known)
        if side is None:
            continue
        total += sign * o["amount_fen"]
        if sign:
            by_counterparty.setdefault(other, [0, 0])[sign < 0] += o["amount_fen"]
        rows.append(
            (
                terms.business_date, side, known.lines[o["line"]], other, o["canteen"], known.meals[o["meal"]],
                known.channels[o["channel"]], o["payments"], o["reversals"], Fen(o["subsidy_fen"]),
                Fen(o["amount_fen"]),
            )
        )  # fmt: skip
    position_fen: int = agency["position_fen"]
    assert total == position_fen, "a statement's lines add up to the agency's position"
    receivable_fen, payable_fen = agency["receivable_fen"], agency["payable_fen"]
    largest = sorted(by_counterparty.items(), key=lambda b: -max(map(abs, b[1])))
    return Document(
        language=language,
        title=say("title", agency=_name_of(agency, language)),
        facts=[
            (say("number"), _number_of(terms.business_date, agency["agency_id"])),
            (say("settlement_period"), _period(terms, language)),
            (say("agency_number"), agency["agency_id"]),
            (say("opening"), Fen(opening_fen)),
            (say("receivable_total"), Fen(receivable_fen)),
            (say("payable_total"), Fen(payable_fen)),
            (_net_name(say, position_fen), Fen(abs(position_fen))),
            (say("closing"), Fen(opening_fen + position_fen)),
        ],
        columns=_columns(
            say, "business_date", "side", "line", "counterparty+", "canteen+", "meal", "channel", "payments",
            "reversals", "subsidy*", "amount*",
        ),
        rows=rows,
        totals=[
            _total(terms, say("receivable_total"), receivable_fen),
            _total(terms, say("payable_total"), payable_fen),
            _total(terms, say("net_total"), position_fen),
        ],
        sums=_sums(rows),
        payment=_payment(terms, agency["agency_id"], position_fen, payee, language),
        subtotals=_subtotals(say, largest, receivable_fen, payable_fen),
        bars=[Bar(name, Fen(to), Fen(by)) for name, (to, by) in largest],
        legend=(known.receivable, known.payable),
        notes=[say("note.own"), say("note.dispute", days=terms.dispute_days)],
        sign_off=[say("sign.prepared"), say("sign.checked"), say("sign.date")],
    )  # fmt: skip


def _number_of(business_date: date, agency_id: int) -> str:
    return f"DZ{business_date:%Y%m%d}A{agency_id}"


def _net_name(say: Say, position_fen: int) -> str:
    return say("net_payable" if position_fen < 0 else "net_receivable")


def _total(terms: SettlementTerms, name: str, fen: int) -> Sequence[Cell]:
    return (terms.business_date, name, "", "", "", "", "", "", "", "", Fen(fen))


def _payment(
    terms: SettlementTerms, agency_id: Any, position_fen: int, payee: BankAccount | None, language: Language
) -> list[tuple[str, str]]:
    """Who is paid how much, where, by when, and under which reference."""
    say = _say(language)
    if not position_fen:
        return [(say("payment"), say("nothing_to_pay"))]
    unknown = say("no_account")
    holder, number, bank = (payee.holder_name, payee.number, payee.bank) if payee else (unknown, unknown, unknown)
    amount = yuan(abs(position_fen))
    pays = position_fen < 0
    lines = [
        (_net_name(say, position_fen), say("amount_in_yuan", amount=amount)),
        (say("in_words"), in_words(abs(position_fen))),
        (say("payee_holder"), holder),
        (say("payee_number"), number),
        (say("payee_bank"), bank),
    ]
    reference = reference_of(terms.business_date, agency_id)
    if pays:
        lines.append((say("pay_in_until"), written_date(terms.pay_in_until, language)))
        lines.append((say("remark_to_copy"), reference))
        lines.append((say("purpose"), remark_of(terms.business_date)))
    else:
        lines.append((say("paid_out_on"), written_date(terms.paid_out_on, language)))
        lines.append((say("remark"), remark_of(terms.business_date)))
        lines.append((say("reference"), reference))
    return lines


def _subtotals(
    say: Say, by_counterparty: Sequence[tuple[str, list[int]]], receivable_fen: int, payable_fen: int
) -> Table:
    rows: list[Sequence[Cell]] = [(name, Fen(to), Fen(by), Fen(to - by)) for name, (to, by) in by_counterparty]
    rows.append((say("total"), Fen(receivable_fen), Fen(payable_fen), Fen(receivable_fen - payable_fen)))
    return Table(_columns(say, "counterparty+", "receivable*", "payable*", "net*"), rows)


def _sums(rows: Sequence[Sequence[Any]]) -> list[Sequence[Cell]]:
    """A statement's rows summed up by side and line; its subtotals tell the counterparties apart."""
    sums: dict[tuple[Cell, ...], list[int]] = {}
    for row in rows:
        added = sums.setdefault(tuple(row[:3]), [0, 0, 0, 0])
        for column, cell in enumerate(row[7:]):
            added[column] += cell.fen if isinstance(cell, Fen) else cell
    return [
        (*key, "", "", "", "", payments, reversals, Fen(subsidy_fen), Fen(amount_fen))
        for key, (payments, reversals, subsidy_fen, amount_fen) in sums.items()
    ]


def _side_of(o: Row, agency_id: int, known: Words) -> tuple[str | None, int, str]:
    """The side of an agency's statement on which an obligation is listed, its sign, and the other agency."""
    if o["issuer_id"] == o["acquirer_id"] == agency_id:
        return known.own, 0, o["acquirer"]
    if o["acquirer_id"] == agency_id:
        return known.receivable, 1, o["issuer"]
    if o["issuer_id"] == agency_id:
        return known.payable, -1, o["acquirer"]
    return None, 0, ""


def net_report(terms: SettlementTerms, positions: Sequence[Row], language: Language = Language.CHINESE) -> Document:
    """The network's net positions: a row per agency, the totals, and the netting efficiency."""
    say, day = _say(language), terms.business_date
    receivable, payable, total = (
        sum(p[name] for p in positions) for name in ("receivable_fen", "payable_fen", "position_fen")
    )
    efficiency = str(_efficiency(positions))
    rows: list[Sequence[Cell]] = [
        (
            day, p["agency_id"], _name_of(p, language), Fen(p["receivable_fen"]), Fen(p["payable_fen"]),
            Fen(p["position_fen"]),
        )
        for p in positions
    ]  # fmt: skip
    return Document(
        language=language,
        title=say("title.net"),
        facts=[
            (say("settlement_period"), _period(terms, language)),
            (say("agencies"), len(positions)),
            (say("receivable_total"), Fen(receivable)),
            (say("moved"), Fen(sum(abs(p["position_fen"]) for p in positions) // 2)),
            (say("efficiency"), efficiency),
        ],
        columns=_columns(say, "business_date", "agency_id", "agency+", "receivable*", "payable*", "net*"),
        rows=rows,
        totals=[
            (day, "", say("total"), Fen(receivable), Fen(payable), Fen(total)),
            (day, "", say("efficiency"), "", "", efficiency),
        ],
        bars=[Bar(_name_of(p, language), Fen(p["receivable_fen"]), Fen(p["payable_fen"])) for p in positions],
        legend=(words(language).receivable, words(language).payable),
        notes=[say("note.net")],
        sign_off=[say("sign.prepared"), say("sign.checked"), say("sign.date")],
    )


def _efficiency(positions: Iterable[Row]) -> float:
    return netting_efficiency_percent(NetPosition(p["receivable_fen"], p["payable_fen"]) for p in positions)


def bilateral_report(terms: SettlementTerms, pairs: Iterable[Row], language: Language = Language.CHINESE) -> Document:
    """What every two agencies owe each other before multilateral netting; a row per pair."""
    say, day = _say(language), terms.business_date
    rows: list[Sequence[Cell]] = []
    gross = moved = 0
    for p in pairs:
        net_fen = p["to_one_fen"] - p["to_other_fen"]
        gross, moved = gross + p["to_one_fen"] + p["to_other_fen"], moved + abs(net_fen)
        rows.append(
            (
                day, p["one_id"], p["one"], p["other_id"], p["other"],
                Fen(p["to_one_fen"]), Fen(p["to_other_fen"]), Fen(net_fen),
            )
        )  # fmt: skip
    return Document(
        language=language,
        title=say("title.bilateral"),
        facts=[
            (say("settlement_period"), _period(terms, language)),
            (say("pairs"), len(rows)),
            (say("gross"), Fen(gross)),
            (say("moved_bilaterally"), Fen(moved)),
        ],
        columns=_columns(
            say, "business_date", "one_id", "one+", "other_id", "other+", "to_one*", "to_other*", "net_of_one*"
        ),
        rows=rows,
        notes=[say("note.bilateral")],
        sign_off=[say("sign.prepared"), say("sign.checked"), say("sign.date")],
    )


def public_report(
    terms: SettlementTerms, meals: Sequence[Row], positions: Sequence[Row], language: Language = Language.CHINESE
) -> Document:
    """The public daily report: meals and visitors per region, no agency and no small number of people."""
    say, known = _say(language), words(language)
    rows: list[Sequence[Cell]] = []
    visitors: dict[str, list[int]] = {}
    for m in meals:
        few = 0 < m["guest_meals"] < PUBLIC_MIN
        visitors.setdefault(m["region"], [0, 0])[0] += m["own_meals"]
        visitors[m["region"]][1] += 0 if few else m["guest_meals"]
        guests: Cell = f"<{PUBLIC_MIN}" if few else m["guest_meals"]
        money: Cell = "" if few else Fen(m["guest_fen"])
        rows.append(
            (
                terms.business_date, m["region"], known.meals[m["meal"]], m["canteens"], m["own_meals"], guests,
                money,
            )
        )  # fmt: skip
    return Document(
        language=language,
        title=say("title.public"),
        facts=[
            (say("settlement_period"), _period(terms, language)),
            (say("member_agencies"), len(positions)),
            (say("covers"), sum(m["own_meals"] + m["guest_meals"] for m in meals)),
            (say("efficiency"), str(_efficiency(positions))),
        ],
        columns=_columns(
            say, "business_date", "region+", "meal", "canteens", "own_meals", "visitors_meals", "visitors_amount*"
        ),
        rows=rows,
        bars=[Bar(region, own, guests) for region, (own, guests) in visitors.items()],
        legend=(say("own_meals"), say("visitors_meals")),
        notes=[say("note.public", least=PUBLIC_MIN)],
    )
