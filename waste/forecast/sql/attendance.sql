-- name: keep_attendance
-- Keep who is away on a day; replaces what was told of it before.
INSERT INTO attendance (book, canteen_id, business_date, staff, on_leave, travelling, remote, overtime, noted_by, noted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (book, canteen_id, business_date) DO UPDATE SET
    staff = excluded.staff, on_leave = excluded.on_leave, travelling = excluded.travelling, remote = excluded.remote,
    overtime = excluded.overtime, noted_by = excluded.noted_by, noted_at = excluded.noted_at;
