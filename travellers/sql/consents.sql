-- name: consents
-- The latest word of an official on each purpose.
SELECT DISTINCT ON (purpose) purpose, version, given, at FROM consent_change
WHERE book = $1 AND holder_id = $2 ORDER BY purpose, change_id DESC

-- name: history
-- All that an official ever said of consents, latest first.
SELECT purpose, version, given, at, credential_id FROM consent_change
WHERE book = $1 AND holder_id = $2 ORDER BY change_id DESC
