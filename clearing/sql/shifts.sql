-- name: findings
-- What of a business day's shifts needs a look, of one agency's tills or with null of all. A shift is looked at on each
-- day on which it took payments, and on the day of its opening, which lasts from $3 to $4. Of the shifts of a till those
-- are read that can hold the day's numbers; one ends where the next one begins, whatever its closing says.
WITH paid AS MATERIALIZED (
    SELECT t.terminal_id, t.epoch, t.sequence, sum(t.amount_fen)::bigint AS fen
    FROM book b JOIN transfer t ON t.book = b.book AND t.business_date = $1
    WHERE t.kind IN ('payment', 'working_meal') AND ($2::bigint IS NULL OR t.acquirer_id = $2)
    GROUP BY t.terminal_id, t.epoch, t.sequence
), till AS (
    SELECT m.book, m.terminal_id, m.canteen_id, c.agency_id, d.business_date > $1 AS is_over
    FROM terminal m
    JOIN canteen c ON c.book = m.book AND c.canteen_id = m.canteen_id
    JOIN book_day d ON d.book = m.book
    WHERE $2 IS NULL OR c.agency_id = $2
), span AS (
    SELECT till.book, p.terminal_id, p.epoch, min(p.sequence) AS first, max(p.sequence) AS last
    FROM paid p JOIN till ON till.terminal_id = p.terminal_id
    GROUP BY till.book, p.terminal_id, p.epoch
), shift AS MATERIALIZED (
    SELECT s.*, c.number, c.last_sequence, c.agrees, c.unknown, c.ledger_payments - c.payments AS off_payments,
           c.ledger_fen - c.amount_fen AS off_fen,
           least(coalesce(c.last_sequence, 9223372036854775807),
                 lead(s.first_sequence) OVER (PARTITION BY s.terminal_id, s.epoch ORDER BY s.first_sequence) - 1) AS ends
    FROM (
        SELECT x.* FROM span p
        CROSS JOIN LATERAL (
            SELECT DISTINCT ON (y.book) y.* FROM till_shift y
            WHERE y.book = p.book AND y.terminal_id = p.terminal_id AND y.epoch = p.epoch AND y.first_sequence <= p.first
            ORDER BY y.book, y.first_sequence DESC) x
        UNION
        SELECT x.* FROM span p
        JOIN till_shift x ON x.book = p.book AND x.terminal_id = p.terminal_id AND x.epoch = p.epoch
                         AND x.first_sequence > p.first AND x.first_sequence <= p.last
        UNION
        SELECT x.* FROM till_shift x JOIN till ON till.book = x.book AND till.terminal_id = x.terminal_id
        WHERE x.opened_at >= $3 AND x.opened_at < $4
    ) s
    LEFT JOIN LATERAL (
        SELECT DISTINCT ON (x.book) x.* FROM shift_closing x
        WHERE x.book = s.book AND x.terminal_id = s.terminal_id AND x.epoch = s.epoch
          AND x.first_sequence = s.first_sequence
        ORDER BY x.book, x.number DESC) c ON true
), taken AS MATERIALIZED (
    SELECT p.terminal_id, p.epoch, s.first_sequence, min(p.sequence) AS first, max(p.sequence) AS last,
           count(*) AS payments, sum(p.fen)::bigint AS fen
    FROM paid p
    LEFT JOIN shift s ON s.terminal_id = p.terminal_id AND s.epoch = p.epoch
                     AND p.sequence BETWEEN s.first_sequence AND s.ends
    GROUP BY p.terminal_id, p.epoch, s.first_sequence
)
SELECT 'outside' AS kind, till.agency_id, till.canteen_id, k.terminal_id, k.epoch, NULL::bigint AS shift, k.first, k.last,
       NULL AS cashier, NULL AS drawer, NULL::timestamptz AS opened_at, k.payments, k.fen AS amount_fen,
       0 AS unknown, 0 AS off_payments, 0 AS off_fen
FROM taken k JOIN till ON till.terminal_id = k.terminal_id
WHERE k.first_sequence IS NULL
UNION ALL
SELECT CASE WHEN s.number IS NULL THEN 'open' ELSE 'differs' END, till.agency_id,
       coalesce(s.canteen_id, till.canteen_id), s.terminal_id,
       s.epoch, s.first_sequence, s.first_sequence, coalesce(s.last_sequence, k.last, s.first_sequence), s.cashier,
       s.drawer, s.opened_at, coalesce(k.payments, 0), coalesce(k.fen, 0), coalesce(s.unknown, 0),
       coalesce(s.off_payments, 0), coalesce(s.off_fen, 0)
FROM shift s
JOIN till ON till.book = s.book AND till.terminal_id = s.terminal_id
LEFT JOIN taken k ON k.terminal_id = s.terminal_id AND k.epoch = s.epoch AND k.first_sequence = s.first_sequence
WHERE CASE WHEN s.number IS NULL THEN till.is_over ELSE NOT s.agrees END
ORDER BY agency_id, canteen_id, terminal_id, epoch, first LIMIT 1000;

-- name: closing
-- The latest closing of a shift of one agency's tills, or with null of any's.
SELECT c.book, c.terminal_id, c.epoch, c.first_sequence, c.last_sequence, s.cashier, s.drawer, c.agrees, c.body,
       c.signature_base, c.signature, c.public_key, c.received_at, c.first_sequence AS sequence
FROM terminal m
JOIN canteen p ON p.book = m.book AND p.canteen_id = m.canteen_id
JOIN shift_closing c ON c.book = m.book AND c.terminal_id = m.terminal_id
JOIN till_shift s ON s.book = c.book AND s.terminal_id = c.terminal_id AND s.epoch = c.epoch
                 AND s.first_sequence = c.first_sequence
WHERE m.terminal_id = $1 AND c.epoch = $2 AND c.first_sequence = $3 AND ($4::bigint IS NULL OR p.agency_id = $4)
ORDER BY c.number DESC LIMIT 1;
