-- charge() for a ledger that is distributed over nodes (`onecard distribute` puts it in the place of charge.sql, whose
-- contract, order of work and answers it keeps; tests/ledger/test_charging.py runs both).
--
-- The planner of a cluster costs more than the work: of a statement that reads or writes one table by a book and a list
-- of keys it needs little, of a join much. So each statement is of that kind here, or of no table; these keep one plan.
-- Rows are inserted as VALUES of lists: unnest() among them makes one row an element. What needs a join is
-- asked only when it must be, in functions of its own.

-- The requests of a batch that are known already.
CREATE OR REPLACE FUNCTION known_requests(p_book integer, p_orders charge_order[])
RETURNS SETOF request
LANGUAGE plpgsql
SET plan_cache_mode = auto
AS $$
BEGIN
    RETURN QUERY
    SELECT r.* FROM unnest(p_orders) AS a
    CROSS JOIN LATERAL (
        SELECT q.* FROM request q
        WHERE q.book = p_book AND q.terminal_id = a.terminal AND q.epoch = a.epoch AND q.sequence = a.sequence
        OFFSET 0) r;
END $$;

-- What limits the orders of a batch, by their place in it: visits, what was bought today, and how late payments may be.
CREATE OR REPLACE FUNCTION charge_limits(p_book integer, p_orders charge_order[], p_date date, p_now timestamptz)
RETURNS TABLE (
    place bigint, visit_id bigint, working_meal_had boolean, meals bigint, spent_today bigint, late_payments bigint,
    late_fen bigint, late_payments_max bigint, late_fen_max bigint)
LANGUAGE plpgsql
SET plan_cache_mode = auto
AS $$
BEGIN
    RETURN QUERY
    SELECT a.ordinality, v.visit_id, v.working_meal_had, today.meals, today.spent_today, today.late_payments,
           today.late_fen, j.late_payments_max, j.late_fen_max
    FROM unnest(p_orders) WITH ORDINALITY AS a
    LEFT JOIN LATERAL (
        SELECT i.visit_id, i.working_meal IS NOT NULL AS working_meal_had FROM visit i
        WHERE (a.needs_visit OR a.host_account IS NOT NULL)
          AND i.book = p_book AND i.holder_id = a.holder AND i.host_agency_id = a.acquirer
          AND local_date_of(a.purchased_at) BETWEEN i.first_day AND i.last_day
        ORDER BY i.working_meal IS NOT NULL, i.visit_id LIMIT 1) v ON true
    -- The same meal period: whatever was bought within half a day of it, the cut-off between or not. Read only where
    -- something limits it.
    LEFT JOIN LATERAL (
        SELECT sum(meals_sold(t.kind, t.part)) FILTER (
                   WHERE t.meal = a.meal AND t.purchased_at > a.purchased_at - interval '12 hours') AS meals,
               sum(sale_fen(t.kind, t.amount_fen)) FILTER (WHERE t.kind <> 'working_meal')::bigint AS spent_today,
               count(*) FILTER (WHERE t.part = 0 AND t.kind = 'payment'
                                  AND is_late(t.purchased_at, t.posted_at)) AS late_payments,
               coalesce(sum(t.amount_fen) FILTER (WHERE t.kind = 'payment'
                                  AND is_late(t.purchased_at, t.posted_at)), 0)::bigint AS late_fen
        FROM transfer t
        WHERE (a.meals_max IS NOT NULL OR a.day_max_fen IS NOT NULL OR is_late(a.purchased_at, p_now))
          AND t.book = p_book AND t.business_date = p_date AND t.holder_id = a.holder) today ON true
    -- The official's own region protects him; read for a late payment alone.
    LEFT JOIN LATERAL (
        SELECT x.late_payments_max::bigint, x.late_fen_max::bigint FROM region_rules x
        WHERE is_late(a.purchased_at, p_now) AND x.book = p_book
          AND x.valid_from <= local_date_of(a.purchased_at)
        ORDER BY x.valid_from DESC LIMIT 1) j ON true;
END $$;

