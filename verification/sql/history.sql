-- name: postings_of_terminals
-- Every posting under some terminals' numbers. A phone voids nothing: what is reversed of its payments by sheets, the
-- canteen's people reversed.
SELECT t.terminal_id, t.epoch, t.sequence, t.posting_id, min(t.kind) AS kind, sum(t.amount_fen)::bigint AS amount_fen,
       bool_and(EXISTS (SELECT 1 FROM transfer r WHERE r.book = t.book AND r.reverses = t.posting_id
                        AND r.part = t.part AND r.kind = 'reversal')) AS reversed
FROM transfer t WHERE t.terminal_id = ANY ($1) AND NOT (t.channel = 'sheet' AND t.kind = 'reversal')
GROUP BY t.terminal_id, t.epoch, t.sequence, t.posting_id;
