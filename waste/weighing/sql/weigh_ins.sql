-- name: weigh_ins
-- The weigh-ins recorded under some numbers.
SELECT weigh_in_id, canteen_id, business_date, meal, stream, weight_g, dish, food, replaces FROM weigh_in
WHERE book = $1 AND weigh_in_id = ANY ($2);

-- name: canteen_of_weigh_in
-- The canteen of a weigh-in.
SELECT canteen_id FROM weigh_in WHERE book IN (SELECT book FROM book) AND weigh_in_id = $1;

-- name: correctable
-- The weigh-ins that corrections name.
SELECT w.weigh_in_id, w.canteen_id, w.business_date, w.meal, w.stream, w.dish, w.food
FROM weigh_in w WHERE w.book IN (SELECT book FROM book) AND w.weigh_in_id = ANY ($1);

-- name: history
-- All weigh-ins of a canteen from one day to another, corrected ones and their corrections included.
SELECT w.weigh_in_id, w.business_date, w.meal, w.stream, w.weight_g, w.dish, w.food, w.source, w.implausible, w.replaces,
       r.weigh_in_id AS replaced_by, w.recorded_by, w.recorded_at
FROM weigh_in w
LEFT JOIN weigh_in r ON r.book = w.book AND r.replaces = w.weigh_in_id
WHERE w.book = $1 AND w.canteen_id = $2 AND w.business_date BETWEEN $3 AND $4
ORDER BY w.business_date, w.recorded_at, w.weigh_in_id LIMIT 5000;

-- name: unknown_foods
-- Those of some kinds of food that have no factor on their day.
SELECT DISTINCT g.food FROM unnest($1::text[], $2::date[]) AS g(food, on_day)
WHERE NOT EXISTS (SELECT FROM food_factor f WHERE f.food = g.food AND f.valid_from <= g.on_day)
ORDER BY g.food;

