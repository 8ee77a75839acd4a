"""Published measures, recomputed by SQL of its own from the raw tables alone: transfers, weigh-ins and canteens."""

import random
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from clearing.closing import begin_close, open_dates
from foundation.postgres import Pool
from registry.meals import Meal
from settlement.refunds import refund
from tests.counter import Counter
from tests.ledger.test_weighing import STREAMS, canteens_in, correct, correction, record, weigh_in
from waste.forecast.daily_covers import keep_closed_days
from waste.measures.over_time import measures_over
from waste.measures.schemas import GroupBy, Period
from waste.measures.streams import Stream

DAYS, SEED = 12, 35
ROUNDED = {"grams_per_cover": 0.050001, "plate_per_cover": 0.050001, "waste_rate": 0.0000501}

PAID = """
SELECT p.canteen_id, p.meal, p.business_date, p.holder_id, sum(p.amount_fen) AS paid,
       coalesce(sum((SELECT sum(v.amount_fen) FROM transfer v
                     WHERE v.book = p.book AND v.reverses = p.posting_id AND v.part = p.part
                       AND v.kind = 'reversal')), 0) AS voided,
       coalesce(sum((SELECT sum(v.amount_fen) FROM transfer v
                     WHERE v.book = p.book AND v.reverses = p.posting_id AND v.part = p.part
                       AND v.kind = 'refund')), 0) AS refunded
FROM transfer p WHERE p.kind IN ('payment', 'working_meal') GROUP BY 1, 2, 3, 4
"""

RECOMPUTED = f"""
WITH people AS ({PAID}), covers AS (
    SELECT canteen_id, meal, business_date,
           count(*) FILTER (WHERE paid - voided - refunded >= CASE meal WHEN 'breakfast' THEN 200 ELSE 500 END) AS net,
           count(*) FILTER (WHERE paid - voided >= CASE meal WHEN 'breakfast' THEN 200 ELSE 500 END) AS gross
    FROM people WHERE business_date <= $3 GROUP BY 1, 2, 3
), weights AS (
    SELECT w.canteen_id, w.meal, w.business_date,
           sum(w.weight_g) FILTER (WHERE w.stream = 'preparation' AND counts) AS preparation,
           sum(w.weight_g) FILTER (WHERE w.stream = 'unserved' AND counts) AS unserved,
           sum(w.weight_g) FILTER (WHERE w.stream = 'plate' AND counts) AS plate,
           sum(w.weight_g) FILTER (WHERE w.stream = 'inedible' AND counts) AS inedible,
           sum(w.weight_g) FILTER (WHERE w.stream = 'prepared' AND counts) AS prepared,
           count(w.replaces) AS corrected
    FROM (SELECT x.*, NOT EXISTS (SELECT FROM weigh_in y WHERE y.replaces = x.weigh_in_id) AS counts FROM weigh_in x) w
    GROUP BY 1, 2, 3
), meals AS (
    SELECT canteen_id, meal, business_date, coalesce(net, 0) AS net, coalesce(gross, 0) AS gross,
           preparation + unserved + plate AS waste, unserved, plate, preparation, coalesce(inedible, 0) AS inedible,
           coalesce(prepared, 0) AS prepared, coalesce(corrected, 0) AS corrected
    FROM covers FULL JOIN weights USING (canteen_id, meal, business_date)
)
SELECT canteen_id AS number, date_trunc($1, business_date)::date AS period, sum(net) AS covers,
       sum(gross) AS covers_gross, count(*) FILTER (WHERE net > 0 OR waste IS NOT NULL) AS meals,
       count(*) FILTER (WHERE net > 0 AND waste IS NOT NULL) AS weighed_meals,
       coalesce(sum(waste) FILTER (WHERE net > 0), 0) AS waste_g,
       count(*) FILTER (WHERE net = 0 AND waste IS NOT NULL) AS unmatched_meals,
       coalesce(sum(waste) FILTER (WHERE net = 0), 0) AS unmatched_g, sum(corrected) AS corrected,
       coalesce(sum(inedible) FILTER (WHERE net > 0 AND waste IS NOT NULL), 0) AS inedible_g,
       sum(waste) FILTER (WHERE net > 0) / sum(net) FILTER (WHERE waste IS NOT NULL AND net > 0) AS grams_per_cover,
       sum(plate) FILTER (WHERE net > 0 AND waste IS NOT NULL)
           / sum(net) FILTER (WHERE waste IS NOT NULL AND net > 0) AS plate_per_cover,
       sum(waste) FILTER (WHERE net > 0 AND prepared > 0)
           / nullif(sum(prepared) FILTER (WHERE net > 0 AND waste IS NOT NULL), 0) AS waste_rate
FROM meals WHERE canteen_id = $2
GROUP BY 1, 2 HAVING sum(net) + sum(gross) > 0 OR count(waste) > 0 OR sum(corrected) > 0
ORDER BY 2
"""


