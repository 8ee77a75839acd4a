-- name: candidates
-- Every canteen with its average lunches, the year of its last inspection before $1, and the year since which plans are
-- made (at the latest that of $1).
SELECT c.canteen_id,
       coalesce((SELECT avg(d.covers) FROM cover_day d
                 WHERE d.book = c.book AND d.canteen_id = c.canteen_id AND d.meal = 'lunch' AND d.covers > 0
                   AND d.business_date >= $1::date - 400), 0)::float AS lunches,
       (SELECT max(extract(year FROM e.scored_at AT TIME ZONE 'Asia/Shanghai'))::integer FROM evidence e
        WHERE e.book = c.book AND e.canteen_id = c.canteen_id AND e.scored_at < $1::date) AS last_year,
       least((SELECT min(year) FROM sampling_plan), extract(year FROM $1::date)::integer) AS since
FROM canteen c ORDER BY c.canteen_id;

-- name: keep_plan
-- Keep the plan of a year; nothing is returned if there is one already.
INSERT INTO sampling_plan (year, seed, candidates, drawn, made_by, made_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING RETURNING year;

-- name: plan
-- The plan of a year.
SELECT year, seed, candidates, drawn, made_by, made_at FROM sampling_plan WHERE year = $1;

-- name: coverage
-- Canteens, those drawn in a year, those inspected in it, and those inspected within three years.
SELECT (SELECT count(*) FROM canteen) AS canteens,
       (SELECT coalesce(sum(jsonb_array_length(drawn)), 0)::bigint FROM sampling_plan WHERE year = $1) AS drawn,
       (SELECT count(DISTINCT canteen_id) FROM evidence
        WHERE extract(year FROM scored_at AT TIME ZONE 'Asia/Shanghai') = $1) AS inspected,
       (SELECT count(DISTINCT canteen_id) FROM evidence
        WHERE extract(year FROM scored_at AT TIME ZONE 'Asia/Shanghai') BETWEEN $1 - 2 AND $1) AS in_three_years;
