-- name: looked_at
-- How much there is.
SELECT (SELECT count(*) FROM transfer) AS transfers, (SELECT count(*) FROM request) AS requests,
       (SELECT count(*) FROM purse) AS purses, (SELECT count(*) FROM account_day) AS account_days,
       (SELECT count(*) FROM closed_day) AS closed_days, (SELECT count(*) FROM cycle) AS cycles,
       (SELECT count(*) FROM position) AS positions, (SELECT count(*) FROM gateway_order) AS orders,
       (SELECT count(*) FROM dispute) AS disputes, (SELECT count(*) FROM shift_closing) AS closings,
       (SELECT count(*) FROM bank_entry) AS bank_entries, (SELECT count(*) FROM sale_line) AS sale_lines,
       (SELECT count(*) FROM credential) AS credentials, (SELECT count(*) FROM terminal) AS terminals,
       (SELECT count(*) FROM purse) + (SELECT count(*) FROM credential) + (SELECT count(*) FROM visit)
       + (SELECT count(*) FROM phone_activation) + (SELECT count(*) FROM gateway_order)
       + (SELECT count(*) FROM code_reference) + (SELECT count(*) FROM shift_closing)
       + (SELECT count(*) FROM closed_day WHERE cycle_date IS NOT NULL) + (SELECT count(*) FROM quarter_result)
           AS "references";

-- name: balances_sum_to_zero
-- Purses as stored plus all other accounts as the sum of their transfers: one fen off anywhere shows here.
SELECT s.off_fen
FROM (
    SELECT ((SELECT coalesce(sum(balance_fen), 0) FROM purse)
          + (SELECT coalesce(sum(t.amount_fen), 0) FROM transfer t
             WHERE NOT EXISTS (SELECT 1 FROM purse w WHERE w.book = t.book AND w.account_id = t.credit_account))
          - (SELECT coalesce(sum(t.amount_fen), 0) FROM transfer t
             WHERE NOT EXISTS (SELECT 1 FROM purse w WHERE w.book = t.book AND w.account_id = t.debit_account))
           )::bigint AS off_fen
) s WHERE s.off_fen <> 0;

-- name: stored_balances
-- Purses whose stored balance is not the sum of their transfers.
SELECT w.kind AS purse, w.holder_id, w.book,
       (w.balance_fen - coalesce(s.sum_fen, 0))::bigint AS off_fen
FROM purse w
LEFT JOIN (
    SELECT book, account_id, sum(fen) AS sum_fen
    FROM (SELECT book, credit_account AS account_id, amount_fen AS fen FROM transfer
          UNION ALL SELECT book, debit_account, -amount_fen FROM transfer) m
    GROUP BY book, account_id
) s ON s.book = w.book AND s.account_id = w.account_id
WHERE w.balance_fen <> coalesce(s.sum_fen, 0)
ORDER BY w.book, w.holder_id;

-- name: account_days
-- Closed days of accounts whose roll-up is not the sum of the day's transfers, or is missing.
SELECT account_id, business_date, book,
       (sum(kept_fen) - sum(fen))::bigint AS off_fen
FROM (
    SELECT d.book, m.account_id, d.business_date, m.fen, 0 AS kept_fen
    FROM closed_day d
    JOIN LATERAL (
        SELECT t.credit_account AS account_id, t.amount_fen AS fen FROM transfer t
        WHERE t.book = d.book AND t.business_date = d.business_date
        UNION ALL
        SELECT t.debit_account, -t.amount_fen FROM transfer t
        WHERE t.book = d.book AND t.business_date = d.business_date
    ) m ON true
    WHERE d.rolled_up_at IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM purse w WHERE w.book = d.book AND w.account_id = m.account_id)
    UNION ALL
    SELECT book, account_id, business_date, 0, credit_fen - debit_fen FROM account_day
) s
GROUP BY book, account_id, business_date
HAVING sum(kept_fen) <> sum(fen)
ORDER BY book, account_id;

