-- A canteen's meal: its covers beside its weights. The one definition for measures and evaluation of when a meal's waste
-- is measured: all three streams of waste are known, and the covers of the closed day are kept and not zero. Of a meal
-- that is not, nothing enters a figure per cover. A weight that is null is unknown, not zero.
-- Grouped by its key, not joined: so a condition on any column of the key reaches the indexes of both tables.
CREATE OR REPLACE VIEW measured_meal AS
SELECT book, canteen_id, business_date, meal, covers, covers_gross, guests, preparation_g, unserved_g, plate_g,
       inedible_g, prepared_g, preparation_g + unserved_g + plate_g AS waste_g, co2e_g,
       num_nonnulls(preparation_g, unserved_g, plate_g) AS streams, implausible, corrected,
       preparation_g + unserved_g + plate_g IS NOT NULL AND coalesce(covers, 0) > 0 AS weighed,
       preparation_g + unserved_g + plate_g IS NOT NULL AND coalesce(covers, 0) > 0 AND coalesce(prepared_g, 0) > 0
           AS prepared_weighed
FROM (
    SELECT book, canteen_id, business_date, meal, max(covers) AS covers, max(covers_gross) AS covers_gross,
           coalesce(max(guests), 0) AS guests, max(preparation_g) AS preparation_g, max(unserved_g) AS unserved_g,
           max(plate_g) AS plate_g, max(inedible_g) AS inedible_g, max(prepared_g) AS prepared_g,
           coalesce(max(co2e_g), 0) AS co2e_g, coalesce(max(implausible), 0) AS implausible,
           coalesce(max(corrected), 0) AS corrected
    FROM (
        SELECT book, canteen_id, business_date, meal, covers, coalesce(covers_gross, covers) AS covers_gross, guests,
               NULL::bigint AS preparation_g, NULL::bigint AS unserved_g, NULL::bigint AS plate_g,
               NULL::bigint AS inedible_g, NULL::bigint AS prepared_g, NULL::bigint AS co2e_g,
               NULL::integer AS implausible, NULL::integer AS corrected
        FROM cover_day
        UNION ALL
        SELECT book, canteen_id, business_date, meal, NULL, NULL, NULL, preparation_g, unserved_g, plate_g, inedible_g,
               prepared_g, co2e_g, implausible, corrected
        FROM waste_meal
    ) kept
    GROUP BY book, canteen_id, business_date, meal
) m;
