-- name: cases
-- Cases of a canteen that were found in a quarter or due in it.
SELECT case_id FROM rectification_case
WHERE canteen_id = $1 AND (quarter = $2 OR due_on BETWEEN $2 AND $3) ORDER BY case_id;
