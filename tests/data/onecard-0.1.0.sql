-- A small database of onecard 0.1.0 (revision 0017): a demo day of twenty payments, closed, and a row or more in every
-- table. tests/system/test_upgrade.py restores and migrates it. Plain pg_dump output without the job queue's tables.

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE TYPE public.charge_decision AS (
	refusal text,
	known boolean,
	pays boolean,
	cash bigint,
	subsidy bigint,
	host bigint,
	issuer bigint,
	visit bigint
);

CREATE TYPE public.charge_order AS (
	terminal bigint,
	epoch integer,
	sequence bigint,
	digest bytea,
	posting uuid,
	given text,
	forward_to integer,
	holder bigint,
	credential bigint,
	counter bigint,
	channel text,
	canteen bigint,
	canteen_account bigint,
	acquirer bigint,
	meal text,
	home_fen bigint,
	visitor_fen bigint,
	purchased_at timestamp with time zone,
	subsidy_first boolean,
	needs_visit boolean,
	host_account bigint,
	meals_max bigint,
	day_max_fen bigint
);

CREATE TYPE public.charge_purses AS (
	cash_balance bigint,
	subsidy_balance bigint,
	cash_account bigint,
	subsidy_account bigint
);

SET default_tablespace = '';

CREATE TABLE public.request (
    book integer NOT NULL,
    terminal_id bigint NOT NULL,
    epoch integer NOT NULL,
    sequence bigint NOT NULL,
    operation text NOT NULL,
    digest bytea,
    outcome text NOT NULL,
    refusal text,
    forwarded_to integer,
    posting_id uuid,
    cash_fen bigint NOT NULL,
    subsidy_fen bigint NOT NULL,
    cash_balance_fen bigint,
    subsidy_balance_fen bigint,
    business_date date,
    answered_at timestamp with time zone NOT NULL,
    host_fen bigint DEFAULT '0'::bigint NOT NULL,
    CONSTRAINT ck_request_forwarded CHECK (((outcome = 'forwarded'::text) = (forwarded_to IS NOT NULL))),
    CONSTRAINT ck_request_operation CHECK ((operation = ANY (ARRAY['charge'::text, 'void'::text]))),
    CONSTRAINT ck_request_outcome CHECK ((outcome = ANY (ARRAY['approved'::text, 'refused'::text, 'voided'::text, 'forwarded'::text]))),
    CONSTRAINT ck_request_refusal CHECK (((outcome = 'refused'::text) = (refusal IS NOT NULL)))
);
ALTER TABLE ONLY public.request ALTER COLUMN book SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN terminal_id SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN epoch SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN sequence SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN operation SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN digest SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN outcome SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN refusal SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN forwarded_to SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN posting_id SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN cash_fen SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN subsidy_fen SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN cash_balance_fen SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN subsidy_balance_fen SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN business_date SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN answered_at SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN host_fen SET STATISTICS 10;

CREATE FUNCTION public.charge(p_book integer, p_orders public.charge_order[]) RETURNS SETOF public.request
    LANGUAGE plpgsql
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
    v_date date;
    v_now timestamptz;
    v_purses charge_purses[];
    v_decided charge_decision[];
    v_hosted boolean;
    v_repeats boolean;
BEGIN
    v_date := pass_day_gate(p_book);

    SELECT array_agg((l.cash_balance, l.subsidy_balance, l.cash_account, l.subsidy_account)::charge_purses ORDER BY l.n)
    INTO v_purses
    FROM (
        SELECT a.n, coalesce(max(w.balance_fen) FILTER (WHERE w.purse = 'cash'), 0) AS cash_balance,
               coalesce(max(w.balance_fen) FILTER (WHERE w.purse = 'subsidy'), 0) AS subsidy_balance,
               max(w.account_id) FILTER (WHERE w.purse = 'cash') AS cash_account,
               max(w.account_id) FILTER (WHERE w.purse = 'subsidy') AS subsidy_account
        FROM (SELECT h.holder, h.ordinality AS n FROM unnest(p_orders) WITH ORDINALITY AS h ORDER BY h.holder) a
        LEFT JOIN LATERAL (
            SELECT x.purse, x.balance_fen, x.account_id FROM wallet x
            WHERE x.book = p_book AND x.holder_id = a.holder ORDER BY x.purse FOR UPDATE) w ON true
        GROUP BY a.n
    ) l;
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
                   WHEN v_date IS NULL THEN 'day_closed'
                   WHEN p.given IS NOT NULL THEN p.given
                   WHEN p.forward_to IS NOT NULL THEN NULL
                   ELSE coalesce(
                       credential_refusal(p.credential_state, p.expires_at, p.account_state, p.last_counter, p.counter,
                                          v_now),
                       entitlement_refusal(p.at_home, p.needs_visit, p.visit_id IS NOT NULL, p.working_meal,
                                           p.working_meal_had, p.meals, p.meals_max),
                       money_refusal(p.price, p.subsidy_part, p.cash_balance, p.spent_today, p.day_max_fen,
                                     p.working_meal))
               END AS refusal
        FROM (
            SELECT s.*,
                   subsidy_share(s.price, s.cash_balance, s.subsidy_balance, s.at_home, s.subsidy_first) AS subsidy_part
            FROM (
                SELECT a.given, a.forward_to, a.counter, a.acquirer, a.needs_visit, a.subsidy_first, a.meals_max,
                       a.day_max_fen, a.cash_balance, a.subsidy_balance, a.ordinality AS n,
                       c.state AS credential_state, c.expires_at, c.last_counter,
                       o.state AS account_state, o.agency_id, o.agency_id = a.acquirer AS at_home,
                       a.host_account IS NOT NULL AS working_meal,
                       CASE WHEN o.agency_id = a.acquirer THEN a.home_fen ELSE a.visitor_fen END AS price,
                       v.visit_id, v.working_meal_had, today.meals,
                       coalesce(today.spent_today, 0) AS spent_today, q.known IS NOT NULL AS known
                FROM unnest(p_orders, v_purses) WITH ORDINALITY AS a
                LEFT JOIN LATERAL (
                    SELECT true AS known FROM request r
                    WHERE r.book = p_book AND r.terminal_id = a.terminal AND r.epoch = a.epoch
                      AND r.sequence = a.sequence OFFSET 0) q ON true
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

    UPDATE credential k SET last_counter = a.counter
    FROM unnest(p_orders, v_decided) AS a
    WHERE a.pays AND k.book = p_book AND k.credential_id = a.credential;

    UPDATE wallet w SET balance_fen = w.balance_fen - a.fen
    FROM (SELECT o.holder, p.purse, p.fen FROM unnest(p_orders, v_decided) AS o
          CROSS JOIN LATERAL (VALUES ('cash', o.cash), ('subsidy', o.subsidy)) AS p(purse, fen)
          WHERE o.pays AND p.fen > 0) a
    WHERE w.book = p_book AND w.holder_id = a.holder AND w.purse = a.purse;

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

CREATE FUNCTION public.close_account(p_book integer, p_holder bigint, p_posting uuid) RETURNS TABLE(problem text, cash_fen bigint, subsidy_fen bigint, business_date date)
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_date date;
    v_closed_now integer;
BEGIN
    v_date := pass_day_gate(p_book);
    IF v_date IS NULL THEN
        RETURN QUERY SELECT 'day_closed', 0::bigint, 0::bigint, v_date;
        RETURN;
    END IF;
    PERFORM FROM wallet w WHERE w.book = p_book AND w.holder_id = p_holder
    ORDER BY w.holder_id, w.purse FOR UPDATE;
    UPDATE official o SET state = 'left' WHERE o.book = p_book AND o.holder_id = p_holder AND o.state = 'active';
    GET DIAGNOSTICS v_closed_now = ROW_COUNT;

    IF v_closed_now > 0 THEN
        INSERT INTO transfer (book, posting_id, part, kind, debit_account, credit_account, amount_fen,
                              business_date, posted_at, holder_id, issuer_id)
        SELECT w.book, p_posting, CASE w.purse WHEN 'cash' THEN 0 ELSE 1 END,
               CASE w.purse WHEN 'cash' THEN 'payout' ELSE 'lapse' END, w.account_id,
               CASE w.purse WHEN 'cash' THEN a.float_account ELSE a.grant_account END, w.balance_fen,
               v_date, clock_timestamp(), w.holder_id, o.agency_id
        FROM wallet w
        JOIN official o ON o.book = w.book AND o.holder_id = w.holder_id
        JOIN agency a ON a.book = o.book AND a.agency_id = o.agency_id
        WHERE w.book = p_book AND w.holder_id = p_holder AND w.balance_fen > 0;
        UPDATE wallet w SET balance_fen = 0 WHERE w.book = p_book AND w.holder_id = p_holder;
    END IF;

    RETURN QUERY
    SELECT CASE WHEN v_closed_now = 0 AND count(*) = 0 THEN 'account_closed' END,
           coalesce(sum(t.amount_fen) FILTER (WHERE t.kind = 'payout'), 0)::bigint,
           coalesce(sum(t.amount_fen) FILTER (WHERE t.kind = 'lapse'), 0)::bigint, min(t.business_date)
    FROM transfer t
    WHERE t.book = p_book AND t.posting_id = p_posting AND t.holder_id = p_holder AND t.kind IN ('payout', 'lapse');
END $$;

CREATE FUNCTION public.co2e_of(stream text, weight_g bigint, food text, on_day date) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN stream IN ('preparation', 'unserved', 'plate') THEN (
        SELECT weight_g * f.co2e_g_per_kg / 1000 FROM food_factor f
        WHERE f.food = coalesce(co2e_of.food, 'other') AND f.valid_from <= on_day
        ORDER BY f.valid_from DESC LIMIT 1) ELSE 0 END
$$;

CREATE FUNCTION public.credential_refusal(credential_state text, expires_at timestamp with time zone, account_state text, last_counter bigint, counter bigint, at timestamp with time zone) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN credential_state IS NULL THEN 'credential_unknown'
                WHEN credential_state <> 'active' THEN 'card_blocked'
                WHEN expires_at <= at THEN 'credential_expired'
                WHEN account_state <> 'active' THEN 'not_entitled'
                WHEN last_counter = counter THEN 'already_used'
                WHEN last_counter > counter THEN 'counter_too_low' END
$$;

CREATE FUNCTION public.deposit(p_book integer, p_kind text, p_channel text, p_posting uuid[], p_holder bigint[], p_amount_fen bigint[]) RETURNS TABLE(posting_id uuid, kind text, holder_id bigint, amount_fen bigint, business_date date)
    LANGUAGE plpgsql
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
DECLARE
    v_date date;
    v_now timestamptz;
    v_holder bigint[];
    v_amount_fen numeric[];
    v_purse text := CASE p_kind WHEN 'top_up' THEN 'cash' WHEN 'grant' THEN 'subsidy' END;
BEGIN
    v_date := pass_day_gate(p_book);
    IF v_date IS NULL THEN
        RETURN;
    END IF;

    INSERT INTO wallet (book, holder_id, purse, account_id, balance_fen)
    SELECT o.book, o.holder_id, p.purse,
           CASE p.purse WHEN 'cash' THEN o.cash_account ELSE o.subsidy_account END, 0
    FROM (SELECT DISTINCT h.holder FROM unnest(p_holder) AS h(holder)) a
    CROSS JOIN LATERAL (
        SELECT f.book, f.holder_id, f.cash_account, f.subsidy_account FROM official f
        WHERE f.book = p_book AND f.holder_id = a.holder OFFSET 0) o
    CROSS JOIN (VALUES ('cash'), ('subsidy')) AS p(purse)
    ORDER BY o.holder_id, p.purse
    ON CONFLICT DO NOTHING;

    PERFORM FROM (SELECT DISTINCT h.holder FROM unnest(p_holder) AS h(holder) ORDER BY h.holder) a
    CROSS JOIN LATERAL (
        SELECT FROM wallet w WHERE w.book = p_book AND w.holder_id = a.holder ORDER BY w.purse FOR UPDATE) w;
    v_now := clock_timestamp();

    WITH posted AS (
        INSERT INTO transfer (book, posting_id, part, kind, debit_account, credit_account, amount_fen,
                              business_date, posted_at, holder_id, issuer_id, channel)
        SELECT p_book, a.posting, 0, p_kind,
               CASE p_kind WHEN 'top_up' THEN g.float_account ELSE g.grant_account END,
               w.account_id, a.amount_fen, v_date, v_now, a.holder, o.agency_id, p_channel
        FROM unnest(p_posting, p_holder, p_amount_fen) AS a(posting, holder, amount_fen)
        CROSS JOIN LATERAL (
            SELECT h.agency_id FROM official h
            WHERE h.book = p_book AND h.holder_id = a.holder AND h.state = 'active' OFFSET 0) o
        CROSS JOIN LATERAL (
            SELECT y.float_account, y.grant_account FROM agency y
            WHERE y.book = p_book AND y.agency_id = o.agency_id OFFSET 0) g
        CROSS JOIN LATERAL (
            SELECT x.account_id FROM wallet x
            WHERE x.book = p_book AND x.holder_id = a.holder AND x.purse = v_purse OFFSET 0) w
        ON CONFLICT DO NOTHING
        RETURNING transfer.holder_id, transfer.amount_fen
    )
    SELECT array_agg(s.holder_id), array_agg(s.amount_fen) INTO v_holder, v_amount_fen
    FROM (SELECT p.holder_id, sum(p.amount_fen) AS amount_fen FROM posted p GROUP BY p.holder_id) s;

    UPDATE wallet w SET balance_fen = w.balance_fen + a.amount_fen
    FROM unnest(v_holder, v_amount_fen) AS a(holder, amount_fen)
    WHERE w.book = p_book AND w.holder_id = a.holder AND w.purse = v_purse;

    RETURN QUERY
    SELECT t.posting_id, t.kind, t.holder_id, t.amount_fen, t.business_date
    FROM unnest(p_posting) WITH ORDINALITY AS a(posting, n)
    CROSS JOIN LATERAL (
        SELECT q.* FROM transfer q WHERE q.book = p_book AND q.posting_id = a.posting AND q.part = 0 OFFSET 0) t
    ORDER BY a.n;
END $$;

CREATE FUNCTION public.entitlement_refusal(at_home boolean, needs_visit boolean, on_visit boolean, working_meal boolean, working_meal_had boolean, meals bigint, meals_max bigint) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN working_meal AND (at_home OR NOT on_visit OR working_meal_had) THEN 'no_working_meal'
                WHEN needs_visit AND NOT at_home AND NOT on_visit THEN 'not_entitled'
                WHEN meals >= meals_max THEN 'meals_exceeded' END
$$;

CREATE FUNCTION public.lapse_subsidies(p_book integer, p_agency bigint, p_year_end date) RETURNS TABLE(purses bigint, subsidy_fen bigint)
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_date date;
    v_year integer := extract(year FROM p_year_end);
BEGIN
    v_date := pass_day_gate(p_book);
    IF v_date IS NULL OR v_date <= p_year_end THEN
        RETURN;
    END IF;
    INSERT INTO subsidy_lapse (book, agency_id, year, purses, subsidy_fen, lapsed_at)
    VALUES (p_book, p_agency, v_year, 0, 0, clock_timestamp()) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    PERFORM FROM wallet w
    JOIN official o ON o.book = w.book AND o.holder_id = w.holder_id
    WHERE w.book = p_book AND w.purse = 'subsidy' AND o.agency_id = p_agency
    ORDER BY w.holder_id FOR UPDATE OF w;

    RETURN QUERY
    WITH came_since AS (
        SELECT t.credit_account, sum(t.amount_fen) AS amount_fen FROM transfer t
        WHERE t.book = p_book AND t.business_date > p_year_end AND t.issuer_id = p_agency
        GROUP BY t.credit_account
    ), old_money AS (
        SELECT w.holder_id, w.account_id, w.balance_fen - coalesce(c.amount_fen, 0)::bigint AS left_fen
        FROM wallet w
        JOIN official o ON o.book = w.book AND o.holder_id = w.holder_id
        LEFT JOIN came_since c ON c.credit_account = w.account_id
        WHERE w.book = p_book AND w.purse = 'subsidy' AND o.agency_id = p_agency
    ), posted AS (
        INSERT INTO transfer (book, posting_id, part, kind, debit_account, credit_account, amount_fen,
                              business_date, posted_at, holder_id, issuer_id)
        SELECT p_book, md5(concat_ws(':', 'lapse', p_book, m.holder_id, v_year))::uuid, 0, 'lapse', m.account_id,
               a.grant_account, m.left_fen, v_date, clock_timestamp(), m.holder_id, p_agency
        FROM old_money m
        JOIN agency a ON a.book = p_book AND a.agency_id = p_agency
        WHERE m.left_fen > 0
        RETURNING transfer.holder_id, transfer.amount_fen
    ), paid AS (
        UPDATE wallet w SET balance_fen = w.balance_fen - p.amount_fen
        FROM posted p WHERE w.book = p_book AND w.holder_id = p.holder_id AND w.purse = 'subsidy'
        RETURNING p.amount_fen
    ), summed AS (
        SELECT count(*) AS purses, coalesce(sum(p.amount_fen), 0)::bigint AS subsidy_fen FROM paid p
    )
    UPDATE subsidy_lapse l SET purses = s.purses, subsidy_fen = s.subsidy_fen
    FROM summed s WHERE l.book = p_book AND l.agency_id = p_agency AND l.year = v_year
    RETURNING l.purses, l.subsidy_fen;
END $$;

CREATE FUNCTION public.local_date_of(at timestamp with time zone) RETURNS date
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT (at AT TIME ZONE 'Asia/Shanghai')::date $$;

CREATE FUNCTION public.meals_sold(kind text, part integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN part > 0 THEN 0 WHEN kind IN ('payment', 'working_meal') THEN 1
                WHEN kind = 'reversal' THEN -1 ELSE 0 END
$$;

CREATE FUNCTION public.money_refusal(price bigint, subsidy_part bigint, cash bigint, spent_today bigint, day_max bigint, working_meal boolean) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN working_meal THEN NULL
                WHEN spent_today + price > day_max THEN 'day_limit_exceeded'
                WHEN price - subsidy_part > cash THEN 'insufficient_funds' END
$$;

CREATE FUNCTION public.move_business_day(p_book integer, p_through date) RETURNS date
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_closed date;
BEGIN
    PERFORM pg_advisory_xact_lock(7301, p_book);
    SELECT d.business_date INTO v_closed FROM book_day d WHERE d.book = p_book AND d.business_date <= p_through;
    UPDATE book_day d SET business_date = p_through + 1 WHERE d.book = p_book AND d.business_date <= p_through;
    RETURN v_closed;
END $$;

CREATE FUNCTION public.pass_day_gate(p_book integer) RETURNS date
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_date date;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7301, p_book);
    SELECT d.business_date INTO v_date FROM book_day d WHERE d.book = p_book;
    RETURN v_date;
END $$;

CREATE FUNCTION public.refund(p_book integer, p_posting uuid, p_payment uuid, p_amount_fen bigint) RETURNS TABLE(problem text, payment uuid, cash_fen bigint, subsidy_fen bigint, host_fen bigint, left_fen bigint)
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_date date;
    v_left bigint;
    v_problem text;
BEGIN
    v_date := pass_day_gate(p_book);
    PERFORM FROM wallet w JOIN transfer t ON t.book = w.book AND t.holder_id = w.holder_id
    WHERE t.book = p_book AND t.posting_id = p_payment
    ORDER BY w.holder_id, w.purse FOR UPDATE OF w;

    IF NOT EXISTS (SELECT FROM transfer t WHERE t.book = p_book AND t.posting_id = p_posting) THEN
        SELECT sum(t.amount_fen) - (SELECT coalesce(sum(r.amount_fen), 0) FROM transfer r
                                    WHERE r.book = p_book AND r.reverses = p_payment)
        INTO v_left
        FROM transfer t
        WHERE t.book = p_book AND t.posting_id = p_payment AND t.kind IN ('payment', 'working_meal');

        v_problem := CASE WHEN v_date IS NULL THEN 'day_closed'
                          WHEN v_left IS NULL THEN 'not_a_payment'
                          WHEN EXISTS (SELECT FROM transfer t
                                       JOIN official o ON o.book = t.book AND o.holder_id = t.holder_id
                                       WHERE t.book = p_book AND t.posting_id = p_payment AND o.state <> 'active')
                          THEN 'account_closed'
                          WHEN p_amount_fen > v_left THEN 'more_than_paid' END;
        IF v_problem IS NOT NULL THEN
            RETURN QUERY SELECT v_problem, p_payment, 0::bigint, 0::bigint, 0::bigint, coalesce(v_left, 0);
            RETURN;
        END IF;

        WITH parts AS (
            SELECT t.*, coalesce(w.purse, 'host') AS purse,
                   t.amount_fen - (SELECT coalesce(sum(r.amount_fen), 0) FROM transfer r
                                   WHERE r.book = p_book AND r.reverses = p_payment AND r.part = t.part) AS left_fen
            FROM transfer t
            LEFT JOIN wallet w ON w.book = p_book AND w.holder_id = t.holder_id AND w.account_id = t.debit_account
            WHERE t.book = p_book AND t.posting_id = p_payment
        ), shares AS (
            SELECT p.*, greatest(0, least(p.left_fen, p_amount_fen - coalesce(sum(p.left_fen) OVER (
                       ORDER BY p.purse ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)))::bigint AS back_fen
            FROM parts p
        ), posted AS (
            INSERT INTO transfer (book, posting_id, part, kind, debit_account, credit_account, amount_fen,
                                  business_date, posted_at, holder_id, issuer_id, acquirer_id, canteen_id, meal,
                                  channel, purchased_at, reverses)
            SELECT s.book, p_posting, s.part, 'refund', s.credit_account, s.debit_account, s.back_fen,
                   v_date, clock_timestamp(), s.holder_id, s.issuer_id, s.acquirer_id, s.canteen_id, s.meal,
                   s.channel, s.purchased_at, p_payment
            FROM shares s WHERE s.back_fen > 0
            RETURNING transfer.holder_id, transfer.credit_account, transfer.amount_fen
        )
        UPDATE wallet w SET balance_fen = w.balance_fen + p.amount_fen
        FROM posted p WHERE w.book = p_book AND w.holder_id = p.holder_id AND w.account_id = p.credit_account;
    END IF;

    RETURN QUERY
    SELECT CASE WHEN bool_and(t.kind = 'refund') THEN NULL ELSE 'other_content' END, (array_agg(t.reverses))[1],
           coalesce(sum(t.amount_fen) FILTER (WHERE w.purse = 'cash'), 0)::bigint,
           coalesce(sum(t.amount_fen) FILTER (WHERE w.purse = 'subsidy'), 0)::bigint,
           coalesce(sum(t.amount_fen) FILTER (WHERE w.purse IS NULL), 0)::bigint, 0::bigint
    FROM transfer t
    LEFT JOIN wallet w ON w.book = p_book AND w.holder_id = t.holder_id AND w.account_id = t.credit_account
    WHERE t.book = p_book AND t.posting_id = p_posting;
END $$;

CREATE FUNCTION public.sale_fen(kind text, amount_fen bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN kind IN ('payment', 'working_meal') THEN amount_fen
                WHEN kind IN ('reversal', 'refund') THEN -amount_fen ELSE 0 END
$$;

CREATE FUNCTION public.subsidy_share(price bigint, cash bigint, subsidy bigint, at_home boolean, subsidy_first boolean) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN NOT at_home THEN 0
                WHEN subsidy_first THEN least(subsidy, price)
                ELSE least(subsidy, greatest(price - cash, 0)) END
$$;

CREATE FUNCTION public.void_charge(p_book integer, p_terminal bigint, p_epoch integer, p_sequence bigint, p_digest bytea, p_target_epoch integer, p_target_sequence bigint, p_posting uuid, p_grace interval) RETURNS SETOF public.request
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_date date;
    v_now timestamptz;
    v_target request;
    v_tombstones integer;
    v_refusal text;
    v_cash bigint := 0;
    v_subsidy bigint := 0;
    v_host bigint := 0;
    v_reversed boolean := false;
BEGIN
    v_date := pass_day_gate(p_book);
    v_now := clock_timestamp();
    PERFORM FROM request r WHERE r.book = p_book AND r.terminal_id = p_terminal AND r.epoch = p_epoch
                             AND r.sequence = p_sequence;
    IF NOT FOUND THEN
        INSERT INTO request (book, terminal_id, epoch, sequence, operation, outcome, cash_fen, subsidy_fen, host_fen,
                             business_date, answered_at)
        SELECT p_book, p_terminal, p_target_epoch, p_target_sequence, 'charge', 'voided', 0, 0, 0, v_date, v_now
        WHERE v_date IS NOT NULL
        ON CONFLICT (book, terminal_id, epoch, sequence) DO NOTHING;
        GET DIAGNOSTICS v_tombstones = ROW_COUNT;

        IF v_tombstones = 0 THEN
            SELECT r.* INTO v_target FROM request r
            WHERE r.book = p_book AND r.terminal_id = p_terminal AND r.epoch = p_target_epoch
              AND r.sequence = p_target_sequence;
        END IF;

        IF v_target.outcome = 'approved' THEN
            PERFORM FROM wallet w JOIN transfer t ON t.book = w.book AND t.holder_id = w.holder_id
            WHERE t.book = p_book AND t.posting_id = v_target.posting_id
            ORDER BY w.holder_id, w.purse FOR UPDATE OF w;
        END IF;
        v_refusal := CASE
            WHEN v_date IS NULL THEN 'day_closed'
            WHEN v_target.operation = 'void' THEN 'not_a_charge'
            WHEN v_target.outcome IS DISTINCT FROM 'approved' THEN NULL
            WHEN v_target.business_date < v_date AND v_target.answered_at < v_now - p_grace THEN 'void_too_late'
            WHEN EXISTS (SELECT FROM transfer t JOIN official o ON o.book = t.book AND o.holder_id = t.holder_id
                         WHERE t.book = p_book AND t.posting_id = v_target.posting_id AND o.state <> 'active')
            THEN 'account_closed'
            WHEN EXISTS (SELECT FROM transfer t WHERE t.book = p_book AND t.reverses = v_target.posting_id
                         AND t.kind = 'refund') THEN 'already_refunded' END;

        IF v_target.outcome = 'approved' AND v_refusal IS NULL THEN
            WITH reversed AS (
                INSERT INTO transfer (book, posting_id, part, kind, debit_account, credit_account, amount_fen,
                                      business_date, posted_at, holder_id, issuer_id, acquirer_id, canteen_id, meal,
                                      channel, terminal_id, epoch, sequence, purchased_at, reverses)
                SELECT t.book, p_posting, t.part, 'reversal', t.credit_account, t.debit_account, t.amount_fen,
                       v_date, v_now, t.holder_id, t.issuer_id, t.acquirer_id, t.canteen_id, t.meal,
                       t.channel, p_terminal, p_epoch, p_sequence, t.purchased_at, t.posting_id
                FROM transfer t WHERE t.book = p_book AND t.posting_id = v_target.posting_id
                ON CONFLICT (book, reverses, part) WHERE kind = 'reversal' DO NOTHING
                RETURNING holder_id, credit_account, amount_fen
            ), repaid AS (
                UPDATE wallet w SET balance_fen = w.balance_fen + r.amount_fen
                FROM reversed r
                WHERE w.book = p_book AND w.holder_id = r.holder_id AND w.account_id = r.credit_account
                RETURNING w.purse, r.amount_fen
            )
            SELECT coalesce((SELECT sum(amount_fen) FROM repaid WHERE purse = 'cash'), 0),
                   coalesce((SELECT sum(amount_fen) FROM repaid WHERE purse = 'subsidy'), 0),
                   coalesce(sum(amount_fen), 0) - coalesce((SELECT sum(amount_fen) FROM repaid), 0), count(*) > 0
            INTO v_cash, v_subsidy, v_host, v_reversed FROM reversed;

            UPDATE visit i SET working_meal = NULL
            FROM transfer t
            WHERE v_host > 0 AND t.book = p_book AND t.posting_id = v_target.posting_id
              AND i.book = p_book AND i.holder_id = t.holder_id AND i.working_meal = v_target.posting_id;
        END IF;

        INSERT INTO request (book, terminal_id, epoch, sequence, operation, digest, outcome, refusal, forwarded_to,
                             posting_id, cash_fen, subsidy_fen, host_fen, business_date, answered_at)
        VALUES (p_book, p_terminal, p_epoch, p_sequence, 'void', p_digest,
                CASE WHEN v_refusal IS NOT NULL THEN 'refused'
                     WHEN v_target.outcome = 'forwarded' THEN 'forwarded' ELSE 'voided' END,
                v_refusal,
                CASE WHEN v_refusal IS NULL AND v_target.outcome = 'forwarded' THEN v_target.forwarded_to END,
                CASE WHEN v_reversed THEN p_posting END, v_cash, v_subsidy, v_host, v_date, v_now);
    END IF;

    RETURN QUERY SELECT r.* FROM request r
    WHERE r.book = p_book AND r.terminal_id = p_terminal AND r.epoch = p_epoch AND r.sequence = p_sequence;
END $$;

CREATE TABLE public.agency (
    book integer NOT NULL,
    agency_id bigint NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    float_account bigint NOT NULL,
    grant_account bigint NOT NULL,
    meal_allowance_fen integer NOT NULL,
    working_meal_account bigint NOT NULL,
    purse_order text NOT NULL,
    CONSTRAINT ck_agency_purse_order CHECK ((purse_order = ANY (ARRAY['subsidy_first'::text, 'cash_first'::text])))
);

CREATE TABLE public.book (
    book integer NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL
);

CREATE TABLE public.canteen (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    agency_id bigint NOT NULL,
    account_id bigint NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    latitude double precision,
    longitude double precision
);

CREATE TABLE public.official (
    book integer NOT NULL,
    holder_id bigint NOT NULL,
    agency_id bigint NOT NULL,
    cash_account bigint NOT NULL,
    subsidy_account bigint NOT NULL,
    state text NOT NULL,
    name_sealed bytea NOT NULL,
    staff_index bytea NOT NULL,
    CONSTRAINT ck_official_state CHECK ((state = ANY (ARRAY['active'::text, 'left'::text])))
);

CREATE VIEW public.account AS
 SELECT official.book,
    official.cash_account AS account_id,
    'cash'::text AS kind,
    official.agency_id,
    official.holder_id,
    NULL::bigint AS canteen_id
   FROM public.official
UNION ALL
 SELECT official.book,
    official.subsidy_account AS account_id,
    'subsidy'::text AS kind,
    official.agency_id,
    official.holder_id,
    NULL::bigint AS canteen_id
   FROM public.official
UNION ALL
 SELECT agency.book,
    agency.float_account AS account_id,
    'float'::text AS kind,
    agency.agency_id,
    NULL::bigint AS holder_id,
    NULL::bigint AS canteen_id
   FROM public.agency
UNION ALL
 SELECT agency.book,
    agency.grant_account AS account_id,
    'grant'::text AS kind,
    agency.agency_id,
    NULL::bigint AS holder_id,
    NULL::bigint AS canteen_id
   FROM public.agency
UNION ALL
 SELECT b.book,
    c.account_id,
    'canteen'::text AS kind,
    c.agency_id,
    NULL::bigint AS holder_id,
    c.canteen_id
   FROM (public.canteen c
     CROSS JOIN public.book b)
UNION ALL
 SELECT b.book,
    a.working_meal_account AS account_id,
    'working_meal'::text AS kind,
    a.agency_id,
    NULL::bigint AS holder_id,
    NULL::bigint AS canteen_id
   FROM (public.agency a
     CROSS JOIN public.book b);

CREATE TABLE public.account_day (
    book integer NOT NULL,
    account_id bigint NOT NULL,
    business_date date NOT NULL,
    debit_fen bigint NOT NULL,
    credit_fen bigint NOT NULL
);

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE public.appeal (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    appeal_id bigint NOT NULL,
    quarter date NOT NULL,
    state text NOT NULL,
    text text NOT NULL,
    raised_by text NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    decision text,
    decided_by text,
    decided_at timestamp with time zone,
    revision integer,
    CONSTRAINT ck_appeal_state CHECK ((state = ANY (ARRAY['open'::text, 'accepted'::text, 'rejected'::text])))
);

CREATE TABLE public.audit_entry (
    entry bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL,
    digest bytea NOT NULL
);

CREATE TABLE public.bank_account (
    agency_id bigint NOT NULL,
    holder_name text NOT NULL,
    number text NOT NULL,
    bank text NOT NULL
);

CREATE TABLE public.bank_entry (
    entry text NOT NULL,
    credit boolean NOT NULL,
    amount_fen bigint NOT NULL,
    booked_on date NOT NULL,
    reference text NOT NULL,
    verdict text NOT NULL,
    cycle_date date,
    agency_id bigint,
    taken_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_bank_entry_amount CHECK ((amount_fen > 0)),
    CONSTRAINT ck_bank_entry_matched CHECK (((verdict = 'matched'::text) = ((cycle_date IS NOT NULL) AND (agency_id IS NOT NULL)))),
    CONSTRAINT ck_bank_entry_verdict CHECK ((verdict = ANY (ARRAY['matched'::text, 'unknown_reference'::text, 'wrong_direction'::text, 'too_much'::text])))
);

CREATE TABLE public.block_entry (
    version bigint NOT NULL,
    book integer NOT NULL,
    credential_id bigint NOT NULL,
    blocked boolean NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone NOT NULL
);

CREATE TABLE public.book_day (
    book integer NOT NULL,
    business_date date NOT NULL
);

CREATE TABLE public.booking (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    business_date date NOT NULL,
    meal text NOT NULL,
    booked integer NOT NULL,
    came integer,
    noted_by text NOT NULL,
    noted_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_booking_counts CHECK (((booked >= 0) AND (came >= 0))),
    CONSTRAINT ck_booking_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text])))
);

