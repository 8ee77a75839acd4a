-- name: sessions
-- Sessions with their terminals, canteens and acquirers; the keys are wrapped.
SELECT s.session_id, s.book, s.terminal_id, s.epoch, s.wrapped_key, s.expires_at,
       s.ended_at IS NULL AND t.state = 'active' AND t.epoch = s.epoch AS live,
       t.canteen_id, c.account_id AS canteen_account, c.agency_id AS acquirer_id,
       a.purse_order = 'subsidy_first' AS subsidy_first, a.working_meal_account,
       least(c.closed_at, a.closed_at, b.closed_at) AS closed_at, t.kind,
       c.cashiers_required_at, w.first_sequence AS signed_on_from, w.ends_before AS signed_on_before,
       w.ends_at AS signed_on_until, coalesce(w.may_void, true) AS may_void
FROM terminal_session s
JOIN terminal t ON t.book = s.book AND t.terminal_id = s.terminal_id
JOIN canteen c ON c.book = t.book AND c.canteen_id = t.canteen_id
JOIN agency a ON a.book = c.book AND a.agency_id = c.agency_id
JOIN book b ON b.book = c.book
LEFT JOIN LATERAL (
    SELECT x.first_sequence, x.ends_before, x.ends_at, x.may_void FROM cashier_sign_on x
    WHERE x.book = s.book AND x.terminal_id = s.terminal_id AND x.epoch = s.epoch
    ORDER BY x.first_sequence DESC LIMIT 1) w ON true
WHERE s.session_id = ANY ($1);

-- name: highest_sequence
-- The highest sequence number that the centre has seen of a terminal's epoch, in a payment, a void or a shift.
SELECT coalesce(greatest(
    (SELECT max(r.sequence) FROM request r WHERE r.book = $1 AND r.terminal_id = $2 AND r.epoch = $3),
    (SELECT max(c.last_sequence) FROM shift_closing c WHERE c.book = $1 AND c.terminal_id = $2 AND c.epoch = $3)), 0);

-- name: block_list_version
-- The version of the block list.
SELECT coalesce(max(version), 0) FROM block_entry;

-- name: block_list_since
-- What changed in the block list after a version, oldest first.
SELECT version, book, credential_id, blocked FROM block_entry WHERE version > $1 ORDER BY version LIMIT $2;

-- name: counter_has_paid
-- Whether a card paid under a counter within 400 days; one look-up a day, since the index begins with the day.
SELECT EXISTS (
    SELECT 1 FROM generate_series(current_date - 400, current_date + 2, interval '1 day') AS d
    CROSS JOIN LATERAL (
        SELECT 1 FROM transfer t
        WHERE t.book = $1 AND t.business_date = d::date AND t.holder_id = $2 AND t.credential_id = $3 AND t.counter = $4
        OFFSET 0) AS paid);

-- name: holders_by_reference
-- What the certificates of these references say, with their phones' keys.
SELECT r.reference, r.book, o.agency_id, c.holder_id, r.credential_id,
       extract(epoch FROM r.expires_at)::bigint AS expires_at, c.public_key,
       coalesce(c.key_algorithm, 'ed25519') AS key_algorithm
FROM code_reference r
JOIN credential c ON c.book = r.book AND c.credential_id = r.credential_id
JOIN official o ON o.book = c.book AND o.holder_id = c.holder_id
WHERE r.reference = ANY ($1);

-- name: receipt_payee
-- The agency whose canteen a payment was made in.
SELECT a.name_zh, a.name_en
FROM transfer t
JOIN canteen c ON c.canteen_id = t.canteen_id
JOIN agency a ON a.book = c.book AND a.agency_id = c.agency_id
WHERE t.book IN (SELECT book FROM book) AND t.posting_id = $1 AND t.part = 0;

-- name: holder_payments
-- An official's payments of the last month, latest first; one look-up a day, since the index begins with the day.
SELECT t.posting_id AS number, min(t.kind) AS kind, min(t.channel) AS channel, min(t.meal) AS meal,
       min(c.name_zh) AS canteen_zh, min(c.name_en) AS canteen_en,
       extract(epoch FROM min(t.purchased_at))::bigint AS purchased_at,
       extract(epoch FROM min(t.posted_at))::bigint AS posted_at,
       is_late(min(t.purchased_at), min(t.posted_at)) AS late, sum(t.amount_fen)::bigint AS amount_fen,
       (SELECT coalesce(sum(r.amount_fen), 0) FROM transfer r
        WHERE r.book = $1 AND r.reverses = t.posting_id)::bigint AS given_back_fen
FROM generate_series(current_date - 31, current_date + 2, interval '1 day') AS d
CROSS JOIN LATERAL (
    SELECT * FROM transfer x
    WHERE x.book = $1 AND x.business_date = d::date AND x.holder_id = $2 AND x.kind IN ('payment', 'working_meal')
    OFFSET 0) t
JOIN canteen c ON c.canteen_id = t.canteen_id
GROUP BY t.posting_id
ORDER BY min(t.posted_at) DESC, t.posting_id LIMIT $3;

-- name: holder_credentials
-- Every card and phone that was issued for an official.
SELECT credential_id, kind, state, extract(epoch FROM issued_at)::bigint AS issued_at
FROM credential WHERE book = $1 AND holder_id = $2 ORDER BY credential_id;