-- name: add_weigh_ins
-- Insert weigh-ins of one book, once each, and add them to their meals; a correction subtracts what it replaces.
-- Implausible: its logarithm is further from the median of the canteen's last 90 days, same meal and stream, than 3.5
-- times 1.4826 times the median absolute deviation, but at least by a factor of two (Iglewicz and Hoaglin, 1993); at
-- least ten weigh-ins must be known. It is marked, and counts.
WITH given AS (
    SELECT * FROM unnest($2::uuid[], $3::bigint[], $4::date[], $5::text[], $6::text[], $7::bigint[], $8::text[],
                         $9::text[], $10::uuid[])
        AS g(weigh_in_id, canteen_id, business_date, meal, stream, weight_g, dish, food, replaces)
), kinds AS (
    SELECT k.canteen_id, k.meal, k.stream, m.median, 1.4826 * d.mad AS sigma
    FROM (SELECT canteen_id, meal, stream, max(business_date) AS last FROM given GROUP BY canteen_id, meal, stream) k
    CROSS JOIN LATERAL (
        SELECT array_agg(ln(h.weight_g)) AS logs, count(*) AS known,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY ln(h.weight_g)) AS median
        FROM weigh_in h
        WHERE h.book = $1 AND h.canteen_id = k.canteen_id AND h.business_date BETWEEN k.last - 90 AND k.last
          AND h.meal = k.meal AND h.stream = k.stream AND h.weight_g > 0 AND NOT h.implausible
    ) m
    CROSS JOIN LATERAL (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(l - m.median)) AS mad FROM unnest(m.logs) l
    ) d
    WHERE m.known >= 10
), added AS (
    INSERT INTO weigh_in (book, weigh_in_id, canteen_id, business_date, meal, stream, weight_g, dish, food, source,
                          implausible, replaces, recorded_by, recorded_at)
    SELECT $1, g.weigh_in_id, g.canteen_id, g.business_date, g.meal, g.stream, g.weight_g, g.dish, g.food, $11,
           coalesce(g.weight_g > 0 AND abs(ln(greatest(g.weight_g, 1)) - k.median) > greatest(3.5 * k.sigma, ln(2.0)),
                    false),
           g.replaces, $12, $13
    FROM given g LEFT JOIN kinds k ON k.canteen_id = g.canteen_id AND k.meal = g.meal AND k.stream = g.stream
    ON CONFLICT DO NOTHING
    RETURNING weigh_in_id, canteen_id, business_date, meal, stream, weight_g, food, implausible, replaces
), change AS (
    SELECT c.canteen_id, c.business_date, c.meal, c.stream, sum(c.grams) AS grams, sum(c.marks) AS marks,
           sum(c.co2e) AS co2e
    FROM (
        SELECT canteen_id, business_date, meal, stream, weight_g AS grams, implausible::integer AS marks,
               co2e_of(stream, weight_g, food, business_date) AS co2e
        FROM added
        UNION ALL
        SELECT w.canteen_id, w.business_date, w.meal, w.stream, -w.weight_g, -w.implausible::integer,
               -co2e_of(w.stream, w.weight_g, w.food, w.business_date)
        FROM added a JOIN weigh_in w ON w.book = $1 AND w.weigh_in_id = a.replaces
    ) c
    GROUP BY c.canteen_id, c.business_date, c.meal, c.stream
), rolled_up AS (
    INSERT INTO waste_meal AS m (book, canteen_id, business_date, meal, preparation_g, unserved_g, plate_g,
                                 inedible_g, prepared_g, co2e_g, implausible)
    SELECT $1, canteen_id, business_date, meal,
           sum(grams) FILTER (WHERE stream = 'preparation'), sum(grams) FILTER (WHERE stream = 'unserved'),
           sum(grams) FILTER (WHERE stream = 'plate'), sum(grams) FILTER (WHERE stream = 'inedible'),
           sum(grams) FILTER (WHERE stream = 'prepared'), sum(co2e), sum(marks)
    FROM change GROUP BY canteen_id, business_date, meal
    ON CONFLICT (book, canteen_id, business_date, meal) DO UPDATE SET
        preparation_g = CASE WHEN excluded.preparation_g IS NULL THEN m.preparation_g
                             ELSE coalesce(m.preparation_g, 0) + excluded.preparation_g END,
        unserved_g = CASE WHEN excluded.unserved_g IS NULL THEN m.unserved_g
                          ELSE coalesce(m.unserved_g, 0) + excluded.unserved_g END,
        plate_g = CASE WHEN excluded.plate_g IS NULL THEN m.plate_g
                       ELSE coalesce(m.plate_g, 0) + excluded.plate_g END,
        inedible_g = CASE WHEN excluded.inedible_g IS NULL THEN m.inedible_g
                          ELSE coalesce(m.inedible_g, 0) + excluded.inedible_g END,
        prepared_g = CASE WHEN excluded.prepared_g IS NULL THEN m.prepared_g
                          ELSE coalesce(m.prepared_g, 0) + excluded.prepared_g END,
        co2e_g = m.co2e_g + excluded.co2e_g,
        implausible = m.implausible + excluded.implausible
)
SELECT weigh_in_id, implausible FROM added;

-- name: sum_up_all
-- Compute the sums of every meal from its weigh-ins, for an empty table.
INSERT INTO waste_meal (book, canteen_id, business_date, meal, preparation_g, unserved_g, plate_g, inedible_g,
                        prepared_g, co2e_g, implausible)
SELECT w.book, w.canteen_id, w.business_date, w.meal,
       sum(w.weight_g) FILTER (WHERE w.stream = 'preparation'), sum(w.weight_g) FILTER (WHERE w.stream = 'unserved'),
       sum(w.weight_g) FILTER (WHERE w.stream = 'plate'), sum(w.weight_g) FILTER (WHERE w.stream = 'inedible'),
       sum(w.weight_g) FILTER (WHERE w.stream = 'prepared'),
       sum(co2e_of(w.stream, w.weight_g, w.food, w.business_date)), sum(w.implausible::integer)
FROM weigh_in w
WHERE NOT EXISTS (SELECT FROM weigh_in r WHERE r.book = w.book AND r.replaces = w.weigh_in_id)
GROUP BY w.book, w.canteen_id, w.business_date, w.meal;

-- name: open_days
-- The open business day of every book.
SELECT book, business_date FROM book_day;
