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
