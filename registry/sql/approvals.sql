-- name: count_alone
-- Add money that a person moves alone on a day, for a machine also to the days of all through whose hands it went; returns the day's highest sum. The rows stay locked until the transaction ends.
WITH makers AS (
    SELECT $1::text AS login
    UNION
    SELECT unnest(array_append(handled_by, granted_by)) FROM console_user WHERE login = $1 AND role = 'machine'
), counted AS (
    INSERT INTO maker_day (login, day, amount_fen)
    SELECT login, $2::date, $3::bigint FROM makers WHERE login IS NOT NULL ORDER BY login
    ON CONFLICT (login, day) DO UPDATE SET amount_fen = maker_day.amount_fen + excluded.amount_fen
    RETURNING amount_fen
)
SELECT max(amount_fen) FROM counted;
