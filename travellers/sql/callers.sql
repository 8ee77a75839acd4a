-- name: by_credential
-- Whose phone a credential is, with its key.
SELECT o.book, o.holder_id, o.agency_id, o.person_class, o.state, c.state AS credential_state, c.public_key,
    coalesce(c.key_algorithm, 'ed25519') AS key_algorithm
FROM credential c
JOIN official o ON o.book = c.book AND o.holder_id = c.holder_id
WHERE c.book = $1 AND c.credential_id = $2 AND c.kind = 'phone'

-- name: by_holder
-- An official.
SELECT book, holder_id, agency_id, person_class, state FROM official WHERE book = $1 AND holder_id = $2

-- name: agency
-- The names of an agency.
SELECT name_zh, name_en FROM agency WHERE agency_id = $1

-- name: name
-- The sealed name of an official.
SELECT name_sealed FROM official WHERE book = $1 AND holder_id = $2
