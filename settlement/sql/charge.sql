-- Post a batch of charges of one book: one call, one transaction, one shard.
--
-- The arrays run in parallel, one element a charge; a holder and a request key stand in a batch at most once.
-- p_refusal: the reason when the order was refused before it came here (bad card, no such price); it is still
-- remembered. p_forward_to: the book that will post it, when this is only the claim in the terminal's own book.
-- p_host_account: the account that pays for a working meal instead of the official; else null.
--
-- Order of work: gate, lock the purses, decide, remember, and only for what was remembered just now: pay, post.
-- A repeat is found by the key of `request`. A counter is used once because its credential belongs to one holder,
-- whose purses are locked before `last_counter` is read. Each statement sees what was committed while the locks were
-- awaited.
CREATE OR REPLACE FUNCTION charge(
    p_book integer,
    p_terminal bigint[], p_epoch integer[], p_sequence bigint[], p_digest bytea[],
    p_posting uuid[], p_refusal text[], p_forward_to integer[],
    p_holder bigint[], p_credential bigint[], p_counter bigint[], p_channel text[],
    p_canteen bigint[], p_canteen_account bigint[], p_acquirer bigint[], p_meal text[],
    p_home_fen bigint[], p_visitor_fen bigint[], p_purchased_at timestamptz[],
    p_subsidy_first boolean[], p_needs_visit boolean[], p_host_account bigint[],
    p_meals_max bigint[], p_day_max_fen bigint[])
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
    v_refusal text[];
    v_cash bigint[];
    v_subsidy bigint[];
    v_host bigint[];
    v_cash_balance bigint[];
    v_subsidy_balance bigint[];
    v_cash_account bigint[];
    v_subsidy_account bigint[];
    v_issuer bigint[];
    v_visit bigint[];
    v_paid uuid[];
