-- name: inventory
-- Terminals in use, of one agency or with null of all: their keys' age, and what they said at their last sign-on. With
-- $2 only those whose key is older than that.
SELECT t.terminal_id, t.kind, t.canteen_id, c.agency_id, c.name_zh AS canteen_zh, c.name_en AS canteen_en,
       a.name_zh AS agency_zh, a.name_en AS agency_en, t.epoch, coalesce(t.key_since, t.enrolled_at) AS key_since,
       s.signed_in_at AS signed_on_at, s.protocol, s.software, s.model, s.serial
FROM terminal t
JOIN canteen c ON c.book = t.book AND c.canteen_id = t.canteen_id
JOIN agency a ON a.book = c.book AND a.agency_id = c.agency_id
LEFT JOIN LATERAL (SELECT * FROM terminal_session x WHERE x.book = t.book AND x.terminal_id = t.terminal_id
                   ORDER BY x.signed_in_at DESC LIMIT 1) s ON true
WHERE t.state = 'active' AND ($1::bigint IS NULL OR c.agency_id = $1)
  AND ($2::timestamptz IS NULL OR coalesce(t.key_since, t.enrolled_at) < $2)
ORDER BY key_since, t.terminal_id;

-- name: late
-- How many terminals in use have a key that is older than that.
SELECT count(*)::bigint FROM terminal WHERE state = 'active' AND coalesce(key_since, enrolled_at) < $1;