async def test_measures_are_what_the_raw_tables_come_to(ledger: Pool, counter: Counter) -> None:
    """Twelve days of payments, voids, refunds on later days, weigh-ins, corrections and withdrawals."""
    chance = random.Random(SEED)
    canteens = await canteens_in(ledger)
    await ledger.execute("UPDATE book_day SET business_date = business_date - $1::integer", DAYS)
    till, people = await counter.till(), [await counter.holder(cash_fen=200_000) for _ in range(6)]
    paid: list[tuple[Any, Any, int]] = []
    days: list[date] = []
    for _ in range(DAYS):
        day = max((await open_dates(ledger)).values())
        for meal in (Meal.BREAKFAST, Meal.LUNCH):
            for person in chance.sample(people, chance.choice((0, 2, 4, 6))):
                fen = chance.choice((100, 250, 600, 1_200))
                order = counter.order(till, person, meal=meal, home_fen=fen, visitor_fen=fen)
                done = await counter.charger.charge(order)
                if done.posting_id is None:
                    continue
                if chance.random() < 0.15:
                    void = counter.order(till, person)
                    await counter.charger.void(till.book, void.key, void.digest, 1, order.key.sequence)
                else:
                    paid.append((till.book, done.posting_id, fen))
            weighed = [
                weigh_in(till.canteen_id, chance.randrange(100, 3_000), meal=meal, stream=stream, business_date=day)
                for stream in STREAMS for _ in range(2) if chance.random() < 0.8
            ]  # fmt: skip
            if weighed and chance.random() < 0.9:
                await record(ledger, canteens, weighed)
                for wrong in chance.sample(weighed, min(2, len(weighed))):
                    least = 1 if wrong.stream is Stream.PREPARED else 0
                    grams = chance.choice((None, least, 900))
                    await correct(ledger, canteens, [correction(wrong, grams)])
        for payment in chance.sample(paid, min(2, len(paid))):
            paid.remove(payment)
            book, number, fen = payment
            await refund(ledger, book, uuid4(), number, chance.choice((fen, fen, max(1, fen // 3))))
        await begin_close(ledger, day)
        await keep_closed_days(ledger)
        days.append(day)
    first, last = days[0], days[-1]
    for per, since in ((Period.DAY, first), (Period.WEEK, first), (Period.MONTH, first), (Period.QUARTER, first)):
        rows = await ledger.fetch(RECOMPUTED, per, till.canteen_id, last)
        found = await measures_over(
            ledger, since, last, by=GroupBy.CANTEEN, per=per, canteen_id=till.canteen_id
        )  # fmt: skip
        by_period = {one.period: one for one in found}
        assert rows
        for row in rows:
            published = by_period[row["period"]]
            for name, value in dict(row).items():
                shown = getattr(published, name)
                if isinstance(shown, float):
                    assert abs(shown - float(value)) < ROUNDED[name], (per, row["period"], name, shown, value)
                else:
                    assert shown == value, (per, row["period"], name, shown, value)
        assert sum(row["unmatched_meals"] for row in rows) > 0
        assert sum(row["covers_gross"] - row["covers"] for row in rows) > 0
    assert days[-1] - days[0] == timedelta(days=DAYS - 1)