-- name: accounts_exist
-- Transfers with a side that is no account of the book.
SELECT t.posting_id, t.part, t.amount_fen AS off_fen
FROM transfer t
LEFT JOIN account d ON d.book = t.book AND d.account_id = t.debit_account
LEFT JOIN account c ON c.book = t.book AND c.account_id = t.credit_account
WHERE d.account_id IS NULL OR c.account_id IS NULL
   OR (t.kind = 'payment' AND (d.kind NOT IN ('cash', 'subsidy') OR c.kind <> 'canteen'
                               OR d.holder_id <> t.holder_id OR c.canteen_id <> t.canteen_id))
   OR (t.kind = 'working_meal' AND (d.kind <> 'working_meal' OR c.kind <> 'canteen'
                                    OR d.agency_id <> t.acquirer_id OR c.canteen_id <> t.canteen_id))
   OR (t.kind = 'top_up' AND (d.kind <> 'float' OR c.kind <> 'cash'))
   OR (t.kind = 'grant' AND (d.kind <> 'grant' OR c.kind <> 'subsidy'))
   OR (t.kind = 'payout' AND (d.kind <> 'cash' OR c.kind <> 'float'))
   OR (t.kind = 'lapse' AND (d.kind <> 'subsidy' OR c.kind <> 'grant'));

-- name: references_exist
-- Rows that refer to an official, a credential, a shift, a cycle or a quarter that is not there. No foreign key could
-- keep these once the ledger is spread over several nodes.
SELECT 'purse' AS kind, w.book::text AS book, w.holder_id::text AS number, 0::bigint AS off_fen
FROM purse w LEFT JOIN official o ON o.book = w.book AND o.holder_id = w.holder_id WHERE o.book IS NULL
UNION ALL
SELECT 'credential', c.book::text, c.credential_id::text, 0
FROM credential c LEFT JOIN official o ON o.book = c.book AND o.holder_id = c.holder_id WHERE o.book IS NULL
UNION ALL
SELECT 'visit', v.book::text, v.visit_id::text, 0
FROM visit v LEFT JOIN official o ON o.book = v.book AND o.holder_id = v.holder_id WHERE o.book IS NULL
UNION ALL
SELECT 'phone_activation', a.book::text, a.activation_id::text, 0
FROM phone_activation a LEFT JOIN official o ON o.book = a.book AND o.holder_id = a.holder_id WHERE o.book IS NULL
UNION ALL
SELECT 'gateway_order', g.book::text, g.number::text, 0
FROM gateway_order g LEFT JOIN official o ON o.book = g.book AND o.holder_id = g.holder_id WHERE o.book IS NULL
UNION ALL
SELECT 'code_reference', r.book::text, r.credential_id::text, 0
FROM code_reference r LEFT JOIN credential c ON c.book = r.book AND c.credential_id = r.credential_id
WHERE c.book IS NULL
UNION ALL
SELECT 'shift_closing', c.book::text, c.terminal_id::text, 0
FROM shift_closing c
LEFT JOIN till_shift s ON s.book = c.book AND s.terminal_id = c.terminal_id AND s.epoch = c.epoch
                      AND s.first_sequence = c.first_sequence
WHERE s.book IS NULL
UNION ALL
SELECT 'closed_day', d.book::text, d.business_date::text, 0
FROM closed_day d LEFT JOIN cycle c ON c.business_date = d.cycle_date
WHERE d.cycle_date IS NOT NULL AND c.business_date IS NULL
UNION ALL
SELECT 'quarter_result', r.book::text, r.canteen_id::text, 0
FROM quarter_result r LEFT JOIN evaluation_quarter q ON q.quarter = r.quarter WHERE q.quarter IS NULL;

-- name: approved_are_posted
-- Approved charges whose transfers are missing or come to another amount; voids whose reversal does.
SELECT r.epoch, r.sequence, r.terminal_id,
       (r.cash_fen + r.subsidy_fen + r.host_fen - coalesce(s.amount_fen, 0))::bigint AS off_fen