CREATE TABLE public.bulletin (
    bulletin_id bigint NOT NULL,
    quarter date NOT NULL,
    state text NOT NULL,
    texts jsonb NOT NULL,
    found jsonb NOT NULL,
    written_by jsonb NOT NULL,
    drafted_at timestamp with time zone NOT NULL,
    published_by text,
    published_at timestamp with time zone,
    CONSTRAINT ck_bulletin_state CHECK ((state = ANY (ARRAY['draft'::text, 'published'::text])))
);

CREATE TABLE public.case_step (
    book integer NOT NULL,
    case_id bigint NOT NULL,
    number integer NOT NULL,
    action text NOT NULL,
    text text NOT NULL,
    done_by text NOT NULL,
    done_at timestamp with time zone NOT NULL
);

CREATE TABLE public.closed_day (
    book integer NOT NULL,
    business_date date NOT NULL,
    closed_at timestamp with time zone NOT NULL,
    rolled_up_at timestamp with time zone,
    cycle_date date
);

CREATE TABLE public.console_session (
    token_hash bytea NOT NULL,
    user_id bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.console_user (
    user_id bigint NOT NULL,
    login text NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL,
    agency_id bigint,
    CONSTRAINT ck_console_user_role CHECK ((role = ANY (ARRAY['centre_operator'::text, 'centre_approver'::text, 'agency_admin'::text, 'agency_finance'::text, 'canteen_manager'::text, 'supervisor'::text])))
);

CREATE TABLE public.cover_day (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    business_date date NOT NULL,
    meal text NOT NULL,
    covers integer NOT NULL,
    guests integer NOT NULL,
    CONSTRAINT ck_cover_day_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text])))
);

CREATE TABLE public.cover_forecast (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    business_date date NOT NULL,
    meal text NOT NULL,
    covers integer NOT NULL,
    cook_for integer NOT NULL,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_cover_forecast_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text])))
);

CREATE TABLE public.credential (
    book integer NOT NULL,
    credential_id bigint NOT NULL,
    holder_id bigint NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    card_uid bytea,
    public_key bytea,
    issued_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    last_counter bigint DEFAULT '0'::bigint NOT NULL,
    CONSTRAINT ck_credential_kind CHECK ((kind = ANY (ARRAY['card'::text, 'phone'::text]))),
    CONSTRAINT ck_credential_state CHECK ((state = ANY (ARRAY['active'::text, 'blocked'::text])))
)
WITH (fillfactor='80', autovacuum_analyze_scale_factor='2');

CREATE TABLE public.cycle (
    business_date date NOT NULL,
    state text NOT NULL,
    closed_at timestamp with time zone,
    netted_at timestamp with time zone,
    published_at timestamp with time zone,
    settled_at timestamp with time zone,
    closing_at timestamp with time zone NOT NULL,
    fee_fen bigint DEFAULT '0'::bigint NOT NULL,
    CONSTRAINT ck_cycle_state CHECK ((state = ANY (ARRAY['closing'::text, 'closed'::text, 'netted'::text, 'published'::text, 'settled'::text])))
);

CREATE TABLE public.cycle_proof (
    cycle_date date NOT NULL,
    log_index integer NOT NULL,
    manifest bytea NOT NULL,
    signature bytea NOT NULL
);

CREATE TABLE public.difference (
    kind text NOT NULL,
    subject text NOT NULL,
    agency_id bigint,
    amount_fen bigint NOT NULL,
    cause text NOT NULL,
    first_seen timestamp with time zone NOT NULL,
    last_seen timestamp with time zone NOT NULL,
    resolved_at timestamp with time zone
);

CREATE TABLE public.dispute (
    dispute_id bigint NOT NULL,
    cycle_date date NOT NULL,
    book integer NOT NULL,
    posting_id uuid NOT NULL,
    raised_by_agency bigint NOT NULL,
    other_agency bigint NOT NULL,
    amount_fen bigint NOT NULL,
    state text NOT NULL,
    text text NOT NULL,
    raised_by text NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    answer_until date NOT NULL,
    answer text,
    answered_by text,
    answered_at timestamp with time zone,
    decision text,
    decided_by text,
    decided_at timestamp with time zone,
    refund_id uuid,
    CONSTRAINT ck_dispute_amount CHECK ((amount_fen > 0)),
    CONSTRAINT ck_dispute_refund CHECK (((state = 'accepted'::text) = (refund_id IS NOT NULL))),
    CONSTRAINT ck_dispute_state CHECK ((state = ANY (ARRAY['open'::text, 'answered'::text, 'accepted'::text, 'rejected'::text, 'withdrawn'::text])))
);

CREATE TABLE public.dispute_file (
    dispute_id bigint NOT NULL,
    number integer NOT NULL,
    side text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    content bytea NOT NULL,
    CONSTRAINT ck_dispute_file_side CHECK ((side = ANY (ARRAY['dispute'::text, 'answer'::text])))
);

CREATE TABLE public.enrolment (
    book integer NOT NULL,
    enrolment_id bigint NOT NULL,
    canteen_id bigint NOT NULL,
    code_hash bytea NOT NULL,
    created_by text NOT NULL,
    approved_by text,
    expires_at timestamp with time zone NOT NULL,
    tries_left integer NOT NULL,
    terminal_id bigint,
    kind text DEFAULT 'till'::text NOT NULL,
    CONSTRAINT ck_enrolment_kind CHECK ((kind = ANY (ARRAY['till'::text, 'scale'::text]))),
    CONSTRAINT ck_enrolment_second_person CHECK ((approved_by <> created_by))
);

CREATE TABLE public.evaluation_quarter (
    quarter date NOT NULL,
    wanted_at timestamp with time zone NOT NULL,
    evaluated_at timestamp with time zone,
    frozen_by text,
    frozen_at timestamp with time zone
);

CREATE TABLE public.evidence (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    quarter date NOT NULL,
    code text NOT NULL,
    scored_at timestamp with time zone NOT NULL,
    share double precision NOT NULL,
    note text NOT NULL,
    scored_by text NOT NULL,
    CONSTRAINT ck_evidence_share CHECK (((share >= (0)::double precision) AND (share <= (1)::double precision)))
);

CREATE TABLE public.food_factor (
    food text NOT NULL,
    valid_from date NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    co2e_g_per_kg integer NOT NULL,
    source text NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_food_factor_factor CHECK ((co2e_g_per_kg >= 0))
);

CREATE TABLE public.gateway_order (
    book integer NOT NULL,
    holder_id bigint NOT NULL,
    order_id uuid NOT NULL,
    number uuid NOT NULL,
    amount_fen bigint NOT NULL,
    state text NOT NULL,
    reference text,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT ck_gateway_order_amount CHECK ((amount_fen > 0)),
    CONSTRAINT ck_gateway_order_state CHECK ((state = ANY (ARRAY['open'::text, 'paid'::text, 'expired'::text, 'returned'::text])))
);

CREATE TABLE public.jurisdiction (
    book integer NOT NULL,
    valid_from date NOT NULL,
    visitors text NOT NULL,
    visitor_floor text NOT NULL,
    visitor_cap text NOT NULL,
    payment_max_fen bigint,
    day_max_fen bigint,
    meals_max integer,
    receipt_effect text NOT NULL,
    subsidy_expires text NOT NULL,
    CONSTRAINT ck_jurisdiction_receipt_effect CHECK ((receipt_effect = ANY (ARRAY['personal'::text, 'voucher'::text]))),
    CONSTRAINT ck_jurisdiction_subsidy_expires CHECK ((subsidy_expires = ANY (ARRAY['never'::text, 'year_end'::text]))),
    CONSTRAINT ck_jurisdiction_visitor_cap CHECK ((visitor_cap = ANY (ARRAY['none'::text, 'allowance_share'::text]))),
    CONSTRAINT ck_jurisdiction_visitor_floor CHECK ((visitor_floor = ANY (ARRAY['none'::text, 'home_price'::text]))),
    CONSTRAINT ck_jurisdiction_visitors CHECK ((visitors = ANY (ARRAY['anyone'::text, 'agreement'::text, 'visit'::text])))
);

CREATE TABLE public.kitchen (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    operating text NOT NULL,
    serving text NOT NULL,
    cost_per_kg_fen integer,
    CONSTRAINT ck_kitchen_operating CHECK ((operating = ANY (ARRAY['self_run'::text, 'contracted'::text]))),
    CONSTRAINT ck_kitchen_serving CHECK ((serving = ANY (ARRAY['buffet'::text, 'set_meal'::text, 'a_la_carte'::text])))
);

CREATE TABLE public.kitchen_file (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    file_id bigint NOT NULL,
    subject text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    content bytea NOT NULL,
    added_by text NOT NULL,
    added_at timestamp with time zone NOT NULL
);

CREATE TABLE public.kitchen_month (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    month date NOT NULL,
    meal text NOT NULL,
    covers bigint NOT NULL,
    weighed_covers bigint NOT NULL,
    waste_g bigint NOT NULL,
    preparation_g bigint NOT NULL,
    unserved_g bigint NOT NULL,
    plate_g bigint NOT NULL,
    inedible_g bigint NOT NULL,
    prepared_g bigint NOT NULL,
    prepared_waste_g bigint NOT NULL,
    meals integer NOT NULL,
    weighed_meals integer NOT NULL,
    implausible integer NOT NULL,
    co2e_g bigint DEFAULT '0'::bigint NOT NULL,
    CONSTRAINT ck_kitchen_month_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text])))
);

CREATE TABLE public.meal_period (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    meal text NOT NULL,
    starts time without time zone NOT NULL,
    ends time without time zone NOT NULL,
    CONSTRAINT ck_meal_period_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text]))),
    CONSTRAINT ck_meal_period_order CHECK ((starts < ends))
);

CREATE TABLE public.obligation (
    cycle_date date NOT NULL,
    book integer NOT NULL,
    issuer_id bigint NOT NULL,
    acquirer_id bigint NOT NULL,
    canteen_id bigint NOT NULL,
    meal text NOT NULL,
    channel text NOT NULL,
    payments integer NOT NULL,
    paid_fen bigint NOT NULL,
    reversals integer NOT NULL,
    reversed_fen bigint NOT NULL,
    line text NOT NULL,
    subsidy_fen bigint NOT NULL,
    CONSTRAINT ck_obligation_line CHECK ((line = ANY (ARRAY['meal'::text, 'working_meal'::text, 'late'::text, 'correction'::text, 'working_meal_correction'::text, 'fee'::text])))
);

CREATE SEQUENCE public.onecard_number
    START WITH 1001
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE public.phone_activation (
    book integer NOT NULL,
    activation_id bigint NOT NULL,
    holder_id bigint NOT NULL,
    code_hash bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    tries_left integer NOT NULL,
    credential_id bigint
);

CREATE TABLE public."position" (
    cycle_date date NOT NULL,
    agency_id bigint NOT NULL,
    receivable_fen bigint NOT NULL,
    payable_fen bigint NOT NULL,
    position_fen bigint NOT NULL
);

CREATE TABLE public.quarter_result (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    quarter date NOT NULL,
    revision integer NOT NULL,
    scheme text NOT NULL,
    serving text NOT NULL,
    operating text NOT NULL,
    score double precision,
    low double precision,
    high double precision,
    grade_zh text,
    grade_en text,
    to_verify boolean NOT NULL,
    vetoed boolean NOT NULL,
    weekly_covers double precision NOT NULL,
    points jsonb NOT NULL,
    weeks jsonb NOT NULL,
    made_at timestamp with time zone NOT NULL
);

CREATE TABLE public.rectification_case (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    case_id bigint NOT NULL,
    quarter date NOT NULL,
    kind text NOT NULL,
    what text NOT NULL,
    responsible text NOT NULL,
    state text NOT NULL,
    level integer NOT NULL,
    opened_on date NOT NULL,
    due_on date NOT NULL,
    deadline date NOT NULL,
    closed_on date,
    CONSTRAINT ck_rectification_case_kind CHECK ((kind = ANY (ARRAY['finding'::text, 'falsified_weights'::text]))),
    CONSTRAINT ck_rectification_case_state CHECK ((state = ANY (ARRAY['open'::text, 'planned'::text, 'proved'::text, 'closed'::text, 'withdrawn'::text])))
);

CREATE TABLE public.region_agreement (
    book integer NOT NULL,
    guest_book integer NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    CONSTRAINT ck_region_agreement_regions CHECK ((book <> guest_book))
);

CREATE TABLE public.sampling_plan (
    year integer NOT NULL,
    seed text NOT NULL,
    candidates jsonb NOT NULL,
    drawn jsonb NOT NULL,
    made_by text NOT NULL,
    made_at timestamp with time zone NOT NULL
);

CREATE TABLE public.self_evaluation (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    quarter date NOT NULL,
    percents jsonb NOT NULL,
    note text NOT NULL,
    submitted_by text NOT NULL,
    submitted_at timestamp with time zone NOT NULL
);

CREATE TABLE public.statement (
    cycle_date date NOT NULL,
    agency_id bigint NOT NULL,
    file_name text NOT NULL,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    format text NOT NULL,
    document text NOT NULL,
    CONSTRAINT ck_statement_document CHECK ((document = ANY (ARRAY['statement'::text, 'net'::text, 'bilateral'::text, 'public'::text]))),
    CONSTRAINT ck_statement_format CHECK ((format = ANY (ARRAY['csv'::text, 'xlsx'::text, 'pdf'::text])))
);

