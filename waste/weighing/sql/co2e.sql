-- CO2e in grams of a weigh-in: of wasted food by the factor of its kind on that day, without a kind by that of other or
-- mixed food; null for an unknown kind. Inedible parts and prepared food are no waste and have none.
CREATE OR REPLACE FUNCTION co2e_of(stream text, weight_g bigint, food text, on_day date) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN stream IN ('preparation', 'unserved', 'plate') THEN (
        SELECT weight_g * f.co2e_g_per_kg / 1000 FROM food_factor f
        WHERE f.food = coalesce(co2e_of.food, 'other') AND f.valid_from <= on_day
        ORDER BY f.valid_from DESC LIMIT 1) ELSE 0 END
$$;
