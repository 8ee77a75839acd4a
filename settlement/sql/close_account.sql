-- Close an official's account: pay the cash out of the float, return unspent meal money to the agency, accept no
-- further charge or deposit. A repeat under the same number returns what was paid out the first time, also when that
-- was nothing; a number of another posting or closure closes nothing.
CREATE OR REPLACE FUNCTION close_account(p_book integer, p_holder bigint, p_posting uuid)
RETURNS TABLE (problem text, is_repeat boolean, cash_fen bigint, subsidy_fen bigint)
LANGUAGE plpgsql AS $$
DECLARE
    v_date date;
    v_closed_now integer;
BEGIN
    v_date := pass_day_gate(p_book);
    IF v_date IS NULL THEN
        RETURN QUERY SELECT 'day_closed', false, 0::bigint, 0::bigint;
        RETURN;
    END IF;
    PERFORM FROM purse w WHERE w.book = p_book AND w.holder_id = p_holder
    ORDER BY w.holder_id, w.kind FOR UPDATE;
    IF EXISTS (SELECT 1 FROM transfer t WHERE t.book = p_book AND t.posting_id = p_posting
               AND NOT (t.holder_id = p_holder AND t.kind IN ('payout', 'lapse'))) THEN
        RETURN QUERY SELECT 'other_content', false, 0::bigint, 0::bigint;
        RETURN;
    END IF;
    UPDATE official o SET state = 'left', closure = p_posting
    WHERE o.book = p_book AND o.holder_id = p_holder AND o.state <> 'left';
    GET DIAGNOSTICS v_closed_now = ROW_COUNT;

    IF v_closed_now > 0 THEN
        INSERT INTO transfer (book, posting_id, part, kind, debit_account, credit_account, amount_fen,
                              business_date, posted_at, holder_id, issuer_id)
        SELECT w.book, p_posting, CASE w.kind WHEN 'cash' THEN 0 ELSE 1 END,
               CASE w.kind WHEN 'cash' THEN 'payout' ELSE 'lapse' END, w.account_id,
               CASE w.kind WHEN 'cash' THEN a.float_account ELSE a.grant_account END, w.balance_fen,
               v_date, clock_timestamp(), w.holder_id, o.agency_id
        FROM purse w
        JOIN official o ON o.book = w.book AND o.holder_id = w.holder_id
        JOIN agency a ON a.book = o.book AND a.agency_id = o.agency_id
        WHERE w.book = p_book AND w.holder_id = p_holder AND w.balance_fen > 0;
        UPDATE purse w SET balance_fen = 0 WHERE w.book = p_book AND w.holder_id = p_holder;
    END IF;

    RETURN QUERY
    SELECT CASE WHEN v_closed_now = 0 AND count(*) = 0
                     AND NOT EXISTS (SELECT 1 FROM official o WHERE o.book = p_book AND o.holder_id = p_holder
                                     AND o.closure = p_posting)
                THEN 'account_closed' END,
           v_closed_now = 0,
           coalesce(sum(t.amount_fen) FILTER (WHERE t.kind = 'payout'), 0)::bigint,
           coalesce(sum(t.amount_fen) FILTER (WHERE t.kind = 'lapse'), 0)::bigint
    FROM transfer t
    WHERE t.book = p_book AND t.posting_id = p_posting AND t.holder_id = p_holder AND t.kind IN ('payout', 'lapse');
END $$;