CREATE TABLE public.subsidy_lapse (
    book integer NOT NULL,
    agency_id bigint NOT NULL,
    year integer NOT NULL,
    purses bigint NOT NULL,
    subsidy_fen bigint NOT NULL,
    lapsed_at timestamp with time zone NOT NULL
);

CREATE TABLE public.tariff (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    meal text NOT NULL,
    valid_from date NOT NULL,
    mode text NOT NULL,
    home_fen bigint,
    visitor_fen bigint,
    limit_fen bigint,
    CONSTRAINT ck_tariff_fixed CHECK (((mode = 'fixed'::text) = (home_fen IS NOT NULL))),
    CONSTRAINT ck_tariff_free CHECK (((mode = 'free'::text) = (limit_fen IS NOT NULL))),
    CONSTRAINT ck_tariff_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text]))),
    CONSTRAINT ck_tariff_mode CHECK ((mode = ANY (ARRAY['fixed'::text, 'free'::text])))
);

CREATE TABLE public.terminal (
    book integer NOT NULL,
    terminal_id bigint NOT NULL,
    canteen_id bigint NOT NULL,
    public_key bytea NOT NULL,
    epoch integer NOT NULL,
    state text NOT NULL,
    enrolled_at timestamp with time zone NOT NULL,
    kind text DEFAULT 'till'::text NOT NULL,
    CONSTRAINT ck_terminal_kind CHECK ((kind = ANY (ARRAY['till'::text, 'scale'::text]))),
    CONSTRAINT ck_terminal_state CHECK ((state = ANY (ARRAY['active'::text, 'revoked'::text])))
);

CREATE TABLE public.terminal_session (
    book integer NOT NULL,
    session_id text NOT NULL,
    terminal_id bigint NOT NULL,
    epoch integer NOT NULL,
    ephemeral bytea NOT NULL,
    wrapped_key bytea NOT NULL,
    signed_in_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
);

CREATE TABLE public.till_totals (
    book integer NOT NULL,
    terminal_id bigint NOT NULL,
    epoch integer NOT NULL,
    through_sequence bigint NOT NULL,
    reported_at timestamp with time zone NOT NULL,
    payments bigint NOT NULL,
    amount_fen bigint NOT NULL,
    unknown bigint NOT NULL,
    ledger_payments bigint NOT NULL,
    ledger_fen bigint NOT NULL
);

CREATE TABLE public.transfer (
    book integer NOT NULL,
    posting_id uuid NOT NULL,
    part integer NOT NULL,
    kind text NOT NULL,
    debit_account bigint NOT NULL,
    credit_account bigint NOT NULL,
    amount_fen bigint NOT NULL,
    business_date date NOT NULL,
    posted_at timestamp with time zone NOT NULL,
    holder_id bigint NOT NULL,
    issuer_id bigint NOT NULL,
    acquirer_id bigint,
    canteen_id bigint,
    meal text,
    channel text,
    credential_id bigint,
    counter bigint,
    terminal_id bigint,
    epoch integer,
    sequence bigint,
    purchased_at timestamp with time zone,
    reverses uuid,
    CONSTRAINT ck_transfer_amount CHECK ((amount_fen > 0)),
    CONSTRAINT ck_transfer_kind CHECK ((kind = ANY (ARRAY['payment'::text, 'working_meal'::text, 'reversal'::text, 'refund'::text, 'top_up'::text, 'grant'::text, 'payout'::text, 'lapse'::text]))),
    CONSTRAINT ck_transfer_reverses CHECK (((kind = ANY (ARRAY['reversal'::text, 'refund'::text])) = (reverses IS NOT NULL))),
    CONSTRAINT ck_transfer_sides CHECK ((debit_account <> credit_account))
);
ALTER TABLE ONLY public.transfer ALTER COLUMN book SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN posting_id SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN part SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN kind SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN debit_account SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN credit_account SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN amount_fen SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN business_date SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN posted_at SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN holder_id SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN issuer_id SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN acquirer_id SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN canteen_id SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN meal SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN channel SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN credential_id SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN counter SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN terminal_id SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN epoch SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN sequence SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN purchased_at SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN reverses SET STATISTICS 10;

CREATE TABLE public.visit (
    book integer NOT NULL,
    visit_id bigint NOT NULL,
    holder_id bigint NOT NULL,
    host_agency_id bigint NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    working_meal uuid,
    CONSTRAINT ck_visit_days CHECK ((first_day <= last_day))
);

CREATE TABLE public.wallet (
    book integer NOT NULL,
    holder_id bigint NOT NULL,
    purse text NOT NULL,
    account_id bigint NOT NULL,
    balance_fen bigint NOT NULL,
    CONSTRAINT ck_wallet_balance CHECK ((balance_fen >= 0)),
    CONSTRAINT ck_wallet_purse CHECK ((purse = ANY (ARRAY['cash'::text, 'subsidy'::text])))
)
WITH (fillfactor='80', autovacuum_analyze_scale_factor='2');

CREATE TABLE public.waste_meal (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    business_date date NOT NULL,
    meal text NOT NULL,
    preparation_g bigint,
    unserved_g bigint,
    plate_g bigint,
    inedible_g bigint,
    prepared_g bigint,
    implausible integer NOT NULL,
    co2e_g bigint DEFAULT '0'::bigint NOT NULL,
    CONSTRAINT ck_waste_meal_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text])))
);

CREATE TABLE public.weigh_in (
    book integer NOT NULL,
    weigh_in_id uuid NOT NULL,
    canteen_id bigint NOT NULL,
    business_date date NOT NULL,
    meal text NOT NULL,
    stream text NOT NULL,
    weight_g bigint NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    dish text,
    source text DEFAULT 'person'::text NOT NULL,
    implausible boolean DEFAULT false NOT NULL,
    replaces uuid,
    food text,
    CONSTRAINT ck_weigh_in_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text]))),
    CONSTRAINT ck_weigh_in_source CHECK ((source = ANY (ARRAY['person'::text, 'file'::text, 'scale'::text]))),
    CONSTRAINT ck_weigh_in_stream CHECK ((stream = ANY (ARRAY['preparation'::text, 'unserved'::text, 'plate'::text, 'inedible'::text, 'prepared'::text]))),
    CONSTRAINT ck_weigh_in_weight CHECK (((weight_g > 0) OR ((replaces IS NOT NULL) AND (weight_g = 0))))
);

COPY public.account_day (book, account_id, business_date, debit_fen, credit_fen) FROM stdin;
3301	1036	2026-11-25	0	1830
3301	1038	2026-11-25	40000	0
3301	1039	2026-11-25	12000	0
3302	1005	2026-11-25	160000	0
3302	1006	2026-11-25	48000	0
3302	1012	2026-11-25	0	3200
3302	1014	2026-11-25	0	5800
3302	1016	2026-11-25	160000	0
3302	1017	2026-11-25	48000	0
3302	1023	2026-11-25	0	3400
3302	1025	2026-11-25	0	6000
3302	1027	2026-11-25	120000	0
3302	1028	2026-11-25	36000	0
3302	1034	2026-11-25	0	400
3302	1036	2026-11-25	0	5150
\.

COPY public.agency (book, agency_id, name_zh, name_en, float_account, grant_account, meal_allowance_fen, working_meal_account, purse_order) FROM stdin;
3302	1004	宁波市行政中心	Ningbo City Administrative Centre	1005	1006	10000	1007	subsidy_first
3302	1015	鄞州区机关事务中心	Yinzhou District	1016	1017	10000	1018	subsidy_first
3302	1026	余姚市机关事务中心	Yuyao City	1027	1028	10000	1029	subsidy_first
3301	1037	杭州市机关事务局	Hangzhou	1038	1039	10000	1040	subsidy_first
\.

COPY public.alembic_version (version_num) FROM stdin;
0017
\.

COPY public.appeal (book, canteen_id, appeal_id, quarter, state, text, raised_by, raised_at, decision, decided_by, decided_at, revision) FROM stdin;
3302	1011	1	2026-07-01	open	x	x	2026-11-20 02:00:00+00	\N	\N	\N	\N
\.

COPY public.audit_entry (entry, at, actor, action, subject, detail, digest) FROM stdin;
1	2026-11-25 00:23:22.648571+00	centre	sign_in	console_user/1001	{}	\\xd58086d4f259f54cd06cd90f56b7b5d113789d052147101d4be922349b90903c
2	2026-11-25 00:23:23.35818+00	approver	sign_in	console_user/1002	{}	\\xa2f8ee5e8605385d4601e09be3ef930d900589367b0bdae7fc25f9c74ff64809
3	2026-11-25 00:23:23.496472+00	centre	register_official	agency/1004	{"first": 1046, "holders": 8}	\\xf260120d215ce1a57c3342f75f5fa9b04c410b1478bd78ddfcd367a5c1bba430
4	2026-11-25 00:23:23.583869+00	centre	issue_cards	agency/1004	{"cards": 6, "first": 1070}	\\x6b285482b943ed669d4668d4b4268add8391a907fd4856ee7358346b2cc63aaa
5	2026-11-25 00:23:23.626067+00	centre	top_up	agency/1004	{"first": "8e69aa9e-9bcc-43ba-8663-83a44e24ba5f", "deposits": 8, "amount_fen": 160000}	\\xdfbc15f127f8fce6270db3e862417ae8ec8a7030f179750a5f2a0cbca91f3f2d
6	2026-11-25 00:23:23.71966+00	centre	grant	agency/1004	{"first": "2774bc7c-3ea7-4d6f-b738-9e068d9eb90d", "deposits": 8, "amount_fen": 48000}	\\xacea593593381451f1361b089ec47b839b2252f915add4566bbe6fd0b32cc870
7	2026-11-25 00:23:23.783273+00	centre	register_official	agency/1015	{"first": 1076, "holders": 8}	\\xca6fa7273d0e3257acf813be024be61de06b99f5d9167d634bf16d458e558f85
8	2026-11-25 00:23:23.83256+00	centre	issue_cards	agency/1015	{"cards": 6, "first": 1100}	\\x56b88abaf4d913ba09421b212c2a359da7687666f15f8cce0dcbbad5c1687563
9	2026-11-25 00:23:23.889188+00	centre	top_up	agency/1015	{"first": "2acb0977-42b8-4acc-b563-8a5f4f00f7ba", "deposits": 8, "amount_fen": 160000}	\\x440e4b30132ae665cd9df3c7f0b46604c53b00da8d5ff53d81ef68e7d30bf349
10	2026-11-25 00:23:23.963642+00	centre	grant	agency/1015	{"first": "7292f6c0-0d61-4249-a1b9-722a065c2b7b", "deposits": 8, "amount_fen": 48000}	\\xed5431b0af7aae8530f3450333e9b8158e0f49f78804c4629a440e5e1e9809dc
11	2026-11-25 00:23:24.067113+00	centre	register_official	agency/1026	{"first": 1106, "holders": 6}	\\x5a5829e42dc23e7bc4ac68361dc4b8c2a5eea9ea09c7db35a024a6eb66097eac
12	2026-11-25 00:23:24.142052+00	centre	issue_cards	agency/1026	{"cards": 4, "first": 1124}	\\xc787e36092ce0fd7b4706a577fd6ad034095a512c8958df8a4b3f5008a105b0d
13	2026-11-25 00:23:24.206907+00	centre	top_up	agency/1026	{"first": "d997b360-b902-4d32-ab7a-bef6d2c3999f", "deposits": 6, "amount_fen": 120000}	\\x4eaf047bf89e7eb86a070ff424954bf00a436c81c23dab25d5356e701e1f1308
14	2026-11-25 00:23:24.246442+00	centre	grant	agency/1026	{"first": "7a4cec5f-10a2-453b-b9c3-100d441ab8b7", "deposits": 6, "amount_fen": 36000}	\\xdd9b8f1a9abe1db3e948cf7a22577c92c70dc9ed90b6a4b87398dd3f82cbe2c0
15	2026-11-25 00:23:24.31618+00	centre	register_official	agency/1037	{"first": 1128, "holders": 2}	\\x31378e8157ea86ab3f6938ab122963cc364da4be9484810ad801bd02814b7b4d
16	2026-11-25 00:23:24.349824+00	centre	issue_cards	agency/1037	{"cards": 2, "first": 1134}	\\x46e3e2f598c76b6017ecd29d5952c5bd32d612277574358b2e5cb31cb073f2f0
17	2026-11-25 00:23:24.389062+00	centre	top_up	agency/1037	{"first": "855fbd77-63ce-4ddf-8b30-f75ad1d82e9f", "deposits": 2, "amount_fen": 40000}	\\x87f057c2c0be04bb22fa75400a8b43efcf45647e58288b7ce08c8a6915ff5674
18	2026-11-25 00:23:24.433098+00	centre	grant	agency/1037	{"first": "8d2a8f70-9c57-4be3-ad8f-18f0128fe752", "deposits": 2, "amount_fen": 12000}	\\xe286003d370c38f499634b711f2333d130f461eed413e34a11cfbaccd864355c
19	2026-11-25 00:23:24.465267+00	centre	activate_phones	agency/1004	{"first": 1136, "activations": 2}	\\x3770231576832a12cb536f0dadf02daa2517c2dbe8f7aac4c5b58e4e14a4ed39
20	2026-11-25 00:23:24.552643+00	centre	activate_phones	agency/1015	{"first": 1140, "activations": 2}	\\x682e0c0eca04f84b024e95298adaa33ba2f36864c3a2964e0e3c481ec65059aa
21	2026-11-25 00:23:24.632945+00	centre	activate_phones	agency/1026	{"first": 1144, "activations": 2}	\\x179ef7b40782c05d4c1f4dd28f588a9a1e6cd388dbcf5b41a0003b489f41589d
22	2026-11-25 00:23:24.996683+00	centre	register_official	agency/1015	{"first": 1148, "holders": 4}	\\x3b7ca0ad0f3a73183ecabe6f38d58eca6e79bfba756930c2589865ba9e9f5130
23	2026-11-25 00:23:25.041136+00	centre	issue_cards	agency/1015	{"cards": 4, "first": 1160}	\\xc0d6ce860c8df9e7c6c8b1fc304374e5b98b4524a0d5f017dd6b4e2f50ef4fd6
24	2026-11-25 00:23:25.164064+00	centre	block	credential/1163	{"reason": "reported lost (demo)", "blocked": true}	\\x49decb1c5daa351f5809d749a5f4f0f075032d5d512c337497c5a3430929bd66
25	2026-11-25 00:23:25.205172+00	centre	create_enrolment	enrolment/1164	{"canteen_id": 1011}	\\xa07dbba71219cb32b917243b390019306a1a5b1eab58a02c9bce51374511cd8f
26	2026-11-25 00:23:25.257593+00	approver	approve_enrolment	enrolment/1164	{}	\\x51d0ece2a9393a6d6b080538cbc88e196abf68a4951b51eaca977628cac56365
27	2026-11-25 00:23:25.554082+00	centre	create_enrolment	enrolment/1166	{"canteen_id": 1013}	\\x48cd33342a57e70b9a7e132313634a94a63de3ce79da6da4c23940f5ff67ed12
28	2026-11-25 00:23:25.754838+00	approver	approve_enrolment	enrolment/1166	{}	\\x10a50fe40448bed8b8ebc7764ef50633487ed45619643362e1bb2378381dbd79
29	2026-11-25 00:23:26.132816+00	centre	create_enrolment	enrolment/1168	{"canteen_id": 1022}	\\xa40a34cf126cd2ecd4d951b5771256c22eeefaa917b5a9eee1a7e455a2e2acf1
30	2026-11-25 00:23:26.175733+00	approver	approve_enrolment	enrolment/1168	{}	\\x473080131fdb9712096fc7f1b0fd35b051adb4880ecd5dcc256dd7c68164a050
31	2026-11-25 00:23:26.34005+00	centre	create_enrolment	enrolment/1170	{"canteen_id": 1024}	\\xbf5d7be1a96029b00b667a4448196e2e06d6e9355f2cebeabd0d0766037a912e
32	2026-11-25 00:23:26.37131+00	approver	approve_enrolment	enrolment/1170	{}	\\x282d515debc9c3c9a683092773e63ed3c41bb8ffeb518462134be8c05a88b226
33	2026-11-25 00:23:26.616925+00	centre	create_enrolment	enrolment/1172	{"canteen_id": 1033}	\\x78346141a7b8a781a625ce3eb555db16205dbd4a8c38c758f964883bff70e08e
34	2026-11-25 00:23:26.646354+00	approver	approve_enrolment	enrolment/1172	{}	\\x7cc2f5661a9636b806f0c448d700482b29c28859e944913e024aaa4c5b0c8121
35	2026-11-25 00:23:26.754741+00	centre	create_enrolment	enrolment/1174	{"canteen_id": 1035}	\\x81a8dd48cc298603d950f1e07b8e7a7f16877a3a99eb75dd61240942bbe9ae13
36	2026-11-25 00:23:26.787837+00	approver	approve_enrolment	enrolment/1174	{}	\\xee1ed1463ba84ed085e58d8a87ee59d4875307db7cdb01b3cecb4abb8bfea61b
37	2026-11-25 00:23:27.649654+00	centre	close_day	cycle/2026-11-25	{}	\\x07e4bf9aa501c9841db7c7cc3f69d0e37e879a64da2bdc5dab05bf14e31bd47d
38	2026-11-25 00:23:30.045226+00	kitchen-city	sign_in	console_user/1010	{}	\\x46de59de1055ae941766d31e93779977040bc114d1991d44bdf0409d21e9c7fc
39	2026-11-25 00:23:30.209318+00	kitchen-city	weigh	agency/1004	{"new": 25, "first": "809d0cc2-5d2f-412a-9543-4c08c745f2af", "source": "person", "weigh_ins": 25}	\\x4a751e5a910838593ce45fc49412be8371a6dc5ec1408bc4479f2de1a811632e
40	2026-11-25 00:23:30.977278+00	kitchen-yinzhou	sign_in	console_user/1021	{}	\\x9adc0690bb6ac8ac80ac343b7f3d5a37be077d44a87fd690a582055d950a273d
41	2026-11-25 00:23:31.068946+00	kitchen-yinzhou	weigh	agency/1015	{"new": 20, "first": "ada79486-eec1-45cb-b812-672c143121ac", "source": "person", "weigh_ins": 20}	\\xd0731eb1d8fa6416c7ff98d16b04da50bc7c8ce589e2087780c2749545836fbf
42	2026-11-25 00:23:31.74441+00	kitchen-yuyao	sign_in	console_user/1032	{}	\\x900b40eac33647717d0cff66fd463d396aea18425c6f674b22f312fa9d26229e
43	2026-11-25 00:23:31.869187+00	kitchen-yuyao	weigh	agency/1026	{"new": 10, "first": "869588a8-247c-43f9-94cb-77a1e6bff1b8", "source": "person", "weigh_ins": 10}	\\xa1a9b3080782d8c9dbcd23cdc724f72f03d44f2a5e5805760b8dc130d9e2a295
\.

COPY public.bank_account (agency_id, holder_name, number, bank) FROM stdin;
1004	宁波市行政中心	3901000000001004	102332000018
1015	鄞州区机关事务中心	3901000000001015	102332000018
1026	余姚市机关事务中心	3901000000001026	102332000018
1037	杭州市机关事务局	3901000000001037	102332000018
0	食堂结算清算中心	3901000000000000	102332000018
\.

COPY public.bank_entry (entry, credit, amount_fen, booked_on, reference, verdict, cycle_date, agency_id, taken_at) FROM stdin;
x	f	1	2026-11-20	x	matched	2026-11-25	1004	2026-11-20 02:00:00+00
\.

COPY public.block_entry (version, book, credential_id, blocked, reason, at) FROM stdin;
1	3302	1163	t	reported lost (demo)	2026-11-25 00:23:25.132497+00
\.

COPY public.book (book, name_zh, name_en) FROM stdin;
3302	宁波市	Ningbo
3301	杭州市	Hangzhou
\.

COPY public.book_day (book, business_date) FROM stdin;
3301	2026-11-26
3302	2026-11-26
\.

COPY public.booking (book, canteen_id, business_date, meal, booked, came, noted_by, noted_at) FROM stdin;
3302	1011	2026-11-20	breakfast	1	\N	x	2026-11-20 02:00:00+00
\.

COPY public.bulletin (bulletin_id, quarter, state, texts, found, written_by, drafted_at, published_by, published_at) FROM stdin;
1	2026-07-01	draft	{}	{}	{}	2026-11-20 02:00:00+00	\N	\N
\.

COPY public.canteen (book, canteen_id, agency_id, account_id, name_zh, name_en, latitude, longitude) FROM stdin;
3302	1011	1004	1012	宁波市行政中心一食堂	Ningbo City Administrative Centre, First	29.87	121.544
3302	1013	1004	1014	宁波市行政中心二食堂	Ningbo City Administrative Centre, Second	29.871	121.546
3302	1022	1015	1023	鄞州区机关事务中心区府食堂	Yinzhou District, District Hall	29.817	121.547
3302	1024	1015	1025	鄞州区机关事务中心南部食堂	Yinzhou District, South	29.802	121.539
3302	1033	1026	1034	余姚市机关事务中心市府食堂	Yuyao City, City Hall	30.037	121.154
3302	1035	1026	1036	余姚市机关事务中心泗门食堂	Yuyao City, Simen	30.182	121.04
3301	1044	1037	1045	杭州市机关事务局市民中心食堂	Hangzhou, Citizen Centre	30.247	120.21
\.

COPY public.case_step (book, case_id, number, action, text, done_by, done_at) FROM stdin;
3302	9001	1	x	x	x	2026-11-20 02:00:00+00
\.

COPY public.closed_day (book, business_date, closed_at, rolled_up_at, cycle_date) FROM stdin;
3301	2026-11-25	2026-11-25 00:23:27.705147+00	2026-11-25 00:23:27.787027+00	2026-11-25
3302	2026-11-25	2026-11-25 00:23:27.722161+00	2026-11-25 00:23:27.82227+00	2026-11-25
\.

COPY public.console_session (token_hash, user_id, expires_at) FROM stdin;
\.

