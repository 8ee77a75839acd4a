-- name: needs_forecast
-- Whether a day has been kept since the last forecast, which reaches a week beyond it.
SELECT EXISTS (SELECT 1 FROM cover_day) AND NOT EXISTS (
    SELECT 1 FROM cover_forecast f
    WHERE f.business_date = (SELECT max(business_date) + 7 FROM cover_day));

-- name: keep_forecast
-- Keep the forecast of a meal; replaces an earlier one.
INSERT INTO cover_forecast (book, canteen_id, business_date, meal, covers, cook_for, surplus, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (book, canteen_id, business_date, meal) DO UPDATE SET
    covers = excluded.covers, cook_for = excluded.cook_for, surplus = excluded.surplus, made_at = excluded.made_at;

-- name: forecasts
-- The forecasts of a day for some canteens, with the actual covers once the day is closed.
SELECT f.canteen_id, f.meal, f.covers, f.cook_for, f.surplus, f.made_at, d.covers AS actual
FROM cover_forecast f
LEFT JOIN cover_day d ON d.book = f.book AND d.canteen_id = f.canteen_id AND d.business_date = f.business_date
                     AND d.meal = f.meal
WHERE f.business_date = $1 AND f.canteen_id = ANY ($2)
ORDER BY f.canteen_id, array_position(ARRAY['breakfast', 'lunch', 'dinner'], f.meal);
