-- name: canteen_facts
-- A canteen's names and agency, and whether its tills need a cashier.
SELECT agency_id, name_zh, name_en, cashiers_required_at IS NOT NULL AS cashier_required FROM canteen WHERE book = $1 AND canteen_id = $2;

-- name: meal_hours
-- The hours of a canteen's meals, in the centre's local time: those of this very day where it departs from the week,
-- else those of this weekday before those of others.
WITH departing AS (
    SELECT meals FROM special_day WHERE book = $1 AND canteen_id = $2 AND day = local_date_of(now()))
SELECT meal, to_char(starts, 'HH24:MI') AS starts, to_char(ends, 'HH24:MI') AS ends
FROM (SELECT DISTINCT ON (meal) meal, starts, ends FROM meal_period
      WHERE book = $1 AND canteen_id = $2 AND NOT EXISTS (SELECT 1 FROM departing)
      ORDER BY meal, position(extract(isodow FROM local_date_of(now()))::text IN weekdays) = 0, starts) m
UNION ALL
SELECT s.meal, to_char(s.starts, 'HH24:MI'), to_char(s.ends, 'HH24:MI')
FROM departing, jsonb_to_recordset(departing.meals) AS s (meal text, starts time, ends time)
ORDER BY starts;
