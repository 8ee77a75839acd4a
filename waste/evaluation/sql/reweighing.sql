-- name: commit
-- Keep a quarter's seed with its published hash; null if it has one.
INSERT INTO reweigh_seed (quarter, commitment, seed, committed_by, committed_at)
VALUES ($1, $2, $3, $4, clock_timestamp()) ON CONFLICT (quarter) DO NOTHING RETURNING quarter;

-- name: seed
-- A quarter's commitment, with the seed if $2.
SELECT quarter, commitment, committed_by, committed_at, CASE WHEN $2::boolean THEN seed END AS seed
FROM reweigh_seed WHERE quarter = $1;

-- name: lock_seed
-- A quarter's seed, locked: one draw after the other.
SELECT seed, committed_at FROM reweigh_seed WHERE quarter = $1 FOR UPDATE;

-- name: drawn_meals
-- Meals of a canteen's day of which streams are drawn.
SELECT DISTINCT meal FROM reweighed_stream WHERE book = $1 AND canteen_id = $2 AND business_date = $3;

-- name: recorded
-- Grams of waste that a canteen recorded on a day by meal and stream; of streams that were weighed since $4 alone.
SELECT w.meal, w.stream, sum(w.weight_g)::bigint AS grams
FROM weigh_in w
WHERE w.book = $1 AND w.canteen_id = $2 AND w.business_date = $3 AND w.stream IN ('preparation', 'unserved', 'plate')
  AND NOT EXISTS (SELECT 1 FROM weigh_in r WHERE r.book = w.book AND r.replaces = w.weigh_in_id)
GROUP BY w.meal, w.stream HAVING min(w.recorded_at) > $4 AND sum(w.weight_g) > 0;

-- name: draw
-- Note a stream to weigh again, with what the canteen had recorded.
INSERT INTO reweighed_stream (book, canteen_id, business_date, meal, stream, recorded_g, drawn_by, drawn_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp());

-- name: lock_drawn
-- A drawn stream, locked.
SELECT weight_g FROM reweighed_stream
WHERE book = $1 AND canteen_id = $2 AND business_date = $3 AND meal = $4 AND stream = $5 FOR UPDATE;

-- name: reweigh
-- Keep what was weighed again.
UPDATE reweighed_stream SET weight_g = $6, note = $7, weighed_by = $8, weighed_at = $9
WHERE book = $1 AND canteen_id = $2 AND business_date = $3 AND meal = $4 AND stream = $5;

-- name: drawn
-- Drawn streams of some canteens in a quarter, the latest day first.
SELECT canteen_id, business_date, meal, stream, recorded_g, drawn_by, drawn_at, weight_g, note, weighed_by
FROM reweighed_stream WHERE canteen_id = ANY ($1) AND business_date BETWEEN $2 AND $3
ORDER BY business_date DESC, canteen_id, meal, stream;
