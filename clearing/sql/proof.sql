-- name: manifests
-- The log so far, in its order.
SELECT manifest FROM cycle_proof ORDER BY log_index;

-- name: proofs
-- Every cycle's signed manifest.
SELECT cycle_date, manifest, signature FROM cycle_proof ORDER BY log_index;

-- name: leaf_count
-- How many transfers a cycle has.
SELECT count(*) FROM closed_day d JOIN transfer t ON t.book = d.book AND t.business_date = d.business_date
WHERE d.cycle_date = $1;

-- name: leaf_hashes
-- The hashes of a cycle's leaves in the order of its tree, many in a row: posting numbers that begin alike are of one
-- minute (UUIDv7). A book's are hashed on its node.
SELECT string_agg(
           sha256('\x00'::bytea || transfer_leaf(
               t.book, t.posting_id, t.part, t.kind, t.reverses, t.issuer_id, t.acquirer_id, t.canteen_id, t.meal,
               t.channel, t.holder_id, t.amount_fen, t.business_date, t.posted_at)),
           '' ORDER BY t.posting_id, t.part) AS hashes
FROM closed_day d
JOIN transfer t ON t.book = d.book AND t.business_date = d.business_date
WHERE d.cycle_date = $1
GROUP BY t.book, substring(uuid_send(t.posting_id) FROM 1 FOR 4)
ORDER BY t.book, substring(uuid_send(t.posting_id) FROM 1 FOR 4);

-- name: leaves
-- A cycle's transfers in the order of its tree, as leaves have them (clearing.proof.Line).
SELECT t.book, uuid_send(t.posting_id), t.part, t.kind, uuid_send(t.reverses), t.issuer_id, t.acquirer_id,
       t.canteen_id, t.meal, t.channel, t.holder_id, t.amount_fen, to_char(t.business_date, 'YYYY-MM-DD'),
       to_char(t.posted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')
FROM closed_day d
JOIN transfer t ON t.book = d.book AND t.business_date = d.business_date
WHERE d.cycle_date = $1
ORDER BY t.book, t.posting_id, t.part;

-- name: leaves_of
-- An agency's payments among a cycle's leaves, each with its place in the tree.
SELECT l.* FROM (
    SELECT row_number() OVER (ORDER BY t.book, t.posting_id, t.part) - 1, t.book, uuid_send(t.posting_id), t.part,
           t.kind, uuid_send(t.reverses), t.issuer_id, t.acquirer_id, t.canteen_id, t.meal, t.channel, t.holder_id,
           t.amount_fen, to_char(t.business_date, 'YYYY-MM-DD'),
           to_char(t.posted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')
    FROM closed_day d
    JOIN transfer t ON t.book = d.book AND t.business_date = d.business_date
    WHERE d.cycle_date = $1
) l
WHERE l.canteen_id IS NOT NULL AND $2 IN (l.issuer_id, l.acquirer_id);

-- name: files
-- A cycle's published files.
SELECT file_name, sha256 FROM statement WHERE cycle_date = $1;

-- name: fee
-- A cycle's fee for each meal served to a guest.
SELECT fee_fen FROM cycle WHERE business_date = $1;

-- name: earlier_fees
-- Voided meals of earlier cycles whose fee was not this cycle's.
SELECT uuid_send(e.posting_id) AS posting, e.fee_fen
FROM earlier_fee e JOIN cycle c ON c.business_date = e.cycle_date
WHERE e.cycle_date = $1 AND e.fee_fen <> c.fee_fen;

-- name: add_proof
-- Keep a cycle's signed manifest.
INSERT INTO cycle_proof (cycle_date, log_index, manifest, signature) VALUES ($1, $2, $3, $4);

-- name: proof
-- A cycle's signed manifest.
SELECT manifest, signature FROM cycle_proof WHERE cycle_date = $1;
