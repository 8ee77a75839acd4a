-- name: one_writer
-- Whoever changes a canteen's weights or covers does so alone: its months are added up anew from what is there then.
SELECT pg_advisory_xact_lock(7370, ('x' || substr(md5(c::text), 1, 8))::bit(32)::integer)
FROM unnest($1::bigint[]) c ORDER BY c;

-- name: refresh_months
-- Add up the months of some canteens anew, from the first day of $3 to the last day of the month of $4. Grams per cover
-- count the covers of meals of which all three streams were weighed: not weighing is not a zero.
INSERT INTO kitchen_month AS k (book, canteen_id, month, meal, covers, meals, weighed_meals, weighed_covers, waste_g,
                                preparation_g, unserved_g, plate_g, inedible_g, prepared_g, prepared_waste_g,
                                co2e_g, implausible)
SELECT book, canteen_id, date_trunc('month', business_date)::date, meal,
       coalesce(sum(covers), 0), count(*) FILTER (WHERE covers > 0 OR weighed), count(*) FILTER (WHERE weighed),
       coalesce(sum(covers) FILTER (WHERE weighed), 0), coalesce(sum(waste_g) FILTER (WHERE weighed), 0),
       coalesce(sum(preparation_g) FILTER (WHERE weighed), 0), coalesce(sum(unserved_g) FILTER (WHERE weighed), 0),
       coalesce(sum(plate_g) FILTER (WHERE weighed), 0), coalesce(sum(inedible_g), 0),
       coalesce(sum(prepared_g) FILTER (WHERE weighed), 0),
       coalesce(sum(waste_g) FILTER (WHERE weighed AND prepared_g IS NOT NULL), 0),
       coalesce(sum(co2e_g) FILTER (WHERE weighed), 0), coalesce(sum(implausible), 0)
FROM (
    SELECT coalesce(m.book, d.book) AS book, coalesce(m.canteen_id, d.canteen_id) AS canteen_id,
           coalesce(m.business_date, d.business_date) AS business_date, coalesce(m.meal, d.meal) AS meal,
           coalesce(d.covers, 0) AS covers, m.preparation_g, m.unserved_g, m.plate_g, m.inedible_g, m.prepared_g, m.co2e_g,
           m.preparation_g + m.unserved_g + m.plate_g AS waste_g,
           coalesce(m.preparation_g + m.unserved_g + m.plate_g IS NOT NULL, false) AS weighed, m.implausible
    FROM (SELECT * FROM waste_meal WHERE book = $1 AND canteen_id = ANY ($2)
            AND business_date BETWEEN date_trunc('month', $3::date) AND date_trunc('month', $4::date) + interval '1 month'
                                                                        - interval '1 day') m
    FULL JOIN (SELECT * FROM cover_day WHERE book = $1 AND canteen_id = ANY ($2)
            AND business_date BETWEEN date_trunc('month', $3::date) AND date_trunc('month', $4::date) + interval '1 month'
                                                                        - interval '1 day') d
      ON d.book = m.book AND d.canteen_id = m.canteen_id AND d.business_date = m.business_date AND d.meal = m.meal
) s
GROUP BY book, canteen_id, date_trunc('month', business_date), meal
ON CONFLICT (book, canteen_id, month, meal) DO UPDATE SET
    covers = excluded.covers, meals = excluded.meals, weighed_meals = excluded.weighed_meals,
    weighed_covers = excluded.weighed_covers, waste_g = excluded.waste_g, preparation_g = excluded.preparation_g,
    unserved_g = excluded.unserved_g, plate_g = excluded.plate_g, inedible_g = excluded.inedible_g,
    prepared_g = excluded.prepared_g, prepared_waste_g = excluded.prepared_waste_g, co2e_g = excluded.co2e_g,
    implausible = excluded.implausible;

-- name: months
-- Sums per group and month. $5 groups by canteen, agency, serving or network; $6 picks a meal, null all.
SELECT CASE $5 WHEN 'canteen' THEN k.canteen_id WHEN 'agency' THEN c.agency_id ELSE 0 END AS number,
       CASE $5 WHEN 'canteen' THEN c.name_zh WHEN 'agency' THEN a.name_zh
               WHEN 'serving' THEN coalesce(p.serving, '') ELSE 'network' END AS name,
       k.month, sum(k.covers)::bigint AS covers, sum(k.meals)::bigint AS meals,
       sum(k.weighed_meals)::bigint AS weighed_meals, sum(k.weighed_covers)::bigint AS weighed_covers,
       sum(k.waste_g)::bigint AS waste_g, sum(k.preparation_g)::bigint AS preparation_g,
       sum(k.unserved_g)::bigint AS unserved_g, sum(k.plate_g)::bigint AS plate_g,
       sum(k.inedible_g)::bigint AS inedible_g, sum(k.prepared_g)::bigint AS prepared_g,
       sum(k.prepared_waste_g)::bigint AS prepared_waste_g, sum(k.co2e_g)::bigint AS co2e_g,
       sum(k.implausible)::bigint AS implausible,
       sum(k.waste_g * coalesce(p.cost_per_kg_fen, $7) / 1000)::bigint AS cost_fen
FROM kitchen_month k
JOIN canteen c ON c.book = k.book AND c.canteen_id = k.canteen_id
JOIN agency a ON a.book = c.book AND a.agency_id = c.agency_id
LEFT JOIN kitchen p ON p.book = k.book AND p.canteen_id = k.canteen_id
WHERE k.month BETWEEN $1 AND $2 AND ($3::bigint IS NULL OR c.agency_id = $3)
  AND ($4::bigint IS NULL OR k.canteen_id = $4) AND ($6::text IS NULL OR k.meal = $6)
