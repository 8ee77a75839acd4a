-- name: canteens
-- Every canteen that is in use, of an agency and a region that are.
SELECT c.canteen_id, c.name_zh, c.name_en, c.agency_id, a.name_zh AS agency_zh, a.name_en AS agency_en, c.book,
       b.name_zh AS region_zh, b.name_en AS region_en, c.address, c.latitude, c.longitude, c.capacity
FROM canteen c
JOIN agency a ON a.book = c.book AND a.agency_id = c.agency_id
JOIN book b ON b.book = c.book
WHERE c.state = 'active' AND a.state = 'active' AND b.state = 'active'
ORDER BY b.book, c.canteen_id

-- name: tariffs
-- The prices of every canteen with the daily allowance at its place, newest first.
SELECT t.canteen_id, t.meal, t.valid_from, t.mode, t.home_fen, t.visitor_fen, t.limit_fen,
       a.meal_allowance_fen AS allowance_fen
FROM tariff t
JOIN canteen c ON c.book = t.book AND c.canteen_id = t.canteen_id
JOIN agency a ON a.book = c.book AND a.agency_id = c.agency_id
ORDER BY t.canteen_id, t.meal, t.valid_from DESC

-- name: books
-- Every region.
SELECT book FROM book ORDER BY book

-- name: may_eat
-- Of some meals: why this official may not eat them, by the rules of his class and by the host's (settlement/sql/
-- rules.sql, as the charge asks them), and what each costs him. Meals that he has had count for today's.
SELECT class_refusal(m.at_home, g.eats_at_home, g.eats_elsewhere) AS by_class,
       entitlement_refusal(m.at_home, m.needs_visit, v.visit_id IS NOT NULL, false, false, h.meals, m.meals_max)
           AS by_host,
       price_for(m.at_home, g.price, m.home_fen, m.visitor_fen) AS price_fen
FROM unnest($4::bigint[], $5::date[], $6::text[], $7::boolean[], $8::boolean[], $9::bigint[], $10::bigint[],
            $11::bigint[])
    WITH ORDINALITY AS m (host, day, meal, at_home, needs_visit, home_fen, visitor_fen, meals_max, n)
LEFT JOIN LATERAL (
    SELECT y.eats_at_home, y.eats_elsewhere, y.price FROM class_rules y
    WHERE $3::text <> 'official' AND y.book = $1 AND y.person_class = $3 AND y.valid_from <= m.day
    ORDER BY y.valid_from DESC LIMIT 1) g ON true
LEFT JOIN LATERAL (
    SELECT i.visit_id FROM visit i
    WHERE m.needs_visit AND i.book = $1 AND i.holder_id = $2 AND i.host_agency_id = m.host
      AND m.day BETWEEN i.first_day AND i.last_day
    LIMIT 1) v ON true
LEFT JOIN (
    SELECT t.meal, sum(meals_sold(t.kind, t.part)) AS meals
    FROM book_day d
    JOIN transfer t ON t.book = d.book AND t.business_date = d.business_date
    WHERE d.book = $1 AND t.book = $1 AND t.holder_id = $2 AND t.purchased_at > now() - interval '12 hours'
    GROUP BY t.meal) h ON h.meal = m.meal AND m.day = $12
ORDER BY m.n

-- name: meals_since
-- Meals sold at each canteen since a time, by postings between two numbers, which begin with their time: what is read
-- is the end of the ledger's key, however many payments the day has.
SELECT t.canteen_id, sum(meals_sold(t.kind, t.part))::bigint AS meals
FROM book_day b
CROSS JOIN LATERAL (
    SELECT x.canteen_id, x.kind, x.part, x.purchased_at FROM transfer x
    WHERE x.book = b.book AND x.posting_id BETWEEN $1 AND $2
    OFFSET 0) t
WHERE t.kind IN ('payment', 'working_meal', 'reversal') AND t.purchased_at >= $3
GROUP BY t.canteen_id
