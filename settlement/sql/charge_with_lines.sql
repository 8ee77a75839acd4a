-- Post a batch of charges of one book (charge.sql), and keep what was sold in those that were posted.
--
-- p_sales: an array of {"posting_id", "taken_fen", "lines": [{"article", "portions" or "grams", "unit_price_fen",
-- "amount_fen", "take_away"?}]}. A request that was known before keeps the number and the lines of its first posting.
CREATE OR REPLACE FUNCTION charge_with_lines(p_book integer, p_orders charge_order[], p_sales jsonb)
RETURNS SETOF request
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY SELECT * FROM charge(p_book, p_orders);

    WITH sold AS (
        SELECT t.business_date, s.posting_id, s.taken_fen, s.lines
        FROM jsonb_to_recordset(p_sales) AS s(posting_id uuid, taken_fen bigint, lines jsonb)
        CROSS JOIN LATERAL (
            SELECT x.business_date FROM transfer x
            WHERE x.book = p_book AND x.posting_id = s.posting_id AND x.part = 0 OFFSET 0) t
    ), taken_away AS (
        INSERT INTO take_away_sale (book, business_date, posting_id, taken_fen)
        SELECT p_book, s.business_date, s.posting_id, s.taken_fen FROM sold s WHERE s.taken_fen > 0
        RETURNING posting_id
    )
    INSERT INTO sale_line (book, posting_id, line, article, portions, grams, unit_price_fen, amount_fen, take_away)
    SELECT p_book, s.posting_id, l.ordinality, l.article, l.portions, l.grams, l.unit_price_fen, l.amount_fen,
           coalesce(l.take_away, false)
    FROM sold s
    CROSS JOIN LATERAL ROWS FROM (
        jsonb_to_recordset(s.lines) AS (article text, portions integer, grams integer, unit_price_fen bigint,
                                        amount_fen bigint, take_away boolean)) WITH ORDINALITY AS l;
END $$;
