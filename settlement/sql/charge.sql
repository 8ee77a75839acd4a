-- Post a batch of charges of one book: one call, one transaction, one shard.
--
-- The arrays run in parallel, one element a charge; a holder and a request key stand in a batch at most once.
-- p_refusal: the reason when the order was refused before it came here (bad card, no such price); it is still
-- remembered. p_forward_to: the book that will post it, when this is only the claim in the terminal's own book.
--
-- Order of work: gate, lock the purses, decide, remember, and only for what was remembered just now: pay, post.
-- A repeat is found by the key of `request`, a second use of a counter by `uq_transfer_counter`: the looks below
-- decide, the constraints guarantee. Each statement sees what was committed while the locks were awaited.
CREATE OR REPLACE FUNCTION charge(
    p_book integer,
    p_terminal bigint[], p_epoch integer[], p_sequence bigint[], p_digest bytea[],
    p_posting uuid[], p_refusal text[], p_forward_to integer[],
    p_holder bigint[], p_credential bigint[], p_counter bigint[], p_channel text[],
    p_canteen bigint[], p_canteen_account bigint[], p_acquirer bigint[], p_meal text[],
    p_home_fen bigint[], p_visitor_fen bigint[], p_purchased_at timestamptz[])
RETURNS SETOF request
LANGUAGE plpgsql
-- Batches are small and every look-up has its index. On a table that was never analysed the planner would rather
-- read a whole book once than look up each row: LATERAL ... OFFSET 0 below leaves it nothing but look-ups.
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
AS $$
DECLARE
    v_date date;
    v_now timestamptz;
    v_refusal text[];
    v_cash bigint[];
    v_subsidy bigint[];
    v_cash_balance bigint[];
    v_subsidy_balance bigint[];
    v_issuer bigint[];
    v_paid uuid[];