FROM request r
LEFT JOIN (
    SELECT t.book, t.posting_id, sum(t.amount_fen) AS amount_fen, min(t.kind) AS kind,
           min(t.terminal_id) AS terminal_id, min(t.epoch) AS epoch, min(t.sequence) AS sequence
    FROM transfer t WHERE t.kind IN ('payment', 'working_meal', 'reversal')
    GROUP BY t.book, t.posting_id
) s ON s.book = r.book AND s.posting_id = r.posting_id
WHERE r.posting_id IS NOT NULL
  AND (s.posting_id IS NULL OR s.amount_fen <> r.cash_fen + r.subsidy_fen + r.host_fen
       OR s.kind <> CASE WHEN r.operation = 'void' THEN 'reversal'
                         WHEN r.host_fen > 0 THEN 'working_meal' ELSE 'payment' END
       OR (s.terminal_id, s.epoch, s.sequence) <> (r.terminal_id, r.epoch, r.sequence));

-- name: posted_once
-- Numbers of a terminal under which more than one posting stands, in any book.
SELECT t.epoch, t.sequence, t.terminal_id,
       (sum(t.amount_fen) - min(t.amount_fen))::bigint AS off_fen
FROM transfer t WHERE t.terminal_id IS NOT NULL
GROUP BY t.terminal_id, t.epoch, t.sequence
HAVING count(DISTINCT t.posting_id) > 1;

-- name: posted_were_approved
-- Postings by terminals without their remembered request.
SELECT t.posting_id, sum(t.amount_fen)::bigint AS off_fen
FROM transfer t
LEFT JOIN request r ON r.book = t.book AND r.terminal_id = t.terminal_id AND r.epoch = t.epoch
                   AND r.sequence = t.sequence AND r.posting_id = t.posting_id
WHERE t.kind IN ('payment', 'working_meal', 'reversal') AND r.posting_id IS NULL
GROUP BY t.posting_id;

-- name: forwarded_numbers
-- Forwarded numbers whose answer in the other book is to another message, or stands in two other books.
WITH answered AS MATERIALIZED (
    SELECT h.epoch, h.sequence, h.terminal_id, h.digest, h.forwarded_to, o.book AS answered_in,
           o.digest AS answered_digest, o.cash_fen + o.subsidy_fen + o.host_fen AS fen
    FROM request h
    JOIN request o ON o.terminal_id = h.terminal_id AND o.epoch = h.epoch AND o.sequence = h.sequence
                  AND o.book <> h.book
    WHERE h.forwarded_to IS NOT NULL AND o.forwarded_to IS NULL
)
SELECT epoch, sequence, terminal_id, sum(fen)::bigint AS off_fen
FROM answered
GROUP BY epoch, sequence, terminal_id, digest, forwarded_to
HAVING bool_or(answered_digest IS NOT NULL AND answered_digest <> digest) OR bool_or(answered_in <> forwarded_to);

-- name: counter_used_once
-- Counter values of a credential that stand in more than one posting.
SELECT t.credential_id, t.counter,
       (sum(t.amount_fen) - min(t.amount_fen))::bigint AS off_fen
FROM transfer t WHERE t.credential_id IS NOT NULL AND t.counter IS NOT NULL
GROUP BY t.book, t.credential_id, t.counter
HAVING count(DISTINCT t.posting_id) > 1;

