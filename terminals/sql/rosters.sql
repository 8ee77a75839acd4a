-- name: block_credentials
-- Block every credential of some officials of one book; which were not blocked yet.
UPDATE credential c SET state = 'blocked'
WHERE c.book = $1 AND c.holder_id = ANY ($2::bigint[]) AND c.state = 'active'
RETURNING c.credential_id;

-- name: append_to_block_list
-- Put changes of many credentials of one book into the block list; the caller holds its lock.
INSERT INTO block_entry (version, book, credential_id, blocked, reason, at, changed_by)
SELECT m.version + c.ordinality, $1, c.credential_id, $3, $4, clock_timestamp(), $5
FROM unnest($2::bigint[]) WITH ORDINALITY AS c(credential_id, ordinality)
CROSS JOIN (SELECT coalesce(max(version), 0) AS version FROM block_entry) m;

-- name: rosters_wait
-- Whether a roster waits to be read or carried out.
SELECT EXISTS (SELECT 1 FROM roster WHERE state IN ('received', 'confirmed'));

-- name: active_credentials
-- The credentials of some officials of one book that are not blocked.
SELECT credential_id FROM credential
WHERE book = $1 AND holder_id = ANY ($2::bigint[]) AND state = 'active' ORDER BY credential_id;
