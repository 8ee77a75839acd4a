-- name: add_entries
-- Insert entries of one book, once each; returns the new ones.
INSERT INTO material_entry (book, entry_id, canteen_id, kind, on_day, item, weight_g, cost_fen, replaces, source,
                            recorded_by, recorded_at)
SELECT $1, g.entry_id, g.canteen_id, g.kind, g.on_day, g.item, g.weight_g, g.cost_fen, g.replaces, $10, $11, $12
FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::date[], $6::text[], $7::bigint[], $8::bigint[], $9::uuid[])
    AS g(entry_id, canteen_id, kind, on_day, item, weight_g, cost_fen, replaces)
ON CONFLICT DO NOTHING
RETURNING entry_id;

-- name: entries
-- The entries recorded under some numbers.
SELECT entry_id, canteen_id, kind, on_day, item, weight_g, cost_fen, replaces FROM material_entry
WHERE book IN (SELECT book FROM book) AND entry_id = ANY ($1);

-- name: history
-- All entries of a canteen from one day to another, corrected ones and their corrections included.
SELECT e.entry_id, e.kind, e.on_day, e.item, e.weight_g, e.cost_fen, e.source, e.replaces, r.entry_id AS replaced_by,
       e.recorded_by, e.recorded_at
FROM material_entry e
LEFT JOIN material_entry r ON r.book = e.book AND r.replaces = e.entry_id
WHERE e.book = $1 AND e.canteen_id = $2 AND e.on_day BETWEEN $3 AND $4 AND ($5::text IS NULL OR e.kind = $5)
ORDER BY e.on_day, e.recorded_at, e.entry_id LIMIT 5000;

-- name: unknown_foods
-- Those of some kinds of food that no factor is known of.
SELECT DISTINCT g.food FROM unnest($1::text[]) AS g(food)
WHERE NOT EXISTS (SELECT 1 FROM food_factor f WHERE f.food = g.food)
ORDER BY g.food;

-- name: declare
-- Declare a canteen's destinations from a day on; a later declaration for the same day replaces it.
INSERT INTO kitchen_destinations AS k (book, canteen_id, valid_from, destinations, declared_by, declared_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (book, canteen_id, valid_from) DO UPDATE SET
    destinations = excluded.destinations, declared_by = excluded.declared_by, declared_at = excluded.declared_at;

-- name: declarations
-- A canteen's declarations of destinations, the newest first.
SELECT valid_from, destinations, declared_by, declared_at FROM kitchen_destinations
WHERE book = $1 AND canteen_id = $2 ORDER BY valid_from DESC;
