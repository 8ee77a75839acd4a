-- Append one entry to the audit log in the caller's transaction; entries queue for one lock, so the chain has no fork.
--
-- digest = SHA-256(previous digest || CBOR([entry, at, actor, action, subject, detail])). The caller sends the last four
-- encoded (`tail`); number and time are known only here. A CBOR array of six begins with 0x86, a text of 32 bytes with
-- 0x78 0x20.
CREATE OR REPLACE FUNCTION append_audit(p_note audit_note) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_entry bigint;
    v_previous bytea;
    v_at timestamptz;
    v_number bytea;
BEGIN
    PERFORM pg_advisory_xact_lock(7310, 0);
    SELECT a.entry + 1, a.digest INTO v_entry, v_previous FROM audit_entry a ORDER BY a.entry DESC LIMIT 1;
    v_entry := coalesce(v_entry, 1);
    v_at := clock_timestamp();
    v_number := CASE WHEN v_entry < 24 THEN substring(int8send(v_entry) FROM 8)
                     WHEN v_entry < 256 THEN '\x18'::bytea || substring(int8send(v_entry) FROM 8)
                     WHEN v_entry < 65536 THEN '\x19'::bytea || substring(int8send(v_entry) FROM 7)
                     WHEN v_entry < 4294967296 THEN '\x1a'::bytea || substring(int8send(v_entry) FROM 5)
                     ELSE '\x1b'::bytea || int8send(v_entry) END;
    INSERT INTO audit_entry (entry, at, actor, action, subject, detail, digest)
    VALUES (v_entry, v_at, p_note.actor, p_note.action, p_note.subject, p_note.detail,
            sha256(coalesce(v_previous, decode(repeat('00', 32), 'hex')) || '\x86'::bytea || v_number || '\x7820'::bytea
                   || convert_to(to_char(v_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00:00', 'UTF8')
                   || p_note.tail));
    RETURN v_entry;
END $$;