BEGIN
    v_date := pass_day_gate(p_book);

    SELECT array_agg(l.cash ORDER BY l.n), array_agg(l.subsidy ORDER BY l.n),
           array_agg(l.cash_account ORDER BY l.n), array_agg(l.subsidy_account ORDER BY l.n)
    INTO v_cash_balance, v_subsidy_balance, v_cash_account, v_subsidy_account
    FROM (
        SELECT a.n, coalesce(max(w.balance_fen) FILTER (WHERE w.purse = 'cash'), 0) AS cash,
               coalesce(max(w.balance_fen) FILTER (WHERE w.purse = 'subsidy'), 0) AS subsidy,
               max(w.account_id) FILTER (WHERE w.purse = 'cash') AS cash_account,
               max(w.account_id) FILTER (WHERE w.purse = 'subsidy') AS subsidy_account
        FROM (SELECT h.holder, h.n FROM unnest(p_holder) WITH ORDINALITY AS h(holder, n) ORDER BY h.holder) a
        LEFT JOIN LATERAL (
            SELECT x.purse, x.balance_fen, x.account_id FROM wallet x
            WHERE x.book = p_book AND x.holder_id = a.holder ORDER BY x.purse FOR UPDATE) w ON true
        GROUP BY a.n
    ) l;
    -- Read after the locks: a purse's postings are in the order of their times, whichever worker sent them.
    v_now := clock_timestamp();

    -- Decide (settlement/sql/rules.sql).
    SELECT array_agg(d.refusal ORDER BY d.n),
           array_agg(CASE WHEN d.working_meal THEN 0 ELSE d.price - d.subsidy_part END ORDER BY d.n),
           array_agg(CASE WHEN d.working_meal THEN 0 ELSE d.subsidy_part END ORDER BY d.n),
           array_agg(CASE WHEN d.working_meal THEN d.price ELSE 0 END ORDER BY d.n),
           array_agg(CASE WHEN d.working_meal THEN d.acquirer ELSE d.agency_id END ORDER BY d.n),
           array_agg(d.visit_id ORDER BY d.n)
    INTO v_refusal, v_cash, v_subsidy, v_host, v_issuer, v_visit
    FROM (
        SELECT p.*,
               CASE
                   WHEN v_date IS NULL THEN 'day_closed'
                   WHEN p.given IS NOT NULL THEN p.given
                   WHEN p.forward_to IS NOT NULL THEN NULL
                   ELSE coalesce(
                       credential_refusal(p.credential_state, p.expires_at, p.account_state, p.last_counter, p.counter,
                                          v_now),
                       entitlement_refusal(p.at_home, p.needs_visit, p.visit_id IS NOT NULL, p.working_meal,
                                           p.working_meal_had, p.meals, p.meals_max),
                       money_refusal(p.price, p.subsidy_part, p.cash, p.spent_today, p.day_max_fen, p.working_meal))
               END AS refusal
        FROM (
            SELECT s.*, subsidy_share(s.price, s.cash, s.subsidy, s.at_home, s.subsidy_first) AS subsidy_part
            FROM (
                SELECT a.*, c.state AS credential_state, c.expires_at, c.last_counter,
                       o.state AS account_state, o.agency_id, o.agency_id = a.acquirer AS at_home,
                       a.host_account IS NOT NULL AS working_meal,
                       CASE WHEN o.agency_id = a.acquirer THEN a.home_fen ELSE a.visitor_fen END AS price,
                       v.visit_id, v.working_meal_had, today.meals,
                       coalesce(today.spent_today, 0) AS spent_today
                FROM unnest(p_refusal, p_forward_to, p_holder, p_credential, p_counter, p_acquirer, p_meal,
                            p_home_fen, p_visitor_fen, p_purchased_at, p_subsidy_first, p_needs_visit,
                            p_host_account, p_meals_max, p_day_max_fen, v_cash_balance, v_subsidy_balance)
                     WITH ORDINALITY AS a(given, forward_to, holder, credential, counter, acquirer, meal,
                                          home_fen, visitor_fen, purchased_at, subsidy_first, needs_visit,
                                          host_account, meals_max, day_max_fen, cash, subsidy, n)
                LEFT JOIN LATERAL (
                    SELECT k.holder_id, k.state, k.expires_at, k.last_counter FROM credential k
                    WHERE k.book = p_book AND k.credential_id = a.credential AND k.holder_id = a.holder OFFSET 0
                ) c ON true
                LEFT JOIN LATERAL (
                    SELECT h.state, h.agency_id FROM official h
                    WHERE h.book = p_book AND h.holder_id = c.holder_id OFFSET 0) o ON true
                LEFT JOIN LATERAL (
                    SELECT i.visit_id, i.working_meal IS NOT NULL AS working_meal_had FROM visit i
                    WHERE (a.needs_visit OR a.host_account IS NOT NULL)
                      AND i.book = p_book AND i.holder_id = c.holder_id AND i.host_agency_id = a.acquirer
                      AND local_date_of(a.purchased_at) BETWEEN i.first_day AND i.last_day
                    ORDER BY i.working_meal IS NOT NULL, i.visit_id LIMIT 1) v ON true
                -- The same meal period: whatever was bought within half a day of it, the cut-off between or not.
                LEFT JOIN LATERAL (
                    SELECT sum(meals_sold(t.kind, t.part)) FILTER (
                               WHERE t.meal = a.meal AND t.purchased_at > a.purchased_at - interval '12 hours') AS meals,
                           sum(sale_fen(t.kind, t.amount_fen)) FILTER (WHERE t.kind <> 'working_meal')::bigint
                               AS spent_today
                    FROM transfer t
                    WHERE t.book = p_book AND t.business_date = v_date AND t.holder_id = c.holder_id) today ON true
            ) s
        ) p
    ) d;

    -- Remember every request that is not known yet, with its answer.
    WITH remembered AS (
        INSERT INTO request (book, terminal_id, epoch, sequence, operation, digest, outcome, refusal, forwarded_to,
                             posting_id, cash_fen, subsidy_fen, host_fen, cash_balance_fen, subsidy_balance_fen,
                             business_date, answered_at)
        SELECT p_book, a.terminal, a.epoch, a.sequence, 'charge', a.digest,
               CASE WHEN a.refusal IS NOT NULL THEN 'refused'
                    WHEN a.forward_to IS NOT NULL THEN 'forwarded' ELSE 'approved' END,
               a.refusal,
               CASE WHEN a.refusal IS NULL THEN a.forward_to END,
               CASE WHEN a.refusal IS NULL AND a.forward_to IS NULL THEN a.posting END,
               CASE WHEN a.refusal IS NULL AND a.forward_to IS NULL THEN a.cash ELSE 0 END,
               CASE WHEN a.refusal IS NULL AND a.forward_to IS NULL THEN a.subsidy ELSE 0 END,
               CASE WHEN a.refusal IS NULL AND a.forward_to IS NULL THEN a.host ELSE 0 END,
               CASE WHEN a.refusal IS NULL AND a.forward_to IS NULL THEN a.cash_balance - a.cash END,
               CASE WHEN a.refusal IS NULL AND a.forward_to IS NULL THEN a.subsidy_balance - a.subsidy END,
               v_date, v_now
        FROM unnest(p_terminal, p_epoch, p_sequence, p_digest, p_posting, v_refusal, p_forward_to,
                    v_cash, v_subsidy, v_host, v_cash_balance, v_subsidy_balance)
             AS a(terminal, epoch, sequence, digest, posting, refusal, forward_to,
                  cash, subsidy, host, cash_balance, subsidy_balance)
        ON CONFLICT (book, terminal_id, epoch, sequence) DO NOTHING
        RETURNING posting_id
    )
    SELECT array_agg(posting_id) INTO v_paid FROM remembered WHERE posting_id IS NOT NULL;

    IF v_paid IS NOT NULL THEN
        UPDATE credential k SET last_counter = a.counter
        FROM unnest(p_posting, p_credential, p_counter) AS a(posting, credential, counter)
        WHERE a.posting = ANY (v_paid) AND k.book = p_book AND k.credential_id = a.credential;

        UPDATE wallet w SET balance_fen = w.balance_fen - a.fen
        FROM (SELECT c.posting, c.holder, 'cash' AS purse, c.fen
              FROM unnest(p_posting, p_holder, v_cash) AS c(posting, holder, fen)
              UNION ALL
              SELECT s.posting, s.holder, 'subsidy', s.fen
              FROM unnest(p_posting, p_holder, v_subsidy) AS s(posting, holder, fen)) a
        WHERE a.fen > 0 AND a.posting = ANY (v_paid)
          AND w.book = p_book AND w.holder_id = a.holder AND w.purse = a.purse;

        -- Post: the part paid from the subsidy and the part paid in cash are numbered from 0; a working meal has one.
        INSERT INTO transfer (book, posting_id, part, kind, debit_account, credit_account, amount_fen, business_date,
                              posted_at, holder_id, issuer_id, acquirer_id, canteen_id, meal, channel, credential_id,
                              counter, terminal_id, epoch, sequence, purchased_at)
        SELECT p_book, a.posting, w.part, CASE WHEN a.host > 0 THEN 'working_meal' ELSE 'payment' END,
               w.account, a.canteen_account, w.fen, v_date,
               v_now, a.holder, a.issuer, a.acquirer, a.canteen, a.meal, a.channel, a.credential,
               a.counter, a.terminal, a.epoch, a.sequence, a.purchased_at
        FROM unnest(p_posting, p_holder, v_cash, v_subsidy, v_host, v_cash_account, v_subsidy_account,
                    p_host_account, v_issuer, p_acquirer, p_canteen, p_canteen_account, p_meal, p_channel, p_credential, p_counter, p_terminal, p_epoch, p_sequence,
                    p_purchased_at)
             AS a(posting, holder, cash, subsidy, host, cash_account, subsidy_account,
                  host_account, issuer, acquirer, canteen, canteen_account, meal, channel, credential, counter, terminal, epoch, sequence,
                  purchased_at)
        CROSS JOIN LATERAL (VALUES (a.subsidy_account, 0, a.subsidy),
                                   (a.cash_account, CASE WHEN a.subsidy > 0 THEN 1 ELSE 0 END, a.cash),
                                   (a.host_account, 0, a.host)) AS w(account, part, fen)
        WHERE a.posting = ANY (v_paid) AND w.fen > 0;

        IF cardinality(array_remove(p_host_account, NULL)) > 0 THEN
            UPDATE visit i SET working_meal = a.posting
            FROM unnest(p_posting, v_visit, v_host) AS a(posting, visit, host)
            WHERE a.host > 0 AND a.posting = ANY (v_paid) AND i.book = p_book AND i.visit_id = a.visit;
        END IF;
    END IF;

    RETURN QUERY
    SELECT r.* FROM unnest(p_terminal, p_epoch, p_sequence) WITH ORDINALITY AS a(terminal, epoch, sequence, n)
    CROSS JOIN LATERAL (
        SELECT q.* FROM request q
        WHERE q.book = p_book AND q.terminal_id = a.terminal AND q.epoch = a.epoch AND q.sequence = a.sequence
        OFFSET 0) r
    ORDER BY a.n;
END $$;
