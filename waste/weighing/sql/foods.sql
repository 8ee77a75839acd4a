-- name: foods
-- Every kind of food with its factors, by date.
SELECT food, valid_from, name_zh, name_en, co2e_g_per_kg, source FROM food_factor ORDER BY food, valid_from;

-- name: set_factor
-- Set a factor from a day after $9, or of a new kind of food from any day; returns no row for an earlier day.
INSERT INTO food_factor AS f (food, valid_from, name_zh, name_en, co2e_g_per_kg, source, set_by, set_at)
SELECT $1, $2, $3, $4, $5, $6, $7, $8
WHERE $2 > $9::date OR NOT EXISTS (SELECT 1 FROM food_factor k WHERE k.food = $1)
ON CONFLICT (food, valid_from) DO UPDATE SET
    name_zh = $3, name_en = $4, co2e_g_per_kg = $5, source = $6, set_by = $7, set_at = $8
WHERE f.valid_from > $9
RETURNING f.food;

-- name: wasted
-- Waste of a canteen by kind of food from one day to another, by the weigh-ins that no correction replaces, the most
-- first; null: no kind was told. The name is the latest one.
SELECT w.food, n.name_zh, n.name_en, count(*) AS weigh_ins, sum(w.weight_g)::bigint AS waste_g,
       coalesce(sum(co2e_of(w.stream, w.weight_g, w.food, w.business_date)), 0)::bigint AS co2e_g
FROM weigh_in w
LEFT JOIN weigh_in r ON r.book = w.book AND r.replaces = w.weigh_in_id
LEFT JOIN LATERAL (
    SELECT f.name_zh, f.name_en FROM food_factor f WHERE f.food = w.food ORDER BY f.valid_from DESC LIMIT 1) n ON true
WHERE w.book = $1 AND w.canteen_id = $2 AND w.business_date BETWEEN $3 AND $4
  AND w.stream IN ('preparation', 'unserved', 'plate') AND w.weight_g IS NOT NULL AND r.weigh_in_id IS NULL
GROUP BY w.food, n.name_zh, n.name_en ORDER BY waste_g DESC, w.food;
