-- name: of_meal
-- What a diner booked for a meal anywhere, cancelled or not, and what stands under a booking's number.
SELECT b.booking_id, b.holder_id, b.canteen_id, c.name_zh AS canteen_zh, c.name_en AS canteen_en, b.business_date,
       b.meal, b.price_fen, b.limit_fen, b.state, b.booked_at
FROM meal_booking b JOIN canteen c ON c.canteen_id = b.canteen_id
WHERE b.book = $1 AND (b.booking_id = $2 OR b.holder_id = $3 AND b.business_date = $4 AND b.meal = $5);

-- name: book
-- Count a booking of the canteen $2 of the book $1, if there is room for it within $5 (null: always), and keep it. The
-- meal's row is locked from here to the end of the transaction.
WITH counted AS (
    INSERT INTO booked_meal (book, canteen_id, business_date, meal, booked)
    SELECT $1, $2, $3, $4, 1 WHERE $5::integer IS NULL OR $5 > 0
    ON CONFLICT (book, canteen_id, business_date, meal) DO UPDATE SET booked = booked_meal.booked + 1
    WHERE $5 IS NULL OR booked_meal.booked < $5
    RETURNING canteen_id, business_date, meal
)
INSERT INTO meal_booking (book, booking_id, holder_id, agency_id, canteen_id, host_id, business_date, meal, on_visit,
                          price_fen, limit_fen, booked_at)
SELECT $6, $7, $8, $9, c.canteen_id, $10, c.business_date, c.meal, $11, $12, $13, $14 FROM counted c
RETURNING booking_id;

-- name: one
-- A diner's booking by its number.
SELECT b.booking_id, b.canteen_id, c.name_zh AS canteen_zh, c.name_en AS canteen_en, b.business_date, b.meal,
       b.price_fen, b.limit_fen, b.state, b.booked_at
FROM meal_booking b JOIN canteen c ON c.canteen_id = b.canteen_id
WHERE b.book = $1 AND b.holder_id = $2 AND b.booking_id = $3;

-- name: lock_meal
-- Lock a meal's count, as who books it does.
SELECT booked FROM booked_meal WHERE book = $1 AND canteen_id = $2 AND business_date = $3 AND meal = $4 FOR UPDATE;

-- name: cancel
-- Cancel a booking that is not cancelled.
UPDATE meal_booking SET state = 'cancelled', cancelled_at = $3
WHERE book = $1 AND booking_id = $2 AND state = 'booked' RETURNING booking_id;

-- name: free
-- Count one booking less of a meal.
UPDATE booked_meal SET booked = booked - 1 WHERE book = $1 AND canteen_id = $2 AND business_date = $3 AND meal = $4;

-- name: of_diner
-- A diner's bookings of some days, in order: of each meal the one that holds, and the last one that was cancelled.
WITH latest AS (
    SELECT DISTINCT ON (business_date, meal, state) *
    FROM meal_booking
    WHERE book = $1 AND holder_id = $2 AND business_date BETWEEN $3 AND $4
    ORDER BY business_date, meal, state, booked_at DESC
)
SELECT b.booking_id, b.canteen_id, c.name_zh AS canteen_zh, c.name_en AS canteen_en, b.business_date, b.meal,
       b.price_fen, b.limit_fen, b.state, b.booked_at
FROM latest b JOIN canteen c ON c.canteen_id = b.canteen_id
ORDER BY b.business_date, b.meal, b.booked_at;

-- name: ever_of_diner
-- All bookings that a diner ever made, in order.
SELECT b.booking_id, b.canteen_id, c.name_zh AS canteen_zh, c.name_en AS canteen_en, b.business_date, b.meal,
       b.price_fen, b.limit_fen, b.state, b.booked_at
FROM meal_booking b JOIN canteen c ON c.canteen_id = b.canteen_id
WHERE b.book = $1 AND b.holder_id = $2
ORDER BY b.business_date, b.meal, b.booked_at;

-- name: numbers
-- The bookings of a canteen's day by meal, those of people of other agencies, and how many came.
SELECT m.meal, m.booked, m.came, count(*) FILTER (WHERE b.agency_id <> b.host_id) AS visitors
FROM booked_meal m
LEFT JOIN meal_booking b ON b.canteen_id = m.canteen_id AND b.business_date = m.business_date AND b.meal = m.meal
                        AND b.state = 'booked'
WHERE m.book = $1 AND m.canteen_id = $2 AND m.business_date = $3
GROUP BY m.meal, m.booked, m.came;

-- name: booked_people
-- Who has booked a meal of a day at some canteens.
SELECT canteen_id, meal, book, holder_id FROM meal_booking
WHERE canteen_id = ANY ($1) AND business_date = $2 AND state = 'booked';

-- name: keep_came
-- Keep how many of those who booked a meal came; again changes nothing.
UPDATE booked_meal SET came = $4 WHERE canteen_id = $1 AND business_date = $2 AND meal = $3 AND came IS DISTINCT FROM $4;

-- name: book_of_canteen
-- The book of a canteen.
SELECT book FROM canteen WHERE canteen_id = $1;

-- name: cut_offs
-- How long before they begin meals of some canteens are booked, where it is not by default.
SELECT canteen_id, meal, cut_off_min FROM booking_terms WHERE canteen_id = ANY ($1);
