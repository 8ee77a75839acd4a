-- Meals of earlier cycles that were voided in a later one, with the fee that each had: it is given back as it was taken.
--
-- The obligations say where to look: nearly all nights have none.
CREATE OR REPLACE VIEW earlier_fee AS
SELECT o.cycle_date, o.book, o.issuer_id, o.acquirer_id, o.canteen_id, o.meal, o.channel, t.posting_id, c.fee_fen
FROM obligation o
JOIN closed_day d ON d.cycle_date = o.cycle_date AND d.book = o.book
JOIN transfer t ON t.book = d.book AND t.business_date = d.business_date AND t.kind = 'reversal' AND t.part = 0
               AND t.issuer_id = o.issuer_id AND t.canteen_id = o.canteen_id AND t.meal = o.meal
               AND t.channel = o.channel
JOIN transfer p ON p.book = t.book AND p.posting_id = t.reverses AND p.part = t.part
JOIN closed_day e ON e.book = p.book AND e.business_date = p.business_date AND e.cycle_date <> o.cycle_date
JOIN cycle c ON c.business_date = e.cycle_date
WHERE o.line = 'correction' AND o.reversals > 0 AND o.issuer_id <> o.acquirer_id;
