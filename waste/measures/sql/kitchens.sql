-- name: set_kitchen
-- Set how a canteen is run and serves today, and its cost of a kilogram of food.
INSERT INTO kitchen (book, canteen_id, operating, serving, cost_per_kg_fen) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (book, canteen_id) DO UPDATE SET operating = $3, serving = $4, cost_per_kg_fen = $5;

-- name: declare
-- Keep how a canteen is run and serves from a date on; a second declaration of the same date replaces the first.
INSERT INTO kitchen_declaration (book, canteen_id, valid_from, operating, serving, declared_by, declared_at)
VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())
ON CONFLICT (book, canteen_id, valid_from) DO UPDATE SET
    operating = excluded.operating, serving = excluded.serving, declared_by = excluded.declared_by,
    declared_at = excluded.declared_at;

-- name: kitchens
-- Every canteen, or those of $1: how they served and were run when the span $2 to $3 began; a first declaration within
-- the span counts, and without one it is a buffet run by the agency itself. ``changed``: declared otherwise in the span.
SELECT c.book, c.canteen_id, coalesce(k.serving, 'buffet') AS serving, coalesce(k.operating, 'self_run') AS operating,
       EXISTS (
           SELECT 1 FROM kitchen_declaration d
           WHERE d.book = c.book AND d.canteen_id = c.canteen_id AND d.valid_from > $2 AND d.valid_from <= $3
             AND (d.serving, d.operating) <> (k.serving, k.operating)
       ) AS changed
FROM canteen c
LEFT JOIN LATERAL (
    SELECT d.serving, d.operating FROM kitchen_declaration d
    WHERE d.book = c.book AND d.canteen_id = c.canteen_id AND d.valid_from <= $3
    ORDER BY d.valid_from > $2, CASE WHEN d.valid_from > $2 THEN d.valid_from - $2 ELSE $2 - d.valid_from END LIMIT 1
) k ON true
WHERE $1::bigint[] IS NULL OR c.canteen_id = ANY ($1) ORDER BY c.canteen_id;
