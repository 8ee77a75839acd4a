-- name: is_confirmed
-- Whether a person signs in with a second factor.
SELECT EXISTS (SELECT FROM second_factor WHERE user_id = $1 AND confirmed_at IS NOT NULL)

-- name: lock_factor
-- A person's second factor. Tries of one person queue here: many at once count one after the other.
SELECT secret_sealed, confirmed_at, last_step FROM second_factor WHERE user_id = $1 FOR UPDATE

-- name: take_step
-- The code of this time step has been used, and none of it or before counts any more.
UPDATE second_factor SET last_step = $2 WHERE user_id = $1

-- name: take_recovery_code
-- Use a recovery code up.
UPDATE recovery_code SET used_at = now() WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL RETURNING 1
