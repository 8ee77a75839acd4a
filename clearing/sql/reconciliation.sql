-- name: shifts
-- Shifts whose latest closing differs from the ledger.
SELECT format('terminal %s, epoch %s, shift %s', m.terminal_id, m.epoch, m.first_sequence) AS subject, c.agency_id,
       m.unknown, m.ledger_payments - m.payments AS off_payments, m.ledger_fen - m.amount_fen AS off_fen
FROM (SELECT DISTINCT ON (book, terminal_id, epoch, first_sequence) * FROM shift_closing
      ORDER BY book, terminal_id, epoch, first_sequence, number DESC) m
JOIN terminal t ON t.book = m.book AND t.terminal_id = m.terminal_id
JOIN canteen c ON c.book = t.book AND c.canteen_id = t.canteen_id
WHERE NOT m.agrees;

-- name: legs_due
-- Positions of published cycles whose money has not, or not all, been confirmed.
SELECT format('cycle %s, agency %s', l.cycle_date, l.agency_id) AS subject, l.cycle_date, l.agency_id,
       abs(l.position_fen) - l.matched_fen AS left_fen, c.published_at, l.matched_fen > 0 OR l.returned_fen > 0 AS moved,
       CASE WHEN l.position_fen < 0 THEN
                CASE WHEN l.returned_fen > 0 THEN 'pay_in_sent_back' WHEN l.matched_fen > 0 THEN 'agency_paid_in_part'
                     ELSE 'agency_has_not_paid' END
            ELSE
                CASE WHEN l.returned_fen > 0 THEN 'pay_out_returned' WHEN l.matched_fen > 0 THEN 'paid_out_in_part'
                     ELSE 'bank_has_not_confirmed' END
       END AS cause
FROM leg l
JOIN cycle c ON c.business_date = l.cycle_date AND c.state = 'published'
WHERE l.matched_fen <> abs(l.position_fen);

-- name: unmatched_entries
-- Bank entries that match no position, with what of them is not resolved.
SELECT CASE e.occurrence WHEN 1 THEN e.entry ELSE format('%s #%s', e.entry, e.occurrence) END AS subject, e.verdict,
       e.taken_at, (e.amount_fen - coalesce(r.fen, 0))::bigint AS open_fen
FROM bank_entry e
LEFT JOIN LATERAL (
    SELECT sum(p.amount_fen) AS fen FROM bank_entry_resolution p
    WHERE p.entry = e.entry AND p.occurrence = e.occurrence
) r ON true
WHERE e.verdict NOT IN ('matched', 'returned') AND e.amount_fen > coalesce(r.fen, 0);

-- name: floats
-- Agencies whose float differs from their officials' cash purses plus what was spent from them. Days that
-- are summed up count by their sums, the others by their transfers; each table is read once, however many agencies, and
-- of transfers those days alone (OFFSET 0: the planner would else merge all of them with the few days that it asks for).
WITH floated AS (
    SELECT a.book, a.agency_id, sum(m.fen) AS fen
    FROM (
        SELECT d.book, d.account_id, d.debit_fen - d.credit_fen AS fen FROM account_day d
        UNION ALL
        SELECT t.book, side.account_id, side.fen
        FROM book_day u
        CROSS JOIN LATERAL (SELECT * FROM transfer x
                            WHERE x.book = u.book AND x.business_date = u.business_date OFFSET 0) t
        CROSS JOIN LATERAL (VALUES (t.debit_account, t.amount_fen), (t.credit_account, -t.amount_fen))
                   AS side(account_id, fen)
        UNION ALL
        SELECT t.book, side.account_id, side.fen
        FROM closed_day u
        CROSS JOIN LATERAL (SELECT * FROM transfer x
                            WHERE x.book = u.book AND x.business_date = u.business_date OFFSET 0) t
        CROSS JOIN LATERAL (VALUES (t.debit_account, t.amount_fen), (t.credit_account, -t.amount_fen))
                   AS side(account_id, fen)
        WHERE u.rolled_up_at IS NULL
    ) m
    JOIN agency a ON a.book = m.book AND a.float_account = m.account_id
    GROUP BY a.book, a.agency_id
), kept AS (
    SELECT o.book, o.agency_id, sum(w.balance_fen) AS fen
    FROM official o JOIN purse w ON w.book = o.book AND w.holder_id = o.holder_id AND w.kind = 'cash'
    GROUP BY o.book, o.agency_id
), spent_lately AS (
    SELECT m.book, m.agency_id, sum(m.fen) AS fen
    FROM (
        SELECT t.book, t.issuer_id AS agency_id, sale_fen(t.kind, t.amount_fen) AS fen
        FROM book_day u
        CROSS JOIN LATERAL (SELECT * FROM transfer x
                            WHERE x.book = u.book AND x.business_date = u.business_date OFFSET 0) t
        JOIN official o ON o.book = t.book AND o.holder_id = t.holder_id
        WHERE t.canteen_id IS NOT NULL AND o.cash_account IN (t.debit_account, t.credit_account)
        UNION ALL
        SELECT t.book, t.issuer_id, sale_fen(t.kind, t.amount_fen)
        FROM closed_day u
        CROSS JOIN LATERAL (SELECT * FROM transfer x
                            WHERE x.book = u.book AND x.business_date = u.business_date OFFSET 0) t
        JOIN official o ON o.book = t.book AND o.holder_id = t.holder_id
        WHERE u.rolled_up_at IS NULL AND t.canteen_id IS NOT NULL
          AND o.cash_account IN (t.debit_account, t.credit_account)
    ) m
    GROUP BY m.book, m.agency_id
), spent AS (
    SELECT m.book, m.agency_id, sum(m.fen) AS fen
    FROM (
        SELECT b.book, b.issuer_id AS agency_id, b.paid_fen - b.reversed_fen - b.subsidy_fen AS fen
        FROM obligation b WHERE b.line IN ('meal', 'late', 'correction')
        UNION ALL
        SELECT l.book, l.agency_id, l.fen FROM spent_lately l
    ) m
    GROUP BY m.book, m.agency_id
)
SELECT format('agency %s', a.agency_id) AS subject, a.agency_id,
       (coalesce(f.fen, 0) - coalesce(k.fen, 0) - coalesce(s.fen, 0))::bigint AS off_fen
