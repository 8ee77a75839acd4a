-- name: positions
-- The net positions of a cycle with the agencies' names.
SELECT p.agency_id, name_on('agency', p.agency_id, $1, false, a.name_zh) AS name_zh,
       name_on('agency', p.agency_id, $1, true, a.name_en) AS name_en, p.receivable_fen, p.payable_fen, p.position_fen
FROM position p JOIN agency a ON a.agency_id = p.agency_id
WHERE p.cycle_date = $1 ORDER BY p.agency_id;
