-- Post a batch of charges of one book: one call, one transaction, one shard.
--
-- p_orders: one element a charge (type charge_order, migration 0004); a holder and a request key stand in a batch at
-- most once. given: the reason when the order was refused before it came here (bad card, no such price); it is still
-- remembered. forward_to: the book that will post it, when this is only the claim in the terminal's own book.
-- A terminal that was replaced or revoked is refused from the commit of that on, whatever its worker still knows.
-- visitor_fen: null at home where the code does not allow as much. Of a sheet's payment, whose counter is null, home_fen
-- and visitor_fen are null where they are not the price that the phone has shown.
-- host_account: the account that pays for a working meal instead of the official; else null.
-- Returns each request's row, in no order.
--
-- Order of work: gate, lock the purses, decide, and for what is not known yet: remember, pay, post. No purse is waited
-- for: when one is locked elsewhere, the batch fails with lock_not_available and names the holders in its detail, so
-- that the others can be sent again at once. A repeat is found by the key of `request`; two that arrive at once meet at
-- the purses' locks, else (refusals, claims) at that key, and the loser's whole batch fails and is sent again one by
-- one: cheaper than to insert every row as if it might collide.
-- A counter is used once because its credential belongs to one holder, whose purses are locked before `last_counter`
-- and `counters_used` are read. Each statement sees what was committed while the locks were awaited.
CREATE OR REPLACE FUNCTION charge(p_book integer, p_orders charge_order[])
RETURNS SETOF request
LANGUAGE plpgsql
-- Batches are small and every look-up has its index. On a table that was never analysed the planner would rather
-- read a whole book once than look up each row: LATERAL ... OFFSET 0 and whole keys leave it nothing but look-ups. With
-- one plan left there is nothing to plan anew for each call, which cost more than the work itself.
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_date date;
    v_now timestamptz;
    v_purses charge_purses[];
    v_decided charge_decision[];
    v_hosted boolean;
    v_repeats boolean;
    v_locked text;
