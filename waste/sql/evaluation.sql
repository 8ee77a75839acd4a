-- name: weeks
-- What the weeks of a quarter came to, per canteen: weights of meals of which all three streams were weighed.
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
       coalesce(sum(s.covers) FILTER (WHERE f.covers IS NOT NULL), 0)::bigint AS forecast_actual
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
GROUP BY s.canteen_id, date_trunc('week', s.business_date)
ORDER BY s.canteen_id, week;

-- name: kitchens
-- How canteens serve and are run; a buffet run by the agency itself where nobody has said.
SELECT c.canteen_id, coalesce(k.serving, 'buffet') AS serving, coalesce(k.operating, 'self_run') AS operating
FROM canteen c LEFT JOIN kitchen k ON k.book = c.book AND k.canteen_id = c.canteen_id
WHERE c.canteen_id = ANY ($1);

-- name: evidence
-- What inspectors scored in a quarter; of several scores of an indicator the last one counts.
SELECT DISTINCT ON (canteen_id, code) canteen_id, code, share, note, scored_by, scored_at
FROM evidence WHERE canteen_id = ANY ($1) AND quarter = $2
ORDER BY canteen_id, code, scored_at DESC;

-- name: add_evidence
-- An inspector's score of an indicator; earlier ones stay.
INSERT INTO evidence (book, canteen_id, quarter, code, scored_at, share, note, scored_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);
