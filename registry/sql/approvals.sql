-- name: count_alone
-- Add money that a person moves alone on a day; returns the day's sum. The row stays locked until the transaction ends.
INSERT INTO maker_day (login, day, amount_fen) VALUES ($1, $2, $3)
ON CONFLICT (login, day) DO UPDATE SET amount_fen = maker_day.amount_fen + excluded.amount_fen
RETURNING amount_fen;
