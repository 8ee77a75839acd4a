-- The payments that settle net positions: what the bank has confirmed of each, less what came back.
--
-- Money in the direction of the payment counts, money in the other direction came back (returned_fen).
CREATE OR REPLACE VIEW leg AS
SELECT p.cycle_date, p.agency_id, p.position_fen, coalesce(m.matched_fen, 0)::bigint AS matched_fen,
       coalesce(m.returned_fen, 0)::bigint AS returned_fen
FROM position p
LEFT JOIN LATERAL (
    SELECT sum(CASE WHEN e.credit = (p.position_fen < 0) THEN e.amount_fen ELSE -e.amount_fen END) AS matched_fen,
           sum(e.amount_fen) FILTER (WHERE e.credit <> (p.position_fen < 0)) AS returned_fen
    FROM (
        SELECT b.credit, b.amount_fen FROM bank_entry b WHERE b.cycle_date = p.cycle_date AND b.agency_id = p.agency_id
        UNION ALL
        SELECT b.credit, r.amount_fen FROM bank_entry_resolution r
        JOIN bank_entry b ON b.entry = r.entry AND b.occurrence = r.occurrence
        WHERE r.cycle_date = p.cycle_date AND r.agency_id = p.agency_id
    ) e
) m ON true
WHERE p.position_fen <> 0;
