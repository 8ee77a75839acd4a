-- Put money into purses of one book: a top-up into `cash`, a grant into `subsidy`.
--
-- The posting's number is the caller's idempotency key: a repeat posts nothing and returns what was posted first
-- (the caller compares holder and amount). A first deposit opens the official's purses.
CREATE OR REPLACE FUNCTION deposit(
    p_book integer, p_kind text, p_posting uuid[], p_holder bigint[], p_amount_fen bigint[])
RETURNS TABLE (posting_id uuid, kind text, holder_id bigint, amount_fen bigint, business_date date)
LANGUAGE plpgsql AS $$
DECLARE
    v_date date;
    v_now timestamptz;
    v_purse text := CASE p_kind WHEN 'top_up' THEN 'cash' WHEN 'grant' THEN 'subsidy' END;
BEGIN
    v_date := pass_day_gate(p_book);
    IF v_date IS NULL THEN
        RETURN;
    END IF;

    INSERT INTO wallet (book, holder_id, purse, account_id, balance_fen)
    SELECT o.book, o.holder_id, p.purse,
           CASE p.purse WHEN 'cash' THEN o.cash_account ELSE o.subsidy_account END, 0
    FROM official o CROSS JOIN (VALUES ('cash'), ('subsidy')) AS p(purse)
    WHERE o.book = p_book AND o.holder_id = ANY (p_holder)
    ORDER BY o.holder_id, p.purse
    ON CONFLICT DO NOTHING;

    PERFORM FROM wallet w WHERE w.book = p_book AND w.holder_id = ANY (p_holder)
    ORDER BY w.holder_id, w.purse FOR UPDATE;
    v_now := clock_timestamp();

    WITH posted AS (
        INSERT INTO transfer (book, posting_id, part, kind, debit_account, credit_account, amount_fen,
                              business_date, posted_at, holder_id, issuer_id)
        SELECT p_book, a.posting, 0, p_kind,
               CASE p_kind WHEN 'top_up' THEN g.float_account ELSE g.grant_account END,
               w.account_id, a.amount_fen, v_date, v_now, a.holder, o.agency_id
        FROM unnest(p_posting, p_holder, p_amount_fen) AS a(posting, holder, amount_fen)
        JOIN official o ON o.book = p_book AND o.holder_id = a.holder
        JOIN agency g ON g.book = p_book AND g.agency_id = o.agency_id
        JOIN wallet w ON w.book = p_book AND w.holder_id = a.holder AND w.purse = v_purse
        ON CONFLICT DO NOTHING
        RETURNING transfer.holder_id, transfer.amount_fen
    )
    UPDATE wallet w SET balance_fen = w.balance_fen + s.amount_fen
    FROM (SELECT p.holder_id, sum(p.amount_fen) AS amount_fen FROM posted p GROUP BY p.holder_id) s
    WHERE w.book = p_book AND w.holder_id = s.holder_id AND w.purse = v_purse;

    RETURN QUERY
    SELECT t.posting_id, t.kind, t.holder_id, t.amount_fen, t.business_date
    FROM unnest(p_posting) WITH ORDINALITY AS a(posting, n)
    JOIN transfer t ON t.book = p_book AND t.posting_id = a.posting AND t.part = 0
    ORDER BY a.n;
END $$;
