-- name: change_officials
-- Set names (null: as it was sealed), classes and departments of officials of one book. Who was leaving is as he was before: suspended, or active.
UPDATE official o
SET state = CASE WHEN o.state <> 'leaving' THEN o.state WHEN o.returns_suspended THEN 'suspended' ELSE 'active' END,
    returns_suspended = false, name_sealed = coalesce(a.name_sealed, o.name_sealed), person_class = a.person_class, department = a.department
FROM unnest($2::bigint[], $3::bytea[], $4::text[], $5::text[]) AS a(holder_id, name_sealed, person_class, department)
WHERE o.book = $1 AND o.holder_id = a.holder_id;

-- name: mark_leaving
-- Officials of one book who have left their agency; their purses wait to be paid out.
UPDATE official o SET state = 'leaving', returns_suspended = (o.state = 'suspended')
WHERE o.book = $1 AND o.holder_id = ANY ($2::bigint[]) AND o.state IN ('active', 'suspended');

-- name: link_earlier
-- The account that an official had before.
UPDATE official o SET earlier_book = $3, earlier_holder = $4
WHERE o.book = $1 AND o.holder_id = $2 AND o.earlier_holder IS NULL;