BEGIN
    v_date := pass_day_gate(p_book);

    PERFORM FROM wallet w WHERE w.book = p_book AND w.holder_id = ANY (p_holder)
    ORDER BY w.holder_id, w.purse FOR UPDATE;
    -- Read after the locks: a purse's postings are in the order of their times, whichever worker sent them.
    v_now := clock_timestamp();

    -- Decide: a visitor pays from cash; at home the subsidy goes first and cash pays the rest.
    SELECT array_agg(d.refusal ORDER BY d.n),
           array_agg(d.price - d.subsidy ORDER BY d.n),
           array_agg(d.subsidy ORDER BY d.n),
           array_agg(d.cash_balance ORDER BY d.n),
           array_agg(d.subsidy_balance ORDER BY d.n),
           array_agg(d.agency_id ORDER BY d.n)
    INTO v_refusal, v_cash, v_subsidy, v_cash_balance, v_subsidy_balance, v_issuer
    FROM (
        SELECT s.*,
               CASE
                   WHEN v_date IS NULL THEN 'day_closed'
                   WHEN s.given IS NOT NULL THEN s.given
                   WHEN s.forward_to IS NOT NULL THEN NULL
                   WHEN s.credential_state IS NULL THEN 'credential_unknown'
                   WHEN s.credential_state <> 'active' THEN 'card_blocked'
                   WHEN s.expires_at <= v_now THEN 'credential_expired'
                   WHEN s.official_state <> 'active' THEN 'not_entitled'
                   WHEN s.last_counter = s.counter THEN 'already_used'
                   WHEN s.last_counter > s.counter THEN 'counter_too_low'
                   WHEN s.price - s.subsidy > s.cash_balance THEN 'insufficient_funds'
               END AS refusal
        FROM (
            SELECT a.*, c.state AS credential_state, c.expires_at, o.state AS official_state, o.agency_id,
                   coalesce(cash.balance_fen, 0) AS cash_balance,
                   coalesce(subsidy.balance_fen, 0) AS subsidy_balance,
                   CASE WHEN o.agency_id = a.acquirer THEN a.home_fen ELSE a.visitor_fen END AS price,
                   CASE WHEN o.agency_id = a.acquirer
                        THEN least(coalesce(subsidy.balance_fen, 0), a.home_fen) ELSE 0 END AS subsidy,
                   used.last_counter
            FROM unnest(p_refusal, p_forward_to, p_holder, p_credential, p_counter, p_acquirer, p_home_fen,
                        p_visitor_fen)
                 WITH ORDINALITY AS a(given, forward_to, holder, credential, counter, acquirer, home_fen,
                                      visitor_fen, n)
            LEFT JOIN LATERAL (
                SELECT k.credential_id, k.holder_id, k.state, k.expires_at FROM credential k
                WHERE k.book = p_book AND k.credential_id = a.credential AND k.holder_id = a.holder OFFSET 0) c ON true
            LEFT JOIN LATERAL (
                SELECT h.state, h.agency_id FROM official h
                WHERE h.book = p_book AND h.holder_id = c.holder_id OFFSET 0) o ON true
            LEFT JOIN LATERAL (
                SELECT w.balance_fen FROM wallet w
                WHERE w.book = p_book AND w.holder_id = c.holder_id AND w.purse = 'cash' OFFSET 0) cash ON true
            LEFT JOIN LATERAL (
                SELECT w.balance_fen FROM wallet w
                WHERE w.book = p_book AND w.holder_id = c.holder_id AND w.purse = 'subsidy' OFFSET 0) subsidy ON true
            LEFT JOIN LATERAL (
                SELECT t.counter AS last_counter FROM transfer t
                WHERE t.book = p_book AND t.credential_id = c.credential_id
                ORDER BY t.counter DESC LIMIT 1) used ON true
        ) s
    ) d;

    -- Remember every request that is not known yet, with its answer.
    WITH remembered AS (
        INSERT INTO request (book, terminal_id, epoch, sequence, operation, digest, outcome, refusal, forwarded_to,
                             posting_id, cash_fen, subsidy_fen, cash_balance_fen, subsidy_balance_fen,
                             business_date, answered_at)
        SELECT p_book, a.terminal, a.epoch, a.sequence, 'charge', a.digest,
               CASE WHEN a.refusal IS NOT NULL THEN 'refused'
                    WHEN a.forward_to IS NOT NULL THEN 'forwarded' ELSE 'approved' END,
               a.refusal,
               CASE WHEN a.refusal IS NULL THEN a.forward_to END,
               CASE WHEN a.refusal IS NULL AND a.forward_to IS NULL THEN a.posting END,
               CASE WHEN a.refusal IS NULL AND a.forward_to IS NULL THEN a.cash ELSE 0 END,
               CASE WHEN a.refusal IS NULL AND a.forward_to IS NULL THEN a.subsidy ELSE 0 END,
               CASE WHEN a.refusal IS NULL AND a.forward_to IS NULL THEN a.cash_balance - a.cash END,
               CASE WHEN a.refusal IS NULL AND a.forward_to IS NULL THEN a.subsidy_balance - a.subsidy END,
               v_date, v_now
        FROM unnest(p_terminal, p_epoch, p_sequence, p_digest, p_posting, v_refusal, p_forward_to,
                    v_cash, v_subsidy, v_cash_balance, v_subsidy_balance)
             AS a(terminal, epoch, sequence, digest, posting, refusal, forward_to,
                  cash, subsidy, cash_balance, subsidy_balance)
        ON CONFLICT (book, terminal_id, epoch, sequence) DO NOTHING
        RETURNING posting_id
    )
    SELECT array_agg(posting_id) INTO v_paid FROM remembered WHERE posting_id IS NOT NULL;

    UPDATE wallet w
    SET balance_fen = w.balance_fen
                    - (CASE w.purse WHEN 'cash' THEN v_cash ELSE v_subsidy END)[array_position(p_holder, w.holder_id)]
    WHERE w.book = p_book
      AND w.holder_id = ANY (ARRAY (SELECT u.holder FROM unnest(p_posting, p_holder) AS u(posting, holder)
                                    WHERE u.posting = ANY (v_paid)))
      AND (CASE w.purse WHEN 'cash' THEN v_cash ELSE v_subsidy END)[array_position(p_holder, w.holder_id)] > 0;

    -- Post: the part paid from the subsidy and the part paid in cash are numbered from 0.
    INSERT INTO transfer (book, posting_id, part, kind, debit_account, credit_account, amount_fen, business_date,
                          posted_at, holder_id, issuer_id, acquirer_id, canteen_id, meal, channel, credential_id,
                          counter, terminal_id, epoch, sequence, purchased_at)
    SELECT w.book, a.posting, CASE WHEN w.purse = 'cash' AND a.subsidy > 0 THEN 1 ELSE 0 END, 'payment',
           w.account_id, a.canteen_account, CASE w.purse WHEN 'cash' THEN a.cash ELSE a.subsidy END, v_date,
           v_now, a.holder, a.issuer, a.acquirer, a.canteen, a.meal, a.channel, a.credential,
           a.counter, a.terminal, a.epoch, a.sequence, a.purchased_at
    FROM unnest(p_posting, p_holder, v_cash, v_subsidy, v_issuer, p_acquirer, p_canteen, p_canteen_account, p_meal,
                p_channel, p_credential, p_counter, p_terminal, p_epoch, p_sequence, p_purchased_at)
         AS a(posting, holder, cash, subsidy, issuer, acquirer, canteen, canteen_account, meal,
              channel, credential, counter, terminal, epoch, sequence, purchased_at)
    CROSS JOIN LATERAL (
        SELECT x.book, x.purse, x.account_id FROM wallet x
        WHERE x.book = p_book AND x.holder_id = a.holder OFFSET 0) w
    WHERE a.posting = ANY (v_paid) AND CASE w.purse WHEN 'cash' THEN a.cash ELSE a.subsidy END > 0;

    RETURN QUERY
    SELECT r.* FROM unnest(p_terminal, p_epoch, p_sequence) WITH ORDINALITY AS a(terminal, epoch, sequence, n)
    CROSS JOIN LATERAL (
        SELECT q.* FROM request q
        WHERE q.book = p_book AND q.terminal_id = a.terminal AND q.epoch = a.epoch AND q.sequence = a.sequence
        OFFSET 0) r
    ORDER BY a.n;
END $$;
