-- name: one_file_at_a_time
-- Lock an agency for its next file, and for nothing else: payments and registrations do not wait.
SELECT FROM agency WHERE book = $1 AND agency_id = $2 FOR NO KEY UPDATE;

-- name: granted_before
-- The first batch of an agency with this content, other than the batch itself; no row if the batch has had it before.
SELECT f.batch, f.granted_at FROM grant_file f
WHERE f.book = $1 AND f.agency_id = $2 AND f.sha256 = $3 AND NOT EXISTS (
    SELECT 1 FROM grant_file g WHERE g.book = f.book AND g.agency_id = f.agency_id AND g.sha256 = f.sha256
                               AND g.batch = $4)
ORDER BY f.granted_at LIMIT 1;

-- name: note_file
-- Note a granted file.
INSERT INTO grant_file (book, agency_id, sha256, batch, granted_at, granted_by, again)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING;