-- name: counters_in_window
-- Payments whose counter is 256 or more below one that was posted earlier: nobody could know any more that it was unused.
SELECT s.credential_id, s.counter, s.amount_fen AS off_fen
FROM (
    SELECT t.credential_id, t.counter, t.amount_fen,
           max(t.counter) OVER (PARTITION BY t.book, t.credential_id ORDER BY t.posted_at, t.counter
                                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM transfer t WHERE t.credential_id IS NOT NULL
) s WHERE s.counter <= s.before - 256;

-- name: credential_owns_purse
-- Payments by a credential of another official, or of none.
SELECT t.posting_id, t.amount_fen AS off_fen
FROM transfer t
LEFT JOIN credential c ON c.book = t.book AND c.credential_id = t.credential_id AND c.holder_id = t.holder_id
WHERE t.kind IN ('payment', 'working_meal') AND c.credential_id IS NULL;

-- name: purses_not_negative
-- Purses below zero.
SELECT kind AS purse, holder_id, balance_fen AS off_fen
FROM purse WHERE balance_fen < 0;

-- name: online_top_ups
-- Orders that were paid and not posted, and postings of the gateway without their order. (Posted while the order is
-- still open: whoever settles it died in between, and the next one finishes it.)
SELECT coalesce(g.number, t.posting_id) AS number,
       (coalesce(t.amount_fen, 0) - coalesce(CASE WHEN g.state <> 'returned' THEN g.amount_fen END, 0))::bigint AS off_fen
FROM gateway_order g
FULL JOIN (SELECT * FROM transfer WHERE kind = 'top_up' AND channel = 'gateway') t
    ON t.book = g.book AND t.posting_id = g.number
WHERE (g.state = 'paid' AND t.posting_id IS NULL)
   OR (t.posting_id IS NOT NULL AND (g.state IS NULL OR g.state = 'returned'
       OR (g.holder_id, g.amount_fen) <> (t.holder_id, t.amount_fen)));

-- name: one_business_day
-- Transfers of a day that is neither open nor closed.
SELECT t.posting_id, t.business_date, t.amount_fen AS off_fen
FROM transfer t
LEFT JOIN book_day o ON o.book = t.book AND o.business_date = t.business_date
LEFT JOIN closed_day c ON c.book = t.book AND c.business_date = t.business_date
WHERE (o.book IS NULL) = (c.book IS NULL);

-- name: closed_day_never_changes
-- Obligations of netted cycles that are not what their closed days' transfers come to now.
SELECT cycle_date, issuer_id, canteen_id, meal, channel, book,
       (sum(kept_fen) - sum(fen))::bigint AS off_fen
FROM (
    SELECT o.cycle_date, o.book, o.issuer_id, o.canteen_id, o.acquirer_id, o.meal, o.channel,
           o.paid_fen - o.reversed_fen AS kept_fen, 0 AS fen, o.payments AS kept_payments, 0 AS payments
    FROM obligation o WHERE o.line <> 'fee'
    UNION ALL
    SELECT d.cycle_date, t.book, t.issuer_id, t.canteen_id, t.acquirer_id, t.meal, t.channel, 0,
           sale_fen(t.kind, t.amount_fen), 0, greatest(meals_sold(t.kind, t.part), 0)
    FROM closed_day d JOIN transfer t ON t.book = d.book AND t.business_date = d.business_date
    WHERE d.rolled_up_at IS NOT NULL AND t.canteen_id IS NOT NULL
) s
GROUP BY cycle_date, book, issuer_id, canteen_id, acquirer_id, meal, channel
HAVING sum(kept_fen) <> sum(fen) OR sum(kept_payments) <> sum(payments);

-- name: closed_day_has_cycle
-- Closed days without a cycle although a later one was closed, and days marked closed that are still open. While a cycle
-- is being closed, its days have none yet: an interruption there is no damage, and the job runner continues it.
SELECT d.book, d.business_date, coalesce(sum(t.amount_fen), 0)::bigint AS off_fen
FROM closed_day d
LEFT JOIN book_day b ON b.book = d.book AND b.business_date <= d.business_date
LEFT JOIN transfer t ON t.book = d.book AND t.business_date = d.business_date
WHERE (d.cycle_date IS NULL
       AND d.business_date <= (SELECT max(c.business_date) FROM cycle c WHERE c.state <> 'closing'))
   OR b.book IS NOT NULL
   OR d.cycle_date < d.business_date
GROUP BY d.book, d.business_date;

-- name: positions_sum_to_zero
-- Cycles whose net positions do not sum to zero.
SELECT cycle_date, sum(position_fen)::bigint AS off_fen
FROM position GROUP BY cycle_date HAVING sum(position_fen) <> 0;

-- name: positions_equal_obligations
-- Positions that are not what the agency's obligations come to.
SELECT p.agency_id, p.cycle_date,
       (p.position_fen - coalesce(s.net_fen, 0))::bigint AS off_fen
FROM position p
LEFT JOIN (
    SELECT cycle_date, agency_id, sum(fen) AS net_fen
    FROM (SELECT cycle_date, acquirer_id AS agency_id, paid_fen - reversed_fen AS fen FROM obligation
          WHERE issuer_id <> acquirer_id
          UNION ALL
          SELECT cycle_date, issuer_id, reversed_fen - paid_fen FROM obligation WHERE issuer_id <> acquirer_id) o
    GROUP BY cycle_date, agency_id
) s ON s.cycle_date = p.cycle_date AND s.agency_id = p.agency_id
WHERE p.position_fen <> coalesce(s.net_fen, 0) OR p.position_fen <> p.receivable_fen - p.payable_fen;

-- name: fees
-- Fees of netted cycles that are not the cycle's fee for each meal at another agency's canteen, or for one that was
-- given back the fee of its own cycle.
SELECT f.cycle_date, f.issuer_id, f.canteen_id, (f.taken_fen - f.due_fen)::bigint AS off_fen
FROM (
    SELECT o.cycle_date, o.issuer_id, o.canteen_id, o.taken_fen,
           o.fee_fen * (o.meals + coalesce(e.meals, 0)) - coalesce(e.fen, 0) AS due_fen
    FROM (
        SELECT b.cycle_date, c.fee_fen, b.book, b.issuer_id, b.canteen_id,
               coalesce(sum(b.paid_fen - b.reversed_fen) FILTER (WHERE b.line = 'fee'), 0) AS taken_fen,
               coalesce(sum(b.payments - b.reversals) FILTER (WHERE b.line <> 'fee'), 0) AS meals
        FROM obligation b JOIN cycle c ON c.business_date = b.cycle_date AND c.state NOT IN ('closing', 'closed')
        WHERE b.issuer_id <> b.acquirer_id
        GROUP BY b.cycle_date, c.fee_fen, b.book, b.issuer_id, b.canteen_id
    ) o
    LEFT JOIN (
        SELECT cycle_date, book, issuer_id, canteen_id, count(*) AS meals, sum(fee_fen) AS fen
        FROM earlier_fee GROUP BY cycle_date, book, issuer_id, canteen_id
    ) e ON e.cycle_date = o.cycle_date AND e.book = o.book AND e.issuer_id = o.issuer_id
       AND e.canteen_id = o.canteen_id
) f
WHERE f.taken_fen <> f.due_fen;

-- name: settled_money
-- Positions for which more money moved than is due, less than came back, or less than is due though the cycle is
-- settled; and those of entries that moved money the other way than was noted.
SELECT p.agency_id, p.cycle_date,
       (coalesce(m.fen, 0) - abs(p.position_fen))::bigint AS off_fen
FROM position p
JOIN cycle c ON c.business_date = p.cycle_date
LEFT JOIN LATERAL (
    SELECT sum(CASE WHEN e.credit = (p.position_fen < 0) THEN e.amount_fen ELSE -e.amount_fen END) AS fen,
           bool_or((e.credit = (p.position_fen < 0)) <> (e.verdict = 'matched')) AS turned
    FROM (SELECT b.credit, b.amount_fen, b.verdict FROM bank_entry b
          WHERE b.cycle_date = p.cycle_date AND b.agency_id = p.agency_id
          UNION ALL
          SELECT b.credit, r.amount_fen, NULL FROM bank_entry_resolution r
          JOIN bank_entry b ON b.entry = r.entry AND b.occurrence = r.occurrence
          WHERE r.cycle_date = p.cycle_date AND r.agency_id = p.agency_id) e) m ON true
WHERE m.fen > abs(p.position_fen) OR m.fen < 0 OR m.turned
   OR (c.state = 'settled' AND coalesce(m.fen, 0) <> abs(p.position_fen));

-- name: resolved_entries
-- Bank entries of which more was resolved than they are, or that matched and were resolved all the same.
SELECT e.entry, e.occurrence,
       (sum(r.amount_fen) - CASE WHEN e.verdict IN ('matched', 'returned') THEN 0 ELSE e.amount_fen END)::bigint AS off_fen
FROM bank_entry e
JOIN bank_entry_resolution r ON r.entry = e.entry AND r.occurrence = e.occurrence
GROUP BY e.entry, e.occurrence, e.verdict, e.amount_fen
HAVING sum(r.amount_fen) > CASE WHEN e.verdict IN ('matched', 'returned') THEN 0 ELSE e.amount_fen END;

-- name: accepted_disputes
-- Accepted disputes whose money did not go back, or not all of it.
SELECT d.dispute_id, d.posting_id,
       (d.amount_fen - coalesce(sum(t.amount_fen), 0))::bigint AS off_fen
FROM dispute d
LEFT JOIN transfer t ON t.book = d.book AND t.posting_id = d.refund_id AND t.reverses = d.posting_id
WHERE d.state = 'accepted'
GROUP BY d.dispute_id, d.posting_id, d.amount_fen
HAVING d.amount_fen <> coalesce(sum(t.amount_fen), 0);

-- name: blocked_do_not_pay
-- Payments posted while the credential was on the block list.
SELECT t.posting_id, t.credential_id, t.amount_fen AS off_fen
FROM transfer t
JOIN (
    SELECT e.credential_id, e.blocked, e.at AS since,
           lead(e.at) OVER (PARTITION BY e.credential_id ORDER BY e.version) AS until
    FROM block_entry e
) b ON b.blocked AND b.credential_id = t.credential_id AND b.since < t.posted_at - interval '5 seconds'
   AND (b.until IS NULL OR b.until >= t.posted_at - interval '5 seconds')
WHERE t.kind IN ('payment', 'working_meal');

-- name: own_canteen
-- Postings by a terminal for a canteen or agency that is not, and was not, its own.
SELECT t.posting_id, t.terminal_id, t.amount_fen AS off_fen
FROM transfer t
LEFT JOIN terminal m ON m.terminal_id = t.terminal_id
LEFT JOIN canteen c ON c.book = m.book AND c.canteen_id = m.canteen_id
WHERE t.kind IN ('payment', 'working_meal', 'reversal') AND t.channel IS DISTINCT FROM 'sheet'
  AND (c.canteen_id IS NULL OR c.agency_id <> t.acquirer_id
       OR (c.canteen_id <> t.canteen_id AND t.canteen_id <> ALL (m.former_canteens)));

-- name: own_sheet
-- Payments by a sheet, and their voids, that the payer's own phone did not make, or not by a sheet of the canteen.
SELECT t.posting_id, t.terminal_id, t.amount_fen AS off_fen
FROM transfer t
LEFT JOIN request r ON r.book = t.book AND r.terminal_id = t.terminal_id AND r.epoch = 1 AND r.sequence = t.sequence
LEFT JOIN sheet_payment p ON p.book = r.book AND p.terminal_id = r.terminal_id AND p.epoch = r.epoch
                         AND p.sequence = r.sequence AND p.digest = r.digest
LEFT JOIN sheet s ON s.sheet_id = p.sheet_id
LEFT JOIN canteen c ON c.book = s.book AND c.canteen_id = s.canteen_id
WHERE t.channel = 'sheet' AND t.kind IN ('payment', 'working_meal', 'reversal')
  AND (c.canteen_id IS NULL OR c.canteen_id <> t.canteen_id OR c.agency_id <> t.acquirer_id
       OR t.credential_id <> t.terminal_id OR (t.kind = 'reversal') <> (t.epoch = 2));

-- name: home_or_cash
-- Visitors' payments from a subsidy purse, and payments under another issuer than the official's agency.
SELECT t.posting_id, t.amount_fen AS off_fen
FROM transfer t
JOIN official o ON o.book = t.book AND o.holder_id = t.holder_id
LEFT JOIN purse w ON w.book = t.book AND w.account_id = t.debit_account
WHERE (t.issuer_id <> o.agency_id AND NOT (sale_fen(t.kind, t.amount_fen) <> 0 AND w.account_id IS NULL
                                           AND t.issuer_id = t.acquirer_id))
   OR (t.kind = 'payment' AND w.kind = 'subsidy' AND t.acquirer_id <> t.issuer_id);

-- name: reversals
-- Reversals that do not mirror a payment, part by part.
SELECT t.posting_id, t.part,
       (t.amount_fen - coalesce(p.amount_fen, 0))::bigint AS off_fen
FROM transfer t
LEFT JOIN transfer p ON p.book = t.book AND p.posting_id = t.reverses AND p.part = t.part
                    AND p.kind IN ('payment', 'working_meal')
WHERE t.kind = 'reversal'
  AND (p.posting_id IS NULL OR p.amount_fen <> t.amount_fen OR p.debit_account <> t.credit_account
       OR p.credit_account <> t.debit_account OR p.canteen_id <> t.canteen_id);

-- name: given_back
-- Payments of which more was given back than was paid, and refunds of what is no payment or to another account.
SELECT t.reverses, t.part,
       (sum(t.amount_fen) - coalesce(p.amount_fen, 0))::bigint AS off_fen
FROM transfer t
LEFT JOIN transfer p ON p.book = t.book AND p.posting_id = t.reverses AND p.part = t.part
                    AND p.kind IN ('payment', 'working_meal') AND p.holder_id = t.holder_id
                    AND p.debit_account = t.credit_account AND p.credit_account = t.debit_account
WHERE t.kind IN ('reversal', 'refund')
GROUP BY t.book, t.reverses, t.part, p.amount_fen
HAVING p.amount_fen IS NULL OR sum(t.amount_fen) > p.amount_fen;

-- name: last_counters
-- Credentials whose last counter is not the highest that paid.
SELECT c.credential_id, 0::bigint AS off_fen
FROM credential c
LEFT JOIN (
    SELECT book, credential_id, max(counter) AS counter FROM transfer
    WHERE credential_id IS NOT NULL GROUP BY book, credential_id
) t ON t.book = c.book AND t.credential_id = c.credential_id
WHERE c.last_counter <> coalesce(t.counter, 0);

-- name: counters_used
-- Counters that have paid and could pay again: their bit is not set.
SELECT t.credential_id, t.counter, sum(t.amount_fen)::bigint AS off_fen
FROM transfer t
JOIN credential c ON c.book = t.book AND c.credential_id = t.credential_id
WHERE t.counter IS NOT NULL AND counter_refusal(c.last_counter, c.counters_used, t.counter) IS NULL
GROUP BY t.book, t.credential_id, t.counter;

-- name: working_meals
-- Working meals without a visit to that host, and visits with more than one that stands.
SELECT t.posting_id, t.amount_fen AS off_fen
FROM transfer t
LEFT JOIN visit v ON v.book = t.book AND v.holder_id = t.holder_id AND v.working_meal = t.posting_id
                 AND v.host_agency_id = t.acquirer_id
WHERE t.kind = 'working_meal' AND v.visit_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM transfer r WHERE r.book = t.book AND r.reverses = t.posting_id AND r.kind = 'reversal');

