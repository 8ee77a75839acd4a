-- name: movements
-- An official's postings from one day to another, latest first, with what each changed of his purses. One look-up a
-- day, since the index begins with the day.
SELECT t.posting_id AS number, min(t.kind) AS kind, min(t.channel) AS channel, min(t.meal) AS meal,
       min(t.canteen_id) AS canteen_id, min(c.name_zh) AS canteen_zh, min(c.name_en) AS canteen_en,
       min(t.business_date) AS business_date, min(t.purchased_at) AS purchased_at, min(t.posted_at) AS posted_at,
       coalesce(is_late(min(t.purchased_at), min(t.posted_at)), false) AS late,
       sum(n.cash)::bigint AS cash_change_fen,
       sum(n.subsidy)::bigint AS subsidy_change_fen,
       coalesce(sum(sale_fen(t.kind, t.amount_fen)) FILTER (WHERE n.cash = 0 AND n.subsidy = 0), 0)::bigint AS host_fen,
       (array_agg(t.reverses))[1] AS reverses
FROM official o
CROSS JOIN generate_series($3::date, $4::date, interval '1 day') AS d
CROSS JOIN LATERAL (
    SELECT * FROM transfer x WHERE x.book = $1 AND x.business_date = d::date AND x.holder_id = $2
    OFFSET 0) t
CROSS JOIN LATERAL (SELECT
    CASE o.cash_account WHEN t.credit_account THEN t.amount_fen WHEN t.debit_account THEN -t.amount_fen ELSE 0 END
        AS cash,
    CASE o.subsidy_account WHEN t.credit_account THEN t.amount_fen WHEN t.debit_account THEN -t.amount_fen ELSE 0 END
        AS subsidy) n
LEFT JOIN canteen c ON c.canteen_id = t.canteen_id
WHERE o.book = $1 AND o.holder_id = $2
  AND ($5::bigint IS NULL OR t.canteen_id = $5)
  AND ($6::timestamptz IS NULL OR (t.posted_at, t.posting_id) < ($6, $7::uuid))
GROUP BY t.posting_id ORDER BY min(t.posted_at) DESC, t.posting_id DESC LIMIT $8

-- name: months
-- The same, summed by month, canteen and kind.
SELECT date_trunc('month', t.business_date)::date AS month, t.kind, t.canteen_id, c.name_zh AS canteen_zh,
       c.name_en AS canteen_en, sum(meals_sold(t.kind, t.part))::bigint AS meals,
       sum(n.cash)::bigint AS cash_change_fen,
       sum(n.subsidy)::bigint AS subsidy_change_fen,
       coalesce(sum(sale_fen(t.kind, t.amount_fen)) FILTER (WHERE n.cash = 0 AND n.subsidy = 0), 0)::bigint AS host_fen
FROM official o
CROSS JOIN generate_series($3::date, $4::date, interval '1 day') AS d
CROSS JOIN LATERAL (
    SELECT * FROM transfer x WHERE x.book = $1 AND x.business_date = d::date AND x.holder_id = $2
    OFFSET 0) t
CROSS JOIN LATERAL (SELECT
    CASE o.cash_account WHEN t.credit_account THEN t.amount_fen WHEN t.debit_account THEN -t.amount_fen ELSE 0 END
        AS cash,
    CASE o.subsidy_account WHEN t.credit_account THEN t.amount_fen WHEN t.debit_account THEN -t.amount_fen ELSE 0 END
        AS subsidy) n
LEFT JOIN canteen c ON c.canteen_id = t.canteen_id
WHERE o.book = $1 AND o.holder_id = $2
GROUP BY 1, t.kind, t.canteen_id, c.name_zh, c.name_en ORDER BY 1, t.canteen_id, t.kind

-- name: open_day
-- The open business day of a region, and whether meal money lapses at the end of its year.
SELECT b.business_date, (
    SELECT r.subsidy_expires FROM region_rules r
    WHERE r.book = b.book AND r.valid_from <= make_date(extract(year FROM b.business_date)::integer, 12, 31)
    ORDER BY r.valid_from DESC LIMIT 1) AS subsidy_expires
FROM book_day b WHERE b.book = $1

-- name: is_own_payment
-- Whether a payment is an official's.
SELECT EXISTS (SELECT 1 FROM transfer WHERE book = $1 AND posting_id = $3 AND holder_id = $2
               AND kind IN ('payment', 'working_meal'))

-- name: visits
-- An official's visits, latest first.
SELECT v.visit_id, v.host_agency_id, a.book, a.name_zh AS host_zh, a.name_en AS host_en, v.first_day, v.last_day,
       v.working_meal IS NOT NULL AS working_meal_had
FROM visit v
JOIN agency a ON a.agency_id = v.host_agency_id
WHERE v.book = $1 AND v.holder_id = $2
ORDER BY v.first_day DESC, v.visit_id DESC LIMIT $3

-- name: visit_requests
-- What an official registered himself, latest first.
SELECT r.visit_id, r.request_id, r.host_agency_id, a.book, a.name_zh AS host_zh, a.name_en AS host_en, r.first_day,
       r.last_day, r.state, r.reason, r.answer
FROM visit_request r
JOIN agency a ON a.agency_id = r.host_agency_id
WHERE r.book = $1 AND r.holder_id = $2
ORDER BY r.first_day DESC, r.number DESC LIMIT $3
