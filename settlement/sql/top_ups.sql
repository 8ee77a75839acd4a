-- name: open_order
-- Remember an order before the gateway hears of it; a repeat finds the first one.
INSERT INTO gateway_order (book, holder_id, order_id, number, amount_fen, state, created_at, expires_at)
SELECT $1, $2, $3, $4, $5, 'open', $6, $7
WHERE (SELECT count(*) FROM gateway_order g WHERE g.book = $1 AND g.holder_id = $2 AND g.state = 'open') < $8
ON CONFLICT DO NOTHING;

-- name: order
-- An official's order by the number that his phone gave it.
SELECT number, amount_fen, state, expires_at FROM gateway_order WHERE book = $1 AND holder_id = $2 AND order_id = $3;

-- name: order_by_number
-- The order of a gateway's notification.
SELECT book, holder_id, amount_fen, state FROM gateway_order
WHERE book IN (SELECT book FROM book) AND number = $1;

-- name: settle_order
-- What became of an order. One that was paid or given back stays so.
UPDATE gateway_order SET state = $3, reference = coalesce($4, reference), settled_at = $5
WHERE book = $1 AND number = $2 AND state IN ('open', 'expired');

-- name: unheard_orders
-- Open orders of which nothing was heard for a while, the oldest first.
SELECT book, number, amount_fen, expires_at FROM gateway_order
WHERE book IN (SELECT book FROM book) AND state = 'open' AND created_at < $1
ORDER BY created_at LIMIT 500;
