-- name: positions
-- The net positions of a cycle with the agencies' names.
SELECT p.agency_id, a.name_zh, a.name_en, p.receivable_fen, p.payable_fen, p.position_fen
FROM position p JOIN agency a ON a.agency_id = p.agency_id
WHERE p.cycle_date = $1 ORDER BY p.agency_id;
