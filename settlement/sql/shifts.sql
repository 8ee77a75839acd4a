-- name: lock_terminal
-- Messages about one terminal's shifts follow each other; its canteen. Payments read the terminal without a lock.
SELECT m.canteen_id FROM terminal m WHERE m.book = $1 AND m.terminal_id = $2 FOR NO KEY UPDATE;

-- name: requests_between
-- Requests of a terminal's epoch with a final answer, in the order of their numbers; officials of other books included.
WITH home AS MATERIALIZED (
    SELECT r.* FROM request r
    WHERE r.book = $1 AND r.terminal_id = $2 AND r.epoch = $3 AND r.sequence BETWEEN $4 AND $5
      AND r.operation IN ('charge', 'void')
), away AS MATERIALIZED (
    SELECT f.* FROM request f
    WHERE f.book IN (SELECT h.forwarded_to FROM home h) AND f.terminal_id = $2 AND f.epoch = $3
      AND f.sequence BETWEEN $4 AND $5
), answered AS MATERIALIZED (
    SELECT h.sequence, h.operation, coalesce(f.book, h.book) AS book, coalesce(f.outcome, h.outcome) AS outcome,
           CASE WHEN f.book IS NULL THEN h.digest ELSE f.digest END AS body_digest,
           CASE WHEN h.operation = 'charge' THEN coalesce(f.posting_id, h.posting_id) END AS posting_id,
           CASE WHEN f.book IS NULL THEN h.cash_fen + h.subsidy_fen + h.host_fen
                ELSE f.cash_fen + f.subsidy_fen + f.host_fen END AS amount_fen,
           coalesce(f.business_date, h.business_date) AS business_date, coalesce(f.refusal, h.refusal) AS refusal,
           coalesce(f.answered_at, h.answered_at) AS answered_at
    FROM home h LEFT JOIN away f ON f.book = h.forwarded_to AND f.sequence = h.sequence
    WHERE f.operation IS DISTINCT FROM 'unused' AND coalesce(f.outcome, h.outcome) <> 'forwarded'
    ORDER BY h.sequence LIMIT $6
), paid AS MATERIALIZED (
    SELECT t.posting_id, is_late(t.purchased_at, t.posted_at) AS is_stored, t.purchased_at
    FROM answered a JOIN transfer t ON t.book = a.book AND t.posting_id = a.posting_id AND t.part = 0
)
SELECT a.sequence, a.operation, a.outcome, a.body_digest, a.posting_id, a.amount_fen, a.business_date,
       coalesce(p.is_stored, false) AS is_stored, a.refusal, coalesce(p.purchased_at, a.answered_at) AS at
FROM answered a LEFT JOIN paid p ON p.posting_id = a.posting_id
ORDER BY a.sequence;

-- name: refunds
-- What was refunded at the console of the payments between two numbers, by the day on which it was.
SELECT t.business_date, count(DISTINCT t.posting_id) AS refunds, sum(t.amount_fen)::bigint AS refunded_fen
FROM (
    SELECT coalesce(r.forwarded_to, r.book) AS book, r.sequence FROM request r
    WHERE r.book = $1 AND r.terminal_id = $2 AND r.epoch = $3 AND r.sequence BETWEEN $4 AND $5 AND r.operation = 'charge'
    OFFSET 0
) h
JOIN request f ON f.book = h.book AND f.terminal_id = $2 AND f.epoch = $3 AND f.sequence = h.sequence
JOIN transfer t ON t.book = f.book AND t.reverses = f.posting_id AND t.kind = 'refund'
GROUP BY t.business_date ORDER BY t.business_date;

-- name: opening
-- A shift's opening.
SELECT s.cashier, s.drawer, s.opened_at FROM till_shift s
WHERE s.book = $1 AND s.terminal_id = $2 AND s.epoch = $3 AND s.first_sequence = $4;

-- name: take_number
-- Use a number up for a shift's opening; nothing if it was used. No digest is empty: no message is a repeat of it.
INSERT INTO request (book, terminal_id, epoch, sequence, operation, digest, outcome, cash_fen, subsidy_fen, host_fen,
                     answered_at)
VALUES ($1, $2, $3, $4, 'opening', '', 'recorded', 0, 0, 0, now()) ON CONFLICT DO NOTHING RETURNING true AS taken;

-- name: take_cashiers_number
-- Use a number up for a cashier's message, with its keyed digest; $6 is the reason where nobody was signed on.
INSERT INTO request (book, terminal_id, epoch, sequence, operation, digest, outcome, refusal, cash_fen, subsidy_fen,
                     host_fen, answered_at)
VALUES ($1, $2, $3, $4, 'cashier', $5, CASE WHEN $6::text IS NULL THEN 'recorded' ELSE 'refused' END, $6, 0, 0, 0, now())
ON CONFLICT DO NOTHING RETURNING true AS taken;

-- name: cashiers_number
-- What is known of a number that may be a cashier's message.
SELECT r.operation, r.digest, r.refusal FROM request r
WHERE r.book = $1 AND r.terminal_id = $2 AND r.epoch = $3 AND r.sequence = $4;

-- name: later_cashiers_number
-- Whether a cashier signed on or off at a terminal under a later number.
SELECT EXISTS (
    SELECT 1 FROM request r WHERE r.book = $1 AND r.terminal_id = $2 AND r.epoch = $3 AND r.sequence > $4
                              AND r.operation = 'cashier' AND r.outcome = 'recorded');

