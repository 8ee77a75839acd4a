-- name: credentials
-- Every card and phone of an official, latest first, and in which session of his its code was made.
SELECT c.credential_id, c.kind, c.state, c.issued_at, c.expires_at, c.replaces, a.session_number
FROM credential c
LEFT JOIN phone_activation a ON a.book = c.book AND a.holder_id = c.holder_id AND a.identity_id IS NOT NULL
                            AND a.credential_id = c.credential_id
WHERE c.book = $1 AND c.holder_id = $2 ORDER BY c.credential_id DESC
