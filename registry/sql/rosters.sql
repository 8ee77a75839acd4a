-- name: change_officials
-- Set names, classes and departments of officials of one book.
UPDATE official o
SET state = 'active', name_sealed = a.name_sealed, person_class = a.person_class, department = a.department
FROM unnest($2::bigint[], $3::bytea[], $4::text[], $5::text[]) AS a(holder_id, name_sealed, person_class, department)
WHERE o.book = $1 AND o.holder_id = a.holder_id;

-- name: mark_leaving
-- Officials of one book who have left their agency; their purses wait to be paid out.
UPDATE official o SET state = 'leaving'
WHERE o.book = $1 AND o.holder_id = ANY ($2::bigint[]) AND o.state IN ('active', 'suspended');

-- name: link_earlier
-- The account that an official had before.
UPDATE official o SET earlier_book = $3, earlier_holder = $4
WHERE o.book = $1 AND o.holder_id = $2 AND o.earlier_holder IS NULL;