COPY public.console_user (user_id, login, password_hash, role, agency_id) FROM stdin;
1001	centre	$argon2id$v=19$m=65536,t=3,p=4$8hIa8HseLrRYtjDCTK3pkw$3xN4IjWc/vxy2qIqe+zxqS6kL65jTe5sSjge01w8h20	centre_operator	\N
1002	approver	$argon2id$v=19$m=65536,t=3,p=4$8hIa8HseLrRYtjDCTK3pkw$3xN4IjWc/vxy2qIqe+zxqS6kL65jTe5sSjge01w8h20	centre_approver	\N
1003	supervisor	$argon2id$v=19$m=65536,t=3,p=4$8hIa8HseLrRYtjDCTK3pkw$3xN4IjWc/vxy2qIqe+zxqS6kL65jTe5sSjge01w8h20	supervisor	\N
1008	admin-city	$argon2id$v=19$m=65536,t=3,p=4$8hIa8HseLrRYtjDCTK3pkw$3xN4IjWc/vxy2qIqe+zxqS6kL65jTe5sSjge01w8h20	agency_admin	1004
1009	finance-city	$argon2id$v=19$m=65536,t=3,p=4$8hIa8HseLrRYtjDCTK3pkw$3xN4IjWc/vxy2qIqe+zxqS6kL65jTe5sSjge01w8h20	agency_finance	1004
1010	kitchen-city	$argon2id$v=19$m=65536,t=3,p=4$8hIa8HseLrRYtjDCTK3pkw$3xN4IjWc/vxy2qIqe+zxqS6kL65jTe5sSjge01w8h20	canteen_manager	1004
1019	admin-yinzhou	$argon2id$v=19$m=65536,t=3,p=4$8hIa8HseLrRYtjDCTK3pkw$3xN4IjWc/vxy2qIqe+zxqS6kL65jTe5sSjge01w8h20	agency_admin	1015
1020	finance-yinzhou	$argon2id$v=19$m=65536,t=3,p=4$8hIa8HseLrRYtjDCTK3pkw$3xN4IjWc/vxy2qIqe+zxqS6kL65jTe5sSjge01w8h20	agency_finance	1015
1021	kitchen-yinzhou	$argon2id$v=19$m=65536,t=3,p=4$8hIa8HseLrRYtjDCTK3pkw$3xN4IjWc/vxy2qIqe+zxqS6kL65jTe5sSjge01w8h20	canteen_manager	1015
1030	admin-yuyao	$argon2id$v=19$m=65536,t=3,p=4$8hIa8HseLrRYtjDCTK3pkw$3xN4IjWc/vxy2qIqe+zxqS6kL65jTe5sSjge01w8h20	agency_admin	1026
1031	finance-yuyao	$argon2id$v=19$m=65536,t=3,p=4$8hIa8HseLrRYtjDCTK3pkw$3xN4IjWc/vxy2qIqe+zxqS6kL65jTe5sSjge01w8h20	agency_finance	1026
1032	kitchen-yuyao	$argon2id$v=19$m=65536,t=3,p=4$8hIa8HseLrRYtjDCTK3pkw$3xN4IjWc/vxy2qIqe+zxqS6kL65jTe5sSjge01w8h20	canteen_manager	1026
1041	admin-hangzhou	$argon2id$v=19$m=65536,t=3,p=4$8hIa8HseLrRYtjDCTK3pkw$3xN4IjWc/vxy2qIqe+zxqS6kL65jTe5sSjge01w8h20	agency_admin	1037
1042	finance-hangzhou	$argon2id$v=19$m=65536,t=3,p=4$8hIa8HseLrRYtjDCTK3pkw$3xN4IjWc/vxy2qIqe+zxqS6kL65jTe5sSjge01w8h20	agency_finance	1037
1043	kitchen-hangzhou	$argon2id$v=19$m=65536,t=3,p=4$8hIa8HseLrRYtjDCTK3pkw$3xN4IjWc/vxy2qIqe+zxqS6kL65jTe5sSjge01w8h20	canteen_manager	1037
\.

COPY public.cover_day (book, canteen_id, business_date, meal, covers, guests) FROM stdin;
3302	1011	2026-11-22	breakfast	12	0
3302	1011	2026-11-23	breakfast	176	5
3302	1011	2026-11-24	breakfast	254	9
3302	1011	2026-11-22	lunch	48	0
3302	1011	2026-11-23	lunch	550	0
3302	1011	2026-11-24	lunch	657	0
3302	1011	2026-11-22	dinner	6	0
3302	1011	2026-11-23	dinner	119	0
3302	1011	2026-11-24	dinner	97	0
3302	1013	2026-11-22	breakfast	12	0
3302	1013	2026-11-23	breakfast	154	0
3302	1013	2026-11-24	breakfast	174	0
3302	1013	2026-11-22	lunch	31	0
3302	1013	2026-11-23	lunch	372	0
3302	1013	2026-11-24	lunch	474	0
3302	1013	2026-11-22	dinner	5	0
3302	1013	2026-11-23	dinner	87	0
3302	1013	2026-11-24	dinner	110	2
3302	1022	2026-11-22	breakfast	11	0
3302	1022	2026-11-23	breakfast	106	0
3302	1022	2026-11-24	breakfast	105	0
3302	1022	2026-11-22	lunch	42	0
3302	1022	2026-11-23	lunch	457	0
3302	1022	2026-11-24	lunch	642	17
3302	1022	2026-11-22	dinner	4	0
3302	1022	2026-11-23	dinner	75	2
3302	1022	2026-11-24	dinner	84	0
3302	1024	2026-11-22	breakfast	2	0
3302	1024	2026-11-23	breakfast	41	0
3302	1024	2026-11-24	breakfast	39	0
3302	1024	2026-11-22	lunch	16	0
3302	1024	2026-11-23	lunch	188	7
3302	1024	2026-11-24	lunch	203	8
3302	1024	2026-11-22	dinner	3	0
3302	1024	2026-11-23	dinner	42	1
3302	1024	2026-11-24	dinner	38	0
3302	1033	2026-11-22	breakfast	12	0
3302	1033	2026-11-23	breakfast	120	0
3302	1033	2026-11-24	breakfast	125	0
3302	1033	2026-11-22	lunch	21	0
3302	1033	2026-11-23	lunch	345	19
3302	1033	2026-11-24	lunch	375	0
3302	1033	2026-11-22	dinner	7	0
3302	1033	2026-11-23	dinner	63	1
3302	1033	2026-11-24	dinner	70	0
3302	1035	2026-11-22	breakfast	2	0
3302	1035	2026-11-23	breakfast	35	0
3302	1035	2026-11-24	breakfast	32	1
3302	1035	2026-11-22	lunch	5	0
3302	1035	2026-11-23	lunch	97	0
3302	1035	2026-11-24	lunch	77	0
3302	1035	2026-11-22	dinner	2	0
3302	1035	2026-11-23	dinner	20	0
3302	1035	2026-11-24	dinner	23	1
3301	1044	2026-11-22	breakfast	23	0
3301	1044	2026-11-23	breakfast	182	0
3301	1044	2026-11-24	breakfast	176	8
3301	1044	2026-11-22	lunch	46	0
3301	1044	2026-11-23	lunch	595	0
3301	1044	2026-11-24	lunch	672	0
3301	1044	2026-11-22	dinner	7	0
3301	1044	2026-11-23	dinner	92	11
3301	1044	2026-11-24	dinner	76	0
\.

COPY public.cover_forecast (book, canteen_id, business_date, meal, covers, cook_for, made_at) FROM stdin;
3301	1044	2026-11-29	breakfast	17	25	2026-11-25 00:22:25.684975+00
3301	1044	2026-11-30	breakfast	178	264	2026-11-25 00:22:25.684975+00
3301	1044	2026-12-01	breakfast	183	273	2026-11-25 00:22:25.684975+00
3301	1044	2026-11-29	dinner	5	8	2026-11-25 00:22:25.684975+00
3301	1044	2026-11-30	dinner	87	139	2026-11-25 00:22:25.684975+00
3301	1044	2026-12-01	dinner	96	153	2026-11-25 00:22:25.684975+00
3301	1044	2026-11-29	lunch	38	49	2026-11-25 00:22:25.684975+00
3301	1044	2026-11-30	lunch	569	711	2026-11-25 00:22:25.684975+00
3301	1044	2026-12-01	lunch	673	841	2026-11-25 00:22:25.684975+00
3302	1011	2026-11-29	breakfast	11	16	2026-11-25 00:22:25.684975+00
3302	1011	2026-11-30	breakfast	195	272	2026-11-25 00:22:25.684975+00
3302	1011	2026-12-01	breakfast	244	340	2026-11-25 00:22:25.684975+00
3302	1011	2026-11-29	dinner	8	16	2026-11-25 00:22:25.684975+00
3302	1011	2026-11-30	dinner	116	221	2026-11-25 00:22:25.684975+00
3302	1011	2026-12-01	dinner	97	185	2026-11-25 00:22:25.684975+00
3302	1011	2026-11-29	lunch	45	59	2026-11-25 00:22:25.684975+00
3302	1011	2026-11-30	lunch	573	756	2026-11-25 00:22:25.684975+00
3302	1011	2026-12-01	lunch	654	863	2026-11-25 00:22:25.684975+00
3302	1013	2026-11-29	breakfast	14	25	2026-11-25 00:22:25.684975+00
3302	1013	2026-11-30	breakfast	176	309	2026-11-25 00:22:25.684975+00
3302	1013	2026-12-01	breakfast	173	304	2026-11-25 00:22:25.684975+00
3302	1013	2026-11-29	dinner	6	11	2026-11-25 00:22:25.684975+00
3302	1013	2026-11-30	dinner	92	161	2026-11-25 00:22:25.684975+00
3302	1013	2026-12-01	dinner	104	181	2026-11-25 00:22:25.684975+00
3302	1013	2026-11-29	lunch	32	42	2026-11-25 00:22:25.684975+00
3302	1013	2026-11-30	lunch	408	525	2026-11-25 00:22:25.684975+00
3302	1013	2026-12-01	lunch	473	609	2026-11-25 00:22:25.684975+00
3302	1022	2026-11-29	breakfast	9	12	2026-11-25 00:22:25.684975+00
3302	1022	2026-11-30	breakfast	115	158	2026-11-25 00:22:25.684975+00
3302	1022	2026-12-01	breakfast	100	137	2026-11-25 00:22:25.684975+00
3302	1022	2026-11-29	dinner	5	8	2026-11-25 00:22:25.684975+00
3302	1022	2026-11-30	dinner	83	127	2026-11-25 00:22:25.684975+00
3302	1022	2026-12-01	dinner	84	129	2026-11-25 00:22:25.684975+00
3302	1022	2026-11-29	lunch	37	47	2026-11-25 00:22:25.684975+00
3302	1022	2026-11-30	lunch	517	640	2026-11-25 00:22:25.684975+00
3302	1022	2026-12-01	lunch	601	743	2026-11-25 00:22:25.684975+00
3302	1024	2026-11-29	breakfast	4	10	2026-11-25 00:22:25.684975+00
3302	1024	2026-11-30	breakfast	39	83	2026-11-25 00:22:25.684975+00
3302	1024	2026-12-01	breakfast	47	100	2026-11-25 00:22:25.684975+00
3302	1024	2026-11-29	dinner	3	9	2026-11-25 00:22:25.684975+00
3302	1024	2026-11-30	dinner	39	116	2026-11-25 00:22:25.684975+00
3302	1024	2026-12-01	dinner	39	117	2026-11-25 00:22:25.684975+00
3302	1024	2026-11-29	lunch	12	20	2026-11-25 00:22:25.684975+00
3302	1024	2026-11-30	lunch	193	307	2026-11-25 00:22:25.684975+00
3302	1024	2026-12-01	lunch	179	286	2026-11-25 00:22:25.684975+00
3302	1033	2026-11-29	breakfast	10	15	2026-11-25 00:22:25.684975+00
3302	1033	2026-11-30	breakfast	130	186	2026-11-25 00:22:25.684975+00
3302	1033	2026-12-01	breakfast	133	190	2026-11-25 00:22:25.684975+00
3302	1033	2026-11-29	dinner	5	8	2026-11-25 00:22:25.684975+00
3302	1033	2026-11-30	dinner	73	101	2026-11-25 00:22:25.684975+00
3302	1033	2026-12-01	dinner	67	93	2026-11-25 00:22:25.684975+00
3302	1033	2026-11-29	lunch	26	34	2026-11-25 00:22:25.684975+00
3302	1033	2026-11-30	lunch	351	463	2026-11-25 00:22:25.684975+00
3302	1033	2026-12-01	lunch	421	555	2026-11-25 00:22:25.684975+00
3302	1035	2026-11-29	breakfast	3	6	2026-11-25 00:22:25.684975+00
3302	1035	2026-11-30	breakfast	32	72	2026-11-25 00:22:25.684975+00
3302	1035	2026-12-01	breakfast	35	79	2026-11-25 00:22:25.684975+00
3302	1035	2026-11-29	dinner	2	8	2026-11-25 00:22:25.684975+00
3302	1035	2026-11-30	dinner	21	67	2026-11-25 00:22:25.684975+00
3302	1035	2026-12-01	dinner	23	73	2026-11-25 00:22:25.684975+00
3302	1035	2026-11-29	lunch	7	13	2026-11-25 00:22:25.684975+00
3302	1035	2026-11-30	lunch	83	147	2026-11-25 00:22:25.684975+00
3302	1035	2026-12-01	lunch	89	158	2026-11-25 00:22:25.684975+00
\.

COPY public.credential (book, credential_id, holder_id, kind, state, card_uid, public_key, issued_at, expires_at, last_counter) FROM stdin;
3302	1071	1049	card	active	\\x04c5de6104e19a	\N	2026-11-25 00:23:23.567724+00	\N	0
3302	1101	1085	card	active	\\x04933161271055	\N	2026-11-25 00:23:23.822619+00	\N	0
3302	1102	1088	card	active	\\x043952560f78a6	\N	2026-11-25 00:23:23.822619+00	\N	0
3302	1138	1052	phone	active	\N	\\x879053910bc4e53208d8ab3f9a5149a940ad857892c7169a1191d81c87159d5a	2026-11-25 00:23:24.507318+00	\N	0
3302	1139	1058	phone	active	\N	\\x397d2fdc7fd365f3748bb863e28b6b32b8df48142c7daa3c0bc4406ce2968535	2026-11-25 00:23:24.515168+00	\N	0
3302	1143	1079	phone	active	\N	\\x28ce52d874928a093a37158e1edb21c3f7966c0a5d85ff4f88693d3f4107b347	2026-11-25 00:23:24.596001+00	\N	0
3302	1147	1115	phone	active	\N	\\xa7f204f0287bc9d6499ee5a65198af33a5eea7758c070d920e4737044f8343f7	2026-11-25 00:23:24.901156+00	\N	0
3302	1160	1148	card	active	\\x04d15758b34a76	\N	2026-11-25 00:23:25.037983+00	\N	0
3302	1161	1151	card	active	\\x0467cf94269470	\N	2026-11-25 00:23:25.037983+00	\N	0
3302	1162	1154	card	active	\\x049a04589e9a3b	\N	2026-11-25 00:23:25.037983+00	\N	0
3302	1163	1157	card	blocked	\\x042a67f4bc68fc	\N	2026-11-25 00:23:25.037983+00	\N	0
3302	1126	1118	card	active	\\x04e27662737ba8	\N	2026-11-25 00:23:24.132951+00	\N	1
3302	1072	1055	card	active	\\x0481c9a33984de	\N	2026-11-25 00:23:23.567724+00	\N	1
3302	1100	1076	card	active	\\x045fd3923473cd	\N	2026-11-25 00:23:23.822619+00	\N	1
3302	1146	1106	phone	active	\N	\\x85ce9b285155b5c7efdb39e33678b2d7e7192f74c44cdc277ff1e8a65a30ce01	2026-11-25 00:23:24.885835+00	\N	1
3302	1103	1091	card	active	\\x047f6af66fed70	\N	2026-11-25 00:23:23.822619+00	\N	1
3302	1075	1067	card	active	\\x04ad83481403da	\N	2026-11-25 00:23:23.567724+00	\N	1
3302	1104	1094	card	active	\\x0419e30a0c8fb8	\N	2026-11-25 00:23:23.822619+00	\N	2
3301	1134	1128	card	active	\\x044bd105709a66	\N	2026-11-25 00:23:24.343585+00	\N	1
3302	1142	1082	phone	active	\N	\\xec2dd5a0aaeaa9b7152eac1c88bbec5b0094455de19a1ada0bf0a930c1db8773	2026-11-25 00:23:24.59461+00	\N	2
3302	1070	1046	card	active	\\x0457dda0c548e4	\N	2026-11-25 00:23:23.567724+00	\N	1
3302	1125	1112	card	active	\\x04fcf413e0f57d	\N	2026-11-25 00:23:24.132951+00	\N	1
3302	1105	1097	card	active	\\x047dedfa96fc7e	\N	2026-11-25 00:23:23.822619+00	\N	2
3302	1074	1064	card	active	\\x04cc5ec4d2b2fb	\N	2026-11-25 00:23:23.567724+00	\N	1
3302	1124	1109	card	active	\\x04dc4e83a3de14	\N	2026-11-25 00:23:24.132951+00	\N	1
3302	1073	1061	card	active	\\x041d7076a06f94	\N	2026-11-25 00:23:23.567724+00	\N	1
3302	1127	1121	card	active	\\x048ee3206a8ae7	\N	2026-11-25 00:23:24.132951+00	\N	2
3301	1135	1131	card	active	\\x0415350ff403f8	\N	2026-11-25 00:23:24.343585+00	\N	1
\.

COPY public.cycle (business_date, state, closed_at, netted_at, published_at, settled_at, closing_at, fee_fen) FROM stdin;
2026-11-25	published	2026-11-25 00:23:27.73162+00	2026-11-25 00:23:27.848357+00	2026-11-25 00:23:29.353137+00	\N	2026-11-25 00:23:27.680797+00	0
\.

COPY public.cycle_proof (cycle_date, log_index, manifest, signature) FROM stdin;
2026-11-25	0	\\x8a6a323032362d31312d3235b56e6e65742d7265706f72742e637376582045a898d7f0eabe7ed42f59366aef6b64f33b38c81b7330326356b00ca03ea9e56e6e65742d7265706f72742e7064665820de8cd911d9f3e4c8005f34066d05704832efda8fedf876c61fc6a36a9d9f0cf36f6e65742d7265706f72742e786c737858208ea4eb55a7539d716adccea89ce557b255a3340318603979942dff315d192509717075626c69632d7265706f72742e6373765820f69ef7bd369053523d84976d356de3692304172048654ebb72e537ddec85a820717075626c69632d7265706f72742e7064665820a095c14383c2bcb18b6512795975c599a4b694149b1845b179ac0d1c5b622722727075626c69632d7265706f72742e786c7378582090e27611961e2cd7b619ae691811460e433417d8c925801027ab9352e5e815377273746174656d656e742d313030342e6373765820034ae7354160cd82afc1f08864af1814314479490aaa250d58f25d518f54203e7273746174656d656e742d313030342e70646658204b4c5e194f90a199611d2eee719c95a0107bf784c6c77d48df18e545a07b53387273746174656d656e742d313031352e63737658201ee0df6d0f1fecf9e43e73058799c25d299e5f28e2255a58f297222b35dda9c37273746174656d656e742d313031352e7064665820451c883039d6540d9461f406451bc8fde1fa60107ea84f598891e518a227e41e7273746174656d656e742d313032362e637376582046d213a115f69c6db3cfbb3d5ff4dbf83f218b8d9bebf2ed01e9fc380a85f9117273746174656d656e742d313032362e7064665820d0cbb521dccd1aa926c725d95926db4bf38b5540319c72657a413aaa6660dedf7273746174656d656e742d313033372e637376582004889b84cc535358c6fcbe9b83a01e861e78601ac00a179d2d8c7e42575ba9047273746174656d656e742d313033372e7064665820f89df67a1fd1decfcfc464492a79d71d38eef5d4ceb85130b6f7494469abd9657373746174656d656e742d313030342e786c73785820a9dc435d1ddfbe6ac1ae69a719327811b4de98a42b4e5ab58128fc7a5dace3d87373746174656d656e742d313031352e786c73785820aa7346a1ffa336c9d585c1a7a4e41d83306fc4ac00e972842bf6c5c1ed6bdfe67373746174656d656e742d313032362e786c73785820ce64b3e11b157f9a41965c1e12813b80947739991763847c93d5bf33bd9b4b627373746174656d656e742d313033372e786c7378582085481480e6c193b6693c27746f487fe40813a8685e84b8ca9fe10bd0c4afd8fc7462696c61746572616c2d7265706f72742e637376582086572e4b0db37bfbbf5e89c0124cc6f626098800f65cc4919d3b4dd8880152067462696c61746572616c2d7265706f72742e7064665820870053f34427a11105ed7da1fff8ce9b9c2b7d751867d579c0fd1bb0577784a87562696c61746572616c2d7265706f72742e786c73785820294ba8510a995dcb094483812c2d5d125639babae8dead81be7d2639b4532548a41903ec190bb81903f7190bb819040239104919040d39072500184458207c0e6055902f35c0ede08a99e8f3615495405f2b92b165a122108bc9a0641678015820d9344db76881cc1ac22d33af7c0e80ebf9e8624a35f3ec54cd4d7fa1d97b238a5820e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85580	\\xfc48e982016ef5effabdf2046a7e9fefa3c773c88989a9227d2269bc1bbdad7f3c7364d3cf4532fb2323576bee12679d3a33e6e43682f847f6b318e35d8f1008
\.

COPY public.difference (kind, subject, agency_id, amount_fen, cause, first_seen, last_seen, resolved_at) FROM stdin;
x	x	1004	1	x	2026-11-20 02:00:00+00	2026-11-20 02:00:00+00	\N
\.

COPY public.dispute (dispute_id, cycle_date, book, posting_id, raised_by_agency, other_agency, amount_fen, state, text, raised_by, raised_at, answer_until, answer, answered_by, answered_at, decision, decided_by, decided_at, refund_id) FROM stdin;
9003	2026-11-25	3302	01a21016-0018-7429-acd9-4f2ae6b8e399	1	1	1	open	x	x	2026-11-20 02:00:00+00	2026-11-20	\N	\N	\N	\N	\N	\N	\N
\.

COPY public.dispute_file (dispute_id, number, side, name, media_type, content) FROM stdin;
9003	1	dispute	x	x	\\x0101010101010101010101010101010101010101010101010101010101010101
\.

COPY public.enrolment (book, enrolment_id, canteen_id, code_hash, created_by, approved_by, expires_at, tries_left, terminal_id, kind) FROM stdin;
3302	1164	1011	\\x980aa2fb7ea2dd0eda4bf8f2a0c453ed902df9254d385ea2c5cdb3b441a23bb4	centre	approver	2026-11-25 00:33:25.202107+00	0	1165	till
3302	1166	1013	\\x71904097fcc94fe65d3f94125c6bdfd4cea9fc2a388d9f1edb1a8309e7ea0d69	centre	approver	2026-11-25 00:33:25.550202+00	0	1167	till
3302	1168	1022	\\xa6c9ec9b4b06eb37e8586eb805fce0bb0b3f82248b0fe29f7a5de3ab275c9803	centre	approver	2026-11-25 00:33:26.127+00	0	1169	till
3302	1170	1024	\\x3b281ed874bca9d4e9c56e7afc01e96fc8f3e734cb5618df494732cc56a692b7	centre	approver	2026-11-25 00:33:26.333562+00	0	1171	till
3302	1172	1033	\\xf6f68bf27520783ebcd653850ec226a63e5413b05936505faed2f45686473baa	centre	approver	2026-11-25 00:33:26.60367+00	0	1173	till
3302	1174	1035	\\x489e062dd776bb3a5c16278cd2afc22d9d5a3c037c5119b24ce29e9cb62b8c10	centre	approver	2026-11-25 00:33:26.749529+00	0	1175	till
\.

COPY public.evaluation_quarter (quarter, wanted_at, evaluated_at, frozen_by, frozen_at) FROM stdin;
2026-07-01	2026-11-25 00:21:56.778258+00	2026-11-25 00:22:04.474455+00	\N	\N
\.

COPY public.evidence (book, canteen_id, quarter, code, scored_at, share, note, scored_by) FROM stdin;
3302	1011	2026-07-01	x	2026-11-20 02:00:00+00	1	x	x
\.

