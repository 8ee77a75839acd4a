-- name: amounts
-- Grams of a kind of entry by canteen, month and item from $1 to $2, with their numbers; of canteen $4, or of all.
SELECT e.canteen_id, date_trunc('month', e.on_day)::date AS month, e.item, sum(e.weight_g)::bigint AS weight_g,
       array_agg(e.entry_id::text ORDER BY e.on_day, e.entry_id) AS rows
FROM material_entry e
WHERE e.on_day BETWEEN $1 AND $2 AND e.kind = $3 AND e.weight_g > 0 AND ($4::bigint IS NULL OR e.canteen_id = $4)
  AND NOT EXISTS (SELECT 1 FROM material_entry r WHERE r.book = e.book AND r.replaces = e.entry_id)
GROUP BY 1, 2, 3;

-- name: bought_cheaply
-- Grams bought for less than $3 fen a kg by canteen and month from $1 to $2, with the numbers of the purchases.
SELECT e.canteen_id, date_trunc('month', e.on_day)::date AS month, sum(e.weight_g)::bigint AS weight_g,
       array_agg(e.entry_id::text ORDER BY e.on_day, e.entry_id) AS rows
FROM material_entry e
WHERE e.on_day BETWEEN $1 AND $2 AND e.kind = 'purchase' AND e.weight_g > 0
  AND e.cost_fen * 1000 < $3::bigint * e.weight_g
  AND NOT EXISTS (SELECT 1 FROM material_entry r WHERE r.book = e.book AND r.replaces = e.entry_id)
GROUP BY 1, 2;

-- name: rest_on_corrected
-- Open flags of a rule that begin from $2 to $3 and rest on entries that were corrected since.
SELECT k.book, k.canteen_id, k.first_day, k.last_day, k.figure, k.usual, k.rows, k.meal, k.stream
FROM kitchen_flag k
WHERE k.rule = $1 AND k.first_day BETWEEN $2 AND $3 AND k.state = 'open'
  AND EXISTS (SELECT 1 FROM jsonb_array_elements_text(k.rows) AS one(number)
              JOIN material_entry r ON r.book = k.book AND r.replaces = one.number::uuid);

-- name: stock
-- The count of each kind of food nearest to the first day of each month from $1 to $2, at most $3 days from it.
SELECT DISTINCT ON (e.canteen_id, m.day, e.item) e.canteen_id, m.day::date AS day, e.item, e.weight_g
FROM generate_series($1::date::timestamp, $2::date::timestamp, interval '1 month') m(day)
JOIN material_entry e ON e.kind = 'stock' AND e.on_day BETWEEN m.day - $3::integer * interval '1 day'
                                                           AND m.day + $3::integer * interval '1 day'
WHERE NOT EXISTS (SELECT 1 FROM material_entry r WHERE r.book = e.book AND r.replaces = e.entry_id)
ORDER BY e.canteen_id, m.day, e.item, abs(e.on_day - m.day::date), e.on_day;

-- name: weighed
-- Grams by canteen, month, meal and stream of meals with covers, and the covers of those meals; and all covers. A
-- stream is known of fewer meals than the month has. Of canteen $3, or of all.
SELECT d.book, d.canteen_id, date_trunc('month', d.business_date)::date AS month, d.meal,
       sum(d.covers)::bigint AS covers,
       coalesce(sum(m.preparation_g), 0)::bigint AS preparation_g,
       coalesce(sum(d.covers) FILTER (WHERE m.preparation_g IS NOT NULL), 0)::bigint AS preparation_covers,
       coalesce(sum(m.unserved_g), 0)::bigint AS unserved_g,
       coalesce(sum(d.covers) FILTER (WHERE m.unserved_g IS NOT NULL), 0)::bigint AS unserved_covers,
       coalesce(sum(m.plate_g), 0)::bigint AS plate_g,
       coalesce(sum(d.covers) FILTER (WHERE m.plate_g IS NOT NULL), 0)::bigint AS plate_covers,
       coalesce(sum(m.inedible_g), 0)::bigint AS inedible_g,
       coalesce(sum(d.covers) FILTER (WHERE m.inedible_g IS NOT NULL), 0)::bigint AS inedible_covers,
       coalesce(sum(m.prepared_g), 0)::bigint AS prepared_g,
       coalesce(sum(d.covers) FILTER (WHERE m.prepared_g IS NOT NULL), 0)::bigint AS prepared_covers,
       count(*) FILTER (WHERE m.preparation_g + m.unserved_g + m.plate_g IS NOT NULL) AS weighed_meals
FROM cover_day d
LEFT JOIN waste_meal m ON m.book = d.book AND m.canteen_id = d.canteen_id AND m.business_date = d.business_date
                      AND m.meal = d.meal
WHERE d.business_date BETWEEN $1 AND $2 AND d.covers > 0 AND ($3::bigint IS NULL OR d.canteen_id = $3)
GROUP BY 1, 2, 3, 4;

-- name: servings
-- How each canteen serves.
SELECT canteen_id, serving FROM kitchen;

-- name: spoiled
-- Grams weighed with cause spoilage and grams bought, by canteen, from $2 to $3.
SELECT c.canteen_id,
       (SELECT coalesce(sum(w.weight_g), 0)::bigint FROM weigh_in w
        WHERE w.book = c.book AND w.canteen_id = c.canteen_id AND w.business_date BETWEEN $2 AND $3
          AND w.cause = 'spoilage'
          AND NOT EXISTS (SELECT 1 FROM weigh_in r WHERE r.book = w.book AND r.replaces = w.weigh_in_id)) AS spoiled_g,
       (SELECT coalesce(sum(e.weight_g), 0)::bigint FROM material_entry e
        WHERE e.book = c.book AND e.canteen_id = c.canteen_id AND e.on_day BETWEEN $2 AND $3 AND e.kind = 'purchase'
          AND NOT EXISTS (SELECT 1 FROM material_entry r WHERE r.book = e.book AND r.replaces = e.entry_id)) AS received_g
FROM canteen c WHERE c.canteen_id = ANY ($1);
