-- name: add
-- Record an inspector's score of an indicator; earlier ones stay.
INSERT INTO evidence (book, canteen_id, quarter, code, scored_at, share, note, scored_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: history
-- Every score of an indicator of a canteen's quarter, the newest first.
SELECT share, note, scored_by, scored_at FROM evidence
WHERE canteen_id = $1 AND quarter = $2 AND code = $3 ORDER BY scored_at DESC;
