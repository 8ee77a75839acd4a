-- name: file_inspection
-- File a visit; nothing is returned if the inspector filed one of that day.
INSERT INTO inspection_visit (book, visit_id, canteen_id, visited_on, plan_year, inspector, looked_at, filed_by, filed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $6, $8)
ON CONFLICT (book, canteen_id, visited_on, inspector) DO NOTHING
RETURNING visit_id;

-- name: drawn
-- Whether the plan of a year drew a canteen.
SELECT EXISTS (SELECT 1 FROM sampling_plan p CROSS JOIN LATERAL jsonb_array_elements(p.drawn) d
               WHERE p.year = $1 AND (d ->> 'canteen_id')::bigint = $2);