COPY public.food_factor (food, valid_from, name_zh, name_en, co2e_g_per_kg, source, set_by, set_at) FROM stdin;
other	2000-01-01	其他或混合	other or mixed	3000	WRAP: more than 3 kg CO2e per kg of food waste	onecard	2026-11-25 00:21:42.789895+00
rice	2000-01-01	米饭	rice, cooked	1780	4.45, Poore & Nemecek, Science 360 (2018): world mean, per kg at retail; per kg dry, of which a kg cooked is assumed to hold 0.4 kg	onecard	2026-11-25 00:21:42.789895+00
wheat	2000-01-01	面食	noodles and buns	1020	1.57, Poore & Nemecek, Science 360 (2018): world mean, per kg at retail; per kg dry, of which a kg cooked is assumed to hold 0.65 kg	onecard	2026-11-25 00:21:42.789895+00
potato	2000-01-01	薯类	potatoes	460	Poore & Nemecek, Science 360 (2018): world mean, per kg at retail	onecard	2026-11-25 00:21:42.789895+00
vegetable	2000-01-01	蔬菜	vegetables	530	Poore & Nemecek, Science 360 (2018): world mean, per kg at retail	onecard	2026-11-25 00:21:42.789895+00
fruit	2000-01-01	水果	fruit	1050	Poore & Nemecek, Science 360 (2018): world mean, per kg at retail	onecard	2026-11-25 00:21:42.789895+00
tofu	2000-01-01	豆制品	tofu	3160	Poore & Nemecek, Science 360 (2018): world mean, per kg at retail	onecard	2026-11-25 00:21:42.789895+00
egg	2000-01-01	蛋类	eggs	4670	Poore & Nemecek, Science 360 (2018): world mean, per kg at retail	onecard	2026-11-25 00:21:42.789895+00
dairy	2000-01-01	奶类	milk	3150	Poore & Nemecek, Science 360 (2018): world mean, per kg at retail	onecard	2026-11-25 00:21:42.789895+00
poultry	2000-01-01	禽肉	poultry	9870	Poore & Nemecek, Science 360 (2018): world mean, per kg at retail	onecard	2026-11-25 00:21:42.789895+00
pork	2000-01-01	猪肉	pork	12310	Poore & Nemecek, Science 360 (2018): world mean, per kg at retail	onecard	2026-11-25 00:21:42.789895+00
fish	2000-01-01	鱼类	fish, farmed	13630	Poore & Nemecek, Science 360 (2018): world mean, per kg at retail	onecard	2026-11-25 00:21:42.789895+00
beef	2000-01-01	牛肉	beef	33300	Poore & Nemecek, Science 360 (2018): world mean, per kg at retail; of dairy herds, of beef herds 99.48	onecard	2026-11-25 00:21:42.789895+00
mutton	2000-01-01	羊肉	mutton	39720	Poore & Nemecek, Science 360 (2018): world mean, per kg at retail	onecard	2026-11-25 00:21:42.789895+00
\.

COPY public.gateway_order (book, holder_id, order_id, number, amount_fen, state, reference, created_at, expires_at, settled_at) FROM stdin;
3302	1046	00000000-0000-4000-8000-000000000001	00000000-0000-4000-8000-000000000001	1	open	\N	2026-11-20 02:00:00+00	2026-11-20 02:00:00+00	\N
\.

COPY public.jurisdiction (book, valid_from, visitors, visitor_floor, visitor_cap, payment_max_fen, day_max_fen, meals_max, receipt_effect, subsidy_expires) FROM stdin;
3302	2024-01-01	agreement	home_price	allowance_share	20000	30000	4	personal	never
3301	2024-01-01	agreement	home_price	allowance_share	20000	30000	4	personal	never
\.

COPY public.kitchen (book, canteen_id, operating, serving, cost_per_kg_fen) FROM stdin;
3302	1011	self_run	buffet	\N
3302	1013	self_run	buffet	\N
3302	1022	contracted	set_meal	\N
3302	1024	self_run	buffet	\N
3302	1033	self_run	a_la_carte	\N
3302	1035	contracted	set_meal	\N
3301	1044	self_run	buffet	\N
\.

COPY public.kitchen_file (book, canteen_id, file_id, subject, name, media_type, content, added_by, added_at) FROM stdin;
3302	1011	1	x	x	x	\\x0101010101010101010101010101010101010101010101010101010101010101	x	2026-11-20 02:00:00+00
\.

COPY public.kitchen_month (book, canteen_id, month, meal, covers, weighed_covers, waste_g, preparation_g, unserved_g, plate_g, inedible_g, prepared_g, prepared_waste_g, meals, weighed_meals, implausible, co2e_g) FROM stdin;
3301	1044	2026-10-01	breakfast	3481	3296	195002	45512	57434	92056	34626	1863410	195002	31	30	0	585006
3301	1044	2026-10-01	dinner	1647	1556	89138	21688	24872	42578	14560	876570	89138	31	30	0	267414
3301	1044	2026-10-01	lunch	10719	10242	592391	156098	156885	279408	90479	5762133	592391	31	30	0	1777173
3301	1044	2026-11-01	breakfast	3239	2885	163198	40226	45255	77717	27701	1623172	163198	24	22	0	489594
3301	1044	2026-11-01	dinner	1547	1375	80504	19012	22973	38519	12408	776492	80504	24	22	0	241512
3301	1044	2026-11-01	lunch	9835	9792	545633	137463	148472	259698	97142	5500010	545633	24	23	0	1636899
3302	1011	2026-10-01	breakfast	4301	3842	286412	69551	78563	138298	46649	2214701	286412	31	28	0	859236
3302	1011	2026-10-01	dinner	2103	1879	144882	36551	40543	67788	22413	1085411	144882	31	29	0	434646
3302	1011	2026-10-01	lunch	11784	11028	825614	210000	229431	386183	142925	6350174	825614	31	28	0	2476842
3302	1013	2026-10-01	breakfast	3270	3270	337287	85300	93652	158335	56673	1952387	337287	31	31	0	1011861
3302	1013	2026-10-01	dinner	1671	1555	156580	40087	45205	71288	28734	925093	156580	31	28	0	469740
3302	1013	2026-10-01	lunch	7326	6905	679691	177487	179026	323178	117925	4092804	679691	31	29	0	2039073
3302	1022	2026-10-01	breakfast	2095	1826	122770	31302	32529	58939	20286	1040988	122770	31	27	0	368310
3302	1022	2026-10-01	dinner	1545	1545	102977	26124	28195	48658	18009	880253	102977	31	31	0	308931
3302	1022	2026-10-01	lunch	9405	8808	600273	149266	166306	284701	88772	5031167	600273	31	28	0	1800819
3302	1024	2026-10-01	breakfast	900	897	112764	27929	29546	55289	19724	551275	112764	31	30	0	338292
3302	1024	2026-10-01	dinner	646	622	73113	18193	21143	33777	12618	378360	73113	30	29	0	219339
3302	1024	2026-10-01	lunch	3097	2876	352346	91700	95680	164966	59494	1756166	352346	31	29	0	1057038
3302	1033	2026-10-01	breakfast	2338	1938	163214	41923	44714	76577	28862	1129051	163214	31	28	0	489642
3302	1033	2026-10-01	dinner	1489	1484	127597	35108	34929	57560	22994	864169	127597	31	30	0	382791
3302	1033	2026-10-01	lunch	6869	6050	503909	127096	137614	239199	83216	3522813	503909	31	27	0	1511727
3302	1035	2026-10-01	breakfast	642	597	56839	14299	16373	26167	9656	352980	56839	31	28	0	170517
3302	1035	2026-10-01	dinner	352	333	31827	8318	8867	14642	5218	196669	31827	28	26	0	95481
3302	1035	2026-10-01	lunch	1647	1556	145493	36951	41351	67191	26500	917662	145493	31	28	0	436479
3302	1011	2026-11-01	dinner	1901	1671	124306	32013	34646	57647	21855	961652	124306	25	23	5	372918
3302	1013	2026-11-01	breakfast	2945	2640	273185	70293	77181	125711	43351	1576129	273185	25	23	5	819555
3302	1013	2026-11-01	dinner	1522	1404	155685	38723	41279	75683	23236	847487	155685	25	23	5	467055
3302	1011	2026-11-01	lunch	10942	10942	826061	203250	226078	396733	140347	6313171	826061	25	25	5	2478183
3302	1011	2026-11-01	breakfast	3657	3175	229871	58464	63101	108306	41192	1822407	229871	24	22	0	689613
3302	1013	2026-11-01	lunch	6944	5997	617199	159620	180006	277573	98260	3577537	617199	25	20	5	1851597
3302	1022	2026-11-01	dinner	1451	1448	94377	23816	26855	43706	15410	823521	94377	24	23	0	283131
3302	1024	2026-11-01	dinner	681	643	79097	18987	21487	38623	12504	394913	79097	25	24	5	237291
3302	1024	2026-11-01	breakfast	808	808	96030	24518	27496	44016	16437	491672	96030	24	24	0	288090
3302	1022	2026-11-01	breakfast	1954	1948	131057	33262	36087	61708	21990	1111166	131057	25	24	5	393171
3302	1022	2026-11-01	lunch	8881	8392	569131	133053	170939	265139	96170	4801141	569131	25	24	5	1707393
3302	1024	2026-11-01	lunch	2988	2505	308287	81171	85011	142105	49193	1530694	308287	25	21	5	924861
3302	1033	2026-11-01	lunch	6636	5893	494101	121552	144637	227912	84917	3436909	494101	24	21	0	1482303
3302	1035	2026-11-01	lunch	1493	1493	143847	36798	37242	69807	22949	885920	143847	25	25	5	431541
3302	1035	2026-11-01	breakfast	563	532	53313	13490	15638	24185	8580	316463	53313	24	23	0	159939
3302	1035	2026-11-01	dinner	372	353	33395	8090	9233	16072	5365	208865	33395	23	20	0	100185
3302	1033	2026-11-01	breakfast	2291	2291	194708	48394	53770	92544	33535	1338070	194708	25	25	5	584124
3302	1033	2026-11-01	dinner	1261	1261	106502	26178	31557	48767	17378	736044	106502	24	24	0	319506
\.

COPY public.meal_period (book, canteen_id, meal, starts, ends) FROM stdin;
3302	1011	breakfast	06:30:00	09:00:00
3302	1011	lunch	11:00:00	13:30:00
3302	1011	dinner	17:00:00	19:30:00
3302	1013	breakfast	06:30:00	09:00:00
3302	1013	lunch	11:00:00	13:30:00
3302	1013	dinner	17:00:00	19:30:00
3302	1022	breakfast	06:30:00	09:00:00
3302	1022	lunch	11:00:00	13:30:00
3302	1022	dinner	17:00:00	19:30:00
3302	1024	breakfast	06:30:00	09:00:00
3302	1024	lunch	11:00:00	13:30:00
3302	1024	dinner	17:00:00	19:30:00
3302	1033	breakfast	06:30:00	09:00:00
3302	1033	lunch	11:00:00	13:30:00
3302	1033	dinner	17:00:00	19:30:00
3302	1035	breakfast	06:30:00	09:00:00
3302	1035	lunch	11:00:00	13:30:00
3302	1035	dinner	17:00:00	19:30:00
3301	1044	lunch	11:00:00	13:30:00
\.

COPY public.obligation (cycle_date, book, issuer_id, acquirer_id, canteen_id, meal, channel, payments, paid_fen, reversals, reversed_fen, line, subsidy_fen) FROM stdin;
2026-11-25	3301	1037	1026	1035	lunch	card	2	1830	0	0	meal	0
2026-11-25	3302	1004	1004	1011	lunch	card	1	1200	0	0	meal	1200
2026-11-25	3302	1004	1004	1013	dinner	card	1	1200	0	0	meal	1200
2026-11-25	3302	1004	1004	1013	lunch	card	3	3600	0	0	meal	3600
2026-11-25	3302	1015	1004	1013	breakfast	card	1	1000	0	0	meal	0
2026-11-25	3302	1015	1015	1022	breakfast	card	1	400	0	0	meal	400
2026-11-25	3302	1015	1015	1022	lunch	card	2	2000	0	0	meal	2000
2026-11-25	3302	1015	1015	1022	lunch	qr	1	1000	0	0	meal	1000
2026-11-25	3302	1015	1015	1024	dinner	card	1	1000	0	0	meal	1000
2026-11-25	3302	1015	1015	1024	lunch	card	1	1000	0	0	meal	1000
2026-11-25	3302	1026	1004	1011	dinner	card	1	2000	0	0	meal	0
2026-11-25	3302	1026	1015	1024	lunch	qr	1	4000	0	0	meal	0
2026-11-25	3302	1026	1026	1033	breakfast	card	1	400	0	0	meal	400
2026-11-25	3302	1026	1026	1035	lunch	card	3	5150	0	0	meal	5150
\.

COPY public.official (book, holder_id, agency_id, cash_account, subsidy_account, state, name_sealed, staff_index) FROM stdin;
3302	1046	1004	1047	1048	active	\\x827744301cfd29b5184881faaec75047cd7ee781a2b5bfaf484325139068e51dbbbb4a1e4ed746f167b34a3a1b	\\x91c4d84fa461c35ebf5fa27ee990a3f7a274f66531bc65cc1d792dae9a174da8
3302	1049	1004	1050	1051	active	\\x8fb8e09057b8715c0f8282c2edc151e11f0c0fcf95e44b94fb05e48296e4aa32ca9a15539b71e0e69e7fc7b112	\\x027816e949e82dd49c0f17bbb980c34a13c1b7575f853287d7c3b109c4491f5b
3302	1052	1004	1053	1054	active	\\xd30cd5a5e082a2a9fd2b94108b6f61366a5a935acfe31f73e1a1242f0dc8dc6d967efbdc432136f609614cca59	\\x96f999ae3ec6c39af986b52032d7ffb3f3c87b99d6bd8742ebfb749d844cf978
3302	1055	1004	1056	1057	active	\\x74246f1d13e35691495946a3982c5e356446c0a820cc7baa841e64586e43d87f7d781e6c1cc2d8872f1f7171fb	\\x4f06406044434c528107171c1d3e30b806e02b694b9e325f875b313485fa74c0
3302	1058	1004	1059	1060	active	\\x5994ff2bd9de89c0e314e07e5840877048625b4da32b67dc07bfba29b83d884d988a7d08a1b193f52b0c3a8e5e	\\x7e57c856de4b93fca10bb3e3748437c26ed98a0a01a5356e76ba5c1ce2a115aa
3302	1061	1004	1062	1063	active	\\xf9ef271b8d1f14965bde18f91afe77df927d16918a06fc3e1f4ff8a2d7a59f1e13be3afc213449566edfcdbdbe	\\x50a4ee3dba1e60c390b7b0aeeada7252defc73aff2b521e1df998c2a9488cfa3
3302	1064	1004	1065	1066	active	\\x779c9d0b3be24c01b7f0921a04b277636738ed807f16d3f9e3532e71f4ad296543efb368b99b505c9d338b2c99	\\xae19fc1f1f3b50ee3ceea4f4afc06e248b27cad0ace96ad79240e6bc96fd4df9
3302	1067	1004	1068	1069	active	\\xe640d6e52351464635d35118a956aeda4bd16aa740574d2b14770969aee45f8069032ec7f8ddd8dd9845f36ca8	\\xd5a8e556800d428d993808dd3f451fd54a3efcdbb465bc0ae0c70027ba9e6f03
3302	1076	1015	1077	1078	active	\\xbe836715e19d9d9c0a092fbd631f59548651b44a37de3d482c0d1d22c5d0851c0a5a0e2e46ad953cd0e782e657	\\x17bda97ccfb5aa76b4e8fbc476b67361a93f1204b72c78b100b8c49431422184
3302	1079	1015	1080	1081	active	\\x24c2bcbd65bb841893dcd0525c4c52906510b96466be312d337580248539a06b6af50c643b51483701a539a0a2	\\xcdc0cf863ccd8541adc41cfcd60ba1b2f7e737d62a4f64d162f4b378ff60d380
3302	1082	1015	1083	1084	active	\\x36864a98e67ed135064819b01753ca5be4515d4a49a1fed63b89be351c696712c0a4ddd28eb2c3369c547fd023	\\x25ab1ecb9c533a62528ab8dc98c71a6aa3164eff97bccf6465bd53766dbee806
3302	1085	1015	1086	1087	active	\\x16b1912de660200f4c9fb3804f7abced8171557c585c56819179520bdc1faf4e37f291d847179ad88b6efd5b26	\\x3753adaecb5b6bcfd2f49935925f86d81ead35910ffd26ff3199aeb43bb83719
3302	1088	1015	1089	1090	active	\\xd5ca2f3283eecdf25fbe33ee29d21c3be87aebe508803ec729be0c7a48e9a5f97943d8b432e3d3d1f3b3ca0dd9	\\x7086b3774a4fa7e943df6b2f33591a8b6fabb978ead913b366e1be092a583339
3302	1091	1015	1092	1093	active	\\x36a065670c5fdc073e5c29fbf863de1e396ae9c5d0bdfb75707882955e97fe2efbdc18379fd7e839c343330020	\\x6598f6ea04b259f910068a84ebf00e69865abeb5d62d8a4e5eb8cb8b1fd99435
3302	1094	1015	1095	1096	active	\\xe335ee3b2e61896e8d704974a00ffab6176ee5294b25e838d2c599d0a0f85973f6e6dee4dfc1e290219c985b5f	\\x27bb07f43b152c2a3398a9eb9ce7999d826a59b67196cb2f36fcf3da4024acc8
3302	1097	1015	1098	1099	active	\\x2e79db505b0317726d150600e505a34c320b9f9e0c221c91e6bed1ba524e5511fc249071d41dc5bb2d3f3a4fd3	\\x00b90424548291a6e2c27ccf27fea06d88535485c69e6e870ae95d7575dd80d8
3302	1106	1026	1107	1108	active	\\x097de74338720a96ec1269c3511552c449e295f5357ea97b447f1d75c00bab5d3dacac709fb3f942b24f84e0b6	\\xe0edc80908ce77eb20a9878df286facf58e1ef817583cd20beeb5bad3c5e90c6
3302	1109	1026	1110	1111	active	\\x68cbe607b1ef7b1af97feaa6fa35fefa6110c578959e4591c992e621616d90de3c89f45e05c292978124460d11	\\xea5dc6c9660503b631aadc3dba0b3ea9e8d909f2f40a72dda450340f9aa8fd86
3302	1112	1026	1113	1114	active	\\x663eb5dca68eeb22f8d7b1b03089599c1ceb1189c728b21693a4a29ba23865a72e92abd892575769f908b6c51f	\\xbcf8df191c3635470de0ace30d6eff68e72a915799d7a50ee0f01a55160c730b
3302	1115	1026	1116	1117	active	\\x178d85a80e052a1fcb6239e23a6d5097468e542d23437db1d3b162240aad9d4e9d16594332407c4f0ccb435bd0	\\x754f346ea19b6e2adfb7f1d817792977c128faac38cac6c39aceefb9ae354e0d
3302	1118	1026	1119	1120	active	\\x24dc85395cc6ae12b16701310490fdb1a6f5940f308e12a5f2d47dc9da7754f832c96cb28eda436bf871c97dcc	\\x73a0f18b39ec2a5140be29a71f140960ed5afefd4d8df424f814e2c8a3f08639
3302	1121	1026	1122	1123	active	\\x676d59de513e9a256be1ee0b8ac31edbdb1c093538a0763289009b866de6fcee614de31d1720f509592b047f1e	\\x9f659be8f561e352b0ac813bd3e1a793a9c6a641d33f4c94d20b4e1ad7dbad59
3301	1128	1037	1129	1130	active	\\xa1b4d36f2919454254a6515c6079a0fb327923d5dbd9befebbb67e388a3ce21956c3159656dc8a6d0d65d8804d	\\xbb59bdebe34e1ed3b1d67e71069d57112c0e6a4521aca7ff738eaea873e6a9fb
3301	1131	1037	1132	1133	active	\\x236bb414472f8adc20f780091dc40ccef788ee85cbb31a3d37a7e5d6df5de6d6b208db64b7da15b07cc215b11f	\\xd193913033c17c80110fdafccb9a76331b22181606b4905463cf694745e4b427
3302	1148	1015	1149	1150	active	\\x6aae5f96e6e158f963170eee4705bee1b4af5415c39c0ad646e89bafc147107d8f69100fb3669ce0c434fd707b	\\x5f3653c158fab4895b7c8c1085e14acd79587e824d0b1b3be0f07d94ec5e81cd
3302	1151	1015	1152	1153	active	\\xba169724eae673221f4149a82a08ef7c442f79b089d268123151b00311c97dae387d657f708fa839538beefe56	\\x433e111355112e37278158687ab5a40450f2163ac091f3a0ab76e7bea81f285b
3302	1154	1015	1155	1156	active	\\x761894498da0424bfd27feb66c63109055ff82989877950d51559afa4f9cad4ad845415a42d1ec5622a8a9114a	\\x2b71ad08a7058335913725e235240a14bde9ebff9c285ccac6f05a6cb0142385
3302	1157	1015	1158	1159	active	\\x92c1fd270c494353564b1b93ec9c11aede3f240ab654838178cffefffb34ffb1d006da49a0d4c49f51fb028fb6	\\x59515baa4a66ba071668849c46afd1b8744ea0f18805d9253cf05247ac178e50
\.

COPY public.phone_activation (book, activation_id, holder_id, code_hash, expires_at, tries_left, credential_id) FROM stdin;
3302	1136	1052	\\xb71352430a75748defdb3ba6f25f630dcb9be98878cef12b4e5cfbaab9f41715	2026-11-26 00:23:24.457489+00	0	1138
3302	1137	1058	\\xbee7bd91c3338cd63187b8282ae1802764b3a55fefce197fd4a3ff885033c063	2026-11-26 00:23:24.457489+00	0	1139
3302	1141	1082	\\xc320314ffa2fcd64cb3b75a70501c0a4e73d3dc69acbfa89b02553ebc0b325d8	2026-11-26 00:23:24.543284+00	0	1142
3302	1140	1079	\\xa5d73b4b0e61fb234cf64531dd25c878af388f9aed30d5efcc6eb221a961b222	2026-11-26 00:23:24.543284+00	0	1143
3302	1144	1106	\\x66f984fd47b895c76a4ae9a7026a47f9c9328560b0a4ed09cf4dbffc7fc5aaf6	2026-11-26 00:23:24.618757+00	0	1146
3302	1145	1115	\\x2a5cd89946b6d3eef94eef32a18c926d3d2548ad8c374bacfe8f9268b3355b37	2026-11-26 00:23:24.618757+00	0	1147
\.

COPY public."position" (cycle_date, agency_id, receivable_fen, payable_fen, position_fen) FROM stdin;
2026-11-25	1004	3000	0	3000
2026-11-25	1015	4000	1000	3000
2026-11-25	1026	1830	6000	-4170
2026-11-25	1037	0	1830	-1830
\.

