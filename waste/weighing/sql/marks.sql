-- name: days_to_judge
-- The last day whose covers are kept.
SELECT max(business_date) FROM cover_day;

-- name: canteens_to_judge
-- Canteens with weighed meals since a day, and how they serve.
SELECT c.book, c.canteen_id, coalesce(k.serving, '') AS serving
FROM canteen c LEFT JOIN kitchen k ON k.book = c.book AND k.canteen_id = c.canteen_id
WHERE EXISTS (SELECT 1 FROM waste_meal m WHERE m.book = c.book AND m.canteen_id = c.canteen_id AND m.business_date >= $1)
ORDER BY c.canteen_id;

-- name: weights_per_meal
-- The grams of each stream of a canteen's meals since a day that have covers, in the order of days.
SELECT m.business_date, m.meal, d.covers, m.preparation_g, m.unserved_g, m.plate_g, m.inedible_g, m.prepared_g
FROM waste_meal m
JOIN cover_day d ON d.book = m.book AND d.canteen_id = m.canteen_id AND d.business_date = m.business_date
                AND d.meal = m.meal
WHERE m.book = $1 AND m.canteen_id = $2 AND m.business_date >= $3 AND d.covers > 0
ORDER BY m.business_date;

-- name: levels_of_like
-- Median and usual spread of the logarithm of grams per cover since a day, by way of serving, meal and stream, on the
-- days of $2 (true) and on others; of at least five canteens.
WITH rates AS (
    SELECT coalesce(k.serving, '') AS serving, m.meal, s.stream, m.business_date = ANY ($2) AS works, m.canteen_id,
           ln(greatest(s.grams, 1) / d.covers::float8) AS rate
    FROM waste_meal m
    JOIN cover_day d ON d.book = m.book AND d.canteen_id = m.canteen_id AND d.business_date = m.business_date
                    AND d.meal = m.meal
    LEFT JOIN kitchen k ON k.book = m.book AND k.canteen_id = m.canteen_id
    CROSS JOIN LATERAL (VALUES ('preparation', m.preparation_g), ('unserved', m.unserved_g), ('plate', m.plate_g),
                               ('inedible', m.inedible_g), ('prepared', m.prepared_g)) s(stream, grams)
    WHERE m.business_date >= $1 AND d.covers > 0 AND s.grams IS NOT NULL
), centres AS (
    SELECT serving, meal, stream, works, percentile_cont(0.5) WITHIN GROUP (ORDER BY rate) AS centre
    FROM rates GROUP BY serving, meal, stream, works HAVING count(DISTINCT canteen_id) >= 5
)
SELECT serving, meal, stream, works, c.centre,
       1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(r.rate - c.centre)) AS spread
FROM centres c JOIN rates r USING (serving, meal, stream, works)
GROUP BY serving, meal, stream, works, c.centre;

-- name: weighed_as
-- The weigh-ins, but for corrected ones, that make up some streams of a canteen's meals on some days.
SELECT w.business_date, w.meal, w.stream, w.weigh_in_id::text AS weigh_in_id
FROM weigh_in w
JOIN (SELECT DISTINCT * FROM unnest($3::date[], $4::text[], $5::text[]) AS g(business_date, meal, stream)) g
  ON g.business_date = w.business_date AND g.meal = w.meal AND g.stream = w.stream
WHERE w.book = $1 AND w.canteen_id = $2
  AND NOT EXISTS (SELECT 1 FROM weigh_in r WHERE r.book = w.book AND r.replaces = w.weigh_in_id)
ORDER BY w.business_date, w.recorded_at, w.weigh_in_id;

-- name: set_marks
-- Set how many streams of a canteen's meals from $3 to $4 are marked: those given, 0 for all others. Returns the days
-- of meals that changed.
UPDATE waste_meal m SET implausible = coalesce(g.streams, 0)
FROM waste_meal o LEFT JOIN unnest($5::date[], $6::text[], $7::integer[]) AS g(business_date, meal, streams)
  ON g.business_date = o.business_date AND g.meal = o.meal
WHERE o.book = $1 AND o.canteen_id = $2 AND o.business_date BETWEEN $3 AND $4
  AND m.book = o.book AND m.canteen_id = o.canteen_id AND m.business_date = o.business_date AND m.meal = o.meal
  AND m.implausible IS DISTINCT FROM coalesce(g.streams, 0)
RETURNING m.business_date;