FROM agency a
LEFT JOIN floated f ON f.book = a.book AND f.agency_id = a.agency_id
LEFT JOIN kept k ON k.book = a.book AND k.agency_id = a.agency_id
LEFT JOIN spent s ON s.book = a.book AND s.agency_id = a.agency_id
WHERE coalesce(f.fen, 0) <> coalesce(k.fen, 0) + coalesce(s.fen, 0);

-- name: late_cycles
-- Cycles that began more than $2 minutes ago and are not published.
SELECT business_date, state, closing_at FROM cycle
WHERE state IN ('closing', 'closed', 'netted') AND closing_at < $1::timestamptz - make_interval(mins => $2);

-- name: one_reconciler
-- One process writes differences at a time.
SELECT pg_advisory_xact_lock(7360, 0);

-- name: keep
-- Store a difference that is seen now, and is there since $6; one that had been resolved counts from its return.
INSERT INTO difference (kind, subject, agency_id, amount_fen, cause, first_seen, last_seen)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (kind, subject) DO UPDATE SET
    amount_fen = excluded.amount_fen, cause = excluded.cause, last_seen = excluded.last_seen, resolved_at = NULL,
    first_seen = CASE WHEN difference.resolved_at IS NULL THEN difference.first_seen ELSE excluded.first_seen END;

-- name: resolve_others
-- Resolve the differences that were not seen now.
UPDATE difference SET resolved_at = $1 WHERE resolved_at IS NULL AND last_seen < $1;

-- name: differences
-- Open differences of one agency, or with null of all, the largest first; with $2 also those resolved lately. Of one
-- terminal at most 50 open and 50 resolved, so that it cannot hide the others, and how many more there are.
SELECT kind, subject, agency_id, amount_fen, cause, first_seen, last_seen, resolved_at, greatest(alike - 50, 0) AS more
FROM (
    SELECT d.*, row_number() OVER (alike ORDER BY resolved_at NULLS FIRST, abs(amount_fen) DESC, subject) AS place,
           count(*) OVER alike AS alike
    FROM difference d
    WHERE ($1::bigint IS NULL OR agency_id = $1)
      AND (resolved_at IS NULL OR ($2 AND resolved_at > now() - interval '30 days'))
    WINDOW alike AS (PARTITION BY resolved_at IS NULL, kind,
                                  CASE kind WHEN 'terminal' THEN split_part(subject, ',', 1) ELSE subject END)
) d
WHERE place <= 50
ORDER BY resolved_at NULLS FIRST, abs(amount_fen) DESC, kind, subject LIMIT 1000;

-- name: alarm
-- Open differences by kind: how many, how much in fen, and the age of the oldest in seconds.
SELECT kind, count(*)::bigint AS differences, least(sum(abs(amount_fen)), 9223372036854775807)::bigint AS amount_fen,
       extract(epoch FROM now() - min(first_seen))::bigint AS oldest_s
FROM difference WHERE resolved_at IS NULL GROUP BY kind;
