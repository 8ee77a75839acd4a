-- name: append
-- One entry under the number that lock_audit_log gave.
INSERT INTO audit_entry (entry, at, actor, action, subject, detail, digest)
VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7);

-- name: noted
-- Whether an entry with this content exists.
SELECT EXISTS (SELECT 1 FROM audit_entry WHERE actor = $1 AND action = $2 AND subject = $3 AND detail = $4::text::jsonb);

-- name: head
-- The last entry.
SELECT entry, digest FROM audit_entry ORDER BY entry DESC LIMIT 1;

-- name: digest
-- The digest of an entry.
SELECT digest FROM audit_entry WHERE entry = $1;

-- name: entries_after
-- Entries after a number, in order.
SELECT entry, at, actor, action, subject, detail::text AS detail, encode(digest, 'hex') AS digest FROM audit_entry
WHERE entry > $1 ORDER BY entry LIMIT $2;

-- name: entries_about
-- Entries with one of some subjects, in order.
SELECT at, actor, action, subject, detail::text AS detail FROM audit_entry
WHERE subject = ANY ($1) ORDER BY entry LIMIT 1000;
