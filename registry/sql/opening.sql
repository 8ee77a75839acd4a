-- name: weeks
-- The week's meals of some canteens; null: of all.
SELECT canteen_id, meal, weekdays, starts, ends FROM meal_period
WHERE $1::bigint[] IS NULL OR canteen_id = ANY ($1) ORDER BY canteen_id, starts;

-- name: special_days
-- The special days of some canteens; null: of all.
SELECT canteen_id, day, meals::text AS meals, reason FROM special_day
WHERE $1::bigint[] IS NULL OR canteen_id = ANY ($1);

-- name: in_use
-- Some canteens, and since when each is out of use; null: all of them.
SELECT c.canteen_id, least(c.closed_at, a.closed_at, b.closed_at) AS closed_at
FROM canteen c
JOIN agency a ON a.book = c.book AND a.agency_id = c.agency_id
JOIN book b ON b.book = c.book
WHERE $1::bigint[] IS NULL OR c.canteen_id = ANY ($1);
