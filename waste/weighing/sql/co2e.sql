-- The CO2e in grams of a weighing: of wasted food by the factor of its kind on that day, of kinds not known by that of
-- other or mixed food; null for a kind that there is none of. What cannot be eaten and what was prepared is no waste.
CREATE OR REPLACE FUNCTION co2e_of(stream text, weight_g bigint, food text, on_day date) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN stream IN ('preparation', 'unserved', 'plate') THEN (
        SELECT weight_g * f.co2e_g_per_kg / 1000 FROM food_factor f
        WHERE f.food = coalesce(co2e_of.food, 'other') AND f.valid_from <= on_day
        ORDER BY f.valid_from DESC LIMIT 1) ELSE 0 END
$$;
