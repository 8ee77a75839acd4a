-- The centre's local date of a moment (foundation/calendar.py has the zone).
CREATE OR REPLACE FUNCTION local_date_of(at timestamptz) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT (at AT TIME ZONE 'Asia/Shanghai')::date $$;

-- The business-day gate. A posting holds the shared lock until it commits; the closer waits for the exclusive one.
-- PostgreSQL's lock queue is fair, so new postings wait behind a waiting closer and cannot starve it (a shared
-- row lock would: new sharers overtake the closer). The lock is taken in a statement of its own, so that
-- the next statement's snapshot sees the date that the closer left behind. It is taken beside the book's row: advisory
-- locks belong to a node, and on Citus that is the book's, wherever the function itself runs.
CREATE OR REPLACE FUNCTION pass_day_gate(p_book integer) RETURNS date
LANGUAGE plpgsql AS $$
DECLARE
    v_date date;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7301, d.book) FROM book_day d WHERE d.book = p_book;
    SELECT d.business_date INTO v_date FROM book_day d WHERE d.book = p_book;
    RETURN v_date;
END $$;

-- Close a book's business day: move the date of its one row past p_through, and say which day that closed.
-- Returns null when the open day is later than p_through already, so that closing twice changes nothing.
CREATE OR REPLACE FUNCTION move_business_day(p_book integer, p_through date) RETURNS date
LANGUAGE plpgsql AS $$
DECLARE
    v_closed date;
BEGIN
    PERFORM pg_advisory_xact_lock(7301, d.book) FROM book_day d WHERE d.book = p_book;
    SELECT d.business_date INTO v_closed FROM book_day d WHERE d.book = p_book AND d.business_date <= p_through;
    UPDATE book_day d SET business_date = p_through + 1 WHERE d.book = p_book AND d.business_date <= p_through;
    RETURN v_closed;
END $$;
