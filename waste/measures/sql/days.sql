-- name: weights
-- Grams per canteen, meal and stream of a business date, from the rolled-up meals; null where they are unknown.
SELECT canteen_id, meal, preparation_g AS preparation, unserved_g AS unserved, plate_g AS plate, inedible_g AS inedible,
       prepared_g AS prepared, corrected
FROM waste_meal
WHERE business_date = $1 AND canteen_id = ANY ($2) AND book IN (SELECT book FROM book);
