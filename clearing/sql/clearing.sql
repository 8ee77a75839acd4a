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
-- Closed days whose accounts are not summed yet.
SELECT book, business_date FROM closed_day WHERE rolled_up_at IS NULL ORDER BY book, business_date;

-- name: note_rolled_up
-- Note that a closed day's accounts are summed.
UPDATE closed_day SET rolled_up_at = $3 WHERE book = $1 AND business_date = $2 AND rolled_up_at IS NULL;

-- name: one_closer
-- Only one closer opens or nets a cycle at a time; the other one waits and then finds it done.
SELECT pg_advisory_xact_lock(7330, 0);

-- name: open_cycle
-- The cycle of a business date, if any closed day waits for one.
INSERT INTO cycle (business_date, state, closed_at)
SELECT $1, 'closed', $2
WHERE EXISTS (SELECT FROM closed_day WHERE cycle_date IS NULL AND business_date <= $1)
ON CONFLICT DO NOTHING;

-- name: take_closed_days
-- Give every closed day that has no cycle yet to this one: each day is cleared exactly once.
UPDATE closed_day SET cycle_date = $1 WHERE cycle_date IS NULL AND business_date <= $1;

-- name: cycle
-- One cycle.
SELECT business_date, state, closed_at, netted_at, published_at FROM cycle WHERE business_date = $1;

-- name: gather_obligations
-- Gross obligations of a cycle from its transfers. What gives back a payment of an earlier day is a correction; the
-- payment is looked up for such rows alone.
INSERT INTO obligation (cycle_date, book, issuer_id, acquirer_id, canteen_id, meal, channel, line,
                        payments, paid_fen, reversals, reversed_fen, subsidy_fen)
SELECT s.cycle_date, s.book, s.issuer_id, s.acquirer_id, s.canteen_id, s.meal, s.channel, s.line,
       count(*) FILTER (WHERE s.meals > 0), coalesce(sum(s.fen) FILTER (WHERE s.fen > 0), 0),
       count(*) FILTER (WHERE s.meals < 0), coalesce(-sum(s.fen) FILTER (WHERE s.fen < 0), 0),
       coalesce(sum(s.fen) FILTER (WHERE s.from_subsidy), 0)
FROM (
    SELECT d.cycle_date, t.book, t.issuer_id, t.acquirer_id, t.canteen_id, t.meal, t.channel,
           meals_sold(t.kind, t.part) AS meals, sale_fen(t.kind, t.amount_fen) AS fen,
           o.subsidy_account IN (t.debit_account, t.credit_account) AS from_subsidy,
           CASE WHEN t.kind = 'working_meal' THEN 'working_meal' WHEN t.reverses IS NULL THEN 'meal'
                ELSE (SELECT CASE WHEN p.business_date < t.business_date THEN 'correction'
                                  WHEN p.kind = 'working_meal' THEN 'working_meal' ELSE 'meal' END
                      FROM transfer p WHERE p.book = t.book AND p.posting_id = t.reverses ORDER BY p.part LIMIT 1)
           END AS line
    FROM closed_day d
    JOIN transfer t ON t.book = d.book AND t.business_date = d.business_date
    LEFT JOIN official o ON o.book = t.book AND o.holder_id = t.holder_id
    WHERE d.cycle_date = $1 AND t.canteen_id IS NOT NULL
) s
GROUP BY s.cycle_date, s.book, s.issuer_id, s.acquirer_id, s.canteen_id, s.meal, s.channel, s.line;

-- name: obligations
-- The obligations of a cycle with the names that a statement shows.
SELECT o.issuer_id, o.acquirer_id, i.name_zh AS issuer_zh, i.name_en AS issuer_en, a.name_zh AS acquirer_zh,
       a.name_en AS acquirer_en, c.name_zh AS canteen_zh, o.canteen_id, o.meal, o.channel, o.line,
       sum(o.payments)::bigint AS payments, sum(o.reversals)::bigint AS reversals,
       (sum(o.paid_fen) - sum(o.reversed_fen))::bigint AS amount_fen, sum(o.subsidy_fen)::bigint AS subsidy_fen
FROM obligation o
JOIN agency i ON i.agency_id = o.issuer_id
JOIN agency a ON a.agency_id = o.acquirer_id
JOIN canteen c ON c.canteen_id = o.canteen_id
WHERE o.cycle_date = $1
GROUP BY o.issuer_id, o.acquirer_id, i.name_zh, i.name_en, a.name_zh, a.name_en, c.name_zh, o.canteen_id, o.meal,
         o.channel, o.line
ORDER BY o.issuer_id, o.acquirer_id, o.canteen_id, o.meal, o.channel, o.line;

-- name: opening_positions
-- What the cycles before a date, as far as they are not settled, left every agency with.
SELECT p.agency_id, sum(p.position_fen)::bigint AS opening_fen
FROM position p JOIN cycle c ON c.business_date = p.cycle_date
WHERE p.cycle_date < $1 AND c.state <> 'settled' GROUP BY p.agency_id;

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

-- name: positions
-- The net positions of a cycle with the agencies' names.
SELECT p.agency_id, a.name_zh, a.name_en, p.receivable_fen, p.payable_fen, p.position_fen
FROM position p JOIN agency a ON a.agency_id = p.agency_id
WHERE p.cycle_date = $1 ORDER BY p.agency_id;

-- name: step
-- Take a cycle from one state to the next; does nothing when another closer was there first.
UPDATE cycle SET state = $3,
       netted_at = CASE $3 WHEN 'netted' THEN $4 ELSE netted_at END,
       published_at = CASE $3 WHEN 'published' THEN $4 ELSE published_at END
WHERE business_date = $1 AND state = $2;

-- name: note_statement
-- Note a written file; written again before it is published, the last one counts.
INSERT INTO statement (cycle_date, agency_id, format, file_name, size, sha256) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (cycle_date, agency_id, format) DO UPDATE SET size = excluded.size, sha256 = excluded.sha256;

-- name: statement
-- One file of a cycle.
SELECT file_name, size, sha256 FROM statement WHERE cycle_date = $1 AND agency_id = $2 AND format = $3;
