-- name: file_inspection
-- File a visit; nothing is returned if the inspector filed one of that day, or if the request's number was used.
INSERT INTO inspection_visit (book, visit_id, canteen_id, visited_on, plan_year, inspector, looked_at, filed_by,
                              filed_at, request_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $6, $8, $9)
ON CONFLICT DO NOTHING
RETURNING visit_id;

-- name: filed_before
-- The visit that an inspector filed under a request's number, to this canteen and on this day.
SELECT visit_id FROM inspection_visit
WHERE book = $1 AND request_id = $2 AND canteen_id = $3 AND visited_on = $4 AND inspector = $5;

-- name: drawn
-- Whether the plan of a year drew a canteen.
SELECT EXISTS (SELECT 1 FROM sampling_plan p CROSS JOIN LATERAL jsonb_array_elements(p.drawn) d
               WHERE p.year = $1 AND (d ->> 'canteen_id')::bigint = $2);
