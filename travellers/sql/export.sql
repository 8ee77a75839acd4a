-- name: first_day
-- The first business day of a region that is known.
SELECT coalesce(min(c.business_date), current_date) FROM closed_day c WHERE c.book = $1

-- name: sheet_payments
-- Which sheets his phones named in payments, and what a place check found.
SELECT p.terminal_id AS credential_id, p.sequence, p.sheet_id, p.sheet_version, p.place, p.distance
FROM credential c
JOIN sheet_payment p ON p.book = c.book AND p.terminal_id = c.credential_id
WHERE c.book = $1 AND c.holder_id = $2 ORDER BY p.terminal_id, p.sequence

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
