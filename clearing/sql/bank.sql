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

-- name: former_centres
-- Settlement accounts that the centre had when a cycle was published.
SELECT DISTINCT holder_name, number, bank FROM cycle_account WHERE agency_id = 0;

-- name: cycle_accounts
-- The bank accounts that stood when a cycle was published.
SELECT agency_id, holder_name, number, bank FROM cycle_account WHERE cycle_date = $1;

-- name: freeze_account
-- Keep a bank account as it stands at the publication of a cycle.
INSERT INTO cycle_account (cycle_date, agency_id, holder_name, number, bank) VALUES ($1, $2, $3, $4, $5);

-- name: legs
-- A cycle's net positions that are not zero, with what the bank has confirmed of each.
SELECT agency_id, position_fen, matched_fen, returned_fen FROM leg WHERE cycle_date = $1 ORDER BY agency_id;

-- name: open_legs
-- Net positions of published cycles that are not settled, of one agency or with null of all, the oldest first.
SELECT l.cycle_date, l.agency_id, l.position_fen, l.matched_fen, l.returned_fen, c.published_at
FROM leg l JOIN cycle c ON c.business_date = l.cycle_date AND c.state = 'published'
WHERE l.matched_fen <> abs(l.position_fen) AND ($1::bigint IS NULL OR l.agency_id = $1)
ORDER BY l.cycle_date, l.agency_id LIMIT 10000;

-- name: leg_of_reference
-- The position of a reference (clearing.bank_files.reference_of), with what the bank has confirmed of it.
SELECT l.cycle_date, l.agency_id, l.position_fen, l.matched_fen, l.returned_fen
FROM leg l
JOIN cycle c ON c.business_date = l.cycle_date AND c.state IN ('published', 'settled')
WHERE $1 = 'OC' || to_char(l.cycle_date, 'YYYYMMDD') || 'A' || l.agency_id;

-- name: one_at_a_time
-- Confirmation files are posted, and their entries resolved, one after the other.
SELECT pg_advisory_xact_lock(7340, 0);

-- name: entries
-- The bank entries under one number of the bank.
SELECT credit, amount_fen, booked_on, reference, remark FROM bank_entry WHERE entry = $1 ORDER BY occurrence;

-- name: add_entry
-- Store an entry with its verdict, and the position that it pays, if any.
INSERT INTO bank_entry (entry, occurrence, credit, amount_fen, booked_on, reference, remark, verdict, cycle_date,
                        agency_id, taken_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: settle_cycles
-- Settle those of the cycles $2 that are published and whose positions are all matched.
UPDATE cycle c SET state = 'settled', settled_at = $1
WHERE c.state = 'published' AND c.business_date = ANY ($2::date[]) AND NOT EXISTS (
    SELECT 1 FROM leg l WHERE l.cycle_date = c.business_date AND l.matched_fen <> abs(l.position_fen));

-- name: reopen_cycles
-- Take back the settlement of those of the cycles $1 of which money came back.
UPDATE cycle c SET state = 'published', settled_at = NULL
WHERE c.state = 'settled' AND c.business_date = ANY ($1::date[]) AND EXISTS (
    SELECT 1 FROM leg l WHERE l.cycle_date = c.business_date AND l.matched_fen <> abs(l.position_fen));

-- name: open_entries
-- Bank entries, or what is left of them, that match no position and wait for people, the newest first.
SELECT e.entry, e.occurrence, e.credit, e.amount_fen, e.booked_on, e.reference, coalesce(e.remark, '') AS remark,
       e.verdict, e.taken_at, (e.amount_fen - coalesce(sum(r.amount_fen), 0))::bigint AS open_fen
FROM bank_entry e
LEFT JOIN bank_entry_resolution r ON r.entry = e.entry AND r.occurrence = e.occurrence
WHERE e.verdict NOT IN ('matched', 'returned')
GROUP BY e.entry, e.occurrence, e.credit, e.amount_fen, e.booked_on, e.reference, e.remark, e.verdict, e.taken_at
HAVING e.amount_fen > coalesce(sum(r.amount_fen), 0)
ORDER BY e.taken_at DESC, e.entry, e.occurrence LIMIT 1000;

-- name: entry_to_resolve
-- A bank entry, how much of it waits for people, and how many parts were resolved; a matched one has nothing open.
SELECT e.credit, e.booked_on, e.reference,
       (CASE WHEN e.verdict IN ('matched', 'returned') THEN 0
             ELSE e.amount_fen - coalesce(sum(r.amount_fen), 0) END)::bigint AS open_fen,
       count(r.part)::integer AS parts
FROM bank_entry e
LEFT JOIN bank_entry_resolution r ON r.entry = e.entry AND r.occurrence = e.occurrence
WHERE e.entry = $1 AND e.occurrence = $2
GROUP BY e.credit, e.booked_on, e.reference, e.verdict, e.amount_fen;

-- name: add_resolution
-- Store what a person decided on a part of an entry.
INSERT INTO bank_entry_resolution (entry, occurrence, part, resolution, amount_fen, cycle_date, agency_id, reason,
                                   resolved_by, resolved_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: last_file
-- The last payment file of a cycle.
SELECT number, digest, content FROM payment_file WHERE cycle_date = $1 ORDER BY number DESC LIMIT 1;

-- name: add_file
-- Keep a payment file; no row when another one under its number was faster.
INSERT INTO payment_file (cycle_date, number, digest, content, made_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING RETURNING number;
