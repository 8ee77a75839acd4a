-- name: accounts
-- An agency's officials whose accounts are open, and the money in all of its officials' purses.
SELECT count(DISTINCT o.holder_id) FILTER (WHERE o.state = 'active') AS accounts,
       coalesce(sum(w.balance_fen), 0)::bigint AS purse_fen
FROM official o
LEFT JOIN purse w ON w.book = $1 AND w.holder_id = o.holder_id
WHERE o.book = $1 AND o.agency_id = $2;

-- name: open_payments
-- Payments of an agency's officials, and at its canteens, on days that no cycle has cleared yet.
SELECT count(*) FROM (SELECT book, business_date FROM book_day
                      UNION ALL SELECT book, business_date FROM closed_day WHERE rolled_up_at IS NULL) d
JOIN transfer t ON t.book = d.book AND t.business_date = d.business_date
WHERE t.canteen_id IS NOT NULL AND t.part = 0 AND (t.issuer_id = $1 OR t.acquirer_id = $1);

-- name: unsettled
-- The cycles in which an agency has a position that has not moved, or that are not netted yet.
SELECT c.business_date AS cycle_date FROM cycle c
WHERE c.state IN ('closing', 'closed')
   OR (c.state <> 'settled' AND EXISTS (
       SELECT 1 FROM leg l WHERE l.cycle_date = c.business_date AND l.agency_id = $1
         AND l.matched_fen <> abs(l.position_fen)))
ORDER BY c.business_date;
