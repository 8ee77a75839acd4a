-- name: distant
-- The same official at two canteens too far apart for the time between: faster than $2 km/h over more than $3 km.
SELECT 'distant' AS kind, a.holder_id, a.posting_id, b.posting_id AS other_id,
       format('%s km in %s min', round(d.km::numeric, 1),
              round(extract(epoch FROM b.purchased_at - a.purchased_at) / 60)) AS note
FROM transfer a
JOIN transfer b ON b.book = a.book AND b.business_date = a.business_date AND b.holder_id = a.holder_id
               AND b.canteen_id <> a.canteen_id AND b.kind = a.kind AND b.part = 0 AND b.purchased_at >= a.purchased_at
JOIN canteen ca ON ca.canteen_id = a.canteen_id
JOIN canteen cb ON cb.canteen_id = b.canteen_id
-- On a sphere of 6,371 km; at such distances the flat approximation is good to a hundredth.
CROSS JOIN LATERAL (
    SELECT 6371 * sqrt(power(radians(cb.latitude - ca.latitude), 2)
                     + power(radians(cb.longitude - ca.longitude) * cos(radians(ca.latitude)), 2)) AS km) d
WHERE a.business_date = $1 AND a.book IN (SELECT book FROM book) AND a.kind = 'payment' AND a.part = 0
  AND d.km > $3::float AND d.km > $2::float * extract(epoch FROM b.purchased_at - a.purchased_at) / 3600
ORDER BY a.holder_id, a.purchased_at;

-- name: paid_beside_working_meal
-- A working meal and a self-paid meal in the same meal period.
SELECT 'paid_beside_working_meal' AS kind, a.holder_id, a.posting_id, b.posting_id AS other_id, a.meal AS note
FROM transfer a
JOIN transfer b ON b.book = a.book AND b.business_date = a.business_date AND b.holder_id = a.holder_id
               AND b.meal = a.meal AND b.kind = 'payment' AND b.part = 0
WHERE a.business_date = $1 AND a.book IN (SELECT book FROM book) AND a.kind = 'working_meal'
ORDER BY a.holder_id;

-- name: subsidy_on_visit
-- Meal money of the own agency spent on a day of a visit, for which the travel allowance is drawn.
SELECT 'subsidy_on_visit' AS kind, t.holder_id, t.posting_id, NULL::uuid AS other_id,
       format('visit %s', v.visit_id) AS note
FROM transfer t
JOIN purse w ON w.book = t.book AND w.holder_id = t.holder_id AND w.account_id = t.debit_account
             AND w.kind = 'subsidy'
JOIN visit v ON v.book = t.book AND v.holder_id = t.holder_id
            AND local_date_of(t.purchased_at) BETWEEN v.first_day AND v.last_day
WHERE t.business_date = $1 AND t.book IN (SELECT book FROM book) AND t.kind = 'payment'
ORDER BY t.holder_id;

-- name: paid_late
-- A payment that reached the centre long after its purchase, which only the till vouches for; where the region limits those.
SELECT 'paid_late' AS kind, t.holder_id, t.posting_id, NULL::uuid AS other_id,
       format('%s min after the purchase, by %s', round(extract(epoch FROM t.posted_at - t.purchased_at) / 60), t.channel)
           AS note
FROM transfer t
WHERE t.business_date = $1 AND t.book IN (SELECT book FROM book) AND t.kind IN ('payment', 'working_meal')
  AND t.part = 0 AND is_late(t.purchased_at, t.posted_at)
  AND (SELECT r.late_payments_max FROM region_rules r
       WHERE r.book = t.book AND r.valid_from <= local_date_of(t.purchased_at)
       ORDER BY r.valid_from DESC LIMIT 1) IS NOT NULL
ORDER BY t.terminal_id, t.posted_at;

-- name: above_share
-- A visitor's meal above its share of the daily allowance (20 % for breakfast, 40 % for lunch and dinner).
SELECT 'above_share' AS kind, t.holder_id, t.posting_id, NULL::uuid AS other_id,
       format('%s fen, share %s fen', t.amount_fen, s.share_fen) AS note
FROM transfer t
JOIN canteen c ON c.canteen_id = t.canteen_id
JOIN agency a ON a.book = c.book AND a.agency_id = c.agency_id
CROSS JOIN LATERAL (
    SELECT a.meal_allowance_fen * CASE t.meal WHEN 'breakfast' THEN 20 ELSE 40 END / 100 AS share_fen) s
WHERE t.business_date = $1 AND t.book IN (SELECT book FROM book) AND t.kind = 'payment'
  AND t.issuer_id <> t.acquirer_id AND t.amount_fen > s.share_fen
ORDER BY t.holder_id;

-- name: many_working_meals
-- More than one working meal of one host for the same guest within a week.
SELECT 'many_working_meals' AS kind, a.holder_id, a.posting_id, b.posting_id AS other_id,
       format('%s days before', a.business_date - b.business_date) AS note
FROM transfer a
JOIN transfer b ON b.book = a.book AND b.holder_id = a.holder_id AND b.kind = 'working_meal'
               AND b.acquirer_id = a.acquirer_id AND b.posting_id < a.posting_id
               AND b.business_date BETWEEN a.business_date - 7 AND a.business_date
WHERE a.business_date = $1 AND a.book IN (SELECT book FROM book) AND a.kind = 'working_meal'
ORDER BY a.holder_id;
