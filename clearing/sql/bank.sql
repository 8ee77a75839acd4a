-- name: add_account
-- Store the account that an agency has from a time on; agency 0 is the centre.
INSERT INTO bank_account_version (agency_id, valid_from, holder_name, number, bank) VALUES ($1, $2, $3, $4, $5);

-- name: latest_account
-- The account that an agency has, or will have.
SELECT holder_name, number, bank FROM bank_account_version WHERE agency_id = $1 ORDER BY valid_from DESC LIMIT 1;

-- name: accounts
-- All bank accounts in use now.
SELECT DISTINCT ON (agency_id) agency_id, holder_name, number, bank FROM bank_account_version
WHERE valid_from <= now() ORDER BY agency_id, valid_from DESC;

-- name: accounts_to_come
-- The first accounts of some agencies that are not used yet.
SELECT agency_id, min(valid_from) AS valid_from FROM bank_account_version
WHERE agency_id = ANY ($1::bigint[]) AND valid_from > now() GROUP BY agency_id ORDER BY agency_id;

-- name: published_at
-- When a cycle was published; null before.
SELECT published_at FROM cycle WHERE business_date = $1 AND state IN ('published', 'settled');

-- name: legs
-- A cycle's net positions that are not zero, with what the bank has confirmed of each.
SELECT p.agency_id, p.position_fen, coalesce(e.matched_fen, 0)::bigint AS matched_fen
FROM position p
LEFT JOIN (
    SELECT agency_id, sum(amount_fen) AS matched_fen FROM bank_entry WHERE cycle_date = $1 GROUP BY agency_id
) e ON e.agency_id = p.agency_id
WHERE p.cycle_date = $1 AND p.position_fen <> 0
ORDER BY p.agency_id;

-- name: leg_of_reference
-- The position of a reference (clearing.bank_files.reference_of), with what the bank has confirmed of it.
SELECT p.cycle_date, p.agency_id, p.position_fen,
       (SELECT coalesce(sum(e.amount_fen), 0) FROM bank_entry e
        WHERE e.cycle_date = p.cycle_date AND e.agency_id = p.agency_id)::bigint AS matched_fen
FROM position p
JOIN cycle c ON c.business_date = p.cycle_date AND c.state IN ('published', 'settled')
WHERE p.position_fen <> 0 AND $1 = 'OC' || to_char(p.cycle_date, 'YYYYMMDD') || 'A' || p.agency_id;

-- name: one_at_a_time
-- Confirmation files are posted one after the other.
SELECT pg_advisory_xact_lock(7340, 0);

-- name: entry
-- A bank entry by the bank's number.
SELECT credit, amount_fen, reference FROM bank_entry WHERE entry = $1;

-- name: add_entry
-- Store an entry with its verdict, and the position that it pays, if any.
INSERT INTO bank_entry (entry, credit, amount_fen, booked_on, reference, verdict, cycle_date, agency_id, taken_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: settle_cycles
-- Settle the published cycles whose positions are all matched.
UPDATE cycle c SET state = 'settled', settled_at = $1
WHERE c.state = 'published' AND NOT EXISTS (
    SELECT FROM position p WHERE p.cycle_date = c.business_date AND abs(p.position_fen) <> (
        SELECT coalesce(sum(e.amount_fen), 0) FROM bank_entry e
        WHERE e.cycle_date = p.cycle_date AND e.agency_id = p.agency_id));

-- name: unmatched
-- Unmatched entries, the newest first.
SELECT entry, reference, amount_fen, verdict FROM bank_entry WHERE verdict <> 'matched'
ORDER BY taken_at DESC LIMIT 1000;