COPY public.quarter_result (book, canteen_id, quarter, revision, scheme, serving, operating, score, low, high, grade_zh, grade_en, to_verify, vetoed, weekly_covers, points, weeks, made_at) FROM stdin;
3302	1011	2026-07-01	0	default-2026	buffet	self_run	72.8	69.3	76.2	合格	qualified	t	f	4683.214285714285	[{"code": "A1", "value": null, "capped": false, "points": null, "source": null, "missing": true, "name_en": "rules and responsibility", "name_zh": "制度与责任", "possible": 6.0}, {"code": "A2", "value": null, "capped": false, "points": null, "source": null, "missing": true, "name_en": "training, publicity, signs", "name_zh": "培训宣传与提示", "possible": 6.0}, {"code": "B1", "value": 0.1224, "capped": false, "points": 6.46, "source": "measured", "missing": false, "name_en": "cooking to headcount", "name_zh": "按人数备餐", "possible": 8.0}, {"code": "B2", "value": null, "capped": false, "points": null, "source": "measured", "missing": false, "name_en": "bookings kept", "name_zh": "预订兑现", "possible": 4.0}, {"code": "B3", "value": null, "capped": false, "points": null, "source": null, "missing": true, "name_en": "purchase and storage loss", "name_zh": "采购储存损耗", "possible": 6.0}, {"code": "B4", "value": null, "capped": false, "points": null, "source": null, "missing": true, "name_en": "use of trimmings", "name_zh": "边角料利用", "possible": 4.0}, {"code": "C1", "value": null, "capped": false, "points": null, "source": null, "missing": true, "name_en": "small and half portions", "name_zh": "小份半份", "possible": 6.0}, {"code": "C2", "value": null, "capped": false, "points": null, "source": null, "missing": true, "name_en": "compliance of official meals", "name_zh": "公务用餐合规", "possible": 6.0}, {"code": "D1", "value": 0.9094, "capped": false, "points": 7.28, "source": "measured", "missing": false, "name_en": "completeness of weighing", "name_zh": "称重完整率", "possible": 8.0}, {"code": "D2", "value": 1.0, "capped": false, "points": 6.0, "source": "measured", "missing": false, "name_en": "credibility of data", "name_zh": "数据可信度", "possible": 6.0}, {"code": "E1", "value": 76.0831, "capped": false, "points": 6.78, "source": "measured", "missing": false, "name_en": "waste per cover", "name_zh": "人均浪费量", "possible": 14.0}, {"code": "E2", "value": 0.0371, "capped": false, "points": 7.37, "source": "measured", "missing": false, "name_en": "unserved share", "name_zh": "未售占比", "possible": 8.0}, {"code": "E3", "value": 0.0639, "capped": false, "points": 6.89, "source": "measured", "missing": false, "name_en": "plate-waste share", "name_zh": "餐盘浪费占比", "possible": 8.0}, {"code": "E4", "value": -0.005, "capped": false, "points": 0.0, "source": "measured", "missing": false, "name_en": "less than last year", "name_zh": "较上年减少", "possible": 4.0}, {"code": "F1", "value": null, "capped": false, "points": null, "source": "measured", "missing": false, "name_en": "cases closed in time", "name_zh": "问题按期办结", "possible": 6.0}]	[{"came": 0, "week": "2026-06-29", "meals": 15, "booked": 0, "covers": 2901, "plate_g": 102530, "waste_g": 211235, "weigh_ins": 45, "prepared_g": 1671680, "unserved_g": 60630, "implausible": 0, "forecast_off": 294, "weighed_meals": 15, "weighed_covers": 2901, "forecast_actual": 2901}, {"came": 0, "week": "2026-07-06", "meals": 21, "booked": 0, "covers": 4723, "plate_g": 142924, "waste_g": 304727, "weigh_ins": 57, "prepared_g": 2368809, "unserved_g": 84005, "implausible": 0, "forecast_off": 612, "weighed_meals": 19, "weighed_covers": 4119, "forecast_actual": 4723}, {"came": 0, "week": "2026-07-13", "meals": 21, "booked": 0, "covers": 5152, "plate_g": 137584, "waste_g": 309086, "weigh_ins": 54, "prepared_g": 2446521, "unserved_g": 92177, "implausible": 0, "forecast_off": 615, "weighed_meals": 18, "weighed_covers": 4263, "forecast_actual": 5152}, {"came": 0, "week": "2026-07-20", "meals": 21, "booked": 0, "covers": 4944, "plate_g": 169271, "waste_g": 351597, "weigh_ins": 57, "prepared_g": 2707256, "unserved_g": 99185, "implausible": 0, "forecast_off": 387, "weighed_meals": 19, "weighed_covers": 4690, "forecast_actual": 4944}, {"came": 0, "week": "2026-07-27", "meals": 21, "booked": 0, "covers": 5101, "plate_g": 185172, "waste_g": 397145, "weigh_ins": 54, "prepared_g": 2820644, "unserved_g": 110872, "implausible": 0, "forecast_off": 629, "weighed_meals": 18, "weighed_covers": 4855, "forecast_actual": 5101}, {"came": 0, "week": "2026-08-03", "meals": 21, "booked": 0, "covers": 5132, "plate_g": 166207, "waste_g": 343536, "weigh_ins": 57, "prepared_g": 2452619, "unserved_g": 89932, "implausible": 0, "forecast_off": 448, "weighed_meals": 19, "weighed_covers": 4224, "forecast_actual": 5132}, {"came": 0, "week": "2026-08-10", "meals": 21, "booked": 0, "covers": 5312, "plate_g": 188211, "waste_g": 390220, "weigh_ins": 60, "prepared_g": 2921977, "unserved_g": 109846, "implausible": 0, "forecast_off": 456, "weighed_meals": 20, "weighed_covers": 5046, "forecast_actual": 5312}, {"came": 0, "week": "2026-08-17", "meals": 21, "booked": 0, "covers": 5129, "plate_g": 172978, "waste_g": 378026, "weigh_ins": 63, "prepared_g": 2950622, "unserved_g": 110564, "implausible": 0, "forecast_off": 255, "weighed_meals": 21, "weighed_covers": 5129, "forecast_actual": 5129}, {"came": 0, "week": "2026-08-24", "meals": 21, "booked": 0, "covers": 4755, "plate_g": 123622, "waste_g": 268422, "weigh_ins": 54, "prepared_g": 1982723, "unserved_g": 72381, "implausible": 0, "forecast_off": 643, "weighed_meals": 18, "weighed_covers": 3436, "forecast_actual": 4755}, {"came": 0, "week": "2026-08-31", "meals": 21, "booked": 0, "covers": 5057, "plate_g": 163650, "waste_g": 356539, "weigh_ins": 60, "prepared_g": 2762315, "unserved_g": 108905, "implausible": 0, "forecast_off": 380, "weighed_meals": 20, "weighed_covers": 4788, "forecast_actual": 5057}, {"came": 0, "week": "2026-09-07", "meals": 21, "booked": 0, "covers": 5239, "plate_g": 181476, "waste_g": 393398, "weigh_ins": 63, "prepared_g": 3011934, "unserved_g": 106178, "implausible": 0, "forecast_off": 263, "weighed_meals": 21, "weighed_covers": 5239, "forecast_actual": 5239}, {"came": 0, "week": "2026-09-14", "meals": 21, "booked": 0, "covers": 5667, "plate_g": 180456, "waste_g": 389964, "weigh_ins": 54, "prepared_g": 2925370, "unserved_g": 106434, "implausible": 0, "forecast_off": 1174, "weighed_meals": 18, "weighed_covers": 5074, "forecast_actual": 5667}, {"came": 0, "week": "2026-09-21", "meals": 21, "booked": 0, "covers": 3678, "plate_g": 116445, "waste_g": 250266, "weigh_ins": 57, "prepared_g": 1924801, "unserved_g": 69996, "implausible": 0, "forecast_off": 1559, "weighed_meals": 19, "weighed_covers": 3343, "forecast_actual": 3678}, {"came": 0, "week": "2026-09-28", "meals": 9, "booked": 0, "covers": 2775, "plate_g": 41852, "waste_g": 95365, "weigh_ins": 18, "prepared_g": 717664, "unserved_g": 28932, "implausible": 0, "forecast_off": 310, "weighed_meals": 6, "weighed_covers": 1244, "forecast_actual": 2775}]	2026-11-25 00:22:04.474455+00
\.

COPY public.rectification_case (book, canteen_id, case_id, quarter, kind, what, responsible, state, level, opened_on, due_on, deadline, closed_on) FROM stdin;
3302	1011	9001	2026-07-01	finding	x	x	open	1	2026-11-20	2026-11-20	2026-11-20	\N
\.

COPY public.region_agreement (book, guest_book, valid_from, valid_to) FROM stdin;
3302	3301	2024-01-01	\N
3301	3302	2024-01-01	\N
\.

COPY public.request (book, terminal_id, epoch, sequence, operation, digest, outcome, refusal, forwarded_to, posting_id, cash_fen, subsidy_fen, cash_balance_fen, subsidy_balance_fen, business_date, answered_at, host_fen) FROM stdin;
3302	1171	1	1	charge	\\xc2d2dc1e20f2825eb85c418f06b59b30a2bf96398d3028b47a9285f546a96d39	refused	qr_expired	\N	\N	0	0	\N	\N	2026-11-25	2026-11-25 00:23:27.050259+00	0
3302	1173	1	1	charge	\\x00f0cec7d73fce8200837c728721d076b673e004d43a2110d902c2597daf16a6	approved	\N	\N	01a21016-0018-7429-acd9-4f2ae6b8e399	0	400	20000	5600	2026-11-25	2026-11-25 00:23:27.061919+00	0
3302	1167	1	1	charge	\\xd005c710634c19e6db9091ca9e527fcdec1e0a2eea33955441d459f3d17998a5	approved	\N	\N	01a21016-0031-7402-94d7-00e7c24da415	1000	0	19000	6000	2026-11-25	2026-11-25 00:23:27.097423+00	0
3302	1165	1	1	charge	\\xf5874a2e52d3a3a45e68dc77f321c40327ad4aed8f4ef4becf2712634af793ca	approved	\N	\N	01a21016-005d-7604-ab0d-4bfc800c6cc4	0	1200	20000	4800	2026-11-25	2026-11-25 00:23:27.097423+00	0
3302	1169	1	1	charge	\\x59109dfe730cf65ed85fcb09eb86600d3f5df42b7b9876a1ef0eae7d603524c3	approved	\N	\N	01a21016-005d-7604-ab0d-4bfd3a7d9ea9	0	400	20000	5600	2026-11-25	2026-11-25 00:23:27.097423+00	0
3302	1171	1	2	charge	\\xe875e3e99ddc7ce9e8c886e670b8134c69538f80c45a3e2b3bd3a29434c81f0c	approved	\N	\N	01a21016-008e-7481-8693-4339fef9b35b	0	1000	20000	5000	2026-11-25	2026-11-25 00:23:27.119481+00	0
3302	1171	1	3	charge	\\x07d090e70fdbef411cfe53bcd2a4c481fd98ae542e76ad4ee72a7443fb4c65f1	approved	\N	\N	01a21016-00a7-72f7-a414-1c316fdf3faa	4000	0	16000	6000	2026-11-25	2026-11-25 00:23:27.144056+00	0
3302	1171	1	4	charge	\\xfe3faad84184847f9ef212c93474c38f8a6c1a8f0dce72c1fe4969886600fc55	approved	\N	\N	01a21016-00c6-76c6-933b-20de3434df94	0	1000	20000	5000	2026-11-25	2026-11-25 00:23:27.177053+00	0
3302	1167	1	2	charge	\\xabefc9186af5f9b66f79dbb944cd5f83ce4d72623ed9a24e349a77920f195813	approved	\N	\N	01a21016-010a-7455-bef0-469d5685784f	0	1200	20000	4800	2026-11-25	2026-11-25 00:23:27.24581+00	0
3302	1169	1	2	charge	\\x3405a83ec228e85a963d8e9496ea552b2eddab394860850c5408ecc0bd8b6f92	approved	\N	\N	01a21016-010a-7455-bef0-469e9cc87924	0	1000	20000	4600	2026-11-25	2026-11-25 00:23:27.24581+00	0
3302	1165	1	2	charge	\\x852159f9a3a0908d58d042aa4c097b48b11e37bc0278b80287a908810ae50cb3	approved	\N	\N	01a21016-010a-7455-bef0-469f472bd236	2000	0	18000	6000	2026-11-25	2026-11-25 00:23:27.24581+00	0
3302	1175	1	1	charge	\\xa5d64de26de2c2d4ab1715e3eebd5a5efd752aa002bc277e36eac7061a74f9ff	forwarded	\N	3301	\N	0	0	\N	\N	2026-11-25	2026-11-25 00:23:27.253401+00	0
3301	1175	1	1	charge	\\xa5d64de26de2c2d4ab1715e3eebd5a5efd752aa002bc277e36eac7061a74f9ff	approved	\N	\N	01a21016-0122-743c-be7b-a2320d46a76f	1150	0	18850	6000	2026-11-25	2026-11-25 00:23:27.267085+00	0
3302	1169	1	3	charge	\\xb6398b211b81aba93243d3b7dc45dae4bf4bba9311371fadd491fd3b466e5564	approved	\N	\N	01a21016-012c-715a-9d36-ac27a7163193	0	1000	20000	5000	2026-11-25	2026-11-25 00:23:27.277243+00	0
3302	1167	1	3	charge	\\xe7c8981a21d5b57a7a1fc76bcb4425eee7c7e91a097466d13910c6518d6fdfa3	approved	\N	\N	01a21016-0137-7141-8810-e2555bb3dbdb	0	1200	20000	4800	2026-11-25	2026-11-25 00:23:27.288637+00	0
3302	1175	1	2	charge	\\xae0620ebe57d144685a2b17bd9b8c7599e1fcf1f20049d93347966410bb360f2	approved	\N	\N	01a21016-0146-7726-adc8-d2b23bb437d7	0	1160	20000	4840	2026-11-25	2026-11-25 00:23:27.302655+00	0
3302	1169	1	4	charge	\\x3ca65f1b07d29c94e72f537a94d0252a66b752964dc91a9ea42e1a9696de9fdb	approved	\N	\N	01a21016-0146-7726-adc8-d2b3259d3782	0	1000	19000	5000	2026-11-25	2026-11-25 00:23:27.302655+00	0
3302	1167	1	4	charge	\\x9aa7865edbc29660ea4c5ee3de61e66e494f140f20a642b4d3d163ecc2c1e563	approved	\N	\N	01a21016-0154-7283-934c-9ad8f3e68a10	0	1200	20000	4800	2026-11-25	2026-11-25 00:23:27.316694+00	0
3302	1175	1	3	charge	\\x274edceef5fdf769146b205bbc48cba06629f3553cf82a98fd0725ce40cf1819	approved	\N	\N	01a21016-0174-71cb-b44a-fbaf74af824a	0	2100	20000	3900	2026-11-25	2026-11-25 00:23:27.348721+00	0
3302	1167	1	5	charge	\\x89ffadd69a6920f2242107a6bf9a65d2b3cd6dd542a2128dbd2771a40368f3e1	approved	\N	\N	01a21016-0193-7737-b1e7-5e62644e9583	0	1200	20000	4800	2026-11-25	2026-11-25 00:23:27.379657+00	0
3302	1175	1	4	charge	\\xe7de4499eadbcb0aa0749f190bb66a383e7590db010f035140c940ac46ba4c18	approved	\N	\N	01a21016-01bb-7173-8cae-2555025ef868	0	1890	18000	4110	2026-11-25	2026-11-25 00:23:27.50203+00	0
3302	1175	1	5	charge	\\x2d8cc6a55ed124b8309ad99f0c2a0715d7b50d1884541a99b3a0a7fe5ca3a9dd	forwarded	\N	3301	\N	0	0	\N	\N	2026-11-25	2026-11-25 00:23:27.584106+00	0
3301	1175	1	5	charge	\\x2d8cc6a55ed124b8309ad99f0c2a0715d7b50d1884541a99b3a0a7fe5ca3a9dd	approved	\N	\N	01a21016-0266-7643-b4dc-b2fe7bec47a4	680	0	19320	6000	2026-11-25	2026-11-25 00:23:27.590623+00	0
\.

COPY public.sampling_plan (year, seed, candidates, drawn, made_by, made_at) FROM stdin;
1	x	{}	{}	x	2026-11-20 02:00:00+00
\.

COPY public.self_evaluation (book, canteen_id, quarter, percents, note, submitted_by, submitted_at) FROM stdin;
3302	1011	2026-07-01	{}	x	x	2026-11-20 02:00:00+00
\.

COPY public.statement (cycle_date, agency_id, file_name, size, sha256, format, document) FROM stdin;
2026-11-25	0	bilateral-report.csv	571	\\x86572e4b0db37bfbbf5e89c0124cc6f626098800f65cc4919d3b4dd888015206	csv	bilateral
2026-11-25	0	bilateral-report.xlsx	6826	\\x294ba8510a995dcb094483812c2d5d125639babae8dead81be7d2639b4532548	xlsx	bilateral
2026-11-25	0	net-report.csv	489	\\x45a898d7f0eabe7ed42f59366aef6b64f33b38c81b7330326356b00ca03ea9e5	csv	net
2026-11-25	0	bilateral-report.pdf	24945	\\x870053f34427a11105ed7da1fff8ce9b9c2b7d751867d579c0fd1bb0577784a8	pdf	bilateral
2026-11-25	1004	statement-1004.csv	923	\\x034ae7354160cd82afc1f08864af1814314479490aaa250d58f25d518f54203e	csv	statement
2026-11-25	0	public-report.csv	300	\\xf69ef7bd369053523d84976d356de3692304172048654ebb72e537ddec85a820	csv	public
2026-11-25	1015	statement-1015.csv	1257	\\x1ee0df6d0f1fecf9e43e73058799c25d299e5f28e2255a58f297222b35dda9c3	csv	statement
2026-11-25	0	net-report.xlsx	9188	\\x8ea4eb55a7539d716adccea89ce557b255a3340318603979942dff315d192509	xlsx	net
2026-11-25	1004	statement-1004.xlsx	9377	\\xa9dc435d1ddfbe6ac1ae69a719327811b4de98a42b4e5ab58128fc7a5dace3d8	xlsx	statement
2026-11-25	0	public-report.xlsx	8868	\\x90e27611961e2cd7b619ae691811460e433417d8c925801027ab9352e5e81537	xlsx	public
2026-11-25	1015	statement-1015.xlsx	9482	\\xaa7346a1ffa336c9d585c1a7a4e41d83306fc4ac00e972842bf6c5c1ed6bdfe6	xlsx	statement
2026-11-25	1026	statement-1026.csv	963	\\x46d213a115f69c6db3cfbb3d5ff4dbf83f218b8d9bebf2ed01e9fc380a85f911	csv	statement
2026-11-25	0	net-report.pdf	27420	\\xde8cd911d9f3e4c8005f34066d05704832efda8fedf876c61fc6a36a9d9f0cf3	pdf	net
2026-11-25	1004	statement-1004.pdf	30341	\\x4b4c5e194f90a199611d2eee719c95a0107bf784c6c77d48df18e545a07b5338	pdf	statement
2026-11-25	0	public-report.pdf	26949	\\xa095c14383c2bcb18b6512795975c599a4b694149b1845b179ac0d1c5b622722	pdf	public
2026-11-25	1037	statement-1037.csv	399	\\x04889b84cc535358c6fcbe9b83a01e861e78601ac00a179d2d8c7e42575ba904	csv	statement
2026-11-25	1015	statement-1015.pdf	31598	\\x451c883039d6540d9461f406451bc8fde1fa60107ea84f598891e518a227e41e	pdf	statement
2026-11-25	1026	statement-1026.xlsx	9476	\\xce64b3e11b157f9a41965c1e12813b80947739991763847c93d5bf33bd9b4b62	xlsx	statement
2026-11-25	1037	statement-1037.xlsx	9077	\\x85481480e6c193b6693c27746f487fe40813a8685e84b8ca9fe10bd0c4afd8fc	xlsx	statement
2026-11-25	1037	statement-1037.pdf	29187	\\xf89df67a1fd1decfcfc464492a79d71d38eef5d4ceb85130b6f7494469abd965	pdf	statement
2026-11-25	1026	statement-1026.pdf	32419	\\xd0cbb521dccd1aa926c725d95926db4bf38b5540319c72657a413aaa6660dedf	pdf	statement
\.

COPY public.subsidy_lapse (book, agency_id, year, purses, subsidy_fen, lapsed_at) FROM stdin;
3302	1004	1	1	1	2026-11-20 02:00:00+00
\.

COPY public.tariff (book, canteen_id, meal, valid_from, mode, home_fen, visitor_fen, limit_fen) FROM stdin;
3302	1011	breakfast	2024-01-01	fixed	500	1000	\N
3302	1011	lunch	2024-01-01	fixed	1200	2000	\N
3302	1011	dinner	2024-01-01	fixed	1200	2000	\N
3302	1013	breakfast	2024-01-01	fixed	500	1000	\N
3302	1013	lunch	2024-01-01	fixed	1200	2000	\N
3302	1013	dinner	2024-01-01	fixed	1200	2000	\N
3302	1022	breakfast	2024-01-01	fixed	400	\N	\N
3302	1022	lunch	2024-01-01	fixed	1000	\N	\N
3302	1022	dinner	2024-01-01	fixed	1000	\N	\N
3302	1024	breakfast	2024-01-01	fixed	400	\N	\N
3302	1024	lunch	2024-01-01	fixed	1000	\N	\N
3302	1024	dinner	2024-01-01	fixed	1000	\N	\N
3302	1033	breakfast	2024-01-01	fixed	400	1000	\N
3302	1033	lunch	2024-01-01	free	\N	\N	5000
3302	1033	dinner	2024-01-01	free	\N	\N	5000
3302	1035	breakfast	2024-01-01	fixed	400	1000	\N
3302	1035	lunch	2024-01-01	free	\N	\N	5000
3302	1035	dinner	2024-01-01	free	\N	\N	5000
3301	1044	lunch	2024-01-01	fixed	1500	2500	\N
\.

COPY public.terminal (book, terminal_id, canteen_id, public_key, epoch, state, enrolled_at, kind) FROM stdin;
3302	1165	1011	\\xe6e6b67508ded9d9a9b3f9df8ff384aa10114c39a57cd6cd14f4a3351f81a61a	1	active	2026-11-25 00:23:25.291924+00	till
3302	1167	1013	\\xd41b2026ccaddd88b3377d04737fba2f838504391a6b038b6c93ba8c4e97460e	1	active	2026-11-25 00:23:25.896927+00	till
3302	1169	1022	\\xf00a2ab8ed9e9fb78e6a93db21a2315b498c38b32f756ac38c19e5cbb5b77ef6	1	active	2026-11-25 00:23:26.204999+00	till
3302	1171	1024	\\x44fd4fe0d05d80c2ca06e639d1d5e796c03044cf827533fb13abaedc1b02795e	1	active	2026-11-25 00:23:26.391418+00	till
3302	1173	1033	\\xb779e6a19ae3405a47a395694928894748de04c22f6e9783b868e74385368ecd	1	active	2026-11-25 00:23:26.664733+00	till
3302	1175	1035	\\xdd37196572222ca635edf19ec0b07048a89f64933cd8a738539848522f626800	1	active	2026-11-25 00:23:26.803233+00	till
\.

