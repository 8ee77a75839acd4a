-- name: last_day
-- The last day whose covers are kept.
SELECT max(business_date) FROM cover_day;

-- name: canteens
-- Every canteen, and how many visitors are registered at its agency on a day.
SELECT c.book, c.canteen_id, (
           SELECT count(*) FROM visit v
           WHERE v.host_agency_id = c.agency_id AND $1 BETWEEN v.first_day AND v.last_day) AS guests
FROM canteen c;

-- name: keep_booking
-- Covers booked for a meal; said again, it replaces what was said.
INSERT INTO booking (book, canteen_id, business_date, meal, booked, came, noted_by, noted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (book, canteen_id, business_date, meal) DO UPDATE SET
    booked = excluded.booked, came = coalesce(excluded.came, booking.came), noted_by = excluded.noted_by,
    noted_at = excluded.noted_at;

-- name: bookings
-- Covers booked since a day.
SELECT book, canteen_id, meal, business_date, booked FROM booking WHERE business_date >= $1;

-- name: guests_to_come
-- Visitors registered at each canteen's agency on each of the days that follow.
SELECT c.book, c.canteen_id, v.day::date AS business_date, count(*) AS guests
FROM generate_series($1::date + 1, $1::date + $2::integer, interval '1 day') v(day)
JOIN visit ON v.day::date BETWEEN visit.first_day AND visit.last_day
JOIN canteen c ON c.agency_id = visit.host_agency_id
GROUP BY c.book, c.canteen_id, v.day;

-- name: keep_covers
-- Covers of a canteen's meal on a closed day.
INSERT INTO cover_day (book, canteen_id, business_date, meal, covers, guests) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (book, canteen_id, business_date, meal) DO UPDATE SET covers = excluded.covers, guests = excluded.guests;

-- name: history
-- All kept covers since a day.
SELECT d.book, d.canteen_id, d.meal, d.business_date, d.covers, d.guests, c.name_zh
FROM cover_day d JOIN canteen c ON c.book = d.book AND c.canteen_id = d.canteen_id
WHERE d.business_date >= $1 ORDER BY d.book, d.canteen_id, d.meal, d.business_date;

-- name: needs_forecast
-- Whether a day has been kept since the last forecast, which reaches a week beyond it.
SELECT EXISTS (SELECT FROM cover_day) AND NOT EXISTS (
    SELECT FROM cover_forecast f
    WHERE f.business_date = (SELECT max(business_date) + 7 FROM cover_day));

-- name: keep_forecast
-- The forecast of a meal; a later one takes its place until the day is there.
INSERT INTO cover_forecast (book, canteen_id, business_date, meal, covers, cook_for, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (book, canteen_id, business_date, meal) DO UPDATE SET
    covers = excluded.covers, cook_for = excluded.cook_for, made_at = excluded.made_at;

-- name: forecasts
-- The forecasts of a day for some canteens, with what became of them.
SELECT f.canteen_id, f.meal, f.covers, f.cook_for, f.made_at, d.covers AS actual
FROM cover_forecast f
LEFT JOIN cover_day d ON d.book = f.book AND d.canteen_id = f.canteen_id AND d.business_date = f.business_date
                     AND d.meal = f.meal
WHERE f.business_date = $1 AND f.canteen_id = ANY ($2)
ORDER BY f.canteen_id, array_position(ARRAY['breakfast', 'lunch', 'dinner'], f.meal);
