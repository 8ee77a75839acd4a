-- name: line
-- A payment on a published statement, and the amount not yet refunded.
SELECT d.cycle_date, c.published_at, t.book, t.issuer_id, t.acquirer_id,
       (sum(t.amount_fen) - (
           SELECT coalesce(sum(r.amount_fen), 0) FROM transfer r WHERE r.book = t.book AND r.reverses = t.posting_id
       ))::bigint AS left_fen
FROM transfer t
JOIN closed_day d ON d.book = t.book AND d.business_date = t.business_date
JOIN cycle c ON c.business_date = d.cycle_date AND c.state IN ('published', 'settled')
WHERE t.book IN (SELECT book FROM book) AND t.posting_id = $1 AND t.kind IN ('payment', 'working_meal')
GROUP BY d.cycle_date, c.published_at, t.book, t.issuer_id, t.acquirer_id, t.posting_id;

-- name: is_posted
-- The number $4 if it is the refund of payment $2 by the amount $3, and not another posting; else null.
SELECT posting_id FROM transfer
WHERE book = $1 AND posting_id = $4
GROUP BY posting_id
HAVING bool_and(kind = 'refund' AND reverses = $2) AND sum(amount_fen) = $3::bigint;
