-- name: first_day
-- The first business day of a region that is known.
SELECT coalesce(min(c.business_date), current_date) FROM closed_day c WHERE c.book = $1

-- name: orders
-- An official's top-ups by phone.
SELECT order_id, number, amount_fen, state, created_at, settled_at FROM gateway_order
WHERE book = $1 AND holder_id = $2 ORDER BY created_at

-- name: identities
-- By what an official signs on.
SELECT provider, subject, bound_at, confirmed_at, ended_at FROM identity WHERE holder_id = $1 ORDER BY identity_id

-- name: sessions
-- An official's sessions.
SELECT number, made_at, last_used_at, expires_at, address, device FROM holder_session WHERE holder_id = $1 ORDER BY number
