-- name: booked
-- What some diners have booked from a day on.
SELECT booking_id, canteen_id, business_date, meal FROM meal_booking
WHERE book = $1 AND holder_id = ANY ($2::bigint[]) AND business_date >= $3 AND state = 'booked';

-- name: lock_meals
-- Lock the counts of the meals of some bookings.
SELECT m.booked FROM booked_meal m
WHERE (m.canteen_id, m.business_date, m.meal) IN (
    SELECT b.canteen_id, b.business_date, b.meal FROM meal_booking b WHERE b.book = $1 AND b.booking_id = ANY ($2::uuid[])
)
ORDER BY m.book, m.canteen_id, m.business_date, m.meal FOR UPDATE;

-- name: cancel
-- Cancel some bookings that are not cancelled, and count so many less; how many.
WITH cancelled AS (
    UPDATE meal_booking SET state = 'cancelled', cancelled_at = $3
    WHERE book = $1 AND booking_id = ANY ($2::uuid[]) AND state = 'booked'
    RETURNING canteen_id, business_date, meal
), freed AS (
    UPDATE booked_meal m SET booked = m.booked - c.people
    FROM (SELECT canteen_id, business_date, meal, count(*) AS people FROM cancelled GROUP BY 1, 2, 3) c
    WHERE m.canteen_id = c.canteen_id AND m.business_date = c.business_date AND m.meal = c.meal
)
SELECT count(*) FROM cancelled;

-- name: end_report_outs
-- Take back what some diners reported out for a day or later; how many.
WITH ended AS (
    UPDATE report_out SET ended_at = $3
    WHERE book = $1 AND holder_id = ANY ($2::bigint[]) AND ended_at IS NULL AND last_day >= $4
    RETURNING report_id
)
SELECT count(*) FROM ended;
