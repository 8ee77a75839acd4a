"""Payments by a canteen's printed sheet: the payer's phone is the terminal (docs/decisions/0059-*.md).

A phone's number as a terminal is the number of its credential: all numbers come from one sequence, so no till has it.
Its epoch is 1, since its journal lives and dies with its key. So a request's key stands in the payer's own book, no
payment is forwarded, and the ledger posts one under a number, whatever is repeated. ``settlement.charging`` does the
rest, as for a till.

What is confirmed is paid: an order has no price where that is not what the phone has shown, and the ledger refuses it.
A payment that reaches the centre later than ``PAYS_WITHIN_S`` is refused for ever, so that a phone which sends its
open numbers again after hours learns what became of them, and pays nothing that its holder has given up.
"""

import asyncio
import time
from datetime import UTC, datetime
from hashlib import sha256

from msgspec import json, structs

from foundation.calendar import local_date_of
from foundation.keys import KeyRing
from foundation.postgres import Connection, Pool, connection_within
from foundation.problems import Problem
from foundation.rates import RateOfEach
from registry.identifiers import AccountId, AgencyId, Book, CanteenId, TerminalId
from settlement.charging import ChargeOrder, Charger, Remembered, RequestKey
from settlement.errors import Refusal
from settlement.ledger import balances
from settlement.tariff import Declined, PlaceCheck, Price, RegionRules, needs_visit, price
from settlement.transfers import Channel
from terminals import qr
from terminals.answering import answer_of, receipt_note
from terminals.errors import EPOCH_WRONG
from terminals.minute_words import minutes_of
from terminals.models import Nearness
from terminals.sheet_codes import SheetName, read_sheet
from terminals.sheets import SheetTerms, find_terms, note_payment
from travellers.callers import Caller, phone_of
from travellers.errors import SHEET_ENDED, SHEET_UNKNOWN
from travellers.place_checks import Checked, check_place, place_refusal
from travellers.places import Places, SoldTerms, why
from travellers.schemas import CounterProof, MealForMe, PlaceAsked, SheetAnswer, SheetForMe, SheetMessage, WhyNot

EPOCH = 1
VOIDS_EPOCH = 2
"""Where the canteen's people void a phone's payment: under its own sequence number, once."""

PAYS_WITHIN_S = 60
AHEAD_S = 30
"""How old a payment may be when it arrives, and how far ahead the phone's clock may be."""

READ_WITHIN_S = 4.0
"""What is read before a payment leaves the charge half of the time in which it is to be answered."""

SHORT_NUMBER = 6


def short_number(number: str) -> str:
    """The end of a receipt's number, by which people at a counter name a payment."""
    return number.replace("-", "")[-SHORT_NUMBER:].upper()