-- name: sheet
-- A canteen's sheet with what a payment by it needs.
SELECT s.sheet_id, s.version, s.name, s.expires_at, s.revoked_at, s.book, s.canteen_id,
       c.name_zh AS canteen_zh, c.name_en AS canteen_en, c.account_id AS canteen_account, c.agency_id AS acquirer_id,
       a.name_zh AS agency_zh, a.name_en AS agency_en, a.purse_order = 'subsidy_first' AS subsidy_first,
       least(c.closed_at, a.closed_at, b.closed_at) AS closed_at, c.latitude, c.longitude
FROM sheet s
JOIN canteen c ON c.book = s.book AND c.canteen_id = s.canteen_id
JOIN agency a ON a.book = c.book AND a.agency_id = c.agency_id
JOIN book b ON b.book = c.book
WHERE s.sheet_id = $1;

-- name: note_sheet_payment
-- Keep what a phone's request to pay named; what is known already stays.
INSERT INTO sheet_payment (book, terminal_id, epoch, sequence, digest, sheet_id, sheet_version, place, distance)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING;

-- name: sheet_payment
-- What it named.
SELECT place, distance FROM sheet_payment
WHERE book = $1 AND terminal_id = $2 AND epoch = $3 AND sequence = $4 AND digest = $5;

-- name: posted_since
-- Payments and reversals from a number on, which begins with its time, of some holders and at some canteens; oldest
-- first. What is read is the end of the ledger's key, however many payments the day has.
SELECT t.posting_id, min(t.kind) AS kind, (array_agg(t.reverses))[1] AS reverses, min(t.holder_id) AS holder_id,
       min(t.canteen_id) AS canteen_id, min(t.channel) AS channel, min(t.meal) AS meal, min(t.posted_at) AS posted_at,
       sum(t.amount_fen)::bigint AS amount_fen
FROM book_day b
CROSS JOIN LATERAL (
    SELECT * FROM transfer x
    WHERE x.book = b.book AND x.posting_id > $1 AND x.kind IN ('payment', 'working_meal', 'reversal')
      AND (x.holder_id = ANY ($2) OR x.canteen_id = ANY ($3))
    OFFSET 0) t
GROUP BY t.posting_id ORDER BY t.posting_id;

-- name: latest_of_canteen
-- A canteen's latest payments from a number on, with what was reversed; latest first.
SELECT t.posting_id, min(t.kind) AS kind, NULL::uuid AS reverses, min(t.holder_id) AS holder_id,
       min(t.canteen_id) AS canteen_id, min(t.channel) AS channel, min(t.meal) AS meal, min(t.posted_at) AS posted_at,
       sum(t.amount_fen)::bigint AS amount_fen,
       EXISTS (SELECT 1 FROM transfer r WHERE r.book = t.book AND r.reverses = t.posting_id AND r.kind = 'reversal')
           AS voided
FROM book_day b
CROSS JOIN LATERAL (
    SELECT * FROM transfer x
    WHERE x.book = b.book AND x.posting_id > $1 AND x.kind IN ('payment', 'working_meal') AND x.canteen_id = $2
    OFFSET 0) t
GROUP BY t.book, t.posting_id ORDER BY t.posting_id DESC LIMIT $3;

-- name: payments_ending
-- Payments at a canteen from a number on that end so, with what was reversed; latest first.
SELECT t.posting_id, min(t.channel) AS channel, min(t.meal) AS meal, min(t.posted_at) AS posted_at,
       min(t.business_date) AS business_date, sum(t.amount_fen)::bigint AS amount_fen,
       EXISTS (SELECT 1 FROM transfer r WHERE r.book = t.book AND r.reverses = t.posting_id AND r.kind = 'reversal')
           AS voided
FROM book_day b
CROSS JOIN LATERAL (
    SELECT * FROM transfer x
    WHERE x.book = b.book AND x.posting_id > $1 AND x.kind IN ('payment', 'working_meal') AND x.canteen_id = $2
      AND right(x.posting_id::text, length($3)) = $3
    OFFSET 0) t
GROUP BY t.book, t.posting_id ORDER BY t.posting_id DESC LIMIT $4;

-- name: payers_ending
-- Whom a terminal charged from a number on and from a moment on, under numbers that end so, and not voided since.
SELECT DISTINCT o.agency_id, o.holder_id, o.name_sealed
FROM book_day b
CROSS JOIN LATERAL (
    SELECT * FROM transfer x
    WHERE x.book = b.book AND x.posting_id > $1 AND x.kind IN ('payment', 'working_meal') AND x.terminal_id = $2
      AND x.epoch = $3 AND x.canteen_id = $4 AND right(x.posting_id::text, length($5)) = $5 AND x.purchased_at > $6
    OFFSET 0) t
JOIN official o ON o.book = t.book AND o.holder_id = t.holder_id
WHERE NOT EXISTS (SELECT 1 FROM transfer r WHERE r.book = t.book AND r.reverses = t.posting_id AND r.kind = 'reversal');

-- name: display_by_token
-- The canteen whose payments a screen may show.
SELECT d.display_id, d.canteen_id, c.name_zh, c.name_en
FROM counter_display d
JOIN canteen c ON c.book = d.book AND c.canteen_id = d.canteen_id
WHERE d.token_hash = $1 AND d.revoked_at IS NULL;

-- name: sheet_payments_to_void
-- Payments by sheets at a canteen from a number on that end so, with the numbers under which their phones made them.
SELECT t.book, t.posting_id, t.terminal_id, t.sequence
FROM book_day b
CROSS JOIN LATERAL (
    SELECT * FROM transfer x
    WHERE x.book = b.book AND x.posting_id > $1 AND x.canteen_id = $2 AND x.channel = 'sheet' AND x.part = 0
      AND x.kind IN ('payment', 'working_meal') AND right(x.posting_id::text, length($3)) = $3
    OFFSET 0) t;
