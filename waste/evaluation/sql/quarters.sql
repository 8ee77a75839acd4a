-- name: request
-- Request the evaluation of a quarter. The row stays locked until the transaction ends.
INSERT INTO evaluation_quarter (quarter, wanted_at) VALUES ($1, clock_timestamp())
ON CONFLICT (quarter) DO UPDATE SET wanted_at = clock_timestamp();

-- name: request_if_new
-- Request the evaluation of a quarter ($1 to $2) that has covers and was not requested after $3.
INSERT INTO evaluation_quarter AS q (quarter, wanted_at)
SELECT $1, clock_timestamp() WHERE EXISTS (SELECT 1 FROM cover_day WHERE business_date BETWEEN $1 AND $2)
ON CONFLICT (quarter) DO UPDATE SET wanted_at = clock_timestamp()
WHERE local_date_of(q.wanted_at) <= $3 AND q.frozen_at IS NULL;

-- name: pending
-- Quarters whose last request is not carried out yet.
SELECT quarter FROM evaluation_quarter WHERE evaluated_at IS NULL OR evaluated_at < wanted_at ORDER BY quarter;

-- name: state
-- How far the evaluation of a quarter has come; ``current``: its last request was carried out.
SELECT quarter, wanted_at AS requested_at, evaluated_at, frozen_by, frozen_at,
       coalesce(evaluated_at >= wanted_at, false) AS current
FROM evaluation_quarter WHERE quarter = $1;

-- name: lock_state
-- The same, locked until the transaction ends: nobody requests, evaluates or freezes the quarter meanwhile.
SELECT quarter, wanted_at AS requested_at, evaluated_at, frozen_by, frozen_at,
       coalesce(evaluated_at >= wanted_at, false) AS current
FROM evaluation_quarter WHERE quarter = $1 FOR UPDATE;

-- name: note_evaluated
-- The request of $3 was carried out from what was known at $2; a later request stays pending.
UPDATE evaluation_quarter
SET evaluated_at = CASE WHEN wanted_at = $3 THEN greatest($2, wanted_at) ELSE wanted_at - interval '1 microsecond' END
WHERE quarter = $1;

-- name: freeze
-- Freeze the results of a quarter.
UPDATE evaluation_quarter SET frozen_by = $2, frozen_at = clock_timestamp() WHERE quarter = $1;

-- name: has_open_appeal
-- Whether an undecided appeal against a canteen's result names an indicator.
SELECT EXISTS (
    SELECT 1 FROM appeal WHERE quarter = $1 AND canteen_id = $2 AND state = 'open' AND jsonb_exists(codes, $3));

-- name: hearings
-- Canteens of a quarter that may still answer a finding of falsified weights.
SELECT count(*) FROM (
    SELECT DISTINCT ON (canteen_id) known FROM quarter_result WHERE quarter = $1 ORDER BY canteen_id, revision DESC
) r WHERE (r.known -> 'hearing')::boolean;
