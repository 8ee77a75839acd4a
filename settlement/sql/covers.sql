-- name: covers
-- Covers per canteen and meal of a business date. A cover is a person whose meal is paid with the least price of its
-- kind at least; he counts once a meal period (Food Loss and Waste Accounting and Reporting Standard's unit "per cover").
-- What was given back counts on the day of the payment that it reverses, whenever it was booked: `covers_gross` is net of
-- voids, `covers` net of refunds as well. `cheap`: people who paid less for what they ate here. `paid_fen`: what the
-- covers paid, net. What was taken away was not eaten here: who took all away is cheap, too. `booked`: covers of the
-- people whom $3 to $6 name, by canteen, meal, book and number.
SELECT p.canteen_id, p.meal, count(*) FILTER (WHERE p.net_fen >= p.least_fen) AS covers,
       count(*) FILTER (WHERE p.sold_fen >= p.least_fen) AS covers_gross,
       count(*) FILTER (WHERE p.bought_fen > 0 AND p.sold_fen < p.least_fen) AS cheap,
       coalesce(sum(p.net_fen) FILTER (WHERE p.net_fen >= p.least_fen), 0)::bigint AS paid_fen,
       count(n.holder_id) FILTER (WHERE p.net_fen >= p.least_fen) AS booked
FROM (
    SELECT s.canteen_id, s.meal, s.book, s.holder_id, l.least_fen, sum(s.paid_fen) FILTER (WHERE s.kind <> 'refund') AS bought_fen,
           sum(s.amount_fen) FILTER (WHERE s.kind <> 'refund') AS sold_fen,
           sum(s.amount_fen) AS net_fen
    FROM (
        SELECT t.book, t.holder_id, t.canteen_id, t.meal, t.kind, t.amount_fen AS paid_fen,
               t.amount_fen - coalesce(a.taken_fen, 0) AS amount_fen
        FROM transfer t
        LEFT JOIN take_away_sale a ON a.book = t.book AND a.business_date = $1 AND a.posting_id = t.posting_id AND t.part = 0
        WHERE t.business_date = $1 AND t.canteen_id = ANY ($2) AND t.book IN (SELECT book FROM book)
          AND t.kind IN ('payment', 'working_meal')
        UNION ALL
        SELECT t.book, t.holder_id, t.canteen_id, t.meal, r.kind, -r.amount_fen, coalesce(a.taken_fen, 0) - r.amount_fen
        FROM transfer r
        JOIN transfer t ON t.book = r.book AND t.posting_id = r.reverses AND t.part = r.part
        LEFT JOIN take_away_sale a ON a.book = t.book AND a.business_date = $1 AND a.posting_id = t.posting_id AND t.part = 0
                                  AND r.kind = 'reversal'
        WHERE r.reverses IS NOT NULL AND r.business_date >= $1 AND r.book IN (SELECT book FROM book)
          AND t.business_date = $1 AND t.canteen_id = ANY ($2)
    ) s
    JOIN (
        SELECT c.canteen_id, m.meal, CASE m.meal WHEN 'breakfast' THEN j.cover_breakfast_fen
                                                 WHEN 'lunch' THEN j.cover_lunch_fen
                                                 ELSE j.cover_dinner_fen END AS least_fen
        FROM canteen c
        CROSS JOIN unnest(ARRAY['breakfast', 'lunch', 'dinner']) m(meal)
        CROSS JOIN LATERAL (SELECT * FROM region_rules v WHERE v.book = c.book AND v.valid_from <= $1
                            ORDER BY v.valid_from DESC LIMIT 1) j
        WHERE c.canteen_id = ANY ($2)
    ) l ON l.canteen_id = s.canteen_id AND l.meal = s.meal
    GROUP BY s.canteen_id, s.meal, s.book, s.holder_id, l.least_fen
) p
LEFT JOIN unnest($3::bigint[], $4::text[], $5::integer[], $6::bigint[]) AS n(canteen_id, meal, book, holder_id)
       ON n.canteen_id = p.canteen_id AND n.meal = p.meal AND n.book = p.book AND n.holder_id = p.holder_id
GROUP BY p.canteen_id, p.meal
HAVING max(p.bought_fen) > 0;

-- name: given_back
-- The business dates and canteens of payments of earlier days that were given back on the days after $1 (null: ever) up
-- to $2, and the dates before $2 on which that was booked: earlier releases took it from the covers of those.
SELECT DISTINCT d.business_date, t.canteen_id
FROM transfer r
JOIN transfer t ON t.book = r.book AND t.posting_id = r.reverses AND t.part = r.part
CROSS JOIN LATERAL (VALUES (t.business_date), (CASE WHEN r.business_date < $2 THEN r.business_date END)) d(business_date)
WHERE r.reverses IS NOT NULL AND r.book IN (SELECT book FROM book) AND r.business_date <= $2
  AND ($1::date IS NULL OR r.business_date > $1) AND t.business_date < r.business_date AND d.business_date IS NOT NULL
ORDER BY d.business_date, t.canteen_id;

-- name: closed_until
-- The last business date that no book has open any more.
SELECT min(business_date) - 1 FROM book_day;
