-- name: next_to_prove
-- The first published cycle without a manifest.
SELECT min(c.business_date) FROM cycle c
WHERE c.state IN ('published', 'settled') AND NOT EXISTS (
    SELECT FROM cycle_proof p WHERE p.cycle_date = c.business_date);

-- name: one_prover
-- One manifest is signed at a time: the log has no fork.
SELECT pg_advisory_xact_lock(7350, 0);

-- name: manifests
-- The log so far, in its order.
SELECT manifest FROM cycle_proof ORDER BY log_index;

-- name: leaves
-- A cycle's transfers in the order of its tree.
SELECT t.book, t.posting_id, t.part, t.kind, t.reverses, t.issuer_id, t.acquirer_id, t.canteen_id, t.meal, t.channel,
       t.holder_id, t.amount_fen, t.business_date, t.posted_at
FROM closed_day d
JOIN transfer t ON t.book = d.book AND t.business_date = d.business_date
WHERE d.cycle_date = $1
ORDER BY t.book, t.posting_id, t.part;

-- name: files
-- A cycle's published files.
SELECT file_name, sha256 FROM statement WHERE cycle_date = $1;

-- name: positions
-- A cycle's net positions.
SELECT agency_id, position_fen FROM position WHERE cycle_date = $1;

-- name: add_proof
-- Keep a cycle's signed manifest.
INSERT INTO cycle_proof (cycle_date, log_index, manifest, signature) VALUES ($1, $2, $3, $4);

-- name: proof
-- A cycle's signed manifest.
SELECT manifest, signature FROM cycle_proof WHERE cycle_date = $1;
