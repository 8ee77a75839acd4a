-- name: expected
-- The forecasts of a day's meals.
SELECT canteen_id, meal, covers, cook_for FROM cover_forecast WHERE business_date = $1 AND canteen_id = ANY ($2);

-- name: months
-- Waste and covers of some canteens together, for the last months.
SELECT month, sum(covers)::bigint AS covers, sum(weighed_covers)::bigint AS weighed_covers,
       sum(waste_g)::bigint AS waste_g, sum(co2e_g)::bigint AS co2e_g,
       sum(corrected)::bigint AS corrected
FROM kitchen_month
WHERE canteen_id = ANY ($1)
  AND month > (SELECT max(month) FROM kitchen_month) - make_interval(months => $2::integer)
GROUP BY month ORDER BY month;

-- name: last_quarter
-- The last quarter that was evaluated and is frozen, or whose canteens can change its data no more ($1: today).
SELECT max(quarter) FROM evaluation_quarter
WHERE evaluated_at IS NOT NULL
  AND (frozen_at IS NOT NULL OR (quarter + interval '3 months')::date + $2::integer <= $1::date);

-- name: forecasts
-- Forecast and actual covers by day and meal, of meals with a forecast; both tables are read by date for their indexes.
SELECT f.business_date, f.meal, sum(f.covers)::bigint AS covers, sum(f.cook_for)::bigint AS cook_for,
       sum(d.covers)::bigint AS actual
FROM (SELECT * FROM cover_forecast WHERE business_date BETWEEN $1 AND $2) f
JOIN unnest($3::bigint[]) AS mine(canteen_id) ON mine.canteen_id = f.canteen_id
LEFT JOIN (SELECT * FROM cover_day WHERE business_date BETWEEN $1 AND $2) d
    ON d.book = f.book AND d.canteen_id = f.canteen_id AND d.business_date = f.business_date AND d.meal = f.meal
GROUP BY f.business_date, f.meal
ORDER BY f.business_date, array_position(ARRAY['breakfast', 'lunch', 'dinner'], f.meal);
