-- name: count_try
-- Count a try under every name, unless one of them must still wait; returns the seconds to wait. $2: tries of a name that are free, $3: its longest wait. The n-th try after them waits 2^n seconds after the one before.
WITH asked AS (
    SELECT * FROM unnest($1::bytea[], $2::integer[], $3::double precision[]) AS a (name, free, longest_s)
), waits AS (
    SELECT max(least(a.longest_s, power(2, least(t.tries - a.free, 20)))
               - extract(epoch FROM now() - t.last_at)::double precision) AS wait_s
    FROM asked a JOIN sign_in_try t USING (name)
    WHERE t.tries >= a.free AND t.last_at > now() - interval '30 minutes'
), counted AS (
    INSERT INTO sign_in_try (name, tries, last_at)
    SELECT a.name, 1, now() FROM asked a, waits w WHERE coalesce(w.wait_s, 0) <= 0 ORDER BY a.name
    ON CONFLICT (name) DO UPDATE
    SET tries = CASE WHEN sign_in_try.last_at > now() - interval '30 minutes' THEN sign_in_try.tries + 1 ELSE 1 END,
        last_at = now()
), forgotten AS (
    DELETE FROM sign_in_try
    WHERE name IN (SELECT name FROM sign_in_try WHERE last_at < now() - interval '1 hour'
                   ORDER BY last_at LIMIT 10 FOR UPDATE SKIP LOCKED)
)
SELECT greatest(coalesce(wait_s, 0), 0) FROM waits

-- name: uncount_try
-- The try was right: it counts under no name, and those before it no longer under $2.
UPDATE sign_in_try SET tries = CASE WHEN name = $2 THEN 0 ELSE greatest(tries - 1, 0) END WHERE name = ANY($1::bytea[])

-- name: record_failure
-- Record a wrong try; the oldest records beyond $4 make room.
WITH recorded AS (
    INSERT INTO sign_in_failure (user_id, address, known_device) VALUES ($1, $2, $3) RETURNING failure_id
)
DELETE FROM sign_in_failure WHERE failure_id <= (SELECT failure_id - $4::bigint FROM recorded)

-- name: user_of_login
-- Who signs in, and the hash of the password.
SELECT user_id, password_hash FROM console_user WHERE login = $1

-- name: failures_of
-- The user's wrong tries of the last day.
SELECT count(*) FROM sign_in_failure WHERE user_id = $1 AND at > now() - interval '24 hours'