BEGIN
    v_date := pass_day_gate(p_book);

    SELECT array_agg((l.cash_balance, l.subsidy_balance, l.cash_account, l.subsidy_account)::charge_purses ORDER BY l.n),
           string_agg(l.holder::text, ' ') FILTER (WHERE l.locked < 2 AND l.locked < (
               SELECT count(*) FROM purse x WHERE x.book = p_book AND x.holder_id = l.holder))
    INTO v_purses, v_locked
    FROM (
        SELECT a.n, a.holder, count(w.kind) AS locked, coalesce(max(w.balance_fen) FILTER (WHERE w.kind = 'cash'), 0) AS cash_balance,
               coalesce(max(w.balance_fen) FILTER (WHERE w.kind = 'subsidy'), 0) AS subsidy_balance,
               max(w.account_id) FILTER (WHERE w.kind = 'cash') AS cash_account,
               max(w.account_id) FILTER (WHERE w.kind = 'subsidy') AS subsidy_account
        FROM (SELECT h.holder, h.ordinality AS n FROM unnest(p_orders) WITH ORDINALITY AS h ORDER BY h.holder) a
        LEFT JOIN LATERAL (
            SELECT x.kind, x.balance_fen, x.account_id FROM purse x
            WHERE x.book = p_book AND x.holder_id = a.holder ORDER BY x.kind FOR UPDATE SKIP LOCKED) w ON true
        GROUP BY a.n, a.holder
    ) l;
    IF v_locked IS NOT NULL THEN
        RAISE lock_not_available USING MESSAGE = 'a purse is locked', DETAIL = v_locked;
    END IF;
    -- Read after the locks: a purse's postings are in the order of their times, whichever worker sent them.
    v_now := clock_timestamp();

    -- Decide (settlement/sql/rules.sql).
    SELECT array_agg((
               d.refusal,
               d.known,
               d.refusal IS NULL AND d.forward_to IS NULL AND NOT d.known,
               CASE WHEN d.working_meal THEN 0 ELSE d.price - d.subsidy_part END,
               CASE WHEN d.working_meal THEN 0 ELSE d.subsidy_part END,
               CASE WHEN d.working_meal THEN d.price ELSE 0 END,
               CASE WHEN d.working_meal THEN d.acquirer ELSE d.agency_id END,
               d.visit_id)::charge_decision ORDER BY d.n),
           bool_or(d.working_meal), bool_or(d.known)
    INTO v_decided, v_hosted, v_repeats
    FROM (
        SELECT p.*,
               CASE
                   WHEN p.out_of_use THEN 'terminal_out_of_use'
                   WHEN v_date IS NULL THEN 'day_closed'
                   WHEN p.given IS NOT NULL THEN p.given
                   WHEN p.forward_to IS NOT NULL THEN NULL
                   ELSE coalesce(
                       credential_refusal(p.credential_state, p.expires_at, p.account_state, v_now),
                       counter_refusal(p.last_counter, p.counters_used, p.counter),
                       class_refusal(p.at_home, p.eats_at_home, p.eats_elsewhere),
                       entitlement_refusal(p.at_home, p.needs_visit, p.visit_id IS NOT NULL, p.working_meal,
                                           p.working_meal_had, p.meals, p.meals_max),
                       price_refusal(p.price, p.channel),
                       late_refusal(p.price, p.late_payments, p.late_fen, p.late_payments_max, p.late_fen_max,
                                    p.working_meal),
                       money_refusal(p.price, p.subsidy_part, p.cash_balance, p.spent_today, p.day_max_fen,
                                     p.working_meal))
               END AS refusal
        FROM (
            SELECT s.*,
                   subsidy_share(s.price, s.cash_balance, s.subsidy_balance, s.at_home, s.subsidy_first) AS subsidy_part
            FROM (
                SELECT a.given, a.forward_to, a.counter, a.channel, a.acquirer, a.needs_visit, a.subsidy_first, a.meals_max,
                       a.day_max_fen, a.cash_balance, a.subsidy_balance, a.ordinality AS n,
                       c.state AS credential_state, c.expires_at, c.last_counter, c.counters_used,
                       o.state AS account_state, o.agency_id, o.agency_id = a.acquirer AS at_home,
                       a.host_account IS NOT NULL AS working_meal,
                       g.eats_at_home, g.eats_elsewhere,
                       price_for(o.agency_id = a.acquirer, g.price, a.home_fen, a.visitor_fen) AS price,
                       v.visit_id, v.working_meal_had, today.meals,
                       coalesce(today.spent_today, 0) AS spent_today, q.known IS NOT NULL AS known,
                       today.late_payments, today.late_fen, j.late_payments_max, j.late_fen_max,
                       u.epoch <> a.epoch OR u.state = 'revoked' AS out_of_use
                FROM unnest(p_orders, v_purses) WITH ORDINALITY AS a
                LEFT JOIN LATERAL (
                    SELECT true AS known FROM request r
                    WHERE r.book = p_book AND r.terminal_id = a.terminal AND r.epoch = a.epoch
                      AND r.sequence = a.sequence OFFSET 0) q ON true
                -- A worker may know its session for a few seconds longer. Only the terminal's own book has its row: there
                -- it charges, or claims.
                LEFT JOIN LATERAL (
                    SELECT m.epoch, m.state FROM terminal m
                    WHERE m.book = p_book AND m.terminal_id = a.terminal OFFSET 0) u ON true
                LEFT JOIN LATERAL (
                    SELECT k.holder_id, k.state, k.expires_at, k.last_counter, k.counters_used FROM credential k
                    WHERE k.book = p_book AND k.credential_id = a.credential AND k.holder_id = a.holder OFFSET 0
                ) c ON true
                LEFT JOIN LATERAL (
                    SELECT h.state, h.agency_id, h.person_class FROM official h
                    WHERE h.book = p_book AND h.holder_id = c.holder_id OFFSET 0) o ON true
                -- Read for who is no official alone.
                LEFT JOIN LATERAL (
                    SELECT y.eats_at_home, y.eats_elsewhere, y.price FROM class_rules y
                    WHERE o.person_class <> 'official' AND y.book = p_book AND y.person_class = o.person_class
                      AND y.valid_from <= local_date_of(a.purchased_at)
                    ORDER BY y.valid_from DESC LIMIT 1) g ON true
                LEFT JOIN LATERAL (
                    SELECT i.visit_id, i.working_meal IS NOT NULL AS working_meal_had FROM visit i
                    WHERE (a.needs_visit OR a.host_account IS NOT NULL)
                      AND i.book = p_book AND i.holder_id = c.holder_id AND i.host_agency_id = a.acquirer
                      AND local_date_of(a.purchased_at) BETWEEN i.first_day AND i.last_day
                    ORDER BY i.working_meal IS NOT NULL, i.visit_id LIMIT 1) v ON true
                -- The same meal period: whatever was bought within half a day of it, the cut-off between or not. Read
                -- only where something limits it.
                LEFT JOIN LATERAL (
                    SELECT sum(meals_sold(t.kind, t.part)) FILTER (
                               WHERE t.meal = a.meal AND t.purchased_at > a.purchased_at - interval '12 hours') AS meals,
                           sum(sale_fen(t.kind, t.amount_fen)) FILTER (WHERE t.kind <> 'working_meal')::bigint
                               AS spent_today,
                           count(*) FILTER (WHERE t.part = 0 AND t.kind = 'payment'
                                              AND is_late(t.purchased_at, t.posted_at)) AS late_payments,
                           coalesce(sum(t.amount_fen) FILTER (WHERE t.kind = 'payment'
                                              AND is_late(t.purchased_at, t.posted_at)), 0)::bigint AS late_fen
                    FROM transfer t
                    WHERE (a.meals_max IS NOT NULL OR a.day_max_fen IS NOT NULL OR is_late(a.purchased_at, v_now))
                      AND t.book = p_book AND t.business_date = v_date AND t.holder_id = c.holder_id) today ON true
                -- The official's own region protects him; read for a late payment alone.
                LEFT JOIN LATERAL (
                    SELECT x.late_payments_max, x.late_fen_max FROM region_rules x
                    WHERE is_late(a.purchased_at, v_now) AND x.book = p_book
                      AND x.valid_from <= local_date_of(a.purchased_at)
                    ORDER BY x.valid_from DESC LIMIT 1) j ON true
            ) s
        ) p
    ) d;

    -- Remember every request that is not known yet, with its answer.
    RETURN QUERY
    INSERT INTO request (book, terminal_id, epoch, sequence, operation, digest, outcome, refusal, forwarded_to,
                         posting_id, cash_fen, subsidy_fen, host_fen, cash_balance_fen, subsidy_balance_fen,
                         business_date, answered_at)
    SELECT p_book, a.terminal, a.epoch, a.sequence, 'charge', a.digest,
           CASE WHEN a.refusal IS NOT NULL THEN 'refused' WHEN a.pays THEN 'approved' ELSE 'forwarded' END,
           a.refusal,
           CASE WHEN a.refusal IS NULL THEN a.forward_to END,
           CASE WHEN a.pays THEN a.posting END,
           CASE WHEN a.pays THEN a.cash ELSE 0 END,
           CASE WHEN a.pays THEN a.subsidy ELSE 0 END,
           CASE WHEN a.pays THEN a.host ELSE 0 END,
           CASE WHEN a.pays THEN a.cash_balance - a.cash END,
           CASE WHEN a.pays THEN a.subsidy_balance - a.subsidy END,
           v_date, v_now
    FROM unnest(p_orders, v_decided, v_purses) AS a
    WHERE NOT a.known
    RETURNING request.*;

    UPDATE credential k SET last_counter = greatest(k.last_counter, a.counter),
                            counters_used = counters_used_with(k.last_counter, k.counters_used, a.counter)
    FROM unnest(p_orders, v_decided) AS a
    WHERE a.pays AND k.book = p_book AND k.credential_id = a.credential;

    UPDATE purse w SET balance_fen = w.balance_fen - a.fen
    FROM (SELECT o.holder, p.purse, p.fen FROM unnest(p_orders, v_decided) AS o
          CROSS JOIN LATERAL (VALUES ('cash', o.cash), ('subsidy', o.subsidy)) AS p(purse, fen)
          WHERE o.pays AND p.fen > 0) a
    WHERE w.book = p_book AND w.holder_id = a.holder AND w.kind = a.purse;

    -- Post: the part paid from the subsidy and the part paid in cash are numbered from 0; a working meal has one.
    INSERT INTO transfer (book, posting_id, part, kind, debit_account, credit_account, amount_fen, business_date,
                          posted_at, holder_id, issuer_id, acquirer_id, canteen_id, meal, channel, credential_id,
                          counter, terminal_id, epoch, sequence, purchased_at)
    SELECT p_book, a.posting, w.part, CASE WHEN a.host > 0 THEN 'working_meal' ELSE 'payment' END,
           w.account, a.canteen_account, w.fen, v_date,
           v_now, a.holder, a.issuer, a.acquirer, a.canteen, a.meal, a.channel, a.credential,
           a.counter, a.terminal, a.epoch, a.sequence, a.purchased_at
    FROM unnest(p_orders, v_decided, v_purses) AS a
    CROSS JOIN LATERAL (VALUES (a.subsidy_account, 0, a.subsidy),
                               (a.cash_account, CASE WHEN a.subsidy > 0 THEN 1 ELSE 0 END, a.cash),
                               (a.host_account, 0, a.host)) AS w(account, part, fen)
    WHERE a.pays AND w.fen > 0;

    IF v_hosted THEN
        UPDATE visit i SET working_meal = a.posting
        FROM unnest(p_orders, v_decided) AS a
        WHERE a.pays AND a.host > 0 AND i.book = p_book AND i.visit_id = a.visit;
    END IF;

    IF v_repeats THEN
        RETURN QUERY
        SELECT r.* FROM unnest(p_orders, v_decided) AS a
        CROSS JOIN LATERAL (
            SELECT q.* FROM request q
            WHERE q.book = p_book AND q.terminal_id = a.terminal AND q.epoch = a.epoch AND q.sequence = a.sequence
            OFFSET 0) r
        WHERE a.known;
    END IF;
END $$;
