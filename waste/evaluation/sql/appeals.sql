-- name: judges
-- Who made a canteen's result what it is: who froze the quarter, scored the canteen or weighed there again, or opened a
-- or decided a case of it against the canteen, or reviewed a flag of it.
SELECT frozen_by AS login FROM evaluation_quarter WHERE quarter = $1
UNION SELECT scored_by FROM evidence WHERE quarter = $1 AND canteen_id = $2
UNION SELECT weighed_by FROM reweighed_stream
      WHERE business_date >= $1 AND business_date < $1 + interval '3 months' AND canteen_id = $2
UNION SELECT s.done_by FROM rectification_case c JOIN case_step s ON s.book = c.book AND s.case_id = c.case_id
      WHERE c.quarter = $1 AND c.canteen_id = $2 AND s.action IN ('find', 'withdraw', 'pass')
UNION SELECT reviewed_by FROM kitchen_flag
      WHERE canteen_id = $2 AND reviewed_by IS NOT NULL AND last_day >= $1 AND first_day < $1 + interval '3 months';