class SheetPayments:
    """Takes payments by sheets. One per worker."""

    def __init__(
        self, ledger: Pool, keys: KeyRing, charger: Charger, places: Places, payments_of_phones: RateOfEach
    ) -> None:
        self._ledger = ledger
        self._rate = payments_of_phones
        self._keys = keys
        self._charger = charger
        self._places = places

    async def ask(self, caller: Caller, code: str) -> SheetForMe:
        """What a sheet sells to an official now. Raises Problem SHEET_UNKNOWN, SHEET_ENDED."""
        name, terms = await self._find(self._ledger, code)
        now = datetime.now(UTC)
        if name is None or terms is None:
            raise Problem(SHEET_UNKNOWN)
        ended = terms.ended(name.version, now)
        if ended is not None:
            raise Problem(SHEET_ENDED, f"sheet.{ended}", reason=ended)
        serving = await self._places.serving(caller, terms.canteen_id, now)
        sold = await self._places.terms_at(terms.canteen_id, now)
        held = await balances(self._ledger, caller.book, caller.holder_id)
        meal = serving.meal
        return SheetForMe(
            sheet=name.short,
            canteen_id=terms.canteen_id,
            canteen_zh=terms.canteen_zh,
            canteen_en=terms.canteen_en,
            agency_zh=terms.agency_zh,
            agency_en=terms.agency_en,
            name=terms.name,
            at_home=caller.agency_id == terms.acquirer_id,
            meal=meal.meal if meal else None,
            starts=meal.starts if meal else None,
            ends=meal.ends if meal else None,
            opens_at=serving.opens_at,
            price_fen=meal.price_fen if meal else None,
            limit_fen=meal.limit_fen if meal else None,
            may_eat=meal is not None and meal.may_eat and terms.closed_at is None,
            why_not=_why_not(terms, meal),
            cash_fen=held.get("cash", 0),
            subsidy_fen=held.get("subsidy", 0),
            place=_place_asked(sold.rules),
        )

    async def pay(self, holder: qr.Holder, message: SheetMessage) -> SheetAnswer:
        """Post a payment, or find what was answered to it before.

        Raises Problem BAD_SIGNATURE (the phone's key is not that of its credential), EPOCH_WRONG, OTHER_CONTENT, BUSY,
        UNAVAILABLE, TOO_MANY_REQUESTS: each leaves rows for ever, also those of a phone that is blocked.
        """
        self._rate.count(f"{holder.book}/credential/{holder.credential_id}")
        if message.epoch != EPOCH:
            raise Problem(EPOCH_WRONG, "terminals.epoch", epoch=EPOCH)
        arrived_at, now = time.monotonic(), datetime.now(UTC)
        async with connection_within(self._ledger, READ_WITHIN_S) as connection:
            caller = await phone_of(connection, holder)
            name, terms = await self._find(connection, message.sheet)
        sold = SoldTerms(None, None, None, ())
        if terms is not None:
            sold = await self._places.terms_at(terms.canteen_id, _time(message))
        checked, refusal = Checked(Nearness.OFF), _refusal(message, name, terms, sold, now)
        if name is not None and terms is not None:
            checked = check_place(sold.rules, terms, message.place, message.no_place)
            checked = await self._note(holder, message, name, checked)
            says_nothing = message.place is None and message.no_place is None
            refusal = refusal or place_refusal(sold.rules, terms, checked.nearness, says_nothing=says_nothing)
        order = _order(holder, message, terms, sold, refusal)
        remembered = await self._post(order, arrived_at)
        return await self._answer(caller, order, remembered, terms, sold, checked)

    async def _find(self, ledger: Pool | Connection, code: str) -> tuple[SheetName | None, SheetTerms | None]:
        """A genuine code's sheet. Also by a version of the centre's key that has ended: the table says what holds."""
        try:
            name = read_sheet(self._keys.listed_centre_public_keys, code)
        except qr.NotGenuine:
            return None, None
        return name, await find_terms(ledger, name.sheet_id)

    async def _note(self, holder: qr.Holder, message: SheetMessage, name: SheetName, checked: Checked) -> Checked:
        """Keep which sheet a request names, and what the place check found; of a repeat what was found first.

        Whoever sends a content twice at once, from two places, is judged by one of them.
        """
        async with connection_within(self._ledger, READ_WITHIN_S) as connection:
            place, distance = await note_payment(
                connection, holder.book, _key(holder, message), content_digest(message), name,
                checked.nearness, checked.distance,
            )  # fmt: skip
        return Checked(Nearness(place), distance)

    async def _post(self, order: ChargeOrder, arrived_at: float) -> Remembered:
        answered: asyncio.Future[Remembered] = asyncio.get_running_loop().create_future()

        def on_done(outcome: Remembered | Exception) -> None:
            if answered.done():
                return
            if isinstance(outcome, Exception):
                answered.set_exception(outcome)
            else:
                answered.set_result(outcome)

        self._charger.post(order, arrived_at, on_done)
        return await answered

    async def _answer(
        self,
        caller: Caller,
        order: ChargeOrder,
        remembered: Remembered,
        terms: SheetTerms | None,
        sold: SoldTerms,
        checked: Checked,
    ) -> SheetAnswer:
        reversed_fen = 0
        if remembered.outcome == "approved" and not remembered.fresh:
            reversed_fen = await self._charger.reversed_fen(remembered, READ_WITHIN_S)
        note = "" if sold.rules is None else receipt_note(sold.rules.receipt_effect)
        answer = SheetAnswer(**structs.asdict(answer_of(remembered, note, reversed_fen)), place=checked.nearness)
        if answer.reason == Refusal.PRICE_CHANGED:
            serving = await self._places.serving(caller, order.canteen_id, order.purchased_at)
            answer.price_fen = None if serving.meal is None else serving.meal.price_fen
        if remembered.outcome == "approved" and terms is not None:
            at = remembered.answered_at
            answer.proof = CounterProof(
                terms.canteen_zh, terms.canteen_en, terms.name, order.meal, remembered.amount_fen,
                short_number(str(remembered.posting_id)), int(at.timestamp()),
                minutes_of(self._keys, terms.canteen_id, at),
            )  # fmt: skip
        return answer


