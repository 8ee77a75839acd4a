-- name: terms
-- How a canteen's meals are booked, where it is not by default.
SELECT meal, cut_off_min, capacity FROM booking_terms WHERE book = $1 AND canteen_id = $2;

-- name: set_terms
-- Set that for one meal.
INSERT INTO booking_terms (book, canteen_id, meal, cut_off_min, capacity) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (book, canteen_id, meal) DO UPDATE SET cut_off_min = excluded.cut_off_min, capacity = excluded.capacity;
