-- name: ledger_totals
-- What the ledger has of a terminal's epoch up to a sequence number, net of voids; officials of other books included.
SELECT coalesce(sum(s.sign), 0)::bigint AS payments, coalesce(sum(s.sign * s.fen), 0)::bigint AS amount_fen
FROM (
    SELECT CASE coalesce(f.operation, r.operation) WHEN 'void' THEN -1 ELSE 1 END AS sign,
           CASE WHEN f.book IS NULL THEN r.cash_fen + r.subsidy_fen + r.host_fen
                ELSE f.cash_fen + f.subsidy_fen + f.host_fen END AS fen
    FROM request r
    LEFT JOIN request f ON f.book = r.forwarded_to AND f.terminal_id = r.terminal_id AND f.epoch = r.epoch
                       AND f.sequence = r.sequence
    WHERE r.book = $1 AND r.terminal_id = $2 AND r.epoch = $3 AND r.sequence <= $4
      AND coalesce(f.outcome, r.outcome) IN ('approved', 'voided') AND coalesce(f.posting_id, r.posting_id) IS NOT NULL
) s;

-- name: note_totals
-- Keep a terminal's report beside the ledger's totals.
INSERT INTO till_totals (book, terminal_id, epoch, through_sequence, reported_at, payments, amount_fen, unknown,
                         ledger_payments, ledger_fen)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (book, terminal_id, epoch) DO UPDATE SET
    through_sequence = excluded.through_sequence, reported_at = excluded.reported_at, payments = excluded.payments,
    amount_fen = excluded.amount_fen, unknown = excluded.unknown, ledger_payments = excluded.ledger_payments,
    ledger_fen = excluded.ledger_fen
WHERE till_totals.through_sequence <= excluded.through_sequence;
