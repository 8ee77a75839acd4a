-- name: weigh_ins
-- The weigh-ins recorded under some numbers.
SELECT weigh_in_id, canteen_id, business_date, meal, stream, weight_g, dish, food, replaces, cause FROM weigh_in
WHERE book = $1 AND weigh_in_id = ANY ($2);

-- name: canteen_of_weigh_in
-- The canteen of a weigh-in.
SELECT canteen_id FROM weigh_in WHERE book IN (SELECT book FROM book) AND weigh_in_id = $1;

-- name: correctable
-- The weigh-ins that corrections name.
SELECT w.weigh_in_id, w.canteen_id, w.business_date, w.meal, w.stream, w.weight_g, w.dish, w.food, w.cause
FROM weigh_in w WHERE w.book IN (SELECT book FROM book) AND w.weigh_in_id = ANY ($1);

-- name: history
-- All weigh-ins of a canteen from one day to another, corrected ones and their corrections included.
SELECT w.weigh_in_id, w.business_date, w.meal, w.stream, w.weight_g, w.dish, w.food, w.cause, w.source, w.implausible,
       w.replaces, r.weigh_in_id AS replaced_by, w.recorded_by, w.recorded_at
FROM weigh_in w
LEFT JOIN weigh_in r ON r.book = w.book AND r.replaces = w.weigh_in_id
WHERE w.book = $1 AND w.canteen_id = $2 AND w.business_date BETWEEN $3 AND $4
ORDER BY w.business_date, w.recorded_at, w.weigh_in_id LIMIT 5000;

-- name: unknown_foods
-- Those of some kinds of food that have no factor on their day.
SELECT DISTINCT g.food FROM unnest($1::text[], $2::date[]) AS g(food, on_day)
WHERE NOT EXISTS (SELECT 1 FROM food_factor f WHERE f.food = g.food AND f.valid_from <= g.on_day)
ORDER BY g.food;

-- name: add_weigh_ins
-- Insert weigh-ins of one book, once each.
-- Implausible: over five times the greatest or below a fiftieth of the least of at least ten weigh-ins of the canteen's
-- last 90 days, same meal and stream: a slip of the hand, told at once. Whether the meal fits is judged once its covers
-- are known (marks.sql).
WITH given AS (
    SELECT * FROM unnest($2::uuid[], $3::bigint[], $4::date[], $5::text[], $6::text[], $7::bigint[], $8::text[],
                         $9::text[], $10::uuid[], $14::text[])
        AS g(weigh_in_id, canteen_id, business_date, meal, stream, weight_g, dish, food, replaces, cause)
), kinds AS (
    SELECT k.canteen_id, k.meal, k.stream, m.least, m.greatest
    FROM (SELECT canteen_id, meal, stream, max(business_date) AS last FROM given GROUP BY canteen_id, meal, stream) k
    CROSS JOIN LATERAL (
        SELECT count(*) AS known, min(h.weight_g) AS least, max(h.weight_g) AS greatest
        FROM weigh_in h
        WHERE h.book = $1 AND h.canteen_id = k.canteen_id AND h.business_date BETWEEN k.last - 90 AND k.last
          AND h.meal = k.meal AND h.stream = k.stream AND h.weight_g > 0
    ) m
    WHERE m.known >= 10
), added AS (
    INSERT INTO weigh_in (book, weigh_in_id, canteen_id, business_date, meal, stream, weight_g, dish, food, source,
                          implausible, replaces, recorded_by, recorded_at, cause)
    SELECT $1, g.weigh_in_id, g.canteen_id, g.business_date, g.meal, g.stream, g.weight_g, g.dish, g.food, $11,
           coalesce(g.weight_g > 5 * k.greatest OR g.weight_g > 0 AND 50 * g.weight_g < k.least, false),
           g.replaces, $12, $13, g.cause
    FROM given g LEFT JOIN kinds k ON k.canteen_id = g.canteen_id AND k.meal = g.meal AND k.stream = g.stream
    ON CONFLICT DO NOTHING
    RETURNING weigh_in_id, implausible
)
SELECT weigh_in_id, implausible FROM added;

-- name: sum_up
-- Compute the sums of meals of some canteens and days from the weigh-ins that no correction replaces. A stream of which nothing is left is null. A correction without a weight has taken a weigh-in back.
INSERT INTO waste_meal AS m (book, canteen_id, business_date, meal, preparation_g, unserved_g, plate_g, inedible_g,
                             prepared_g, co2e_g, implausible, corrected)
SELECT w.book, w.canteen_id, w.business_date, w.meal,
       sum(w.weight_g) FILTER (WHERE w.stream = 'preparation'), sum(w.weight_g) FILTER (WHERE w.stream = 'unserved'),
       sum(w.weight_g) FILTER (WHERE w.stream = 'plate'), sum(w.weight_g) FILTER (WHERE w.stream = 'inedible'),
       sum(w.weight_g) FILTER (WHERE w.stream = 'prepared'),
       coalesce(sum(co2e_of(w.stream, w.weight_g, w.food, w.business_date)), 0), 0, sum(w.corrections)
FROM (
    SELECT w.book, w.canteen_id, w.business_date, w.meal, w.stream, w.food, (w.replaces IS NOT NULL)::integer AS corrections,
           CASE WHEN r.weigh_in_id IS NULL THEN w.weight_g END AS weight_g
    FROM weigh_in w LEFT JOIN weigh_in r ON r.book = w.book AND r.replaces = w.weigh_in_id
    WHERE w.book = $1 AND w.canteen_id = ANY ($2) AND w.business_date BETWEEN $3 AND $4
) w
GROUP BY w.book, w.canteen_id, w.business_date, w.meal
ON CONFLICT (book, canteen_id, business_date, meal) DO UPDATE SET
    preparation_g = excluded.preparation_g, unserved_g = excluded.unserved_g, plate_g = excluded.plate_g,
    inedible_g = excluded.inedible_g, prepared_g = excluded.prepared_g, co2e_g = excluded.co2e_g,
    corrected = excluded.corrected;

-- name: open_days
-- The open business day of every book.
SELECT book, business_date FROM book_day;
