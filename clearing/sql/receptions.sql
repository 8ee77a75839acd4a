-- name: reported
-- What agencies spent by month, as it was reported last; of one agency, or of all.
SELECT DISTINCT ON (r.agency_id, r.month) r.agency_id, r.month, r.reception_fen, r.host_meals_fen
FROM reception_month r
WHERE $1::bigint IS NULL OR r.agency_id = $1
ORDER BY r.agency_id, r.month, r.version DESC;

-- name: working_meals
-- Meals that hosts paid on the network, by month before $2, in fen; net of what was given back.
SELECT o.acquirer_id AS agency_id, date_trunc('month', o.cycle_date)::date AS month,
       sum(o.paid_fen - o.reversed_fen)::bigint AS fen
FROM obligation o
WHERE o.line IN ('working_meal', 'working_meal_correction') AND ($1::bigint IS NULL OR o.acquirer_id = $1)
  AND o.cycle_date < $2
GROUP BY 1, 2;

-- name: joined
-- Every agency with the month in which it says that it joined, and the first cycle in which it met another agency.
SELECT a.agency_id, a.book,
       (SELECT r.joined_month FROM reception_month r
        WHERE r.agency_id = a.agency_id AND r.joined_month IS NOT NULL
        ORDER BY r.reported_at DESC, r.month DESC, r.version DESC LIMIT 1) AS stated,
       (SELECT p.cycle_date FROM position p
        WHERE p.agency_id = a.agency_id AND (p.receivable_fen > 0 OR p.payable_fen > 0)
        ORDER BY p.cycle_date LIMIT 1) AS first_cycle
FROM agency a
WHERE $1::bigint IS NULL OR a.agency_id = $1
ORDER BY a.agency_id;
