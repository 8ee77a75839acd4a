-- name: keep_booking
-- Keep the covers booked for a meal; replaces an earlier booking, but for came when it is null.
INSERT INTO booking (book, canteen_id, business_date, meal, booked, came, noted_by, noted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (book, canteen_id, business_date, meal) DO UPDATE SET
    booked = excluded.booked, came = coalesce(excluded.came, booking.came), noted_by = excluded.noted_by,
    noted_at = excluded.noted_at;

-- name: booked
-- Covers booked for a meal, locked; null if none are.
SELECT booked FROM booking WHERE book = $1 AND canteen_id = $2 AND business_date = $3 AND meal = $4 FOR UPDATE;

-- name: bookings_since
-- Bookings of a day and later.
SELECT book, canteen_id, meal, business_date, booked FROM booking WHERE business_date >= $1;
