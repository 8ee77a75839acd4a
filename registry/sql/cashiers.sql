-- name: begin_try
-- Whether a message is the first of its kind within $2: its repeats that come meanwhile are no tries.
INSERT INTO used_challenge AS u (challenge_hash, expires_at) VALUES ($1, now() + $2::interval)
ON CONFLICT (challenge_hash) DO UPDATE SET expires_at = EXCLUDED.expires_at WHERE u.expires_at <= now()
RETURNING true AS is_first;

-- name: count_at_till
-- Count a try at a till; how many there were within $3, this one included.
INSERT INTO till_tries AS t (book, terminal_id, since, tries) VALUES ($1, $2, now(), 1)
ON CONFLICT (book, terminal_id) DO UPDATE
SET since = CASE WHEN t.since < now() - $3::interval THEN now() ELSE t.since END,
    tries = CASE WHEN t.since < now() - $3::interval THEN 1 ELSE t.tries + 1 END
RETURNING tries;

-- name: forget_at_till
-- The last try at a till was right: it counts no more.
UPDATE till_tries SET tries = greatest(tries - 1, 0) WHERE book = $1 AND terminal_id = $2;

-- name: cashier_to_check
-- The cashier of a number; nobody else counts a try of his until the transaction ends. No row: there is none who may
-- work at the canteen now, or he is locked at every till.
SELECT cashier_id, pin_sealed, pin_is_first FROM cashier
WHERE book = $1 AND agency_id = $2 AND number = $3 AND state = 'active'
  AND (canteen_ids IS NULL OR $4 = ANY (canteen_ids)) AND (locked_until IS NULL OR locked_until <= now())
FOR UPDATE;

-- name: count_try_at_till
-- Count a cashier's try at a till, and lock him there from the $4th on for $5. No row: he is locked there.
INSERT INTO cashier_tries AS t (book, cashier_id, terminal_id, wrong_tries) VALUES ($1, $2, $3, 1)
ON CONFLICT (book, cashier_id, terminal_id) DO UPDATE
SET wrong_tries = t.wrong_tries + 1,
    locked_until = CASE WHEN t.wrong_tries + 1 >= $4 THEN now() + $5::interval END
WHERE t.locked_until IS NULL OR t.locked_until <= now()
RETURNING wrong_tries;

-- name: count_try
-- Count a cashier's try within $3, and lock him at every till from the $4th on for $5.
UPDATE cashier c
SET wrong_tries = n.tries,
    tries_since = CASE WHEN n.tries = 1 THEN now() ELSE c.tries_since END,
    locked_until = CASE WHEN n.tries >= $4 THEN now() + $5::interval END
FROM (SELECT CASE WHEN tries_since > now() - $3::interval THEN wrong_tries + 1 ELSE 1 END AS tries
      FROM cashier WHERE book = $1 AND cashier_id = $2) n
WHERE c.book = $1 AND c.cashier_id = $2;

-- name: forget_tries
-- The cashier's last try was right: it counts no more. Those before it do: who guesses elsewhere gets none back.
UPDATE cashier SET wrong_tries = greatest(wrong_tries - 1, 0), locked_until = NULL WHERE book = $1 AND cashier_id = $2;

-- name: forget_tries_at_till
-- The PIN was right: the cashier's tries at the till count no more.
UPDATE cashier_tries SET wrong_tries = 0, locked_until = NULL
WHERE book = $1 AND cashier_id = $2 AND terminal_id = $3;

-- name: cashier_with_pin
-- A cashier who still has this PIN and may work at the canteen; nobody changes him until the transaction ends.
SELECT cashier_id, agency_id, name_sealed, language, may_void FROM cashier
WHERE book = $1 AND cashier_id = $2 AND pin_sealed = $3 AND state = 'active'
  AND (canteen_ids IS NULL OR $4 = ANY (canteen_ids))
FOR UPDATE;

-- name: set_pin
-- Give a cashier the PIN that he chose.
UPDATE cashier SET pin_sealed = $3, pin_is_first = false WHERE book = $1 AND cashier_id = $2;

-- name: end_at_till
-- End who is signed on at a till under an earlier number; $4 is that of the message that ends it.
UPDATE cashier_sign_on SET ends_at = now(), ends_before = $4
WHERE book = $1 AND terminal_id = $2 AND epoch = $3 AND first_sequence < $4 AND ends_at > now();

-- name: sign_on
-- Keep who is at a till from a number on, until $8 from now.
INSERT INTO cashier_sign_on (book, terminal_id, epoch, first_sequence, cashier_id, canteen_id, may_void, signed_on_at,
                             ends_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, now(), now() + $8::interval);

-- name: signed_on
-- The sign-on of a number, with its cashier.
SELECT c.cashier_id, c.agency_id, c.name_sealed, c.language, s.may_void,
       floor(extract(epoch FROM s.ends_at))::bigint AS until
FROM cashier_sign_on s JOIN cashier c ON c.book = s.book AND c.cashier_id = s.cashier_id
WHERE s.book = $1 AND s.terminal_id = $2 AND s.epoch = $3 AND s.first_sequence = $4;

-- name: at_till_between
-- Who signed on at a terminal between two numbers, and the last one before them; the latest first.
SELECT s.first_sequence, s.cashier_id, c.number, s.signed_on_at, s.ends_at, s.ends_before
FROM (
    SELECT x.* FROM cashier_sign_on x
    WHERE x.book = $1 AND x.terminal_id = $2 AND x.epoch = $3 AND x.first_sequence BETWEEN $4 AND $5
    UNION ALL
    (SELECT x.* FROM cashier_sign_on x
     WHERE x.book = $1 AND x.terminal_id = $2 AND x.epoch = $3 AND x.first_sequence < $4
     ORDER BY x.first_sequence DESC LIMIT 1)
) s
JOIN cashier c ON c.book = s.book AND c.cashier_id = s.cashier_id
ORDER BY s.first_sequence DESC;

-- name: sign_on_before
-- The last sign-on at a terminal before a number.
SELECT first_sequence, ends_before, ends_at FROM cashier_sign_on
WHERE book = $1 AND terminal_id = $2 AND epoch = $3 AND first_sequence < $4
ORDER BY first_sequence DESC LIMIT 1;
