-- name: candidates
-- Every canteen in use with its average lunches, the year of the last visit to it before $1, and the year since which plans are
-- made (at the latest that of $1).
SELECT c.canteen_id,
       coalesce((SELECT avg(d.covers) FROM cover_day d
                 WHERE d.book = c.book AND d.canteen_id = c.canteen_id AND d.meal = 'lunch' AND d.covers > 0
                   AND d.business_date >= $1::date - 400), 0)::float AS lunches,
       (SELECT extract(year FROM max(v.visited_on))::integer FROM inspection_visit v
        WHERE v.book = c.book AND v.canteen_id = c.canteen_id AND v.visited_on < $1::date) AS last_year,
       least((SELECT min(year) FROM sampling_plan), extract(year FROM $1::date)::integer) AS since
FROM canteen c
JOIN agency a ON a.book = c.book AND a.agency_id = c.agency_id
JOIN book b ON b.book = c.book
WHERE c.state = 'active' AND a.state = 'active' AND b.state = 'active'
ORDER BY c.canteen_id;

-- name: keep_plan
-- Keep the plan of a year; nothing is returned if there is one already.
INSERT INTO sampling_plan (year, seed, candidates, drawn, made_by, made_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING RETURNING year;

-- name: plan
-- The plan of a year.
SELECT year, seed, candidates, drawn, made_by, made_at FROM sampling_plan WHERE year = $1;

-- name: coverage
-- Canteens that have not ended, those drawn in a year, those visited in it, and those visited within three years.
SELECT (SELECT count(*) FROM canteen WHERE state <> 'ended') AS canteens,
       (SELECT coalesce(sum(jsonb_array_length(drawn)), 0)::bigint FROM sampling_plan WHERE year = $1) AS drawn,
       (SELECT count(DISTINCT canteen_id) FROM inspection_visit
        WHERE visited_on BETWEEN make_date($1, 1, 1) AND make_date($1, 12, 31)) AS inspected,
       (SELECT count(DISTINCT canteen_id) FROM inspection_visit
        WHERE visited_on BETWEEN make_date($1 - 2, 1, 1) AND make_date($1, 12, 31)) AS in_three_years;
