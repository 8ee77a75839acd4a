-- name: corrections
-- Weigh-ins of a canteen from $3 to $4, corrections among them, those to nothing, and those recorded more than $5 days
-- after the meal; with the numbers of the latter two.
SELECT count(*) FILTER (WHERE replaces IS NULL) AS weigh_ins,
       count(*) FILTER (WHERE replaces IS NOT NULL) AS corrections,
       count(*) FILTER (WHERE replaces IS NOT NULL AND coalesce(weight_g, 0) = 0) AS zeroed,
       count(*) FILTER (WHERE replaces IS NOT NULL
                        AND (recorded_at AT TIME ZONE 'Asia/Shanghai')::date - business_date > $5::integer) AS late
FROM weigh_in WHERE book = $1 AND canteen_id = $2 AND business_date BETWEEN $3 AND $4;

-- name: weights
-- How often each weight was recorded in a canteen from $3 to $4, corrections included.
SELECT weight_g, count(*) AS times FROM weigh_in
WHERE book = $1 AND canteen_id = $2 AND business_date BETWEEN $3 AND $4 AND weight_g > 0
GROUP BY weight_g;

-- name: days
-- Of each canteen: weighed lunches from $1 to $2, the coefficient of variation of their grams per cover, and the
-- correlation of weight with covers; at least $3 lunches.
SELECT d.canteen_id, count(*) AS lunches,
       stddev_samp(m.grams / d.covers::float) / nullif(avg(m.grams / d.covers::float), 0) AS variation,
       corr(m.grams, d.covers) AS correlation
FROM cover_day d
JOIN (SELECT book, canteen_id, business_date, meal, preparation_g + unserved_g + plate_g AS grams FROM waste_meal
      WHERE business_date BETWEEN $1 AND $2 AND meal = 'lunch') m
  ON m.book = d.book AND m.canteen_id = d.canteen_id AND m.business_date = d.business_date AND m.meal = d.meal
WHERE d.business_date BETWEEN $1 AND $2 AND d.covers > 0 AND m.grams IS NOT NULL
GROUP BY d.canteen_id HAVING count(*) >= $3;

-- name: inedible
-- Of each canteen: the share of inedible parts in all that was thrown away from $1 to $2.
SELECT canteen_id, sum(inedible_g)::float
       / nullif(sum(coalesce(inedible_g, 0) + coalesce(preparation_g, 0) + coalesce(unserved_g, 0)
                    + coalesce(plate_g, 0)), 0) AS share
FROM waste_meal WHERE business_date BETWEEN $1 AND $2 GROUP BY canteen_id;

-- name: cheap
-- Of each canteen: the share of people who paid less than the least price of a cover, from $1 to $2.
SELECT canteen_id, sum(cheap)::float / nullif(sum(covers + cheap), 0) AS share
FROM cover_day WHERE business_date BETWEEN $1 AND $2 GROUP BY canteen_id;

-- name: weekdays
-- Of a canteen, by weekday (1: Monday): meals with covers from $3 to $4, and those of them of which all streams of
-- waste were weighed.
SELECT extract(isodow FROM d.business_date)::integer AS weekday, count(*) AS meals,
       count(m.preparation_g + m.unserved_g + m.plate_g) AS weighed
FROM cover_day d
LEFT JOIN waste_meal m ON m.book = d.book AND m.canteen_id = d.canteen_id AND m.business_date = d.business_date
                      AND m.meal = d.meal
WHERE d.book = $1 AND d.canteen_id = $2 AND d.business_date BETWEEN $3 AND $4 AND d.covers > 0
GROUP BY 1;

-- name: like
-- How each canteen serves, null where it is not set.
SELECT c.canteen_id, k.serving FROM canteen c LEFT JOIN kitchen k ON k.book = c.book AND k.canteen_id = c.canteen_id;
