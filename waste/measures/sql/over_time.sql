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
       sum(k.implausible)::bigint AS implausible, sum(k.covers_gross)::bigint AS covers_gross,
       sum(k.unmatched_meals)::bigint AS unmatched_meals, sum(k.unmatched_g)::bigint AS unmatched_g,
       sum(k.corrected)::bigint AS corrected,
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
-- The same sums per day or week ($8), from the meals themselves (measured_meal says which of them count).
SELECT CASE $5 WHEN 'canteen' THEN c.canteen_id WHEN 'agency' THEN c.agency_id ELSE 0 END AS number,
       CASE $5 WHEN 'canteen' THEN c.name_zh WHEN 'agency' THEN a.name_zh
               WHEN 'serving' THEN coalesce(p.serving, '') ELSE 'network' END AS name,
       date_trunc($8, m.business_date)::date AS period, coalesce(sum(m.covers), 0)::bigint AS covers,
       coalesce(sum(m.covers_gross), 0)::bigint AS covers_gross,
       count(*) FILTER (WHERE m.covers > 0 OR m.waste_g IS NOT NULL) AS meals,
       count(*) FILTER (WHERE m.weighed) AS weighed_meals,
       coalesce(sum(m.covers) FILTER (WHERE m.weighed), 0)::bigint AS weighed_covers,
       coalesce(sum(m.waste_g) FILTER (WHERE m.weighed), 0)::bigint AS waste_g,
       coalesce(sum(m.preparation_g) FILTER (WHERE m.weighed), 0)::bigint AS preparation_g,
       coalesce(sum(m.unserved_g) FILTER (WHERE m.weighed), 0)::bigint AS unserved_g,
       coalesce(sum(m.plate_g) FILTER (WHERE m.weighed), 0)::bigint AS plate_g,
       coalesce(sum(m.inedible_g) FILTER (WHERE m.weighed), 0)::bigint AS inedible_g,
       coalesce(sum(m.prepared_g) FILTER (WHERE m.prepared_weighed), 0)::bigint AS prepared_g,
       coalesce(sum(m.waste_g) FILTER (WHERE m.prepared_weighed), 0)::bigint AS prepared_waste_g,
       coalesce(sum(m.co2e_g) FILTER (WHERE m.weighed), 0)::bigint AS co2e_g,
       sum(m.implausible)::bigint AS implausible, count(m.waste_g) FILTER (WHERE NOT m.weighed) AS unmatched_meals,
       coalesce(sum(m.waste_g) FILTER (WHERE NOT m.weighed), 0)::bigint AS unmatched_g,
       sum(m.corrected)::bigint AS corrected,
       coalesce(sum(m.waste_g * coalesce(p.cost_per_kg_fen, $7) / 1000) FILTER (WHERE m.weighed), 0)::bigint AS cost_fen
FROM measured_meal m
JOIN canteen c ON c.book = m.book AND c.canteen_id = m.canteen_id
JOIN agency a ON a.book = c.book AND a.agency_id = c.agency_id
LEFT JOIN kitchen p ON p.book = m.book AND p.canteen_id = m.canteen_id
WHERE m.business_date BETWEEN $1 AND $2 AND ($6::text IS NULL OR m.meal = $6)
  AND ($3::bigint IS NULL OR c.agency_id = $3) AND ($4::bigint IS NULL OR c.canteen_id = $4)
GROUP BY 1, 2, 3
ORDER BY 2, 1, 3;

-- name: weeks
-- Waste and covers per group, period ($6) and week, of weighed meals: the input of the intervals. A week that straddles
-- two periods belongs to each by its days.
SELECT CASE $4 WHEN 'canteen' THEN m.canteen_id WHEN 'agency' THEN c.agency_id ELSE 0 END AS number,
       CASE $4 WHEN 'canteen' THEN c.name_zh WHEN 'agency' THEN a.name_zh WHEN 'serving' THEN coalesce(p.serving, '')
               ELSE 'network' END AS name,
       date_trunc($6, m.business_date)::date AS period, date_trunc('week', m.business_date)::date AS week,
       sum(m.waste_g)::bigint AS waste_g, sum(m.covers)::bigint AS covers
FROM measured_meal m
JOIN canteen c ON c.book = m.book AND c.canteen_id = m.canteen_id
JOIN agency a ON a.book = c.book AND a.agency_id = c.agency_id
LEFT JOIN kitchen p ON p.book = m.book AND p.canteen_id = m.canteen_id
WHERE m.business_date BETWEEN $1 AND $2 AND m.weighed AND ($3::bigint IS NULL OR c.agency_id = $3)
  AND ($5::text IS NULL OR m.meal = $5)
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4;
