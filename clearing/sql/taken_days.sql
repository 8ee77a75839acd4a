-- name: taken_on
-- Payments and money per canteen in a cycle that is summed up, net of what was given back.
SELECT c.canteen_id, c.name_zh, c.name_en, coalesce(s.payments, 0)::bigint AS payments,
       coalesce(s.amount_fen, 0)::bigint AS amount_fen
FROM canteen c
LEFT JOIN (
    SELECT canteen_id, sum(payments - reversals) AS payments, sum(paid_fen - reversed_fen) AS amount_fen
    FROM obligation WHERE cycle_date = $1 AND line <> 'fee' GROUP BY canteen_id
) s ON s.canteen_id = c.canteen_id
ORDER BY c.canteen_id;

-- name: neighbours
-- The next cycles with payments before and after a date; null if there is none.
SELECT (SELECT c.business_date FROM cycle c
        WHERE c.business_date < $1::date
          AND EXISTS (SELECT 1 FROM obligation o WHERE o.cycle_date = c.business_date AND o.payments > 0)
        ORDER BY c.business_date DESC LIMIT 1) AS before,
       (SELECT c.business_date FROM cycle c
        WHERE c.business_date > $1::date
          AND EXISTS (SELECT 1 FROM obligation o WHERE o.cycle_date = c.business_date AND o.payments > 0)
        ORDER BY c.business_date LIMIT 1) AS after;
