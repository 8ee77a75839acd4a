-- name: weeks
-- A canteen's meals by week, from the Monday $1 to the Sunday $2: what the checks of covers look at.
-- `traces`: days weighed in full with less than $3 grams of waste a cover, or less than $4 grams in all. `claimed`: days
-- on which more of the booked came, by hand and by payments, than anybody ate.
SELECT m.book, m.canteen_id, m.meal, date_trunc('week', m.business_date)::date AS monday,
       coalesce(sum(m.covers), 0)::bigint AS covers, coalesce(sum(d.cheap), 0)::bigint AS cheap,
       coalesce(sum(m.covers) FILTER (WHERE d.paid_fen IS NOT NULL), 0)::bigint AS paying,
       coalesce(sum(d.paid_fen), 0)::bigint AS paid_fen,
       coalesce(sum(f.covers), 0)::bigint AS expected,
       coalesce(sum(m.covers) FILTER (WHERE f.covers IS NOT NULL), 0)::bigint AS expected_of,
       coalesce(sum(m.waste_g) FILTER (WHERE m.weighed), 0)::bigint AS waste_g,
       coalesce(sum(m.covers) FILTER (WHERE m.weighed), 0)::bigint AS weighed_covers,
       count(*) FILTER (WHERE m.covers > 0) AS served, count(*) FILTER (WHERE m.weighed) AS weighed,
       array_agg(m.business_date ORDER BY m.business_date) FILTER (WHERE m.covers > 0 AND NOT m.weighed) AS unweighed,
       array_agg(m.business_date ORDER BY m.business_date) FILTER (WHERE m.covers = 0 AND m.streams > 0) AS uneaten,
       coalesce(sum(coalesce(m.preparation_g, 0) + coalesce(m.unserved_g, 0) + coalesce(m.plate_g, 0))
                FILTER (WHERE m.covers = 0 AND m.streams > 0), 0)::bigint AS uneaten_g,
       array_agg(m.business_date ORDER BY m.business_date) FILTER (WHERE m.weighed AND m.waste_g < greatest($3 * m.covers, $4)) AS traces,
       array_agg(m.business_date ORDER BY m.business_date) FILTER (WHERE b.came + coalesce(e.came, 0) > m.covers) AS claimed,
       coalesce(sum(b.came + coalesce(e.came, 0)) FILTER (WHERE b.came + coalesce(e.came, 0) > m.covers), 0)::bigint AS claimed_came,
       coalesce(sum(m.covers) FILTER (WHERE b.came + coalesce(e.came, 0) > m.covers), 0)::bigint AS claimed_covers
FROM measured_meal m
LEFT JOIN cover_day d ON d.book = m.book AND d.canteen_id = m.canteen_id AND d.business_date = m.business_date
                     AND d.meal = m.meal
LEFT JOIN cover_forecast f ON f.book = m.book AND f.canteen_id = m.canteen_id AND f.business_date = m.business_date
                          AND f.meal = m.meal
LEFT JOIN booking b ON b.book = m.book AND b.canteen_id = m.canteen_id AND b.business_date = m.business_date
                   AND b.meal = m.meal
LEFT JOIN booked_meal e ON e.book = m.book AND e.canteen_id = m.canteen_id AND e.business_date = m.business_date
                       AND e.meal = m.meal
WHERE m.business_date BETWEEN $1 AND $2
GROUP BY m.book, m.canteen_id, m.meal, date_trunc('week', m.business_date)
ORDER BY m.book, m.canteen_id, m.meal, monday;
