-- name: weights
-- Grams per canteen, meal and stream of a business date.
SELECT canteen_id, meal, stream, sum(weight_g)::bigint AS weight_g
FROM weigh_in WHERE business_date = $1 AND canteen_id = ANY ($2) AND book IN (SELECT book FROM book)
GROUP BY canteen_id, meal, stream;

-- name: weigh_ins
-- What is recorded under these numbers.
SELECT weigh_in_id, canteen_id, business_date, meal, stream, weight_g FROM weigh_in
WHERE book = $1 AND weigh_in_id = ANY ($2);

-- name: add_weigh_in
-- One weighing; a repeat adds nothing.
INSERT INTO weigh_in (book, weigh_in_id, canteen_id, business_date, meal, stream, weight_g, recorded_by, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT DO NOTHING;
