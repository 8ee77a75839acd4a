-- name: balances
-- The purses of one official.
SELECT kind, balance_fen FROM purse WHERE book = $1 AND holder_id = $2 ORDER BY kind;

-- name: tariffs
-- The tariffs of one canteen with the daily allowance at its place, newest first.
SELECT t.meal, t.valid_from, t.mode, t.home_fen, t.visitor_fen, t.limit_fen, a.meal_allowance_fen AS allowance_fen
FROM tariff t
JOIN canteen c ON c.book = t.book AND c.canteen_id = t.canteen_id
JOIN agency a ON a.book = c.book AND a.agency_id = c.agency_id
WHERE t.book = $1 AND t.canteen_id = $2
ORDER BY t.meal, t.valid_from DESC;

-- name: region_rules
-- The rules of one region, newest first.
SELECT valid_from, visitors, visitor_floor, visitor_cap, payment_max_fen, day_max_fen, meals_max, receipt_effect,
       subsidy_expires, late_payments_max, late_fen_max, place_check, place_within_m
FROM region_rules WHERE book = $1 ORDER BY valid_from DESC;

-- name: agreements
-- The regions whose officials a host region receives without a visit, with the period.
SELECT guest_book, valid_from, valid_to FROM region_agreement WHERE book = $1;

-- name: payment
-- The payment of a receipt's number: where it stands, and between whom.
SELECT t.book, t.holder_id, t.issuer_id, t.acquirer_id FROM transfer t
WHERE t.book IN (SELECT book FROM book) AND t.posting_id = $1 AND t.part = 0
  AND t.kind IN ('payment', 'working_meal');

-- name: receipt
-- What a payment's receipt says, and what was given back of it since.
SELECT min(t.kind) AS kind, t.meal, t.business_date, t.purchased_at, c.book AS host_book,
       min(t.posted_at) AS posted_at, is_late(t.purchased_at, min(t.posted_at)) AS late,
       p.name_zh AS issuer_zh, p.name_en AS issuer_en, c.name_zh AS canteen_zh, c.name_en AS canteen_en,
       p.agency_id AS issuer_id, c.agency_id AS host_id, c.canteen_id,
       coalesce(sum(t.amount_fen) FILTER (WHERE w.kind = 'cash'), 0)::bigint AS cash_fen,
       coalesce(sum(t.amount_fen) FILTER (WHERE w.kind = 'subsidy'), 0)::bigint AS subsidy_fen,
       coalesce(sum(t.amount_fen) FILTER (WHERE w.kind IS NULL), 0)::bigint AS host_fen,
       (SELECT coalesce(sum(r.amount_fen), 0) FROM transfer r
        WHERE r.book = t.book AND r.reverses = t.posting_id)::bigint AS given_back_fen,
       EXISTS (SELECT 1 FROM transfer r WHERE r.book = t.book AND r.reverses = t.posting_id AND r.kind = 'reversal')
           AS voided
FROM transfer t
JOIN official o ON o.book = t.book AND o.holder_id = t.holder_id
JOIN agency p ON p.book = o.book AND p.agency_id = o.agency_id
JOIN canteen c ON c.canteen_id = t.canteen_id
LEFT JOIN purse w ON w.book = t.book AND w.holder_id = t.holder_id AND w.account_id = t.debit_account
WHERE t.book IN (SELECT book FROM book) AND t.posting_id = $1 AND t.kind IN ('payment', 'working_meal')
GROUP BY t.book, t.posting_id, t.holder_id, t.meal, t.business_date, t.purchased_at, c.book, p.name_zh, p.name_en,
         c.name_zh, c.name_en, p.agency_id, c.agency_id, c.canteen_id;

-- name: lapses_due
-- The agencies whose officials' meal money of last year is to go back, and has not.
SELECT d.book, a.agency_id, d.year_end
FROM (SELECT b.book, (date_trunc('year', b.business_date) - interval '1 day')::date AS year_end FROM book_day b) d
JOIN agency a ON a.book = d.book
JOIN region_rules j ON j.book = d.book AND j.valid_from <= d.year_end AND j.subsidy_expires = 'year_end'
LEFT JOIN region_rules k ON k.book = d.book AND k.valid_from <= d.year_end AND k.valid_from > j.valid_from
LEFT JOIN subsidy_lapse l ON l.book = d.book AND l.agency_id = a.agency_id AND l.year = extract(year FROM d.year_end)
WHERE k.book IS NULL AND l.book IS NULL
ORDER BY d.book, a.agency_id;

