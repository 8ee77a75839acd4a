-- name: weeks
-- Sums of each week of a quarter, per canteen; weights of meals of which all three streams were weighed.
SELECT s.canteen_id, date_trunc('week', s.business_date)::date AS week,
       coalesce(sum(s.covers), 0)::bigint AS covers, count(*) FILTER (WHERE s.covers > 0 OR s.weighed) AS meals,
       count(*) FILTER (WHERE s.weighed) AS weighed_meals,
       coalesce(sum(s.covers) FILTER (WHERE s.weighed), 0)::bigint AS weighed_covers,
       coalesce(sum(s.preparation_g + s.unserved_g + s.plate_g) FILTER (WHERE s.weighed), 0)::bigint AS waste_g,
       coalesce(sum(s.unserved_g) FILTER (WHERE s.weighed), 0)::bigint AS unserved_g,
       coalesce(sum(s.plate_g) FILTER (WHERE s.weighed), 0)::bigint AS plate_g,
       coalesce(sum(s.prepared_g) FILTER (WHERE s.weighed), 0)::bigint AS prepared_g,
       coalesce(sum((s.preparation_g IS NOT NULL)::integer + (s.unserved_g IS NOT NULL)::integer
                    + (s.plate_g IS NOT NULL)::integer), 0)::bigint AS weigh_ins,
       coalesce(sum(s.implausible), 0)::bigint AS implausible,
       coalesce(sum(abs(f.covers - s.covers)), 0)::bigint AS forecast_off,
       coalesce(sum(s.covers) FILTER (WHERE f.covers IS NOT NULL), 0)::bigint AS forecast_actual,
       coalesce(sum(b.booked) FILTER (WHERE b.came IS NOT NULL), 0)::bigint AS booked,
       coalesce(sum(least(b.came, b.booked)), 0)::bigint AS came
FROM (
    SELECT coalesce(m.book, d.book) AS book, coalesce(m.canteen_id, d.canteen_id) AS canteen_id,
           coalesce(m.business_date, d.business_date) AS business_date, coalesce(m.meal, d.meal) AS meal,
           coalesce(d.covers, 0) AS covers, m.preparation_g, m.unserved_g, m.plate_g, m.prepared_g, m.implausible,
           m.preparation_g + m.unserved_g + m.plate_g IS NOT NULL AS weighed
    FROM (SELECT * FROM waste_meal WHERE canteen_id = ANY ($1) AND business_date BETWEEN $2 AND $3) m
    FULL JOIN (SELECT * FROM cover_day WHERE canteen_id = ANY ($1) AND business_date BETWEEN $2 AND $3) d
      ON d.book = m.book AND d.canteen_id = m.canteen_id AND d.business_date = m.business_date AND d.meal = m.meal
) s
LEFT JOIN cover_forecast f ON f.book = s.book AND f.canteen_id = s.canteen_id AND f.business_date = s.business_date
                          AND f.meal = s.meal
LEFT JOIN booking b ON b.book = s.book AND b.canteen_id = s.canteen_id AND b.business_date = s.business_date
                   AND b.meal = s.meal
GROUP BY s.canteen_id, date_trunc('week', s.business_date)
ORDER BY s.canteen_id, week;

-- name: kitchens
-- Every canteen, or those of $1: how they serve and are run; by default a buffet run by the agency itself.
SELECT c.book, c.canteen_id, coalesce(k.serving, 'buffet') AS serving, coalesce(k.operating, 'self_run') AS operating
FROM canteen c LEFT JOIN kitchen k ON k.book = c.book AND k.canteen_id = c.canteen_id
WHERE $1::bigint[] IS NULL OR c.canteen_id = ANY ($1) ORDER BY c.canteen_id;

-- name: cases
-- Cases that were due in a quarter, those of them closed in time, and whether weights were falsified in it.
SELECT canteen_id, count(*) FILTER (WHERE due_on BETWEEN $2 AND $3) AS due,
       count(*) FILTER (WHERE due_on BETWEEN $2 AND $3 AND state = 'closed' AND closed_on <= due_on) AS in_time,
       bool_or(kind = 'falsified_weights' AND quarter = $2) AS falsified
FROM rectification_case WHERE canteen_id = ANY ($1) AND state <> 'withdrawn' GROUP BY canteen_id;

-- name: inspected
-- The last score of each indicator by an inspector in a quarter.
SELECT DISTINCT ON (canteen_id, code) canteen_id, code, share
FROM evidence WHERE canteen_id = ANY ($1) AND quarter = $2
ORDER BY canteen_id, code, scored_at DESC;

-- name: self_scored
-- Agencies' own scores of a quarter, in percent by indicator.
SELECT canteen_id, percents FROM self_evaluation WHERE canteen_id = ANY ($1) AND quarter = $2;

-- name: appealed
-- Canteens of a quarter with an accepted appeal that no result answers yet, and the number of that result.
SELECT a.canteen_id, (SELECT 1 + max(r.revision) FROM quarter_result r
                      WHERE r.book = a.book AND r.canteen_id = a.canteen_id AND r.quarter = a.quarter) AS revision
FROM appeal a WHERE a.quarter = $1 AND a.state = 'accepted' AND a.revision IS NULL;

-- name: note_appeal
-- Which revision answers an accepted appeal.
UPDATE appeal SET revision = $3 WHERE quarter = $1 AND canteen_id = $2 AND state = 'accepted' AND revision IS NULL;

-- name: keep_result
-- A canteen's result.
INSERT INTO quarter_result (book, canteen_id, quarter, revision, scheme, serving, operating, score, low, high, grade_zh,
                            grade_en, to_verify, vetoed, weekly_covers, points, weeks, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
ON CONFLICT (book, canteen_id, quarter, revision) DO UPDATE SET
    scheme = excluded.scheme, serving = excluded.serving, operating = excluded.operating, score = excluded.score,
    low = excluded.low, high = excluded.high, grade_zh = excluded.grade_zh, grade_en = excluded.grade_en,
    to_verify = excluded.to_verify, vetoed = excluded.vetoed, weekly_covers = excluded.weekly_covers,
    points = excluded.points, weeks = excluded.weeks, made_at = excluded.made_at;

-- name: standings
-- The last revision of every canteen's result of a quarter, without its points.
SELECT DISTINCT ON (r.canteen_id) r.canteen_id, r.book, r.revision, r.scheme, r.serving, r.operating, r.score, r.low,
       r.high, r.grade_zh, r.grade_en, r.to_verify, r.vetoed, r.weekly_covers, c.agency_id, c.name_zh, c.name_en
FROM quarter_result r JOIN canteen c ON c.book = r.book AND c.canteen_id = r.canteen_id
WHERE r.quarter = $1 ORDER BY r.canteen_id, r.revision DESC;

-- name: points
-- The points of canteens' last revisions, and the weeks that they were computed from.
SELECT DISTINCT ON (canteen_id) canteen_id, revision, points, weeks FROM quarter_result
WHERE quarter = $1 AND canteen_id = ANY ($2) ORDER BY canteen_id, revision DESC;