GROUP BY 1, 2, k.month
ORDER BY 2, 1, k.month;

-- name: spans
-- The same per day or week ($8) of some months, from the meals themselves.
SELECT CASE $5 WHEN 'canteen' THEN c.canteen_id WHEN 'agency' THEN c.agency_id ELSE 0 END AS number,
       CASE $5 WHEN 'canteen' THEN c.name_zh WHEN 'agency' THEN a.name_zh
               WHEN 'serving' THEN coalesce(p.serving, '') ELSE 'network' END AS name,
       date_trunc($8, s.business_date)::date AS month, sum(s.covers)::bigint AS covers,
       count(*) FILTER (WHERE s.covers > 0 OR s.waste_g IS NOT NULL) AS meals, count(s.waste_g) AS weighed_meals,
       coalesce(sum(s.covers) FILTER (WHERE s.waste_g IS NOT NULL), 0)::bigint AS weighed_covers,
       coalesce(sum(s.waste_g), 0)::bigint AS waste_g,
       coalesce(sum(s.preparation_g) FILTER (WHERE s.waste_g IS NOT NULL), 0)::bigint AS preparation_g,
       coalesce(sum(s.unserved_g) FILTER (WHERE s.waste_g IS NOT NULL), 0)::bigint AS unserved_g,
       coalesce(sum(s.plate_g) FILTER (WHERE s.waste_g IS NOT NULL), 0)::bigint AS plate_g,
       coalesce(sum(s.inedible_g), 0)::bigint AS inedible_g,
       coalesce(sum(s.prepared_g) FILTER (WHERE s.waste_g IS NOT NULL), 0)::bigint AS prepared_g,
       coalesce(sum(s.waste_g) FILTER (WHERE s.prepared_g IS NOT NULL), 0)::bigint AS prepared_waste_g,
       coalesce(sum(s.co2e_g) FILTER (WHERE s.waste_g IS NOT NULL), 0)::bigint AS co2e_g,
       coalesce(sum(s.implausible), 0)::bigint AS implausible,
       coalesce(sum(s.waste_g * coalesce(p.cost_per_kg_fen, $7) / 1000), 0)::bigint AS cost_fen
FROM (
    SELECT coalesce(m.book, d.book) AS book, coalesce(m.canteen_id, d.canteen_id) AS canteen_id,
           coalesce(m.business_date, d.business_date) AS business_date, coalesce(d.covers, 0) AS covers,
           m.preparation_g, m.unserved_g, m.plate_g, m.inedible_g, m.prepared_g, m.co2e_g, m.implausible,
           m.preparation_g + m.unserved_g + m.plate_g AS waste_g
    FROM (SELECT * FROM waste_meal WHERE business_date BETWEEN $1 AND $2 AND ($6::text IS NULL OR meal = $6)) m
    FULL JOIN (SELECT * FROM cover_day WHERE business_date BETWEEN $1 AND $2 AND ($6::text IS NULL OR meal = $6)) d
      ON d.book = m.book AND d.canteen_id = m.canteen_id AND d.business_date = m.business_date AND d.meal = m.meal
) s
JOIN canteen c ON c.book = s.book AND c.canteen_id = s.canteen_id
JOIN agency a ON a.book = c.book AND a.agency_id = c.agency_id
LEFT JOIN kitchen p ON p.book = s.book AND p.canteen_id = s.canteen_id
WHERE ($3::bigint IS NULL OR c.agency_id = $3) AND ($4::bigint IS NULL OR c.canteen_id = $4)
GROUP BY 1, 2, 3
ORDER BY 2, 1, 3;

-- name: weeks
-- Waste and covers per group and week, of meals of which all streams were weighed: what intervals are drawn from.
SELECT CASE $4 WHEN 'canteen' THEN m.canteen_id WHEN 'agency' THEN c.agency_id ELSE 0 END AS number,
       CASE $4 WHEN 'canteen' THEN c.name_zh WHEN 'agency' THEN a.name_zh WHEN 'serving' THEN coalesce(p.serving, '')
               ELSE 'network' END AS name, date_trunc('week', m.business_date)::date AS week,
       sum(m.preparation_g + m.unserved_g + m.plate_g)::bigint AS waste_g, sum(d.covers)::bigint AS covers
FROM waste_meal m
JOIN cover_day d ON d.book = m.book AND d.canteen_id = m.canteen_id AND d.business_date = m.business_date
                AND d.meal = m.meal
JOIN canteen c ON c.book = m.book AND c.canteen_id = m.canteen_id
JOIN agency a ON a.book = c.book AND a.agency_id = c.agency_id
LEFT JOIN kitchen p ON p.book = m.book AND p.canteen_id = m.canteen_id
WHERE m.business_date BETWEEN $1 AND $2 AND ($3::bigint IS NULL OR c.agency_id = $3)
  AND m.preparation_g + m.unserved_g + m.plate_g IS NOT NULL AND ($5::text IS NULL OR m.meal = $5)
GROUP BY 1, 2, 3;

-- name: set_kitchen
-- How a canteen is run and serves, and what a kilogram costs it.
INSERT INTO kitchen (book, canteen_id, operating, serving, cost_per_kg_fen) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (book, canteen_id) DO UPDATE SET operating = $3, serving = $4, cost_per_kg_fen = $5;
