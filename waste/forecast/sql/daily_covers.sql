-- name: last_day
-- The last day whose covers are kept.
SELECT max(business_date) FROM cover_day;

-- name: canteens
-- Every canteen, and how many visitors are registered at its agency on a day.
SELECT c.book, c.canteen_id, coalesce(v.guests, 0) AS guests
FROM canteen c
LEFT JOIN (
    SELECT host_agency_id, count(*) AS guests FROM visit WHERE $1 BETWEEN first_day AND last_day GROUP BY host_agency_id
) v ON v.host_agency_id = c.agency_id;

-- name: guests_to_come
-- Visitors registered at each canteen's agency on each of the days that follow.
SELECT c.book, c.canteen_id, v.day::date AS business_date, count(*) AS guests
FROM generate_series($1::date + 1, $1::date + $2::integer, interval '1 day') v(day)
JOIN visit ON v.day::date BETWEEN visit.first_day AND visit.last_day
JOIN canteen c ON c.agency_id = visit.host_agency_id
GROUP BY c.book, c.canteen_id, v.day;

-- name: attendance
-- How many people are at each canteen's place, and stay late, on the days from $1 on of which that was told.
SELECT book, canteen_id, business_date, staff - on_leave - travelling - remote AS present, overtime
FROM attendance WHERE business_date >= $1;

-- name: keep_covers
-- Keep the covers of a canteen's meal on a closed day.
INSERT INTO cover_day (book, canteen_id, business_date, meal, covers, covers_gross, cheap, paid_fen, guests)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (book, canteen_id, business_date, meal) DO UPDATE SET
    covers = excluded.covers, covers_gross = excluded.covers_gross, cheap = excluded.cheap, paid_fen = excluded.paid_fen,
    guests = excluded.guests;

-- name: counted_until
-- The last day whose covers were counted before and after refunds; what was given back up to it is counted.
SELECT max(business_date) FROM cover_day WHERE covers_gross IS NOT NULL;

-- name: kept
-- The meals of some canteens whose covers of a day are kept.
SELECT book, canteen_id, meal FROM cover_day WHERE business_date = $1 AND canteen_id = ANY ($2);

-- name: renew_covers
-- Covers of a meal, counted again.
UPDATE cover_day SET covers = $5, covers_gross = $6, cheap = $7, paid_fen = $8
WHERE book = $1 AND canteen_id = $2 AND business_date = $3 AND meal = $4;

-- name: history
-- All kept covers since a day.
SELECT d.book, d.canteen_id, d.meal, d.business_date, d.covers, d.guests, c.name_zh
FROM cover_day d JOIN canteen c ON c.book = d.book AND c.canteen_id = d.canteen_id
WHERE d.business_date >= $1 ORDER BY d.book, d.canteen_id, d.meal, d.business_date;

-- name: canteen_names
-- Every canteen's names.
SELECT canteen_id, name_zh, name_en FROM canteen;
