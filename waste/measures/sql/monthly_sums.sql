-- name: lock_canteens
-- One transaction at a time changes a canteen's weights or covers, since it recomputes the months from all of them.
SELECT pg_advisory_xact_lock(7370, ('x' || substr(md5(c::text), 1, 8))::bit(32)::integer)
FROM unnest($1::bigint[]) c ORDER BY c;

-- name: refresh_months
-- Recompute the sums of some canteens from the month of $3 to the month of $4 (measured_meal says which meals count).
INSERT INTO kitchen_month AS k (book, canteen_id, month, meal, covers, covers_gross, meals, weighed_meals, weighed_covers,
                                waste_g, preparation_g, unserved_g, plate_g, inedible_g, prepared_g, prepared_waste_g,
                                co2e_g, implausible, unmatched_meals, unmatched_g, corrected)
SELECT m.book, m.canteen_id, date_trunc('month', m.business_date)::date, m.meal,
       coalesce(sum(m.covers), 0), coalesce(sum(m.covers_gross), 0),
       count(*) FILTER (WHERE m.covers > 0 OR m.waste_g IS NOT NULL), count(*) FILTER (WHERE m.weighed),
       coalesce(sum(m.covers) FILTER (WHERE m.weighed), 0), coalesce(sum(m.waste_g) FILTER (WHERE m.weighed), 0),
       coalesce(sum(m.preparation_g) FILTER (WHERE m.weighed), 0), coalesce(sum(m.unserved_g) FILTER (WHERE m.weighed), 0),
       coalesce(sum(m.plate_g) FILTER (WHERE m.weighed), 0), coalesce(sum(m.inedible_g) FILTER (WHERE m.weighed), 0),
       coalesce(sum(m.prepared_g) FILTER (WHERE m.prepared_weighed), 0),
       coalesce(sum(m.waste_g) FILTER (WHERE m.prepared_weighed), 0),
       coalesce(sum(m.co2e_g) FILTER (WHERE m.weighed), 0), sum(m.implausible),
       count(m.waste_g) FILTER (WHERE NOT m.weighed), coalesce(sum(m.waste_g) FILTER (WHERE NOT m.weighed), 0),
       sum(m.corrected)
FROM measured_meal m
WHERE m.book = $1 AND m.canteen_id = ANY ($2)
  AND m.business_date BETWEEN date_trunc('month', $3::date)::date
                          AND (date_trunc('month', $4::date) + interval '1 month' - interval '1 day')::date
GROUP BY m.book, m.canteen_id, date_trunc('month', m.business_date), m.meal
ON CONFLICT (book, canteen_id, month, meal) DO UPDATE SET
    covers = excluded.covers, covers_gross = excluded.covers_gross, meals = excluded.meals,
    weighed_meals = excluded.weighed_meals, weighed_covers = excluded.weighed_covers, waste_g = excluded.waste_g,
    preparation_g = excluded.preparation_g, unserved_g = excluded.unserved_g, plate_g = excluded.plate_g,
    inedible_g = excluded.inedible_g, prepared_g = excluded.prepared_g, prepared_waste_g = excluded.prepared_waste_g,
    co2e_g = excluded.co2e_g, implausible = excluded.implausible, unmatched_meals = excluded.unmatched_meals,
    unmatched_g = excluded.unmatched_g, corrected = excluded.corrected;
