-- name: one
-- A report-out by its number.
SELECT holder_id, report_id, canteen_id, first_day, last_day, meals, weekdays, made_at, ended_at FROM report_out
WHERE book = $1 AND report_id = $2;

-- name: add
-- Keep a report-out; one with its number stays as it is.
INSERT INTO report_out (book, report_id, holder_id, canteen_id, first_day, last_day, weekdays, meals, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (book, report_id) DO NOTHING;

-- name: end
-- Take a report-out back.
UPDATE report_out SET ended_at = $4 WHERE book = $1 AND report_id = $2 AND holder_id = $3 AND ended_at IS NULL;

-- name: of_diner
-- What a diner reported out for days in a span, in order.
SELECT holder_id, report_id, canteen_id, first_day, last_day, meals, weekdays, made_at, ended_at FROM report_out
WHERE book = $1 AND holder_id = $2 AND last_day >= $3 AND first_day <= $4 ORDER BY first_day, made_at;

-- name: counts
-- How many report-outs of a diner hold on a day or later, and how many he has made since a time, ended ones included.
SELECT count(*) FILTER (WHERE last_day >= $3 AND ended_at IS NULL) AS holding,
       count(*) FILTER (WHERE made_at > $4) AS made
FROM report_out WHERE book = $1 AND holder_id = $2;

-- name: reported_out
-- People who reported out for meals of a canteen's day, as it was known at a time of each. Who booked there all the same
-- comes.
SELECT m.meal, count(DISTINCT (r.book, r.holder_id)) AS people
FROM unnest($3::text[], $4::timestamptz[]) AS m(meal, at)
JOIN report_out r ON r.canteen_id = $1 AND $2::date BETWEEN r.first_day AND r.last_day
                 AND position(extract(isodow FROM $2::date)::text IN r.weekdays) > 0 AND m.meal = ANY (r.meals)
                 AND r.made_at <= m.at AND (r.ended_at IS NULL OR r.ended_at > m.at)
WHERE NOT EXISTS (
    SELECT 1 FROM meal_booking b
    WHERE b.book = r.book AND b.holder_id = r.holder_id AND b.business_date = $2 AND b.meal = m.meal
      AND b.canteen_id = r.canteen_id AND b.booked_at <= m.at AND (b.cancelled_at IS NULL OR b.cancelled_at > m.at)
)
GROUP BY m.meal;

-- name: departures
-- By how much bookings and report-outs let more or fewer people come to a meal than usual, as it was known one to seven
-- days before, at most $3: visitors who booked and have no registered visit, less own people who reported out. What a
-- day's forecast knows is what stood when the day before it ended.
SELECT k.canteen_id, k.business_date, k.meal, h.days AS horizon,
       count(DISTINCT (k.book, k.holder_id)) FILTER (WHERE k.comes)
       - count(DISTINCT (k.book, k.holder_id)) FILTER (WHERE NOT k.comes) AS people
FROM (
    SELECT b.book, b.holder_id, b.canteen_id, b.business_date, b.meal, true AS comes, b.booked_at AS since,
           b.cancelled_at AS until
    FROM meal_booking b
    WHERE b.business_date BETWEEN $1 AND $2 AND b.agency_id <> b.host_id AND NOT b.on_visit
    UNION ALL
    SELECT r.book, r.holder_id, r.canteen_id, d.day::date, m.meal, false, r.made_at, least(r.ended_at, b.booked_at)
    FROM report_out r
    CROSS JOIN LATERAL generate_series(greatest(r.first_day, $1), least(r.last_day, $2), interval '1 day') AS d(day)
    CROSS JOIN LATERAL unnest(r.meals) AS m(meal)
    LEFT JOIN meal_booking b ON b.book = r.book AND b.holder_id = r.holder_id AND b.business_date = d.day::date
                            AND b.meal = m.meal AND b.canteen_id = r.canteen_id AND b.state = 'booked'
    WHERE r.last_day >= $1 AND r.first_day <= $2 AND position(extract(isodow FROM d.day)::text IN r.weekdays) > 0
) k
CROSS JOIN generate_series(1, 7) AS h(days)
CROSS JOIN LATERAL (SELECT least($3, (k.business_date - h.days + 1)::timestamp AT TIME ZONE 'Asia/Shanghai') AS at) t
WHERE k.since < t.at AND (k.until IS NULL OR k.until >= t.at)
GROUP BY k.canteen_id, k.business_date, k.meal, h.days;
