-- name: lock_canteens
-- One transaction at a time changes a canteen's weights or covers, since it recomputes the months from all of them.
SELECT pg_advisory_xact_lock(7370, ('x' || substr(md5(c::text), 1, 8))::bit(32)::integer)
FROM unnest($1::bigint[]) c ORDER BY c;

-- name: refresh_months
-- Recompute the sums of some canteens from the month of $3 to the month of $4. Weights and weighed covers are of meals
-- of which all three streams of waste were weighed: a stream that was not weighed is unknown, not zero.
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
