-- The place of the next entry of the audit log: its number, its time, and the digest that it continues.
--
-- The transaction holds the log until it ends: entries queue here, so the chain has no fork. The caller computes the
-- digest, because the key is not in the database (registry/audit.py).
CREATE OR REPLACE FUNCTION lock_audit_log() RETURNS TABLE (entry bigint, at timestamptz, previous bytea)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7310, 0);
    -- A statement of its own, whose snapshot has what the holder before committed.
    SELECT a.entry + 1, a.digest INTO entry, previous FROM audit_entry a ORDER BY a.entry DESC LIMIT 1;
    entry := coalesce(entry, 1);
    previous := coalesce(previous, decode(repeat('00', 32), 'hex'));
    at := clock_timestamp();
    RETURN NEXT;
END $$;
