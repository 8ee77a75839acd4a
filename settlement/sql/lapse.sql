-- Return the meal money that an agency's officials did not spend in a past year to the agency, once per year.
--
-- Money spent since counts as old money: a purse loses what it holds beyond what came in after the year's end.
-- Payments go on meanwhile; they wait at most for their own purse.
CREATE OR REPLACE FUNCTION lapse_subsidies(p_book integer, p_agency bigint, p_year_end date)
RETURNS TABLE (purses bigint, subsidy_fen bigint)
LANGUAGE plpgsql AS $$
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

    PERFORM FROM purse w
    JOIN official o ON o.book = w.book AND o.holder_id = w.holder_id
    WHERE w.book = p_book AND w.kind = 'subsidy' AND o.agency_id = p_agency
    ORDER BY w.holder_id FOR UPDATE OF w;

    RETURN QUERY
    WITH came_since AS (
        SELECT t.credit_account, sum(t.amount_fen) AS amount_fen FROM transfer t
        WHERE t.book = p_book AND t.business_date > p_year_end AND t.issuer_id = p_agency
        GROUP BY t.credit_account
    ), old_money AS (
        SELECT w.holder_id, w.account_id, w.balance_fen - coalesce(c.amount_fen, 0)::bigint AS left_fen
        FROM purse w
        JOIN official o ON o.book = w.book AND o.holder_id = w.holder_id
        LEFT JOIN came_since c ON c.credit_account = w.account_id
        WHERE w.book = p_book AND w.kind = 'subsidy' AND o.agency_id = p_agency
    ), posted AS (
        INSERT INTO transfer (book, posting_id, part, kind, debit_account, credit_account, amount_fen,
                              business_date, posted_at, holder_id, issuer_id)
        SELECT p_book, gen_random_uuid(), 0, 'lapse', m.account_id,
               a.grant_account, m.left_fen, v_date, clock_timestamp(), m.holder_id, p_agency
        FROM old_money m
        JOIN agency a ON a.book = p_book AND a.agency_id = p_agency
        WHERE m.left_fen > 0
        RETURNING transfer.holder_id, transfer.amount_fen
    ), paid AS (
        UPDATE purse w SET balance_fen = w.balance_fen - p.amount_fen
        FROM posted p WHERE w.book = p_book AND w.holder_id = p.holder_id AND w.kind = 'subsidy'
        RETURNING p.amount_fen
    ), summed AS (
        SELECT count(*) AS purses, coalesce(sum(p.amount_fen), 0)::bigint AS subsidy_fen FROM paid p
    )
    UPDATE subsidy_lapse l SET purses = s.purses, subsidy_fen = s.subsidy_fen
    FROM summed s WHERE l.book = p_book AND l.agency_id = p_agency AND l.year = v_year
    RETURNING l.purses, l.subsidy_fen;
END $$;
