-- Put money into purses of one book: a top-up into `cash`, a grant into `subsidy`.
--
-- The posting's number is the caller's idempotency key: a repeat posts nothing and returns what was posted first
-- (the caller compares holder and amount, and rolls back what differs). A closed account takes nothing: it has no row
-- in the answer. A first deposit opens the official's purses. fresh: posted by this call; the caller writes the audit
-- entry of those, in the same transaction.
CREATE OR REPLACE FUNCTION deposit(
    p_book integer, p_kind text, p_channel text, p_posting uuid[], p_holder bigint[], p_amount_fen bigint[])
RETURNS TABLE (posting_id uuid, kind text, holder_id bigint, amount_fen bigint, business_date date, fresh boolean)
LANGUAGE plpgsql
-- Look-ups alone, as in charge.sql.
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
-- A plan kept from when the tables were empty would read them whole.
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    v_date date;
    v_now timestamptz;
    v_holder bigint[];
    v_amount_fen numeric[];
    v_fresh uuid[];
    v_purse text := CASE p_kind WHEN 'top_up' THEN 'cash' WHEN 'grant' THEN 'subsidy' END;
BEGIN
    v_date := pass_day_gate(p_book);
    IF v_date IS NULL THEN
        RETURN;
    END IF;

    INSERT INTO purse (book, holder_id, kind, account_id, balance_fen)
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
        SELECT 1 FROM purse w WHERE w.book = p_book AND w.holder_id = a.holder ORDER BY w.kind FOR UPDATE) w;
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
            SELECT x.account_id FROM purse x
            WHERE x.book = p_book AND x.holder_id = a.holder AND x.kind = v_purse OFFSET 0) w
        ON CONFLICT DO NOTHING
        RETURNING transfer.posting_id, transfer.holder_id, transfer.amount_fen
    )
    SELECT array_agg(s.holder_id), array_agg(s.amount_fen), (SELECT array_agg(p.posting_id) FROM posted p)
    INTO v_holder, v_amount_fen, v_fresh
    FROM (SELECT p.holder_id, sum(p.amount_fen) AS amount_fen FROM posted p GROUP BY p.holder_id) s;

    UPDATE purse w SET balance_fen = w.balance_fen + a.amount_fen
    FROM unnest(v_holder, v_amount_fen) AS a(holder, amount_fen)
    WHERE w.book = p_book AND w.holder_id = a.holder AND w.kind = v_purse;

    RETURN QUERY
    SELECT t.posting_id, t.kind, t.holder_id, t.amount_fen, t.business_date,
           coalesce(t.posting_id = ANY (v_fresh), false)
    FROM unnest(p_posting) WITH ORDINALITY AS a(posting, n)
    CROSS JOIN LATERAL (
        SELECT q.* FROM transfer q WHERE q.book = p_book AND q.posting_id = a.posting AND q.part = 0 OFFSET 0) t
    ORDER BY a.n;
END $$;