-- name: closed_accounts
-- Closed accounts with money left in a purse.
SELECT w.kind AS purse, w.holder_id, w.balance_fen AS off_fen
FROM purse w JOIN official o ON o.book = w.book AND o.holder_id = w.holder_id
WHERE o.state = 'left' AND w.balance_fen <> 0;

-- name: second_person
-- Terminals without an enrolment that a second person approved.
SELECT m.terminal_id, 0::bigint AS off_fen
FROM terminal m
WHERE NOT EXISTS (SELECT 1 FROM enrolment e WHERE e.book = m.book AND e.terminal_id = m.terminal_id
                  AND e.approved_by IS NOT NULL AND e.approved_by <> e.created_by);

-- name: agreed_shifts
-- Shifts that agreed when they were closed, and of whose numbers the ledger has other payments now.
WITH away AS MATERIALIZED (
    SELECT m.book, f.terminal_id, f.epoch, f.sequence, CASE f.operation WHEN 'void' THEN -1 ELSE 1 END AS sign,
           f.cash_fen + f.subsidy_fen + f.host_fen AS fen
    FROM request f JOIN terminal m ON m.terminal_id = f.terminal_id AND m.book <> f.book
    WHERE f.cash_fen + f.subsidy_fen + f.host_fen > 0
)
SELECT s.terminal_id, s.epoch, s.first_sequence AS shift, (sum(s.fen) - s.said_fen)::bigint AS off_fen
FROM (
    SELECT c.book, c.terminal_id, c.epoch, c.first_sequence, c.number, c.payments AS said_payments,
           c.amount_fen AS said_fen, 0 AS payments, 0::bigint AS fen
    FROM shift_closing c WHERE c.agrees
    UNION ALL
    SELECT c.book, c.terminal_id, c.epoch, c.first_sequence, c.number, c.payments, c.amount_fen,
           CASE r.operation WHEN 'void' THEN -1 ELSE 1 END,
           CASE r.operation WHEN 'void' THEN -1 ELSE 1 END * (r.cash_fen + r.subsidy_fen + r.host_fen)
    FROM shift_closing c
    JOIN request r ON r.book = c.book AND r.terminal_id = c.terminal_id AND r.epoch = c.epoch
                  AND r.sequence BETWEEN c.first_sequence AND c.last_sequence
    WHERE c.agrees AND r.cash_fen + r.subsidy_fen + r.host_fen > 0
    UNION ALL
    SELECT c.book, c.terminal_id, c.epoch, c.first_sequence, c.number, c.payments, c.amount_fen, a.sign, a.sign * a.fen
    FROM shift_closing c
    JOIN away a ON a.book = c.book AND a.terminal_id = c.terminal_id AND a.epoch = c.epoch
               AND a.sequence BETWEEN c.first_sequence AND c.last_sequence
    WHERE c.agrees
) s
GROUP BY s.book, s.terminal_id, s.epoch, s.first_sequence, s.number, s.said_payments, s.said_fen
HAVING (sum(s.payments), sum(s.fen)) <> (s.said_payments, s.said_fen)
ORDER BY s.terminal_id, s.epoch, s.first_sequence;

