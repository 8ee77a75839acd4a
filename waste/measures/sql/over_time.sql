-- name: months
-- Sums per group and month. $5 groups by canteen, agency, serving or network; $6 selects a meal, null all.
SELECT CASE $5 WHEN 'canteen' THEN k.canteen_id WHEN 'agency' THEN c.agency_id ELSE 0 END AS number,
       CASE $5 WHEN 'canteen' THEN c.name_zh WHEN 'agency' THEN a.name_zh
               WHEN 'serving' THEN coalesce(p.serving, '') ELSE 'network' END AS name,
       k.month AS period, sum(k.covers)::bigint AS covers, sum(k.meals)::bigint AS meals,
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
-- The same sums per day or week ($8), from the meals themselves.
SELECT CASE $5 WHEN 'canteen' THEN c.canteen_id WHEN 'agency' THEN c.agency_id ELSE 0 END AS number,
       CASE $5 WHEN 'canteen' THEN c.name_zh WHEN 'agency' THEN a.name_zh
               WHEN 'serving' THEN coalesce(p.serving, '') ELSE 'network' END AS name,
       date_trunc($8, s.business_date)::date AS period, sum(s.covers)::bigint AS covers,
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
-- Waste and covers per group and week, in order, of fully weighed meals: the input of the intervals.
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
GROUP BY 1, 2, 3
ORDER BY 3;
