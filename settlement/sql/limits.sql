-- name: most_of_holders
-- The most that people moved for one of some officials in the open business day, by transfers of some kinds. Money that
-- came over the payment gateway is nobody's doing.
SELECT coalesce(max(s.fen), 0)::bigint FROM (
    SELECT sum(t.amount_fen) AS fen
    FROM book_day d
    JOIN transfer t ON t.book = d.book AND t.business_date = d.business_date
    WHERE d.book = $1 AND t.holder_id = ANY ($2::bigint[]) AND t.kind = ANY ($3::text[])
      AND t.channel IS DISTINCT FROM 'gateway'
    GROUP BY t.holder_id
) s;

-- name: posted_now
-- Whether a posting was made by this transaction, and not found from before.
SELECT EXISTS (
    SELECT 1 FROM transfer WHERE book = $1 AND posting_id = $2 AND xmin = pg_current_xact_id()::xid);
