-- name: since
-- An official's payments, and what was given back of them, posted after a time, oldest first. One look-up a day, since
-- the index begins with the day.
SELECT t.posting_id AS number, min(t.kind) AS kind, (array_agg(t.reverses))[1] AS reverses,
       min(t.channel) AS channel, min(t.meal) AS meal,
       min(t.canteen_id) AS canteen_id, min(c.name_zh) AS canteen_zh, min(c.name_en) AS canteen_en,
       min(t.purchased_at) AS purchased_at, min(t.posted_at) AS posted_at, sum(t.amount_fen)::bigint AS amount_fen
FROM generate_series($3::date, $4::date, interval '1 day') AS d
CROSS JOIN LATERAL (
    SELECT * FROM transfer x WHERE x.book = $1 AND x.business_date = d::date AND x.holder_id = $2
    OFFSET 0) t
JOIN canteen c ON c.canteen_id = t.canteen_id
WHERE t.posted_at > $5 AND t.kind IN ('payment', 'working_meal', 'reversal', 'refund')
GROUP BY t.posting_id ORDER BY min(t.posted_at), t.posting_id LIMIT $6

-- name: canteens
-- Names of some canteens.
SELECT canteen_id, name_zh, name_en FROM canteen WHERE canteen_id = ANY($1::bigint[])
