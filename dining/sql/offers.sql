-- name: diner
-- An official's agency, state and class.
SELECT agency_id, state, person_class FROM official WHERE book = $1 AND holder_id = $2;

-- name: lock_diner
-- An official's agency and state, which stay until the transaction ends; two requests of his wait for each other.
SELECT agency_id, state FROM official WHERE book = $1 AND holder_id = $2 FOR NO KEY UPDATE;

-- name: on_visit
-- Whether a visit to a host agency covers a day.
SELECT EXISTS (
    SELECT 1 FROM visit
    WHERE book = $1 AND holder_id = $2 AND host_agency_id = $3 AND $4::date BETWEEN first_day AND last_day
);

-- name: class_rules
-- The rules of a person class in force on a day.
SELECT eats_at_home, eats_elsewhere, price FROM class_rules
WHERE book = $1 AND person_class = $2 AND valid_from <= $3 ORDER BY valid_from DESC LIMIT 1;

-- name: canteen
-- A canteen: what offers and bookings need of it.
SELECT book, canteen_id, agency_id, name_zh, name_en, capacity FROM canteen WHERE canteen_id = $1;
