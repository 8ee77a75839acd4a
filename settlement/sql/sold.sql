-- name: by_minute
-- Meals sold at some canteens by business date ($1), meal and minute of the day at the centre ($3: its time zone),
-- without what was voided. What a till sent late counts at its own time.
SELECT t.business_date, t.meal,
       date_trunc('minute', coalesce(t.purchased_at, t.posted_at) AT TIME ZONE $3)::time AS minute, count(*) AS sold
FROM transfer t
WHERE t.business_date = ANY ($1::date[]) AND t.canteen_id = ANY ($2) AND t.book IN (SELECT book FROM book)
  AND t.kind IN ('payment', 'working_meal') AND t.part = 0
  AND NOT EXISTS (SELECT 1 FROM transfer r WHERE r.book = t.book AND r.reverses = t.posting_id AND r.part = 0
                  AND r.kind = 'reversal')
GROUP BY 1, 2, 3
ORDER BY 1, 3, 2;

-- name: by_terminal
-- Meals sold on a business date at some canteens by terminal, without what was voided, and when it last sold one; also
-- by the sheets of a canteen together, whose terminal is null.
SELECT t.canteen_id, t.terminal_id, count(*) AS sold, max(coalesce(t.purchased_at, t.posted_at)) AS last_at
FROM transfer t
WHERE t.business_date = $1 AND t.canteen_id = ANY ($2) AND t.book IN (SELECT book FROM book)
  AND t.kind IN ('payment', 'working_meal') AND t.part = 0
  AND NOT EXISTS (SELECT 1 FROM transfer r WHERE r.book = t.book AND r.reverses = t.posting_id AND r.part = 0
                  AND r.kind = 'reversal')
GROUP BY t.canteen_id, t.terminal_id
ORDER BY t.canteen_id, t.terminal_id;

-- name: terminals
-- The terminals of some canteens with their present epochs, by book.
SELECT book, array_agg(terminal_id) AS terminal_ids, array_agg(epoch) AS epochs
FROM terminal WHERE canteen_id = ANY ($1) GROUP BY book ORDER BY book;

-- name: refusals
-- How often terminals ($2, in their epochs $3) of a book were refused a payment since $4, by reason: of each its latest
-- requests ($5) alone, found by its key, since requests have no index of time.
SELECT q.refusal, count(*) AS times
FROM unnest($2::bigint[], $3::integer[]) AS d(terminal_id, epoch)
CROSS JOIN LATERAL (SELECT r.refusal, r.outcome, r.operation, r.answered_at FROM request r
                    WHERE r.book = $1 AND r.terminal_id = d.terminal_id AND r.epoch = d.epoch
                    ORDER BY r.sequence DESC LIMIT $5) q
WHERE q.outcome = 'refused' AND q.operation = 'charge' AND q.answered_at >= $4
GROUP BY q.refusal;
