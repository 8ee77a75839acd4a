-- Void the charge that a terminal sent under (p_target_epoch, p_target_sequence): the cashier gave it up.
--
-- Not arrived yet: leave a tombstone, so that a late original is answered `voided` and never posts. Approved: reverse
-- every part, in the open day. Refused, or voided before: nothing to do. Forwarded to another book: say so, and
-- the caller voids there. The void is itself a request of the terminal and is remembered like one.
-- A void is for the same business day; p_grace lets one through whose payment was cut off by the end of the day.
CREATE OR REPLACE FUNCTION void_charge(
    p_book integer,
    p_terminal bigint, p_epoch integer, p_sequence bigint, p_digest bytea,
    p_target_epoch integer, p_target_sequence bigint, p_posting uuid, p_grace interval)
RETURNS SETOF request
LANGUAGE plpgsql AS $$
DECLARE
    v_date date;
    v_now timestamptz;
    v_target request;
    v_tombstones integer := 0;
    v_refusal text;
    v_cash bigint := 0;
    v_subsidy bigint := 0;
    v_host bigint := 0;
    v_reversed boolean := false;
    v_out_of_use boolean;
BEGIN
    v_date := pass_day_gate(p_book);
    -- As in charge.sql: only the terminal's own book has its row.
    v_out_of_use := EXISTS (
        SELECT 1 FROM terminal m WHERE m.book = p_book AND m.terminal_id = p_terminal
                               AND (m.epoch <> p_epoch OR m.state = 'revoked'));
    v_now := clock_timestamp();
    PERFORM FROM request r WHERE r.book = p_book AND r.terminal_id = p_terminal AND r.epoch = p_epoch
                             AND r.sequence = p_sequence;
    IF NOT FOUND THEN
        IF v_date IS NOT NULL AND NOT v_out_of_use THEN
            INSERT INTO request (book, terminal_id, epoch, sequence, operation, outcome, cash_fen, subsidy_fen,
                                 host_fen, business_date, answered_at)
            VALUES (p_book, p_terminal, p_target_epoch, p_target_sequence, 'charge', 'voided', 0, 0, 0, v_date, v_now)
            ON CONFLICT (book, terminal_id, epoch, sequence) DO NOTHING;
            GET DIAGNOSTICS v_tombstones = ROW_COUNT;
        END IF;

        IF v_tombstones = 0 AND NOT v_out_of_use THEN
            SELECT r.* INTO v_target FROM request r
            WHERE r.book = p_book AND r.terminal_id = p_terminal AND r.epoch = p_target_epoch
              AND r.sequence = p_target_sequence;
        END IF;

        IF v_target.outcome = 'approved' THEN
            PERFORM FROM purse w JOIN transfer t ON t.book = w.book AND t.holder_id = w.holder_id
            WHERE t.book = p_book AND t.posting_id = v_target.posting_id
            ORDER BY w.holder_id, w.kind FOR UPDATE OF w;
            -- Read after the locks: a purse's postings are in the order of their times.
            v_now := clock_timestamp();
        END IF;
        v_refusal := CASE
            WHEN v_out_of_use THEN 'terminal_out_of_use'
            WHEN v_date IS NULL THEN 'day_closed'
            WHEN v_target.operation IN ('void', 'opening', 'cashier') THEN 'not_a_charge'
            WHEN v_target.outcome IS DISTINCT FROM 'approved' THEN NULL
            WHEN v_target.business_date < v_date AND v_target.answered_at < v_now - p_grace THEN 'void_too_late'
            WHEN EXISTS (SELECT 1 FROM transfer t JOIN official o ON o.book = t.book AND o.holder_id = t.holder_id
                         WHERE t.book = p_book AND t.posting_id = v_target.posting_id AND o.state = 'left')
            THEN 'account_closed'
            WHEN EXISTS (SELECT 1 FROM transfer t WHERE t.book = p_book AND t.reverses = v_target.posting_id
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
                UPDATE purse w SET balance_fen = w.balance_fen + r.amount_fen
                FROM reversed r
                WHERE w.book = p_book AND w.holder_id = r.holder_id AND w.account_id = r.credit_account
                RETURNING w.kind AS purse, r.amount_fen
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
