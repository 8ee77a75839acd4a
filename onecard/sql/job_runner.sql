-- name: silence
-- Seconds since the last heartbeat of any job runner; null when none has ever run.
SELECT extract(epoch FROM clock_timestamp() - max(w.last_heartbeat))::float8 FROM procrastinate_workers w