-- name: cashiers_number_between
-- Whether a cashier signed on or off at a terminal under a number between two others.
SELECT EXISTS (
    SELECT 1 FROM request r WHERE r.book = $1 AND r.terminal_id = $2 AND r.epoch = $3 AND r.sequence > $4
                              AND r.sequence < $5 AND r.operation = 'cashier' AND r.outcome = 'recorded');

-- name: operation
-- What a number was used for.
SELECT r.operation FROM request r WHERE r.book = $1 AND r.terminal_id = $2 AND r.epoch = $3 AND r.sequence = $4;

-- name: opens_within
-- Whether another shift was opened between a shift's number and its last one.
SELECT true FROM till_shift s
WHERE s.book = $1 AND s.terminal_id = $2 AND s.epoch = $3 AND s.first_sequence > $4 AND s.first_sequence <= $5 LIMIT 1;

-- name: open
-- Keep a shift's opening, with the canteen where the till stands.
INSERT INTO till_shift (book, terminal_id, epoch, first_sequence, cashier, drawer, opened_at, received_at, canteen_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, now(), $8);

-- name: unused
-- How many numbers between two are not used.
SELECT $5::bigint - $4::bigint + 1 - count(*) AS unused FROM request r
WHERE r.book = $1 AND r.terminal_id = $2 AND r.epoch = $3 AND r.sequence BETWEEN $4 AND $5;

-- name: lock_within
-- A charge and a closing that wait for each other's numbers: the closing gives way, before the database ends either.
SELECT set_config('lock_timeout', '500', true);

-- name: use_up
-- Use up the numbers between two that are not used: what comes under one later is answered as voided. A request that is
-- being written is waited for.
INSERT INTO request (book, terminal_id, epoch, sequence, operation, outcome, cash_fen, subsidy_fen, host_fen, answered_at)
SELECT $1, $2, $3, n, 'unused', 'voided', 0, 0, 0, now()
FROM generate_series($4::bigint, $5::bigint) n
WHERE NOT EXISTS (SELECT 1 FROM request r WHERE r.book = $1 AND r.terminal_id = $2 AND r.epoch = $3 AND r.sequence = n)
ORDER BY n ON CONFLICT DO NOTHING;

-- name: use_up_elsewhere
-- The same in the books to which requests between two numbers were forwarded, and where they have not arrived.
INSERT INTO request (book, terminal_id, epoch, sequence, operation, outcome, cash_fen, subsidy_fen, host_fen, answered_at)
SELECT r.forwarded_to, r.terminal_id, r.epoch, r.sequence, 'unused', 'voided', 0, 0, 0, now()
FROM request r
WHERE r.book = $1 AND r.terminal_id = $2 AND r.epoch = $3 AND r.sequence BETWEEN $4 AND $5 AND r.forwarded_to IS NOT NULL
ORDER BY r.forwarded_to, r.sequence ON CONFLICT DO NOTHING;

-- name: latest_closing
-- The latest closing of a shift.
SELECT c.number, c.agrees, c.body FROM shift_closing c
WHERE c.book = $1 AND c.terminal_id = $2 AND c.epoch = $3 AND c.first_sequence = $4
ORDER BY c.number DESC LIMIT 1;

-- name: unsettled
-- The first shift of a terminal's epoch without a closing that agrees.
SELECT s.first_sequence FROM till_shift s
WHERE s.book = $1 AND s.terminal_id = $2 AND s.epoch = $3
  AND NOT EXISTS (SELECT 1 FROM shift_closing c
                  WHERE c.book = s.book AND c.terminal_id = s.terminal_id AND c.epoch = s.epoch
                    AND c.first_sequence = s.first_sequence AND c.agrees)
ORDER BY s.first_sequence LIMIT 1;

-- name: keep_closing
-- Keep a closing as the terminal signed it, beside what the ledger had.
INSERT INTO shift_closing (book, terminal_id, epoch, first_sequence, number, last_sequence, closed_at, unknown, payments,
                           amount_fen, ledger_payments, ledger_fen, agrees, body, signature_base, signature, public_key,
                           received_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, now());

-- name: closing_of_payment
-- The request of a payment, and the latest closing of the shift that was open at its number, if it reaches so far.
SELECT c.book, c.terminal_id, c.epoch, c.first_sequence, c.last_sequence, c.body, c.signature_base,
       c.signature, c.public_key, c.received_at, c.agrees, s.cashier, s.drawer, p.sequence
FROM (SELECT DISTINCT t.terminal_id, t.epoch, t.sequence FROM transfer t
      WHERE t.book = $1 AND t.posting_id = $2 AND t.kind IN ('payment', 'working_meal')) p
JOIN terminal m ON m.book IN (SELECT book FROM book) AND m.terminal_id = p.terminal_id
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (x.book) x.* FROM till_shift x
    WHERE x.book = m.book AND x.terminal_id = p.terminal_id AND x.epoch = p.epoch AND x.first_sequence <= p.sequence
    ORDER BY x.book, x.first_sequence DESC) s
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (x.book) x.* FROM shift_closing x
    WHERE x.book = s.book AND x.terminal_id = s.terminal_id AND x.epoch = s.epoch AND x.first_sequence = s.first_sequence
    ORDER BY x.book, x.number DESC) c
WHERE p.sequence <= c.last_sequence;
