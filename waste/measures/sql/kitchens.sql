-- name: set_kitchen
-- Set how a canteen is run and serves, and its cost of a kilogram of food.
INSERT INTO kitchen (book, canteen_id, operating, serving, cost_per_kg_fen) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (book, canteen_id) DO UPDATE SET operating = $3, serving = $4, cost_per_kg_fen = $5;
