-- name: weights
-- Grams per canteen, meal and stream of a business date, from the rolled-up meals.
SELECT m.canteen_id, m.meal, s.stream, s.weight_g
FROM waste_meal m
CROSS JOIN LATERAL (VALUES ('preparation', m.preparation_g), ('unserved', m.unserved_g), ('plate', m.plate_g),
                           ('inedible', m.inedible_g), ('prepared', m.prepared_g)) AS s(stream, weight_g)
WHERE m.business_date = $1 AND m.canteen_id = ANY ($2) AND m.book IN (SELECT book FROM book) AND s.weight_g IS NOT NULL;
