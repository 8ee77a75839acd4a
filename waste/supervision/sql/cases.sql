-- name: figures
-- Cases opened and closed from $1 to $2, cases not closed, and those of them overdue on $3.
SELECT count(*) FILTER (WHERE opened_on BETWEEN $1 AND $2) AS opened,
       count(*) FILTER (WHERE closed_on BETWEEN $1 AND $2) AS closed,
       count(*) FILTER (WHERE state <> 'closed') AS open,
       count(*) FILTER (WHERE state <> 'closed' AND due_on < $3) AS overdue
FROM rectification_case WHERE state <> 'withdrawn';

-- name: overdue
-- Cases overdue on $1, the oldest first.
SELECT r.case_id, r.canteen_id, c.name_zh, c.name_en, r.what, r.due_on, r.level
FROM rectification_case r JOIN canteen c ON c.book = r.book AND c.canteen_id = r.canteen_id
WHERE r.state NOT IN ('closed', 'withdrawn') AND r.due_on < $1 ORDER BY r.due_on, r.case_id;

-- name: open_cases
-- Cases of some canteens that are not closed, the earliest deadline first.
SELECT r.case_id, r.canteen_id, c.name_zh, c.name_en, r.what, r.state, r.level, r.due_on, r.deadline
FROM rectification_case r JOIN canteen c ON c.book = r.book AND c.canteen_id = r.canteen_id
WHERE r.state NOT IN ('closed', 'withdrawn') AND r.canteen_id = ANY ($1) ORDER BY r.deadline, r.case_id;
