-- name: probe
-- What every payment needs, in one statement: the day gates of the books $3, a purse of book $2 that can be locked, a
-- commit.
-- The gates are only tried: a probe in the lock queue could meet the closer, which takes several of them.
WITH gates AS (
    SELECT coalesce(bool_and(pg_try_advisory_xact_lock_shared(7301, d.book)), true) AS are_open FROM book_day d
    WHERE d.book = ANY ($3::integer[])
), free AS (
    SELECT p.holder_id FROM purse p WHERE p.book = $2 LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
), written AS (
    INSERT INTO payment_probe AS p (worker, written_at) VALUES ($1, clock_timestamp())
    ON CONFLICT (worker) DO UPDATE SET written_at = excluded.written_at
    RETURNING worker
)
SELECT g.are_open AS gates_are_open,
       EXISTS (SELECT 1 FROM free) OR NOT EXISTS (SELECT 1 FROM purse p WHERE p.book = $2) AS purses_are_free
FROM gates g, written w;

-- name: books
-- Every book that has purses.
SELECT d.book FROM book_day d WHERE EXISTS (SELECT 1 FROM purse p WHERE p.book = d.book);

-- name: reach
-- Whether the node of a book answers.
SELECT true FROM book_day d WHERE d.book = $1;

-- name: forget_probes
-- Rows of workers that have ended.
DELETE FROM payment_probe p WHERE p.written_at < clock_timestamp() - interval '1 hour'