-- The rules of the classes of a batch's holders, by their place in it. Officials have none.
CREATE OR REPLACE FUNCTION charge_class_rules(p_book integer, p_orders charge_order[])
RETURNS TABLE (place bigint, eats_at_home boolean, eats_elsewhere boolean, price text)
LANGUAGE plpgsql
SET plan_cache_mode = auto
AS $$
BEGIN
    RETURN QUERY
    SELECT a.ordinality, g.eats_at_home, g.eats_elsewhere, g.price
    FROM unnest(p_orders) WITH ORDINALITY AS a
    CROSS JOIN LATERAL (
        SELECT h.person_class FROM official h WHERE h.book = p_book AND h.holder_id = a.holder OFFSET 0) o
    CROSS JOIN LATERAL (
        SELECT y.eats_at_home, y.eats_elsewhere, y.price FROM class_rules y
        WHERE o.person_class <> 'official' AND y.book = p_book AND y.person_class = o.person_class
          AND y.valid_from <= local_date_of(a.purchased_at)
        ORDER BY y.valid_from DESC LIMIT 1) g;
END $$;

-- Raise lock_not_available with the holders of whom a purse is locked elsewhere; locks the others' purses.
CREATE OR REPLACE FUNCTION refuse_locked(p_book integer, p_holders bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_purse record;
    v_mine text[];
    v_locked text;
BEGIN
    FOR v_purse IN
        SELECT w.holder_id, w.kind FROM purse w
        WHERE w.book = p_book AND w.holder_id = ANY (p_holders) FOR UPDATE SKIP LOCKED
    LOOP
        v_mine := v_mine || concat_ws(' ', v_purse.holder_id, v_purse.kind);
    END LOOP;
    SELECT string_agg(DISTINCT w.holder_id::text, ' ') INTO v_locked FROM purse w
    WHERE w.book = p_book AND w.holder_id = ANY (p_holders)
      AND concat_ws(' ', w.holder_id, w.kind) <> ALL (coalesce(v_mine, '{}'));
    IF v_locked IS NOT NULL THEN
        RAISE lock_not_available USING MESSAGE = 'a purse is locked', DETAIL = v_locked;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION charge(p_book integer, p_orders charge_order[])
RETURNS SETOF request
LANGUAGE plpgsql
-- Lists of a batch are joined by hashing. A plan that is kept knows no book, so that the nodes could not use it: the
-- statements of tables are planned for each call (onecard.migrate.suit_nodes says why).
SET enable_nestloop = off SET enable_mergejoin = off SET enable_seqscan = off
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    v_date date;
    v_now timestamptz;
    v_asked record;
    v_held record;
    v_till record;
    v_credential record;
    v_official record;
    v_known request[];
    v_purses charge_purses[];
    v_decided charge_decision[];
    v_new record;
    v_paid record;
    v_part record;
    v_meal record;
    v_count bigint;
    v_plans text;
    v_again boolean := false;
BEGIN
    v_date := pass_day_gate(p_book);

    v_plans := set_config('plan_cache_mode', 'force_generic_plan', true);
    SELECT array_agg(a.holder) AS holders, array_agg(a.credential) AS credentials,
           array_agg(DISTINCT a.terminal) AS tills, min(a.purchased_at) AS earliest,
           bool_or(a.needs_visit OR num_nonnulls(a.host_account, a.meals_max, a.day_max_fen) > 0) AS limited
    INTO v_asked FROM unnest(p_orders) AS a;
    v_plans := set_config('plan_cache_mode', 'force_custom_plan', true);

    LOOP
        PERFORM 1 FROM purse w WHERE w.book = p_book AND w.holder_id = ANY (v_asked.holders) FOR UPDATE SKIP LOCKED;
        GET DIAGNOSTICS v_count = ROW_COUNT;
        SELECT count(*) AS purses,
               array_agg(w.holder_id) FILTER (WHERE w.kind = 'cash') AS cash_holders,
               array_agg(w.balance_fen) FILTER (WHERE w.kind = 'cash') AS cash_balances,
               array_agg(w.account_id) FILTER (WHERE w.kind = 'cash') AS cash_accounts,
               array_agg(w.holder_id) FILTER (WHERE w.kind = 'subsidy') AS subsidy_holders,
               array_agg(w.balance_fen) FILTER (WHERE w.kind = 'subsidy') AS subsidy_balances,
               array_agg(w.account_id) FILTER (WHERE w.kind = 'subsidy') AS subsidy_accounts
        INTO v_held FROM purse w WHERE w.book = p_book AND w.holder_id = ANY (v_asked.holders);
        EXIT WHEN v_count = v_held.purses;
        PERFORM refuse_locked(p_book, v_asked.holders);
    END LOOP;
    -- Read after the locks: a purse's postings are in the order of their times, whichever worker sent them.
    v_now := clock_timestamp();

    -- A worker may know its session for a few seconds longer. Only the terminal's own book has its row: there it
    -- charges, or claims.
    SELECT array_agg(m.terminal_id) AS ids, array_agg(m.epoch) AS epochs, array_agg(m.state) AS states
    INTO v_till FROM terminal m WHERE m.book = p_book AND m.terminal_id = ANY (v_asked.tills);
    SELECT array_agg(k.credential_id) AS ids, array_agg(k.holder_id) AS holders, array_agg(k.state) AS states,
           array_agg(k.expires_at) AS ends, array_agg(k.last_counter) AS counters, array_agg(k.counters_used) AS used
    INTO v_credential FROM credential k WHERE k.book = p_book AND k.credential_id = ANY (v_asked.credentials);
    SELECT array_agg(h.holder_id) AS ids, array_agg(h.state) AS states, array_agg(h.agency_id) AS agencies,
           bool_or(h.person_class <> 'official') AS of_classes
    INTO v_official FROM official h WHERE h.book = p_book AND h.holder_id = ANY (v_asked.holders);

    LOOP
        v_plans := set_config('plan_cache_mode', 'force_generic_plan', true);
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
               array_agg((d.cash_balance, d.subsidy_balance, d.cash_account,
                          d.subsidy_account)::charge_purses ORDER BY d.n)
        INTO v_decided, v_purses
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
                       subsidy_share(s.price, s.cash_balance, s.subsidy_balance, s.at_home,
                                     s.subsidy_first) AS subsidy_part
                FROM (
                    SELECT a.given, a.forward_to, a.counter, a.channel, a.acquirer, a.needs_visit, a.subsidy_first, a.meals_max,
                           a.day_max_fen, coalesce(w.fen, 0) AS cash_balance, coalesce(b.fen, 0) AS subsidy_balance,
                           w.account AS cash_account, b.account AS subsidy_account, a.ordinality AS n,
                           c.state AS credential_state, c.expires_at, c.last_counter, c.counters_used,
                           o.state AS account_state, o.agency_id, o.agency_id = a.acquirer AS at_home,
                           a.host_account IS NOT NULL AS working_meal,
                           g.eats_at_home, g.eats_elsewhere,
                           price_for(o.agency_id = a.acquirer, g.price, a.home_fen, a.visitor_fen) AS price,
                           l.visit_id, l.working_meal_had, l.meals,
                           coalesce(l.spent_today, 0) AS spent_today, q.sequence IS NOT NULL AS known,
                           l.late_payments, l.late_fen, l.late_payments_max, l.late_fen_max,
                           u.epoch <> a.epoch OR u.state = 'revoked' AS out_of_use
                    FROM unnest(p_orders) WITH ORDINALITY AS a
                    LEFT JOIN unnest(v_held.cash_holders, v_held.cash_balances, v_held.cash_accounts)
                         AS w(holder, fen, account) ON w.holder = a.holder
                    LEFT JOIN unnest(v_held.subsidy_holders, v_held.subsidy_balances, v_held.subsidy_accounts)
                         AS b(holder, fen, account) ON b.holder = a.holder
                    LEFT JOIN unnest(v_known) q
                         ON q.terminal_id = a.terminal AND q.epoch = a.epoch AND q.sequence = a.sequence
                    LEFT JOIN unnest(v_till.ids, v_till.epochs, v_till.states)
                         AS u(id, epoch, state) ON u.id = a.terminal
                    LEFT JOIN unnest(v_credential.ids, v_credential.holders, v_credential.states, v_credential.ends,
                                     v_credential.counters, v_credential.used)
                         AS c(id, holder, state, expires_at, last_counter, counters_used)
                         ON c.id = a.credential AND c.holder = a.holder
                    LEFT JOIN unnest(v_official.ids, v_official.states, v_official.agencies) AS o(id, state, agency_id)
                         ON o.id = c.holder
                    LEFT JOIN (
                        SELECT * FROM charge_limits(p_book, p_orders, v_date, v_now)
                        WHERE v_asked.limited OR is_late(v_asked.earliest, v_now) OFFSET 0) l ON l.place = a.ordinality
                    LEFT JOIN (
                        SELECT * FROM charge_class_rules(p_book, p_orders)
                        WHERE v_official.of_classes OFFSET 0) g ON g.place = a.ordinality
                ) s
            ) p
        ) d;

        SELECT array_agg(a.terminal) AS terminals, array_agg(a.epoch) AS epochs, array_agg(a.sequence) AS sequences,
               array_agg(a.digest) AS digests, array_agg(a.refusal) AS refusals,
               array_agg(CASE WHEN a.refusal IS NOT NULL THEN 'refused' WHEN a.pays THEN 'approved'
                              ELSE 'forwarded' END) AS outcomes,
               array_agg(CASE WHEN a.refusal IS NULL THEN a.forward_to END) AS books,
               array_agg(CASE WHEN a.pays THEN a.posting END) AS postings,
               array_agg(CASE WHEN a.pays THEN a.cash ELSE 0 END) AS cash,
               array_agg(CASE WHEN a.pays THEN a.subsidy ELSE 0 END) AS subsidies,
               array_agg(CASE WHEN a.pays THEN a.host ELSE 0 END) AS hosts,
               array_agg(CASE WHEN a.pays THEN a.cash_balance - a.cash END) AS cash_balances,
               array_agg(CASE WHEN a.pays THEN a.subsidy_balance - a.subsidy END) AS subsidy_balances
        INTO v_new FROM unnest(p_orders, v_decided, v_purses) AS a WHERE NOT a.known;

        SELECT array_agg(a.holder) AS holders, array_agg(a.credential) AS credentials, array_agg(a.counter) AS counters,
               array_agg(a.cash) AS cash, array_agg(a.subsidy) AS subsidies,
               array_agg(a.visit) FILTER (WHERE a.host > 0) AS visits,
               array_agg(a.posting) FILTER (WHERE a.host > 0) AS meals
        INTO v_paid FROM unnest(p_orders, v_decided) AS a WHERE a.pays;

        -- The part paid from the subsidy and the part paid in cash are numbered from 0; a working meal has one.
        SELECT array_agg(a.posting) AS postings, array_agg(w.part) AS parts,
               array_agg(CASE WHEN a.host > 0 THEN 'working_meal' ELSE 'payment' END) AS kinds,
               array_agg(w.account) AS debits, array_agg(a.canteen_account) AS credits, array_agg(w.fen) AS amounts,
               array_agg(a.holder) AS holders, array_agg(a.issuer) AS issuers, array_agg(a.acquirer) AS acquirers,
               array_agg(a.canteen) AS canteens, array_agg(a.meal) AS meals, array_agg(a.channel) AS channels,
               array_agg(a.credential) AS credentials, array_agg(a.counter) AS counters,
               array_agg(a.terminal) AS terminals, array_agg(a.epoch) AS epochs, array_agg(a.sequence) AS sequences,
               array_agg(a.purchased_at) AS purchases
        INTO v_part
        FROM unnest(p_orders, v_decided, v_purses) AS a
        CROSS JOIN LATERAL (VALUES (a.subsidy_account, 0, a.subsidy),
                                   (a.cash_account, CASE WHEN a.subsidy > 0 THEN 1 ELSE 0 END, a.cash),
                                   (a.host_account, 0, a.host)) AS w(account, part, fen)
        WHERE a.pays AND w.fen > 0;
        v_plans := set_config('plan_cache_mode', 'force_custom_plan', true);
        EXIT WHEN v_new.terminals IS NULL;
        BEGIN
            INSERT INTO request (book, terminal_id, epoch, sequence, operation, digest, outcome, refusal, forwarded_to,
                                 posting_id, cash_fen, subsidy_fen, host_fen, cash_balance_fen, subsidy_balance_fen,
                                 business_date, answered_at)
            VALUES (p_book, unnest(v_new.terminals), unnest(v_new.epochs), unnest(v_new.sequences), 'charge',
                    unnest(v_new.digests), unnest(v_new.outcomes), unnest(v_new.refusals), unnest(v_new.books),
                    unnest(v_new.postings), unnest(v_new.cash), unnest(v_new.subsidies), unnest(v_new.hosts),
                    unnest(v_new.cash_balances), unnest(v_new.subsidy_balances), v_date, v_now);
            EXIT;
        EXCEPTION WHEN unique_violation THEN
            -- Some are known: find out which, and decide about the others alone.
            IF v_again THEN
                RAISE;
            END IF;
            v_again := true;
            SELECT array_agg(q) INTO v_known FROM known_requests(p_book, p_orders) q;
        END;
    END LOOP;

    IF v_paid.holders IS NOT NULL THEN
        UPDATE credential k
        SET last_counter = greatest(
                k.last_counter, v_paid.counters[array_position(v_paid.credentials, k.credential_id)]),
            counters_used = counters_used_with(
                k.last_counter, k.counters_used, v_paid.counters[array_position(v_paid.credentials, k.credential_id)])
        WHERE k.book = p_book AND k.credential_id = ANY (v_paid.credentials);

        UPDATE purse w
        SET balance_fen = w.balance_fen - CASE
                WHEN w.kind = 'cash' THEN v_paid.cash[array_position(v_paid.holders, w.holder_id)]
                ELSE v_paid.subsidies[array_position(v_paid.holders, w.holder_id)] END
        WHERE w.book = p_book AND w.holder_id = ANY (v_paid.holders)
          AND CASE WHEN w.kind = 'cash' THEN v_paid.cash[array_position(v_paid.holders, w.holder_id)]
                          ELSE v_paid.subsidies[array_position(v_paid.holders, w.holder_id)] END > 0;

        INSERT INTO transfer (book, posting_id, part, kind, debit_account, credit_account, amount_fen, business_date,
                              posted_at, holder_id, issuer_id, acquirer_id, canteen_id, meal, channel, credential_id,
                              counter, terminal_id, epoch, sequence, purchased_at)
        VALUES (p_book, unnest(v_part.postings), unnest(v_part.parts), unnest(v_part.kinds), unnest(v_part.debits),
                unnest(v_part.credits), unnest(v_part.amounts), v_date, v_now, unnest(v_part.holders),
                unnest(v_part.issuers), unnest(v_part.acquirers), unnest(v_part.canteens), unnest(v_part.meals),
                unnest(v_part.channels), unnest(v_part.credentials), unnest(v_part.counters), unnest(v_part.terminals),
                unnest(v_part.epochs), unnest(v_part.sequences), unnest(v_part.purchases));

        -- One by one, for there are few: a list's element as the whole of a new value ends the process of a node of Citus
        -- 14.0, which takes it for an assignment to an element.
        FOR v_meal IN SELECT m.visit, m.posting FROM unnest(v_paid.visits, v_paid.meals) AS m(visit, posting) LOOP
            UPDATE visit i SET working_meal = v_meal.posting WHERE i.book = p_book AND i.visit_id = v_meal.visit;
        END LOOP;
    END IF;

    v_plans := set_config('plan_cache_mode', 'force_generic_plan', true);
    RETURN QUERY
    SELECT p_book, n.terminal_id, n.epoch, n.sequence, 'charge', n.digest, n.outcome, n.refusal, n.forwarded_to,
           n.posting_id, n.cash_fen, n.subsidy_fen, n.cash_balance_fen, n.subsidy_balance_fen, v_date, v_now, n.host_fen
    FROM unnest(v_new.terminals, v_new.epochs, v_new.sequences, v_new.digests, v_new.outcomes, v_new.refusals,
                v_new.books, v_new.postings, v_new.cash, v_new.subsidies, v_new.cash_balances, v_new.subsidy_balances,
                v_new.hosts)
         AS n(terminal_id, epoch, sequence, digest, outcome, refusal, forwarded_to, posting_id, cash_fen, subsidy_fen,
              cash_balance_fen, subsidy_balance_fen, host_fen);
    RETURN QUERY SELECT * FROM unnest(v_known);
END $$;