COPY public.terminal_session (book, session_id, terminal_id, epoch, ephemeral, wrapped_key, signed_in_at, expires_at, ended_at) FROM stdin;
3302	m_tzeXs0LCjt3-rv0vr6RQ	1165	1	\\x728c8c4d9eabf1653408172a5819c0497e776b9f5ca6cb3e1b70dba104058836	\\x130cd75de603e8b76c5cdfdeec643de1c1191f18df750b02d301866542222a36abf572aaafd52009ff9b8f52ae193cfac689d3652c145cdcf4011bb7	2026-11-25 00:23:25.425754+00	2026-11-25 16:00:00+00	\N
3302	8LVjF-cBVo8paltCYnQRRw	1167	1	\\xaeadd7c412b99a496c06c8f6969b02f528f2dc372dd152be7f3e012f05f75574	\\x7491c4b8896cf77c04af3f5a07fbbff26864ba9ce449660af0a6ffa95cbf89cdb06fe547e6245e147176129d5c57f8c31451bd46d01cbbeb1bb0a9f1	2026-11-25 00:23:26.039816+00	2026-11-25 16:00:00+00	\N
3302	BBQiPwtqpBCVaC_r39ZRuQ	1169	1	\\xe34a2bad52c2a7704f9c00d601e3f0f0e0b534acd193cc6be9cdd34d047bb77f	\\x5682746bffcd5dce7d9d5576aa9354cf010e66c75fd35d01964a508de06c04e4bdc8543a01e80617f44ac0eb0a1fd0d3ccd2042a97e9118cb6305728	2026-11-25 00:23:26.288027+00	2026-11-25 16:00:00+00	\N
3302	gHqjnLCq2QY7C-jojTDx4A	1171	1	\\x84c10178f8bf1ee3c3b522a3678c145d1ad9e940fa59f65e17167ffa6657787a	\\xbb54b13913900cd1024551e6a58aec4bd6351e05a7b0dcd7839c14b75f9ee8e2d6be28f8a92a85c56f5aa9c10d8e73abcea15a456edbac3e02fd5156	2026-11-25 00:23:26.494081+00	2026-11-25 16:00:00+00	\N
3302	QosbMTkKjfVAGKrpvsyKiA	1173	1	\\x4feea7aed581607a835c486ce8235847eef6db5ef79c279291201295ba15f029	\\x532eb6e8240b5e45b9c3eab3d1189f1bac2f4fc4d8c4a0e7d69c5bf3c1144425405ccfced1e6944ee6f2184733c92fee481c79d4b089fe3395655fac	2026-11-25 00:23:26.716852+00	2026-11-25 16:00:00+00	\N
3302	HTZ_9dUKpi-MNE3RvCi4dA	1175	1	\\xd79ce5747ab41f7ad1f2e4726143da6484e14f905a03cc3dce80d73812f2d82b	\\xe3898d291009fa90fa4d42875036f9918b098de3f6642f68a0c987ab172975107d159c2a7db2837c2ecab88fac873111396784e2269431c8878fe109	2026-11-25 00:23:26.870632+00	2026-11-25 16:00:00+00	\N
\.

COPY public.till_totals (book, terminal_id, epoch, through_sequence, reported_at, payments, amount_fen, unknown, ledger_payments, ledger_fen) FROM stdin;
3302	1165	1	1	2026-11-20 02:00:00+00	1	1	1	1	1
\.

COPY public.transfer (book, posting_id, part, kind, debit_account, credit_account, amount_fen, business_date, posted_at, holder_id, issuer_id, acquirer_id, canteen_id, meal, channel, credential_id, counter, terminal_id, epoch, sequence, purchased_at, reverses) FROM stdin;
3302	8e69aa9e-9bcc-43ba-8663-83a44e24ba5f	0	top_up	1005	1047	20000	2026-11-25	2026-11-25 00:23:23.665786+00	1046	1004	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	92c093ae-55cd-46df-94b0-dc715028e493	0	top_up	1005	1050	20000	2026-11-25	2026-11-25 00:23:23.665786+00	1049	1004	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	e69e3844-49ae-4281-8bc7-2e2105440f58	0	top_up	1005	1053	20000	2026-11-25	2026-11-25 00:23:23.665786+00	1052	1004	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	b9fea01f-ffae-49ea-8be8-dcd8bad18025	0	top_up	1005	1056	20000	2026-11-25	2026-11-25 00:23:23.665786+00	1055	1004	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	61548a43-1ea9-43f1-b2e7-564d822e23d1	0	top_up	1005	1059	20000	2026-11-25	2026-11-25 00:23:23.665786+00	1058	1004	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	302a4814-74d7-4b46-a505-541d78263800	0	top_up	1005	1062	20000	2026-11-25	2026-11-25 00:23:23.665786+00	1061	1004	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	b3a02e5d-2606-417c-aa37-4a405a847cb7	0	top_up	1005	1065	20000	2026-11-25	2026-11-25 00:23:23.665786+00	1064	1004	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	13afe075-6104-4335-8c9f-a281fd4ad58a	0	top_up	1005	1068	20000	2026-11-25	2026-11-25 00:23:23.665786+00	1067	1004	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	2774bc7c-3ea7-4d6f-b738-9e068d9eb90d	0	grant	1006	1048	6000	2026-11-25	2026-11-25 00:23:23.732672+00	1046	1004	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	419930fc-2204-40c8-a7aa-925589570c52	0	grant	1006	1051	6000	2026-11-25	2026-11-25 00:23:23.732672+00	1049	1004	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	3f2e3f41-f9cf-459d-bae6-11b0041fd25f	0	grant	1006	1054	6000	2026-11-25	2026-11-25 00:23:23.732672+00	1052	1004	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	57244618-0b5f-4948-9286-d682e04df6ca	0	grant	1006	1057	6000	2026-11-25	2026-11-25 00:23:23.732672+00	1055	1004	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	c3cc6616-58fc-4a76-98d9-fa9e65d09224	0	grant	1006	1060	6000	2026-11-25	2026-11-25 00:23:23.732672+00	1058	1004	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	53abb8e1-bbd0-4287-a9cd-fd3780dcaf1b	0	grant	1006	1063	6000	2026-11-25	2026-11-25 00:23:23.732672+00	1061	1004	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	c609dbae-5f76-4601-90fe-5f5c1d09cc4a	0	grant	1006	1066	6000	2026-11-25	2026-11-25 00:23:23.732672+00	1064	1004	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	71d782c5-d3d3-4a7b-ae70-c2b84abee5bd	0	grant	1006	1069	6000	2026-11-25	2026-11-25 00:23:23.732672+00	1067	1004	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	2acb0977-42b8-4acc-b563-8a5f4f00f7ba	0	top_up	1016	1077	20000	2026-11-25	2026-11-25 00:23:23.897159+00	1076	1015	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	d3ee22b0-10d7-426d-9845-47e12eb6abc3	0	top_up	1016	1080	20000	2026-11-25	2026-11-25 00:23:23.897159+00	1079	1015	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	3a49bc91-0f5f-468f-98ed-c9d4f4fdcde9	0	top_up	1016	1083	20000	2026-11-25	2026-11-25 00:23:23.897159+00	1082	1015	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	e34a860d-a399-4d32-b51b-bdbabd06ee52	0	top_up	1016	1086	20000	2026-11-25	2026-11-25 00:23:23.897159+00	1085	1015	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	9d85a2a2-8914-456b-bcb7-934bf06dba6d	0	top_up	1016	1089	20000	2026-11-25	2026-11-25 00:23:23.897159+00	1088	1015	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	e15c5f92-99d8-45eb-81c2-9cd10f6e8ef7	0	top_up	1016	1092	20000	2026-11-25	2026-11-25 00:23:23.897159+00	1091	1015	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	ec18cb32-6671-4130-91e6-6392e2c2db68	0	top_up	1016	1095	20000	2026-11-25	2026-11-25 00:23:23.897159+00	1094	1015	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	4e84df68-308b-4045-b5fd-1ff7584bb38e	0	top_up	1016	1098	20000	2026-11-25	2026-11-25 00:23:23.897159+00	1097	1015	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	7292f6c0-0d61-4249-a1b9-722a065c2b7b	0	grant	1017	1078	6000	2026-11-25	2026-11-25 00:23:23.981447+00	1076	1015	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	1f84ddfe-7af4-44f1-8970-aa20a3deb418	0	grant	1017	1081	6000	2026-11-25	2026-11-25 00:23:23.981447+00	1079	1015	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	13f2775d-dde1-4741-ab24-0ef5d20213a9	0	grant	1017	1084	6000	2026-11-25	2026-11-25 00:23:23.981447+00	1082	1015	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	4037395e-0936-4671-8037-920afe36e7af	0	grant	1017	1087	6000	2026-11-25	2026-11-25 00:23:23.981447+00	1085	1015	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	bfbe7ddc-24c2-4404-9081-bada2620da9b	0	grant	1017	1090	6000	2026-11-25	2026-11-25 00:23:23.981447+00	1088	1015	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	ce36b724-3d1e-4daa-acfe-9c85def10d0b	0	grant	1017	1093	6000	2026-11-25	2026-11-25 00:23:23.981447+00	1091	1015	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	baa5cb31-2c3c-4b31-bbd8-91bbe8140a76	0	grant	1017	1096	6000	2026-11-25	2026-11-25 00:23:23.981447+00	1094	1015	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	4fae9bc9-d93b-4e58-a08c-c15ae25da06d	0	grant	1017	1099	6000	2026-11-25	2026-11-25 00:23:23.981447+00	1097	1015	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	d997b360-b902-4d32-ab7a-bef6d2c3999f	0	top_up	1027	1107	20000	2026-11-25	2026-11-25 00:23:24.21328+00	1106	1026	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	e48d59f8-ddf5-4674-b4b4-cd672a67f2ec	0	top_up	1027	1110	20000	2026-11-25	2026-11-25 00:23:24.21328+00	1109	1026	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	4ce78e18-bd20-43dd-8794-d7f0c48ef52c	0	top_up	1027	1113	20000	2026-11-25	2026-11-25 00:23:24.21328+00	1112	1026	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	92972748-95ea-449a-9598-05c4d0504692	0	top_up	1027	1116	20000	2026-11-25	2026-11-25 00:23:24.21328+00	1115	1026	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	2c6d6825-c64c-4e7a-bd4d-0e5cfe939526	0	top_up	1027	1119	20000	2026-11-25	2026-11-25 00:23:24.21328+00	1118	1026	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	582a9a8d-6942-4828-88a7-3f1d6b0210ee	0	top_up	1027	1122	20000	2026-11-25	2026-11-25 00:23:24.21328+00	1121	1026	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	7a4cec5f-10a2-453b-b9c3-100d441ab8b7	0	grant	1028	1108	6000	2026-11-25	2026-11-25 00:23:24.260362+00	1106	1026	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	2156ffc1-159e-4540-ac7e-b80fcebf9b79	0	grant	1028	1111	6000	2026-11-25	2026-11-25 00:23:24.260362+00	1109	1026	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	6b8102b3-5bc1-4ca5-8dbf-396cc87e4f7e	0	grant	1028	1114	6000	2026-11-25	2026-11-25 00:23:24.260362+00	1112	1026	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	115e57d2-1143-46de-af1d-2693f2516183	0	grant	1028	1117	6000	2026-11-25	2026-11-25 00:23:24.260362+00	1115	1026	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	42c920fd-edb6-4f7a-b791-d46799debefb	0	grant	1028	1120	6000	2026-11-25	2026-11-25 00:23:24.260362+00	1118	1026	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	080b5f6d-8943-4fd5-9c0c-7d27e8e1cabf	0	grant	1028	1123	6000	2026-11-25	2026-11-25 00:23:24.260362+00	1121	1026	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3301	855fbd77-63ce-4ddf-8b30-f75ad1d82e9f	0	top_up	1038	1129	20000	2026-11-25	2026-11-25 00:23:24.410258+00	1128	1037	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3301	64cfab92-7104-4349-8b7f-3d94735dde00	0	top_up	1038	1132	20000	2026-11-25	2026-11-25 00:23:24.410258+00	1131	1037	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3301	8d2a8f70-9c57-4be3-ad8f-18f0128fe752	0	grant	1039	1130	6000	2026-11-25	2026-11-25 00:23:24.439971+00	1128	1037	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3301	2db90db7-1d0b-4c93-82f1-6579f6aa8611	0	grant	1039	1133	6000	2026-11-25	2026-11-25 00:23:24.439971+00	1131	1037	\N	\N	\N	counter	\N	\N	\N	\N	\N	\N	\N
3302	01a21016-0018-7429-acd9-4f2ae6b8e399	0	payment	1120	1034	400	2026-11-25	2026-11-25 00:23:27.061919+00	1118	1026	1026	1033	breakfast	card	1126	1	1173	1	1	2026-11-25 00:23:26+00	\N
3302	01a21016-0031-7402-94d7-00e7c24da415	0	payment	1098	1014	1000	2026-11-25	2026-11-25 00:23:27.097423+00	1097	1015	1004	1013	breakfast	card	1105	1	1167	1	1	2026-11-25 00:23:26+00	\N
3302	01a21016-005d-7604-ab0d-4bfc800c6cc4	0	payment	1057	1012	1200	2026-11-25	2026-11-25 00:23:27.097423+00	1055	1004	1004	1011	lunch	card	1072	1	1165	1	1	2026-11-25 00:23:26+00	\N
3302	01a21016-005d-7604-ab0d-4bfd3a7d9ea9	0	payment	1096	1023	400	2026-11-25	2026-11-25 00:23:27.097423+00	1094	1015	1015	1022	breakfast	card	1104	1	1169	1	1	2026-11-25 00:23:26+00	\N
3302	01a21016-008e-7481-8693-4339fef9b35b	0	payment	1078	1025	1000	2026-11-25	2026-11-25 00:23:27.119481+00	1076	1015	1015	1024	lunch	card	1100	1	1171	1	2	2026-11-25 00:23:26+00	\N
3302	01a21016-00a7-72f7-a414-1c316fdf3faa	0	payment	1107	1025	4000	2026-11-25	2026-11-25 00:23:27.144056+00	1106	1026	1015	1024	lunch	qr	1146	1	1171	1	3	2026-11-25 00:23:26+00	\N
3302	01a21016-00c6-76c6-933b-20de3434df94	0	payment	1093	1025	1000	2026-11-25	2026-11-25 00:23:27.177053+00	1091	1015	1015	1024	dinner	card	1103	1	1171	1	4	2026-11-25 00:23:26+00	\N
3302	01a21016-010a-7455-bef0-469d5685784f	0	payment	1069	1014	1200	2026-11-25	2026-11-25 00:23:27.24581+00	1067	1004	1004	1013	lunch	card	1075	1	1167	1	2	2026-11-25 00:23:27+00	\N
3302	01a21016-010a-7455-bef0-469e9cc87924	0	payment	1096	1023	1000	2026-11-25	2026-11-25 00:23:27.24581+00	1094	1015	1015	1022	lunch	card	1104	2	1169	1	2	2026-11-25 00:23:26+00	\N
3302	01a21016-010a-7455-bef0-469f472bd236	0	payment	1122	1012	2000	2026-11-25	2026-11-25 00:23:27.24581+00	1121	1026	1004	1011	dinner	card	1127	1	1165	1	2	2026-11-25 00:23:26+00	\N
3301	01a21016-0122-743c-be7b-a2320d46a76f	0	payment	1129	1036	1150	2026-11-25	2026-11-25 00:23:27.267085+00	1128	1037	1026	1035	lunch	card	1134	1	1175	1	1	2026-11-25 00:23:26+00	\N
3302	01a21016-012c-715a-9d36-ac27a7163193	0	payment	1084	1023	1000	2026-11-25	2026-11-25 00:23:27.277243+00	1082	1015	1015	1022	lunch	qr	1142	2	1169	1	3	2026-11-25 00:23:26+00	\N
3302	01a21016-0137-7141-8810-e2555bb3dbdb	0	payment	1048	1014	1200	2026-11-25	2026-11-25 00:23:27.288637+00	1046	1004	1004	1013	lunch	card	1070	1	1167	1	3	2026-11-25 00:23:27+00	\N
3302	01a21016-0146-7726-adc8-d2b23bb437d7	0	payment	1114	1036	1160	2026-11-25	2026-11-25 00:23:27.302655+00	1112	1026	1026	1035	lunch	card	1125	1	1175	1	2	2026-11-25 00:23:26+00	\N
3302	01a21016-0146-7726-adc8-d2b3259d3782	0	payment	1099	1023	1000	2026-11-25	2026-11-25 00:23:27.302655+00	1097	1015	1015	1022	lunch	card	1105	2	1169	1	4	2026-11-25 00:23:26+00	\N
3302	01a21016-0154-7283-934c-9ad8f3e68a10	0	payment	1066	1014	1200	2026-11-25	2026-11-25 00:23:27.316694+00	1064	1004	1004	1013	lunch	card	1074	1	1167	1	4	2026-11-25 00:23:27+00	\N
3302	01a21016-0174-71cb-b44a-fbaf74af824a	0	payment	1111	1036	2100	2026-11-25	2026-11-25 00:23:27.348721+00	1109	1026	1026	1035	lunch	card	1124	1	1175	1	3	2026-11-25 00:23:26+00	\N
3302	01a21016-0193-7737-b1e7-5e62644e9583	0	payment	1063	1014	1200	2026-11-25	2026-11-25 00:23:27.379657+00	1061	1004	1004	1013	dinner	card	1073	1	1167	1	5	2026-11-25 00:23:27+00	\N
3302	01a21016-01bb-7173-8cae-2555025ef868	0	payment	1123	1036	1890	2026-11-25	2026-11-25 00:23:27.50203+00	1121	1026	1026	1035	lunch	card	1127	2	1175	1	4	2026-11-25 00:23:26+00	\N
3301	01a21016-0266-7643-b4dc-b2fe7bec47a4	0	payment	1132	1036	680	2026-11-25	2026-11-25 00:23:27.590623+00	1131	1037	1026	1035	lunch	card	1135	1	1175	1	5	2026-11-25 00:23:26+00	\N
\.

COPY public.visit (book, visit_id, holder_id, host_agency_id, first_day, last_day, working_meal) FROM stdin;
3302	1	1046	1004	2026-11-20	2026-11-20	\N
\.

COPY public.wallet (book, holder_id, purse, account_id, balance_fen) FROM stdin;
3302	1046	cash	1047	20000
3302	1049	cash	1050	20000
3302	1052	cash	1053	20000
3302	1055	cash	1056	20000
3302	1058	cash	1059	20000
3302	1061	cash	1062	20000
3302	1064	cash	1065	20000
3302	1067	cash	1068	20000
3302	1049	subsidy	1051	6000
3302	1052	subsidy	1054	6000
3302	1058	subsidy	1060	6000
3302	1076	cash	1077	20000
3302	1079	cash	1080	20000
3302	1082	cash	1083	20000
3302	1085	cash	1086	20000
3302	1088	cash	1089	20000
3302	1091	cash	1092	20000
3302	1094	cash	1095	20000
3302	1079	subsidy	1081	6000
3302	1085	subsidy	1087	6000
3302	1088	subsidy	1090	6000
3302	1109	cash	1110	20000
3302	1112	cash	1113	20000
3302	1115	cash	1116	20000
3302	1118	cash	1119	20000
3302	1106	subsidy	1108	6000
3302	1115	subsidy	1117	6000
3301	1128	subsidy	1130	6000
3301	1131	subsidy	1133	6000
3302	1118	subsidy	1120	5600
3302	1097	cash	1098	19000
3302	1055	subsidy	1057	4800
3302	1076	subsidy	1078	5000
3302	1106	cash	1107	16000
3302	1091	subsidy	1093	5000
3302	1067	subsidy	1069	4800
3302	1094	subsidy	1096	4600
3302	1121	cash	1122	18000
3301	1128	cash	1129	18850
3302	1082	subsidy	1084	5000
3302	1046	subsidy	1048	4800
3302	1112	subsidy	1114	4840
3302	1097	subsidy	1099	5000
3302	1064	subsidy	1066	4800
3302	1109	subsidy	1111	3900
3302	1061	subsidy	1063	4800
3302	1121	subsidy	1123	4110
3301	1131	cash	1132	19320
\.

COPY public.waste_meal (book, canteen_id, business_date, meal, preparation_g, unserved_g, plate_g, inedible_g, prepared_g, implausible, co2e_g) FROM stdin;
3302	1013	2026-11-24	breakfast	4832	5078	6631	2310	102189	0	49623
3302	1022	2026-11-24	lunch	12526	13138	18966	5756	365944	0	133890
3301	1044	2026-11-24	breakfast	2010	3059	4053	1675	98632	0	27366
3302	1033	2026-11-24	dinner	1266	1593	2695	866	40688	0	16662
3302	1035	2026-11-24	breakfast	637	872	1408	582	18920	0	8751
3302	1024	2026-11-24	lunch	4390	7017	9965	4272	122542	0	64116
3302	1035	2026-11-24	dinner	504	686	1200	281	13846	0	7170
3301	1044	2026-11-24	lunch	9444	10826	19776	6181	380042	0	120138
3302	1011	2026-11-24	dinner	1697	1718	3114	1274	55272	0	19587
3302	1024	2026-11-24	breakfast	1178	1123	2528	983	23931	0	14487
3302	1033	2026-11-24	lunch	6001	9380	13232	6074	217612	0	85839
3302	1011	2026-11-24	lunch	11177	12653	24790	8287	379083	0	145860
3302	1033	2026-11-24	breakfast	2637	2774	5338	1755	73112	0	32247
3302	1035	2026-11-24	lunch	1948	1689	4241	1024	45970	0	23634
3302	1022	2026-11-24	dinner	1070	1607	2772	867	48059	0	16347
3302	1022	2026-11-24	breakfast	1890	1893	3631	1332	60124	0	22242
3302	1013	2026-11-24	dinner	3557	3628	6670	2063	67498	0	41565
3302	1011	2026-11-25	dinner	16	24	39	7	502	5	237
3302	1011	2026-11-25	lunch	13	15	30	15	565	5	174
3302	1013	2026-11-25	breakfast	12	28	30	13	495	5	210
3302	1013	2026-11-25	dinner	17	25	42	9	512	5	252
3302	1013	2026-11-25	lunch	67	76	82	40	1676	5	675
3302	1022	2026-11-25	breakfast	10	28	32	8	471	5	210
3302	1022	2026-11-25	lunch	38	78	90	16	1391	5	618
3302	1024	2026-11-25	dinner	15	27	30	10	500	5	216
3302	1024	2026-11-25	lunch	33	35	50	22	1063	5	354
3302	1033	2026-11-25	breakfast	18	29	21	13	486	5	204
3302	1035	2026-11-25	lunch	81	153	163	46	2827	5	1191
\.

