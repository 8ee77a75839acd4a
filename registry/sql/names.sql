-- The name on a business day of a region, agency or canteen whose name now is p_now.
CREATE OR REPLACE FUNCTION name_on(p_noun text, p_number bigint, p_day date, p_english boolean, p_now text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce((SELECT CASE WHEN p_english THEN f.name_en ELSE f.name_zh END FROM former_name f
                     WHERE f.noun = p_noun AND f.number = p_number AND f.until > p_day ORDER BY f.until LIMIT 1), p_now)
$$;
