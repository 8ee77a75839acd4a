-- name: open_days
-- The open business day of every book.
SELECT book, business_date FROM book_day ORDER BY book;

-- name: close_book
-- Move a book's business day past $2; returns the date that this closed, or null.
SELECT move_business_day($1, $2);

-- name: note_closed_day
-- Note that a day of a book is closed.
INSERT INTO closed_day (book, business_date, closed_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: not_rolled_up
-- Closed days that are not summed up yet. What was bought over five minutes (the clocks' tolerance) before the book's
-- day before was closed came late.
SELECT c.book, c.business_date, (
           SELECT max(b.closed_at) - interval '5 minutes' FROM closed_day b
           WHERE b.book = c.book AND b.business_date < c.business_date) AS late_before
FROM closed_day c WHERE c.rolled_up_at IS NULL AND c.cycle_date = $1
ORDER BY c.book, c.business_date;

-- name: lock_day
-- Lock the closed day of a book if it is not summed up yet; a second worker waits, and then finds it done.
SELECT FROM closed_day WHERE book = $1 AND business_date = $2 AND rolled_up_at IS NULL FOR UPDATE;

-- name: note_rolled_up
-- Note that a closed day is summed up.
UPDATE closed_day SET rolled_up_at = $3 WHERE book = $1 AND business_date = $2;

-- name: one_closer
-- One closer advances cycles at a time; another one waits and then finds it done.
SELECT pg_advisory_xact_lock(7330, 0);

-- name: open_cycle
-- Open the cycle of a business date if a book's open or closed day waits for one; no row if it was open already.
INSERT INTO cycle (business_date, state, closing_at, fee_fen)
SELECT $1, 'closing', $2, $3
WHERE EXISTS (SELECT 1 FROM book_day WHERE business_date <= $1)
   OR EXISTS (SELECT 1 FROM closed_day WHERE cycle_date IS NULL AND business_date <= $1)
ON CONFLICT DO NOTHING
RETURNING business_date;

-- name: books_open_until
-- The number of books that still have this day, or an earlier one, open.
SELECT count(*) FROM book_day WHERE business_date <= $1;

-- name: assign_closed_days
-- Assign every closed day that has no cycle yet to this one: each day is cleared exactly once.
UPDATE closed_day SET cycle_date = $1 WHERE cycle_date IS NULL AND business_date <= $1;

-- name: unfinished
-- The oldest cycle that is not published yet.
SELECT business_date, state FROM cycle WHERE state IN ('closing', 'closed', 'netted') ORDER BY business_date LIMIT 1;

-- name: cycle_state
-- The state of a cycle; no row if there is none.
SELECT state FROM cycle WHERE business_date = $1;

-- name: gather_obligations
-- Gross obligations of a book's closed day in cycle $1, from its transfers. A refund of a payment of an earlier day is a
-- correction; the payment is looked up for such rows alone. Book and date are parameters, so that the planner knows
-- how many rows to expect.
INSERT INTO obligation (cycle_date, book, issuer_id, acquirer_id, canteen_id, meal, channel, line,
                        payments, paid_fen, reversals, reversed_fen, subsidy_fen)
SELECT $1, s.book, s.issuer_id, s.acquirer_id, s.canteen_id, s.meal, s.channel, s.line,
       count(*) FILTER (WHERE s.meals > 0), coalesce(sum(s.fen) FILTER (WHERE s.fen > 0), 0),
       count(*) FILTER (WHERE s.meals < 0), coalesce(-sum(s.fen) FILTER (WHERE s.fen < 0), 0),
       coalesce(sum(s.fen) FILTER (WHERE s.from_subsidy), 0)
FROM (
    SELECT t.book, t.issuer_id, t.acquirer_id, t.canteen_id, t.meal, t.channel,
           meals_sold(t.kind, t.part) AS meals, sale_fen(t.kind, t.amount_fen) AS fen,
           o.subsidy_account IN (t.debit_account, t.credit_account) AS from_subsidy,
           CASE WHEN t.kind = 'working_meal' THEN 'working_meal'
                WHEN t.purchased_at < $4 THEN 'late' ELSE 'meal' END AS line
    FROM transfer t
    LEFT JOIN official o ON o.book = $2 AND o.holder_id = t.holder_id
    WHERE t.book = $2 AND t.business_date = $3 AND t.canteen_id IS NOT NULL AND t.reverses IS NULL
    UNION ALL
    SELECT t.book, t.issuer_id, t.acquirer_id, t.canteen_id, t.meal, t.channel,
           meals_sold(t.kind, t.part), sale_fen(t.kind, t.amount_fen),
           o.subsidy_account IN (t.debit_account, t.credit_account),
           CASE WHEN p.business_date < t.business_date
                THEN CASE p.kind WHEN 'working_meal' THEN 'working_meal_correction' ELSE 'correction' END
                WHEN p.kind = 'working_meal' THEN 'working_meal'
                WHEN p.purchased_at < $4 THEN 'late' ELSE 'meal' END
    FROM transfer t
    JOIN transfer p ON p.book = $2 AND p.posting_id = t.reverses AND p.part = 0
    LEFT JOIN official o ON o.book = $2 AND o.holder_id = t.holder_id
    WHERE t.book = $2 AND t.business_date = $3 AND t.canteen_id IS NOT NULL AND t.reverses IS NOT NULL
) s
GROUP BY s.book, s.issuer_id, s.acquirer_id, s.canteen_id, s.meal, s.channel, s.line
ON CONFLICT (cycle_date, book, issuer_id, canteen_id, meal, channel, line) DO UPDATE SET
    payments = obligation.payments + excluded.payments, paid_fen = obligation.paid_fen + excluded.paid_fen,
    reversals = obligation.reversals + excluded.reversals,
    reversed_fen = obligation.reversed_fen + excluded.reversed_fen,
    subsidy_fen = obligation.subsidy_fen + excluded.subsidy_fen;

-- name: gather_fees
-- Clearing fees owed to acquirers for visitors' meals in a cycle; a reversed meal costs none, and one of an earlier
-- cycle is given back at that cycle's fee.
INSERT INTO obligation (cycle_date, book, issuer_id, acquirer_id, canteen_id, meal, channel, line,
                        payments, paid_fen, reversals, reversed_fen, subsidy_fen)
SELECT o.cycle_date, o.book, o.issuer_id, o.acquirer_id, o.canteen_id, o.meal, o.channel, 'fee', o.payments,
       o.payments * o.fee_fen, o.reversals, (o.reversals - coalesce(e.meals, 0)) * o.fee_fen + coalesce(e.fen, 0), 0
FROM (
    SELECT b.cycle_date, c.fee_fen, b.book, b.issuer_id, b.acquirer_id, b.canteen_id, b.meal, b.channel,
           sum(b.payments) AS payments, sum(b.reversals) AS reversals
    FROM obligation b JOIN cycle c ON c.business_date = b.cycle_date
    WHERE b.cycle_date = $1 AND b.issuer_id <> b.acquirer_id
    GROUP BY b.cycle_date, c.fee_fen, b.book, b.issuer_id, b.acquirer_id, b.canteen_id, b.meal, b.channel
) o
LEFT JOIN (
    SELECT book, issuer_id, canteen_id, meal, channel, count(*) AS meals, sum(fee_fen) AS fen
    FROM earlier_fee WHERE cycle_date = $1 GROUP BY book, issuer_id, canteen_id, meal, channel
) e ON e.book = o.book AND e.issuer_id = o.issuer_id AND e.canteen_id = o.canteen_id AND e.meal = o.meal
   AND e.channel = o.channel
WHERE o.payments * o.fee_fen > 0 OR (o.reversals - coalesce(e.meals, 0)) * o.fee_fen + coalesce(e.fen, 0) > 0;

-- name: owed
-- What issuers owe acquirers in a cycle.
SELECT issuer_id, acquirer_id, (sum(paid_fen) - sum(reversed_fen))::bigint AS amount_fen
FROM obligation WHERE cycle_date = $1 GROUP BY issuer_id, acquirer_id;

-- name: obligations_of
-- The obligations of a cycle on one agency's statement, with the names that it shows, in English if $3.
SELECT o.issuer_id, o.acquirer_id,
       name_on('agency', o.issuer_id, $1, $3::boolean, CASE WHEN $3 THEN i.name_en ELSE i.name_zh END) AS issuer,
       name_on('agency', o.acquirer_id, $1, $3, CASE WHEN $3 THEN a.name_en ELSE a.name_zh END) AS acquirer,
       name_on('canteen', o.canteen_id, $1, $3, CASE WHEN $3 THEN c.name_en ELSE c.name_zh END) AS canteen,
       o.canteen_id, o.meal, o.channel, o.line, o.payments, o.reversals, o.paid_fen - o.reversed_fen AS amount_fen,
       o.subsidy_fen
FROM (
    SELECT o.* FROM agency m JOIN obligation o ON o.cycle_date = $1 AND o.book = m.book AND o.issuer_id = m.agency_id
    WHERE m.agency_id = $2
    UNION ALL
    SELECT o.* FROM obligation o WHERE o.cycle_date = $1 AND o.acquirer_id = $2 AND o.issuer_id <> $2
) o
JOIN agency i ON i.agency_id = o.issuer_id
JOIN agency a ON a.agency_id = o.acquirer_id
JOIN canteen c ON c.canteen_id = o.canteen_id
ORDER BY o.issuer_id, o.acquirer_id, o.canteen_id, o.meal, o.channel, o.line;

-- name: bilateral
-- What every two agencies owe each other in a cycle, both ways; their names in English if $2.
SELECT x.agency_id AS one_id,
       name_on('agency', x.agency_id, $1, $2::boolean, CASE WHEN $2 THEN x.name_en ELSE x.name_zh END) AS one,
       y.agency_id AS other_id,
       name_on('agency', y.agency_id, $1, $2, CASE WHEN $2 THEN y.name_en ELSE y.name_zh END) AS other,
       coalesce(sum(o.paid_fen - o.reversed_fen) FILTER (WHERE o.acquirer_id = x.agency_id), 0)::bigint AS to_one_fen,
       coalesce(sum(o.paid_fen - o.reversed_fen) FILTER (WHERE o.acquirer_id = y.agency_id), 0)::bigint AS to_other_fen
FROM obligation o
JOIN agency x ON x.agency_id = least(o.issuer_id, o.acquirer_id)
JOIN agency y ON y.agency_id = greatest(o.issuer_id, o.acquirer_id)
WHERE o.cycle_date = $1 AND o.issuer_id <> o.acquirer_id
GROUP BY x.agency_id, x.name_zh, x.name_en, y.agency_id, y.name_zh, y.name_en
ORDER BY x.agency_id, y.agency_id;

-- name: public_figures
-- Meals and money per host region and meal period: the agencies' own officials, and visitors; in
-- English if $2.
SELECT name_on('region', b.book, $1, $2::boolean, CASE WHEN $2 THEN b.name_en ELSE b.name_zh END) AS region, o.meal,
       coalesce(sum(o.payments - o.reversals) FILTER (WHERE o.issuer_id = o.acquirer_id), 0)::bigint AS own_meals,
       coalesce(sum(o.payments - o.reversals) FILTER (WHERE o.issuer_id <> o.acquirer_id), 0)::bigint AS guest_meals,
       coalesce(sum(o.paid_fen - o.reversed_fen) FILTER (WHERE o.issuer_id <> o.acquirer_id), 0)::bigint AS guest_fen,
       count(DISTINCT o.canteen_id) AS canteens
FROM obligation o
JOIN agency a ON a.agency_id = o.acquirer_id
JOIN book b ON b.book = a.book
WHERE o.cycle_date = $1 AND o.line <> 'fee'
GROUP BY b.book, b.name_zh, b.name_en, o.meal
ORDER BY b.book, array_position(ARRAY['breakfast', 'lunch', 'dinner'], o.meal);

-- name: period
-- The business days that a cycle clears; null if it clears none.
SELECT min(business_date) AS first_day, max(business_date) AS last_day FROM closed_day WHERE cycle_date = $1;

-- name: opening_positions
-- What of every agency's net positions in the cycles before a date has not moved.
SELECT l.agency_id,
       sum(CASE WHEN l.position_fen < 0 THEN l.position_fen + l.matched_fen ELSE l.position_fen - l.matched_fen END)::bigint
           AS opening_fen
FROM leg l JOIN cycle c ON c.business_date = l.cycle_date
WHERE l.cycle_date < $1 AND c.state <> 'settled' GROUP BY l.agency_id;

-- name: payments_of
-- The postings behind an agency's statement, pseudonymous, in the order of their numbers after $3.
SELECT t.posting_id, t.part, t.kind, t.reverses, t.issuer_id, t.acquirer_id, t.canteen_id, t.meal, t.channel,
       t.holder_id, t.amount_fen, t.business_date, t.posted_at, t.purchased_at
FROM closed_day d
JOIN transfer t ON t.book = d.book AND t.business_date = d.business_date
WHERE d.cycle_date = $1 AND t.canteen_id IS NOT NULL AND (t.issuer_id = $2 OR t.acquirer_id = $2)
  AND (t.posting_id, t.part) > ($3, $4)
ORDER BY t.posting_id, t.part LIMIT $5;

-- name: agencies
-- Every member agency.
SELECT agency_id, name_zh, name_en FROM agency ORDER BY agency_id;

-- name: add_position
-- One agency's net position.
INSERT INTO position (cycle_date, agency_id, receivable_fen, payable_fen, position_fen)
VALUES ($1, $2, $3, $4, $5);

-- name: step
-- Move a cycle from one state to the next; does nothing when another closer did so first.
UPDATE cycle SET state = $3,
       closed_at = CASE $3 WHEN 'closed' THEN $4 ELSE closed_at END,
       netted_at = CASE $3 WHEN 'netted' THEN $4 ELSE netted_at END,
       published_at = CASE $3 WHEN 'published' THEN $4 ELSE published_at END
WHERE business_date = $1 AND state = $2;

-- name: note_statement
-- Note a file in the transaction that publishes it. (Earlier releases noted files before that.)
INSERT INTO statement (cycle_date, document, agency_id, format, file_name, size, sha256)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (cycle_date, document, agency_id, format) DO UPDATE SET size = excluded.size, sha256 = excluded.sha256;

-- name: statement
-- One file of a cycle.
SELECT file_name, size, sha256 FROM statement
WHERE cycle_date = $1 AND document = $2 AND agency_id = $3 AND format = $4;