COPY public.weigh_in (book, weigh_in_id, canteen_id, business_date, meal, stream, weight_g, recorded_by, recorded_at, dish, source, implausible, replaces, food) FROM stdin;
3302	1c3b0d01-684b-460f-9b04-031ce838e187	1013	2026-11-24	breakfast	prepared	102189	scale	2026-11-24 06:00:00+00	\N	scale	f	\N	\N
3302	86e2e188-938a-402f-9647-a5bb232a5216	1022	2026-11-24	lunch	prepared	365944	scale	2026-11-24 06:00:00+00	\N	scale	f	\N	\N
3302	94aa5c3d-7da6-4cfa-bff9-aab417c115e5	1022	2026-11-24	dinner	preparation	1070	scale	2026-11-24 06:00:00+00	\N	scale	f	\N	\N
3302	63f607e7-f892-4759-9f25-dd65601782d0	1033	2026-11-24	dinner	inedible	866	scale	2026-11-24 06:00:00+00	\N	scale	f	\N	\N
3302	493c97ca-6455-45da-ac36-f99f17b0139f	1033	2026-11-24	dinner	prepared	40688	scale	2026-11-24 06:00:00+00	\N	scale	f	\N	\N
3302	ad583e5c-fdc6-4001-97d0-2a53ce93c1dd	1011	2026-11-25	dinner	inedible	7	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	fe89b0a4-1670-4b2a-9b67-b809fdb4a39f	1011	2026-11-25	dinner	plate	39	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	904e807f-1bb0-475f-8ee4-9fab2d0c82a1	1011	2026-11-25	dinner	preparation	16	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	809d0cc2-5d2f-412a-9543-4c08c745f2af	1011	2026-11-25	dinner	prepared	502	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	f1409c52-9233-448f-a201-d796375d06c7	1011	2026-11-25	dinner	unserved	24	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	545d7419-af79-437c-8136-103b5dfaf507	1011	2026-11-25	lunch	inedible	15	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	e8bee3e5-d1d0-40a0-896d-2f07f317a1b7	1011	2026-11-25	lunch	plate	30	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	3860f57a-6612-4a74-9bbc-a9ac105964b9	1011	2026-11-25	lunch	preparation	13	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	587ffabe-bd56-41b1-9736-b210eed9417d	1011	2026-11-25	lunch	prepared	565	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	586ed614-a49d-41eb-99cf-ab6a4b884a19	1011	2026-11-25	lunch	unserved	15	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	90ad077a-3a4d-485a-8db6-0236cfdc54fd	1013	2026-11-25	breakfast	inedible	13	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	54dbc40d-2e6a-42b6-b8e3-4b218e92ad91	1013	2026-11-25	breakfast	plate	30	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	208f4247-52a0-40e8-a554-d8e9716f84da	1013	2026-11-25	breakfast	preparation	12	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	87769ad2-3900-4549-9242-e4a8614fa235	1013	2026-11-25	breakfast	prepared	495	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	81fd24e7-b5ad-4f7b-9c04-b420b96606e9	1013	2026-11-25	breakfast	unserved	28	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	d14d0028-46bc-4346-9323-7f082bbc90d3	1013	2026-11-25	dinner	inedible	9	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	5bf6ea20-2aca-45ba-a7f4-765fb8b59269	1013	2026-11-25	dinner	plate	42	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	09ff826d-c5f6-48dd-a341-9139cd8dad0d	1013	2026-11-25	dinner	preparation	17	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	3ab92688-3a32-4f39-9af6-5fee450dbb25	1013	2026-11-25	dinner	prepared	512	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	bc2cee1d-1aaa-400a-a5cd-b8e13b509746	1013	2026-11-25	dinner	unserved	25	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	9b687ba0-2cf0-4f19-bfd8-74fb84fa4daa	1013	2026-11-25	lunch	inedible	40	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	9c1e8696-3bbf-41a5-9b32-050c4a5a91e5	1013	2026-11-25	lunch	plate	82	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	6819cf52-59f8-41d5-bb0b-08cb41e71ba9	1013	2026-11-25	lunch	preparation	67	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	17b21c6b-59d1-495f-b8e8-a80ab35b9fb0	1013	2026-11-25	lunch	prepared	1676	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	0f212204-2b06-4734-8c69-4e790d4101df	1013	2026-11-25	lunch	unserved	76	kitchen-city	2026-11-25 00:23:30.127587+00	\N	person	t	\N	\N
3302	3f570008-df64-4f9b-bedf-81ce63d0c4c1	1022	2026-11-25	breakfast	inedible	8	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	c1aad586-db4a-49a3-ae49-657194ad803b	1022	2026-11-25	breakfast	plate	32	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	ceac5faa-95a2-4389-bf8b-9f4305995136	1022	2026-11-25	breakfast	preparation	10	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	ada79486-eec1-45cb-b812-672c143121ac	1022	2026-11-25	breakfast	prepared	471	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	be4803ea-b7cb-45cc-b9ba-f6c557ab626c	1022	2026-11-25	breakfast	unserved	28	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	d4ca5af7-bf54-4078-94c8-80fb629780b8	1022	2026-11-25	lunch	inedible	16	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	abee9394-06f8-4959-93c4-a28726f93137	1022	2026-11-25	lunch	plate	90	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	a5e8b487-87a2-4dad-bc4b-ff56f91ecbf8	1022	2026-11-25	lunch	preparation	38	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	895289bb-981f-4300-a2f8-d92eaed8c35f	1022	2026-11-25	lunch	prepared	1391	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	5f13bcab-4133-4e29-b028-e4e4f56d1222	1022	2026-11-25	lunch	unserved	78	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	8e66255f-b74d-41bf-81d4-abf32fc27c47	1024	2026-11-25	dinner	inedible	10	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	5efb2f3a-afae-4f76-9ae7-b3c63e250be3	1024	2026-11-25	dinner	plate	30	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	a0f4e87e-7087-4e54-94ce-9c148d57e77a	1024	2026-11-25	dinner	preparation	15	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	08ed51d8-cbbd-4087-b397-28d80683ccf1	1024	2026-11-25	dinner	prepared	500	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	54a76c09-3151-46ec-bafd-4d001568deb5	1024	2026-11-25	dinner	unserved	27	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	f1e43138-7ed2-4f15-9c97-bcffbde1f5d5	1024	2026-11-25	lunch	inedible	22	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	1e6f6c5b-cf34-4492-a80a-facd8060b952	1024	2026-11-25	lunch	plate	50	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	369e3127-3ee9-4aa7-9223-9c30eeb71a98	1024	2026-11-25	lunch	preparation	33	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	73916ba3-0bdd-4ae6-afec-2b18b767da6f	1024	2026-11-25	lunch	prepared	1063	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	d0fa9f4e-cf2c-40dd-bb8c-cb1406268149	1024	2026-11-25	lunch	unserved	35	kitchen-yinzhou	2026-11-25 00:23:31.052128+00	\N	person	t	\N	\N
3302	03b9b9c0-5411-4c48-ae74-73b7367227fb	1033	2026-11-25	breakfast	inedible	13	kitchen-yuyao	2026-11-25 00:23:31.839873+00	\N	person	t	\N	\N
3302	0881237c-1ae2-4af0-8962-4d6c51c365e5	1033	2026-11-25	breakfast	plate	21	kitchen-yuyao	2026-11-25 00:23:31.839873+00	\N	person	t	\N	\N
3302	d5a70f59-20a2-49b7-ac99-fe7c538c5d80	1033	2026-11-25	breakfast	preparation	18	kitchen-yuyao	2026-11-25 00:23:31.839873+00	\N	person	t	\N	\N
3302	869588a8-247c-43f9-94cb-77a1e6bff1b8	1033	2026-11-25	breakfast	prepared	486	kitchen-yuyao	2026-11-25 00:23:31.839873+00	\N	person	t	\N	\N
3302	88e78629-b5a0-4d8a-8352-8482666f4ccd	1033	2026-11-25	breakfast	unserved	29	kitchen-yuyao	2026-11-25 00:23:31.839873+00	\N	person	t	\N	\N
3302	a375f9d6-18b1-4e99-8db6-8353eff2e57b	1035	2026-11-25	lunch	inedible	46	kitchen-yuyao	2026-11-25 00:23:31.839873+00	\N	person	t	\N	\N
3302	b50eeb23-174b-4d36-bfcc-88fb27618de4	1035	2026-11-25	lunch	plate	163	kitchen-yuyao	2026-11-25 00:23:31.839873+00	\N	person	t	\N	\N
3302	99a90991-86bf-4844-9b5f-66ad85bf4a34	1035	2026-11-25	lunch	preparation	81	kitchen-yuyao	2026-11-25 00:23:31.839873+00	\N	person	t	\N	\N
3302	97c447c9-6fd1-4315-b625-9c54c582c1c4	1035	2026-11-25	lunch	prepared	2827	kitchen-yuyao	2026-11-25 00:23:31.839873+00	\N	person	t	\N	\N
3302	6f2ed098-0bfa-4557-bc86-62178fcc7422	1035	2026-11-25	lunch	unserved	153	kitchen-yuyao	2026-11-25 00:23:31.839873+00	\N	person	t	\N	\N
\.

SELECT pg_catalog.setval('public.onecard_number', 1175, true);

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.account_day
    ADD CONSTRAINT pk_account_day PRIMARY KEY (book, account_id, business_date);

ALTER TABLE ONLY public.agency
    ADD CONSTRAINT pk_agency PRIMARY KEY (book, agency_id);

ALTER TABLE ONLY public.appeal
    ADD CONSTRAINT pk_appeal PRIMARY KEY (book, appeal_id);

ALTER TABLE ONLY public.audit_entry
    ADD CONSTRAINT pk_audit_entry PRIMARY KEY (entry);

ALTER TABLE ONLY public.bank_account
    ADD CONSTRAINT pk_bank_account PRIMARY KEY (agency_id);

ALTER TABLE ONLY public.bank_entry
    ADD CONSTRAINT pk_bank_entry PRIMARY KEY (entry);

ALTER TABLE ONLY public.block_entry
    ADD CONSTRAINT pk_block_entry PRIMARY KEY (version);

ALTER TABLE ONLY public.book
    ADD CONSTRAINT pk_book PRIMARY KEY (book);

ALTER TABLE ONLY public.book_day
    ADD CONSTRAINT pk_book_day PRIMARY KEY (book);

ALTER TABLE ONLY public.booking
    ADD CONSTRAINT pk_booking PRIMARY KEY (book, canteen_id, business_date, meal);

ALTER TABLE ONLY public.bulletin
    ADD CONSTRAINT pk_bulletin PRIMARY KEY (bulletin_id);

ALTER TABLE ONLY public.canteen
    ADD CONSTRAINT pk_canteen PRIMARY KEY (book, canteen_id);

ALTER TABLE ONLY public.case_step
    ADD CONSTRAINT pk_case_step PRIMARY KEY (book, case_id, number);

ALTER TABLE ONLY public.closed_day
    ADD CONSTRAINT pk_closed_day PRIMARY KEY (book, business_date);

ALTER TABLE ONLY public.console_session
    ADD CONSTRAINT pk_console_session PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.console_user
    ADD CONSTRAINT pk_console_user PRIMARY KEY (user_id);

ALTER TABLE ONLY public.cover_day
    ADD CONSTRAINT pk_cover_day PRIMARY KEY (book, canteen_id, business_date, meal);

ALTER TABLE ONLY public.cover_forecast
    ADD CONSTRAINT pk_cover_forecast PRIMARY KEY (book, canteen_id, business_date, meal);

ALTER TABLE ONLY public.credential
    ADD CONSTRAINT pk_credential PRIMARY KEY (book, credential_id);

ALTER TABLE ONLY public.cycle
    ADD CONSTRAINT pk_cycle PRIMARY KEY (business_date);

ALTER TABLE ONLY public.cycle_proof
    ADD CONSTRAINT pk_cycle_proof PRIMARY KEY (cycle_date);

ALTER TABLE ONLY public.difference
    ADD CONSTRAINT pk_difference PRIMARY KEY (kind, subject);

ALTER TABLE ONLY public.dispute
    ADD CONSTRAINT pk_dispute PRIMARY KEY (dispute_id);

ALTER TABLE ONLY public.dispute_file
    ADD CONSTRAINT pk_dispute_file PRIMARY KEY (dispute_id, number);

ALTER TABLE ONLY public.enrolment
    ADD CONSTRAINT pk_enrolment PRIMARY KEY (book, enrolment_id);

ALTER TABLE ONLY public.evaluation_quarter
    ADD CONSTRAINT pk_evaluation_quarter PRIMARY KEY (quarter);

ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT pk_evidence PRIMARY KEY (book, canteen_id, quarter, code, scored_at);

ALTER TABLE ONLY public.food_factor
    ADD CONSTRAINT pk_food_factor PRIMARY KEY (food, valid_from);

ALTER TABLE ONLY public.gateway_order
    ADD CONSTRAINT pk_gateway_order PRIMARY KEY (book, holder_id, order_id);

ALTER TABLE ONLY public.jurisdiction
    ADD CONSTRAINT pk_jurisdiction PRIMARY KEY (book, valid_from);

ALTER TABLE ONLY public.kitchen
    ADD CONSTRAINT pk_kitchen PRIMARY KEY (book, canteen_id);

ALTER TABLE ONLY public.kitchen_file
    ADD CONSTRAINT pk_kitchen_file PRIMARY KEY (book, file_id);

ALTER TABLE ONLY public.kitchen_month
    ADD CONSTRAINT pk_kitchen_month PRIMARY KEY (book, canteen_id, month, meal);

ALTER TABLE ONLY public.meal_period
    ADD CONSTRAINT pk_meal_period PRIMARY KEY (book, canteen_id, meal);

ALTER TABLE ONLY public.obligation
    ADD CONSTRAINT pk_obligation PRIMARY KEY (cycle_date, book, issuer_id, canteen_id, meal, channel, line);

ALTER TABLE ONLY public.official
    ADD CONSTRAINT pk_official PRIMARY KEY (book, holder_id);

ALTER TABLE ONLY public.phone_activation
    ADD CONSTRAINT pk_phone_activation PRIMARY KEY (book, activation_id);

ALTER TABLE ONLY public."position"
    ADD CONSTRAINT pk_position PRIMARY KEY (cycle_date, agency_id);

ALTER TABLE ONLY public.quarter_result
    ADD CONSTRAINT pk_quarter_result PRIMARY KEY (book, canteen_id, quarter, revision);

ALTER TABLE ONLY public.rectification_case
    ADD CONSTRAINT pk_rectification_case PRIMARY KEY (book, case_id);

ALTER TABLE ONLY public.region_agreement
    ADD CONSTRAINT pk_region_agreement PRIMARY KEY (book, guest_book, valid_from);

ALTER TABLE ONLY public.request
    ADD CONSTRAINT pk_request PRIMARY KEY (book, terminal_id, epoch, sequence);

ALTER TABLE ONLY public.sampling_plan
    ADD CONSTRAINT pk_sampling_plan PRIMARY KEY (year);

ALTER TABLE ONLY public.self_evaluation
    ADD CONSTRAINT pk_self_evaluation PRIMARY KEY (book, canteen_id, quarter);

ALTER TABLE ONLY public.statement
    ADD CONSTRAINT pk_statement PRIMARY KEY (cycle_date, document, agency_id, format);

ALTER TABLE ONLY public.subsidy_lapse
    ADD CONSTRAINT pk_subsidy_lapse PRIMARY KEY (book, agency_id, year);

ALTER TABLE ONLY public.tariff
    ADD CONSTRAINT pk_tariff PRIMARY KEY (book, canteen_id, meal, valid_from);

ALTER TABLE ONLY public.terminal
    ADD CONSTRAINT pk_terminal PRIMARY KEY (book, terminal_id);

ALTER TABLE ONLY public.terminal_session
    ADD CONSTRAINT pk_terminal_session PRIMARY KEY (book, session_id);

ALTER TABLE ONLY public.till_totals
    ADD CONSTRAINT pk_till_totals PRIMARY KEY (book, terminal_id, epoch);

ALTER TABLE ONLY public.transfer
    ADD CONSTRAINT pk_transfer PRIMARY KEY (book, posting_id, part);

ALTER TABLE ONLY public.visit
    ADD CONSTRAINT pk_visit PRIMARY KEY (book, visit_id);

ALTER TABLE ONLY public.wallet
    ADD CONSTRAINT pk_wallet PRIMARY KEY (book, holder_id, purse);

ALTER TABLE ONLY public.waste_meal
    ADD CONSTRAINT pk_waste_meal PRIMARY KEY (book, canteen_id, business_date, meal);

ALTER TABLE ONLY public.weigh_in
    ADD CONSTRAINT pk_weigh_in PRIMARY KEY (book, weigh_in_id);

ALTER TABLE ONLY public.console_user
    ADD CONSTRAINT uq_console_user_login UNIQUE (login);

ALTER TABLE ONLY public.cycle_proof
    ADD CONSTRAINT uq_cycle_proof_log_index UNIQUE (log_index);

CREATE INDEX ix_bank_entry_position ON public.bank_entry USING btree (cycle_date, agency_id);

CREATE INDEX ix_cover_day_date ON public.cover_day USING btree (business_date);

CREATE INDEX ix_cover_forecast_date ON public.cover_forecast USING btree (business_date);

CREATE INDEX ix_credential_holder ON public.credential USING btree (book, holder_id);

CREATE INDEX ix_gateway_order_open ON public.gateway_order USING btree (book, created_at) WHERE (state = 'open'::text);

CREATE INDEX ix_kitchen_file_subject ON public.kitchen_file USING btree (subject);

CREATE INDEX ix_kitchen_month_month ON public.kitchen_month USING btree (month);

CREATE INDEX ix_obligation_acquirer ON public.obligation USING btree (cycle_date, acquirer_id);

CREATE INDEX ix_quarter_result_quarter ON public.quarter_result USING btree (quarter);

CREATE INDEX ix_rectification_case_state ON public.rectification_case USING btree (state, deadline);

CREATE UNIQUE INDEX ix_terminal_session_id ON public.terminal_session USING btree (session_id);

CREATE INDEX ix_transfer_day ON public.transfer USING btree (book, business_date, holder_id);

CREATE INDEX ix_transfer_reverses ON public.transfer USING btree (book, reverses) WHERE (reverses IS NOT NULL);

CREATE INDEX ix_visit_holder ON public.visit USING btree (book, holder_id, host_agency_id);

CREATE INDEX ix_waste_meal_date ON public.waste_meal USING btree (business_date);

CREATE INDEX ix_weigh_in_canteen ON public.weigh_in USING btree (book, canteen_id, business_date);

CREATE UNIQUE INDEX uq_appeal_open ON public.appeal USING btree (book, canteen_id, quarter) WHERE (state = 'open'::text);

CREATE UNIQUE INDEX uq_dispute_standing ON public.dispute USING btree (posting_id) WHERE (state = ANY (ARRAY['open'::text, 'answered'::text, 'accepted'::text]));

CREATE UNIQUE INDEX uq_gateway_order_number ON public.gateway_order USING btree (book, number);

CREATE UNIQUE INDEX uq_official_staff ON public.official USING btree (book, agency_id, staff_index);

CREATE UNIQUE INDEX uq_terminal_session_ephemeral ON public.terminal_session USING btree (book, terminal_id, ephemeral);

CREATE UNIQUE INDEX uq_transfer_reversal ON public.transfer USING btree (book, reverses, part) WHERE (kind = 'reversal'::text);

CREATE UNIQUE INDEX uq_wallet_account ON public.wallet USING btree (book, account_id);

CREATE UNIQUE INDEX uq_weigh_in_replaces ON public.weigh_in USING btree (book, replaces) WHERE (replaces IS NOT NULL);

ALTER TABLE ONLY public.agency
    ADD CONSTRAINT fk_agency_book FOREIGN KEY (book) REFERENCES public.book(book);

ALTER TABLE ONLY public.appeal
    ADD CONSTRAINT fk_appeal_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.bank_entry
    ADD CONSTRAINT fk_bank_entry_cycle_date_agency_id FOREIGN KEY (cycle_date, agency_id) REFERENCES public."position"(cycle_date, agency_id);

ALTER TABLE ONLY public.book_day
    ADD CONSTRAINT fk_book_day_book FOREIGN KEY (book) REFERENCES public.book(book);

ALTER TABLE ONLY public.booking
    ADD CONSTRAINT fk_booking_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.canteen
    ADD CONSTRAINT fk_canteen_book_agency_id FOREIGN KEY (book, agency_id) REFERENCES public.agency(book, agency_id);

ALTER TABLE ONLY public.case_step
    ADD CONSTRAINT fk_case_step_book_case_id FOREIGN KEY (book, case_id) REFERENCES public.rectification_case(book, case_id);

ALTER TABLE ONLY public.closed_day
    ADD CONSTRAINT fk_closed_day_book FOREIGN KEY (book) REFERENCES public.book(book);

ALTER TABLE ONLY public.closed_day
    ADD CONSTRAINT fk_closed_day_cycle_date FOREIGN KEY (cycle_date) REFERENCES public.cycle(business_date);

ALTER TABLE ONLY public.console_session
    ADD CONSTRAINT fk_console_session_user_id FOREIGN KEY (user_id) REFERENCES public.console_user(user_id);

ALTER TABLE ONLY public.cover_day
    ADD CONSTRAINT fk_cover_day_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.cover_forecast
    ADD CONSTRAINT fk_cover_forecast_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.credential
    ADD CONSTRAINT fk_credential_book_holder_id FOREIGN KEY (book, holder_id) REFERENCES public.official(book, holder_id);

ALTER TABLE ONLY public.cycle_proof
    ADD CONSTRAINT fk_cycle_proof_cycle_date FOREIGN KEY (cycle_date) REFERENCES public.cycle(business_date);

ALTER TABLE ONLY public.dispute
    ADD CONSTRAINT fk_dispute_cycle_date FOREIGN KEY (cycle_date) REFERENCES public.cycle(business_date);

ALTER TABLE ONLY public.dispute_file
    ADD CONSTRAINT fk_dispute_file_dispute_id FOREIGN KEY (dispute_id) REFERENCES public.dispute(dispute_id);

ALTER TABLE ONLY public.enrolment
    ADD CONSTRAINT fk_enrolment_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT fk_evidence_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.gateway_order
    ADD CONSTRAINT fk_gateway_order_book_holder_id FOREIGN KEY (book, holder_id) REFERENCES public.official(book, holder_id);

ALTER TABLE ONLY public.jurisdiction
    ADD CONSTRAINT fk_jurisdiction_book FOREIGN KEY (book) REFERENCES public.book(book);

ALTER TABLE ONLY public.kitchen
    ADD CONSTRAINT fk_kitchen_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.kitchen_file
    ADD CONSTRAINT fk_kitchen_file_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.kitchen_month
    ADD CONSTRAINT fk_kitchen_month_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.meal_period
    ADD CONSTRAINT fk_meal_period_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.obligation
    ADD CONSTRAINT fk_obligation_cycle_date FOREIGN KEY (cycle_date) REFERENCES public.cycle(business_date);

ALTER TABLE ONLY public.official
    ADD CONSTRAINT fk_official_book_agency_id FOREIGN KEY (book, agency_id) REFERENCES public.agency(book, agency_id);

ALTER TABLE ONLY public.phone_activation
    ADD CONSTRAINT fk_phone_activation_book_holder_id FOREIGN KEY (book, holder_id) REFERENCES public.official(book, holder_id);

ALTER TABLE ONLY public."position"
    ADD CONSTRAINT fk_position_cycle_date FOREIGN KEY (cycle_date) REFERENCES public.cycle(business_date);

ALTER TABLE ONLY public.quarter_result
    ADD CONSTRAINT fk_quarter_result_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.quarter_result
    ADD CONSTRAINT fk_quarter_result_quarter FOREIGN KEY (quarter) REFERENCES public.evaluation_quarter(quarter);

ALTER TABLE ONLY public.rectification_case
    ADD CONSTRAINT fk_rectification_case_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.region_agreement
    ADD CONSTRAINT fk_region_agreement_book FOREIGN KEY (book) REFERENCES public.book(book);

ALTER TABLE ONLY public.self_evaluation
    ADD CONSTRAINT fk_self_evaluation_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.statement
    ADD CONSTRAINT fk_statement_cycle_date FOREIGN KEY (cycle_date) REFERENCES public.cycle(business_date);

ALTER TABLE ONLY public.tariff
    ADD CONSTRAINT fk_tariff_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.terminal
    ADD CONSTRAINT fk_terminal_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.terminal_session
    ADD CONSTRAINT fk_terminal_session_book_terminal_id FOREIGN KEY (book, terminal_id) REFERENCES public.terminal(book, terminal_id);

ALTER TABLE ONLY public.visit
    ADD CONSTRAINT fk_visit_book_holder_id FOREIGN KEY (book, holder_id) REFERENCES public.official(book, holder_id);

ALTER TABLE ONLY public.wallet
    ADD CONSTRAINT fk_wallet_book_holder_id FOREIGN KEY (book, holder_id) REFERENCES public.official(book, holder_id);

ALTER TABLE ONLY public.waste_meal
    ADD CONSTRAINT fk_waste_meal_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.weigh_in
    ADD CONSTRAINT fk_weigh_in_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