def _why_not(terms: SheetTerms, meal: MealForMe | None) -> WhyNot | None:
    if terms.closed_at is not None:
        return why("canteen_closed")
    return why("no_meal") if meal is None else meal.why_not


def _time(message: SheetMessage) -> datetime:
    return datetime.fromtimestamp(message.purchased_at, UTC)


def _refusal(
    message: SheetMessage, name: SheetName | None, terms: SheetTerms | None, sold: SoldTerms, now: datetime
) -> Refusal | None:
    """Why a payment is not sent to the ledger to decide; None if nothing speaks against it here."""
    if name is None or terms is None:
        return Refusal.SHEET_UNKNOWN
    if not -AHEAD_S <= now.timestamp() - message.purchased_at <= PAYS_WITHIN_S:
        return Refusal.TOO_LATE
    if terms.ended(name.version, now) is not None:
        return Refusal.SHEET_ENDED
    if message.canteen_id != terms.canteen_id:
        return Refusal.WRONG_CANTEEN
    if terms.closed_at is not None and terms.closed_at <= now:
        # Not by when it was bought: that says the payer, and nobody here.
        return Refusal.CANTEEN_CLOSED
    if message.meal != sold.meal or sold.rules is None:
        return Refusal.MEAL_NOT_NOW
    return None


def _order(
    holder: qr.Holder, message: SheetMessage, terms: SheetTerms | None, sold: SoldTerms, refusal: Refusal | None
) -> ChargeOrder:
    """The order of a payment, with the prices that its holder has confirmed and no other."""
    home_fen = visitor_fen = None
    if refusal is None:
        priced = _priced(sold, message.amount_fen)
        if isinstance(priced, Declined):
            refusal = Refusal(priced.reason)
        else:
            home_fen = priced.home_fen if priced.home_fen == message.amount_fen else None
            visitor_fen = priced.visitor_fen if priced.visitor_fen == message.amount_fen else None
    rules = sold.rules
    return ChargeOrder(
        key=_key(holder, message),
        digest=content_digest(message),
        home_book=holder.book,
        book=holder.book,
        canteen_id=CanteenId(message.canteen_id) if terms is None else terms.canteen_id,
        canteen_account=AccountId(0) if terms is None else terms.canteen_account,
        acquirer_id=AgencyId(0) if terms is None else terms.acquirer_id,
        meal=message.meal,
        channel=Channel.SHEET,
        purchased_at=_time(message),
        holder_id=holder.holder_id,
        credential_id=holder.credential_id,
        home_fen=home_fen,
        visitor_fen=visitor_fen,
        subsidy_first=terms is not None and terms.subsidy_first,
        needs_visit=terms is not None and rules is not None and _needs_visit(rules, terms, holder.book, sold, message),
        meals_max=None if rules is None else rules.meals_max,
        day_max_fen=None if rules is None else rules.day_max_fen,
        refusal=refusal,
    )


def _priced(sold: SoldTerms, amount_fen: int) -> Price | Declined:
    """The price of the meal; where the canteen has none, the amount that was entered."""
    assert sold.rules is not None
    priced = price(sold.tariff, sold.rules, None)
    if isinstance(priced, Declined) and priced.reason == Refusal.AMOUNT_MISSING:
        return price(sold.tariff, sold.rules, amount_fen)
    return priced


def _needs_visit(rules: RegionRules, terms: SheetTerms, guest: Book, sold: SoldTerms, message: SheetMessage) -> bool:
    return needs_visit(rules, terms.book, guest, sold.agreements, local_date_of(message.purchased_at))


def _key(holder: qr.Holder, message: SheetMessage) -> RequestKey:
    return RequestKey(TerminalId(holder.credential_id), message.epoch, message.sequence)


def content_digest(message: SheetMessage) -> bytes:
    """SHA-256 of what a repeat must say again: all but the place, of which nothing is kept, no digest either."""
    return sha256(json.encode(structs.replace(message, place=None, no_place=None))).digest()


def _place_asked(rules: RegionRules | None) -> PlaceAsked:
    return PlaceAsked(PlaceCheck.OFF, 0) if rules is None else PlaceAsked(rules.place_check, rules.place_within_m)