-- name: roll_up_day
-- Sum a closed day's transfers per account that keeps no stored balance; again changes nothing.
INSERT INTO account_day (book, account_id, business_date, debit_fen, credit_fen)
SELECT s.book, s.account_id, s.business_date, sum(s.debit_fen), sum(s.credit_fen)
FROM (
    SELECT book, debit_account AS account_id, business_date, amount_fen AS debit_fen, 0 AS credit_fen
    FROM transfer WHERE book = $1 AND business_date = $2
    UNION ALL
    SELECT book, credit_account, business_date, 0, amount_fen FROM transfer WHERE book = $1 AND business_date = $2
) s
WHERE NOT EXISTS (SELECT 1 FROM purse w WHERE w.book = s.book AND w.account_id = s.account_id)
GROUP BY s.book, s.account_id, s.business_date
ON CONFLICT DO NOTHING;

-- name: taken_today
-- Payments and money per canteen in the open business day of every book, net of reversals, and the payments by channel:
-- the live figures.
SELECT c.canteen_id, c.name_zh, c.name_en, coalesce(s.payments, 0) AS payments, coalesce(s.amount_fen, 0) AS amount_fen,
       coalesce(s.card, 0) AS card, coalesce(s.qr, 0) AS qr, coalesce(s.sheet, 0) AS sheet,
       b.business_date::text AS business_date
FROM canteen c
JOIN book_day b ON b.book = c.book
LEFT JOIN (
    SELECT t.canteen_id,
           sum(meals_sold(t.kind, t.part))::bigint AS payments,
           sum(sale_fen(t.kind, t.amount_fen))::bigint AS amount_fen,
           sum(meals_sold(t.kind, t.part)) FILTER (WHERE t.channel = 'card')::bigint AS card,
           sum(meals_sold(t.kind, t.part)) FILTER (WHERE t.channel = 'qr')::bigint AS qr,
           sum(meals_sold(t.kind, t.part)) FILTER (WHERE t.channel = 'sheet')::bigint AS sheet
    FROM book_day d
    JOIN transfer t ON t.book = d.book AND t.business_date = d.business_date
    WHERE t.canteen_id IS NOT NULL
    GROUP BY t.canteen_id
) s ON s.canteen_id = c.canteen_id
ORDER BY c.canteen_id;

-- name: open_payments
-- Whether anything was paid at a canteen in an open business day: a refund of an earlier day is not.
SELECT EXISTS (SELECT 1 FROM book_day d JOIN transfer t ON t.book = d.book AND t.business_date = d.business_date
               WHERE t.canteen_id IS NOT NULL AND t.kind IN ('payment', 'working_meal'));

-- name: charge
-- Post a batch of charges of one book (charge.sql): each request's key, and what is remembered of it.
SELECT terminal_id, epoch, sequence, book, operation, digest, outcome, refusal, forwarded_to, posting_id, cash_fen,
       subsidy_fen, host_fen, cash_balance_fen, subsidy_balance_fen, business_date, answered_at
FROM charge($1::integer, $2::charge_order[]);

-- name: charge_with_lines
-- The same, with what was sold (charge_with_lines.sql).
SELECT terminal_id, epoch, sequence, book, operation, digest, outcome, refusal, forwarded_to, posting_id, cash_fen,
       subsidy_fen, host_fen, cash_balance_fen, subsidy_balance_fen, business_date, answered_at
FROM charge_with_lines($1::integer, $2::charge_order[], $3::text::jsonb);

-- name: sale_lines
-- What was sold in a payment.
SELECT article, portions, grams, unit_price_fen, amount_fen, take_away FROM sale_line
WHERE book IN (SELECT book FROM book) AND posting_id = $1 ORDER BY line;

-- name: void
-- Take back a request (void.sql): its key, and what is remembered of it.
SELECT terminal_id, epoch, sequence, book, operation, digest, outcome, refusal, forwarded_to, posting_id, cash_fen,
       subsidy_fen, host_fen, cash_balance_fen, subsidy_balance_fen, business_date, answered_at
FROM void_charge($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: refuse_void
-- Keep the refusal of a void under a number that is new, on the open business day.
INSERT INTO request (book, terminal_id, epoch, sequence, operation, digest, outcome, refusal, cash_fen, subsidy_fen,
                     host_fen, business_date, answered_at)
SELECT d.book, $2, $3, $4, 'void', $5, 'refused', $6, 0, 0, 0, d.business_date, now() FROM book_day d WHERE d.book = $1
ON CONFLICT DO NOTHING;

-- name: reversed
-- What a void gave back of a payment.
SELECT coalesce(sum(t.amount_fen), 0)::bigint FROM transfer t
WHERE t.book = $1 AND t.reverses = $2 AND t.kind = 'reversal';
