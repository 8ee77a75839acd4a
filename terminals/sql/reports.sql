-- name: seen
-- A terminal asked for changes; the block list's version is null where it asked for others.
INSERT INTO terminal_report AS r (book, terminal_id, seen_at, clock_ahead_s, block_list_version)
VALUES ($1, $2, now(), $3, $4)
ON CONFLICT (book, terminal_id) DO UPDATE SET
    seen_at = excluded.seen_at, clock_ahead_s = excluded.clock_ahead_s,
    block_list_version = coalesce(excluded.block_list_version, r.block_list_version);

-- name: closed
-- A terminal closed a shift.
INSERT INTO terminal_report AS r (book, terminal_id, unknown_payments, closed_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (book, terminal_id) DO UPDATE SET
    unknown_payments = excluded.unknown_payments, closed_at = excluded.closed_at
WHERE r.closed_at IS NULL OR r.closed_at <= excluded.closed_at;