-- name: sale_lines
-- Payments whose lines do not add up to what was paid, and lines without a payment.
SELECT l.posting_id, (l.fen - coalesce(t.fen, 0))::bigint AS off_fen
FROM (SELECT book, posting_id, sum(amount_fen) AS fen FROM sale_line GROUP BY book, posting_id) l
LEFT JOIN LATERAL (
    SELECT sum(x.amount_fen) AS fen FROM transfer x
    WHERE x.book = l.book AND x.posting_id = l.posting_id AND x.kind IN ('payment', 'working_meal')) t ON true
WHERE l.fen IS DISTINCT FROM t.fen;

-- name: take_away_sales
-- Payments whose take-away lines are not kept as such on their day, and others that are.
SELECT coalesce(l.posting_id, a.posting_id) AS posting_id,
       (coalesce(a.taken_fen, 0) - coalesce(l.taken_fen, 0))::bigint AS off_fen
FROM (
    SELECT s.book, t.business_date, s.posting_id, s.taken_fen
    FROM (SELECT book, posting_id, sum(amount_fen) AS taken_fen FROM sale_line WHERE take_away
          GROUP BY book, posting_id HAVING sum(amount_fen) > 0) s
    JOIN transfer t ON t.book = s.book AND t.posting_id = s.posting_id AND t.part = 0
) l
FULL JOIN take_away_sale a ON a.book = l.book AND a.business_date = l.business_date AND a.posting_id = l.posting_id
WHERE a.taken_fen IS DISTINCT FROM l.taken_fen;

-- name: shift_closings
-- Every closing of a shift as it was signed.
SELECT terminal_id, epoch, first_sequence AS shift, body, signature_base, signature, public_key FROM shift_closing
ORDER BY terminal_id, epoch, first_sequence, number;

-- name: audit_entries
-- The audit log in order.
SELECT entry, at, actor, action, subject, detail, digest FROM audit_entry ORDER BY entry;
