-- name: corrections
-- Corrections of weigh-ins of some canteens in a span of days, in the order in which they were made.
SELECT w.canteen_id, w.weigh_in_id, w.business_date, w.meal, w.stream, b.weight_g AS weight_g_before, w.weight_g,
       w.recorded_by, w.recorded_at
FROM weigh_in w JOIN weigh_in b ON b.book = w.book AND b.weigh_in_id = w.replaces
WHERE w.canteen_id = ANY ($1) AND w.business_date BETWEEN $2 AND $3 ORDER BY w.recorded_at, w.weigh_in_id;

-- name: corrected_weeks
-- How many weeks of a span of days have a corrected meal, by canteen.
SELECT canteen_id, count(DISTINCT date_trunc('week', business_date)) AS weeks FROM waste_meal
WHERE canteen_id = ANY ($1) AND business_date BETWEEN $2 AND $3 AND corrected > 0 GROUP BY canteen_id;
