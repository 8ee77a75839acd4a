-- name: credentials
-- Every card and phone of an official, latest first.
SELECT c.credential_id, c.kind, c.state, c.issued_at, c.expires_at, c.replaces
FROM credential c WHERE c.book = $1 AND c.holder_id = $2 ORDER BY c.credential_id DESC
