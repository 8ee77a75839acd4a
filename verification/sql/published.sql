-- name: cycles
-- Cycles that were published, or have a manifest, with it, in the order of the log.
SELECT coalesce(c.business_date, p.cycle_date) AS cycle_date, c.fee_fen, p.manifest, p.signature
FROM (SELECT * FROM cycle WHERE state IN ('published', 'settled')) c
FULL JOIN cycle_proof p ON p.cycle_date = c.business_date
ORDER BY p.log_index, cycle_date;

-- name: positions
-- The net positions of a cycle.
SELECT agency_id, position_fen FROM position WHERE cycle_date = $1;

-- name: files
-- Published files as noted, with the position that the last line must show.
SELECT s.cycle_date, s.file_name, s.sha256, p.position_fen
FROM statement s
JOIN cycle c ON c.business_date = s.cycle_date AND c.state IN ('published', 'settled')
LEFT JOIN position p ON p.cycle_date = s.cycle_date AND p.agency_id = s.agency_id AND s.format = 'csv';

-- name: missing_statements
-- Agencies without a statement in a published cycle.
SELECT p.cycle_date, p.agency_id FROM position p
JOIN cycle c ON c.business_date = p.cycle_date AND c.state IN ('published', 'settled')
WHERE NOT EXISTS (
    SELECT 1 FROM statement s WHERE s.cycle_date = p.cycle_date AND s.agency_id = p.agency_id AND s.document = 'statement'
      AND s.format = 'csv');
