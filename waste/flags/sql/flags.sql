-- name: flag
-- Keep flags found by a rule. One that a person reviewed stays as it is; one that was cleared is open again.
INSERT INTO kitchen_flag AS k (book, flag_id, canteen_id, rule, first_day, last_day, meal, stream, figure, usual, rows,
                               state, found_at)
VALUES ($1, nextval('onecard_number'), $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', now())
ON CONFLICT (book, canteen_id, rule, first_day, meal, stream) DO UPDATE SET
    last_day = excluded.last_day, figure = excluded.figure, usual = excluded.usual, rows = excluded.rows, state = 'open'
WHERE k.state IN ('open', 'cleared');

-- name: clear
-- Clear open flags of a rule that begin from $3 to $4 in some canteens, but for those that were found again.
UPDATE kitchen_flag k SET state = 'cleared'
WHERE k.rule = $1 AND k.canteen_id = ANY ($2) AND k.first_day BETWEEN $3 AND $4 AND k.state = 'open'
  AND NOT EXISTS (SELECT 1 FROM unnest($5::bigint[], $6::date[], $7::text[], $8::text[])
                      AS found(canteen_id, first_day, meal, stream)
                  WHERE found.canteen_id = k.canteen_id AND found.first_day = k.first_day AND found.meal = k.meal
                    AND found.stream = k.stream);

-- name: flags
-- Flags of some canteens that touch a span of days, in one state or in all but cleared; the newest first.
SELECT k.flag_id, k.canteen_id, c.name_zh, c.name_en, k.rule, k.first_day, k.last_day, k.meal, k.stream, k.figure,
       k.usual, k.rows, k.state, k.found_at, k.reviewed_by, k.reviewed_at, k.note
FROM kitchen_flag k JOIN canteen c ON c.book = k.book AND c.canteen_id = k.canteen_id
WHERE k.canteen_id = ANY ($1) AND k.last_day >= $2 AND k.first_day <= $3
  AND CASE WHEN $4::text IS NULL THEN k.state <> 'cleared' ELSE k.state = $4 END
ORDER BY k.last_day DESC, k.flag_id DESC LIMIT 1000;

-- name: counts
-- How many flags of each canteen and rule that touch a span of days are open or upheld.
SELECT canteen_id, rule, state, count(*) AS flags FROM kitchen_flag
WHERE canteen_id = ANY ($1) AND last_day >= $2 AND first_day <= $3 AND state IN ('open', 'upheld')
GROUP BY canteen_id, rule, state;
