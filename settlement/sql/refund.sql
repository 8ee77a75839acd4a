-- Refund part or all of a payment, at the console, on any later day: a transfer of its own in the open day.
--
-- The money goes back to where it came from, the official's own money first; never more than was paid, all refunds and
-- a void together. p_posting is the caller's idempotency key: a repeat posts nothing and returns the same; `fresh` says
-- whether this call posted. `problem` says why nothing was posted.
CREATE OR REPLACE FUNCTION refund(p_book integer, p_posting uuid, p_payment uuid, p_amount_fen bigint)
RETURNS TABLE (problem text, payment uuid, cash_fen bigint, subsidy_fen bigint, host_fen bigint, left_fen bigint,
               fresh boolean)
LANGUAGE plpgsql AS $$
DECLARE
    v_date date;
    v_left bigint;
    v_problem text;
    v_fresh boolean := false;
BEGIN
    v_date := pass_day_gate(p_book);
    PERFORM FROM purse w JOIN transfer t ON t.book = w.book AND t.holder_id = w.holder_id
    WHERE t.book = p_book AND t.posting_id = p_payment
    ORDER BY w.holder_id, w.kind FOR UPDATE OF w;

    IF NOT EXISTS (SELECT 1 FROM transfer t WHERE t.book = p_book AND t.posting_id = p_posting) THEN
        SELECT sum(t.amount_fen) - (SELECT coalesce(sum(r.amount_fen), 0) FROM transfer r
                                    WHERE r.book = p_book AND r.reverses = p_payment)
        INTO v_left
        FROM transfer t
        WHERE t.book = p_book AND t.posting_id = p_payment AND t.kind IN ('payment', 'working_meal');

        v_problem := CASE WHEN v_date IS NULL THEN 'day_closed'
                          WHEN v_left IS NULL THEN 'not_a_payment'
                          WHEN EXISTS (SELECT 1 FROM transfer t
                                       JOIN official o ON o.book = t.book AND o.holder_id = t.holder_id
                                       WHERE t.book = p_book AND t.posting_id = p_payment AND o.state = 'left')
                          THEN 'account_closed'
                          WHEN p_amount_fen > v_left THEN 'more_than_paid' END;
        IF v_problem IS NOT NULL THEN
            RETURN QUERY SELECT v_problem, p_payment, 0::bigint, 0::bigint, 0::bigint, coalesce(v_left, 0), false;
            RETURN;
        END IF;

        WITH parts AS (
            SELECT t.*, coalesce(w.kind, 'host') AS purse,
                   t.amount_fen - (SELECT coalesce(sum(r.amount_fen), 0) FROM transfer r
                                   WHERE r.book = p_book AND r.reverses = p_payment AND r.part = t.part) AS left_fen
            FROM transfer t
            LEFT JOIN purse w ON w.book = p_book AND w.holder_id = t.holder_id AND w.account_id = t.debit_account
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
        UPDATE purse w SET balance_fen = w.balance_fen + p.amount_fen
        FROM posted p WHERE w.book = p_book AND w.holder_id = p.holder_id AND w.account_id = p.credit_account;

        v_fresh := true;
    END IF;

    RETURN QUERY
    SELECT CASE WHEN bool_and(t.kind = 'refund') THEN NULL ELSE 'other_content' END, (array_agg(t.reverses))[1],
           coalesce(sum(t.amount_fen) FILTER (WHERE w.kind = 'cash'), 0)::bigint,
           coalesce(sum(t.amount_fen) FILTER (WHERE w.kind = 'subsidy'), 0)::bigint,
           coalesce(sum(t.amount_fen) FILTER (WHERE w.kind IS NULL), 0)::bigint, 0::bigint, v_fresh
    FROM transfer t
    LEFT JOIN purse w ON w.book = p_book AND w.holder_id = t.holder_id AND w.account_id = t.credit_account
    WHERE t.book = p_book AND t.posting_id = p_posting;
END $$;
