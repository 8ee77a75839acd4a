-- name: covers
-- Covers per canteen and meal of a business date: officials whose meal is paid, net of what was given back. A person
-- counts once a meal period (Food Loss and Waste Accounting and Reporting Standard's unit "per cover").
SELECT p.canteen_id, p.meal, count(*) AS covers
FROM (
    SELECT t.canteen_id, t.meal, t.book, t.holder_id
    FROM transfer t
    WHERE t.business_date = $1 AND t.canteen_id = ANY ($2) AND t.book IN (SELECT book FROM book)
    GROUP BY t.canteen_id, t.meal, t.book, t.holder_id
    HAVING sum(sale_fen(t.kind, t.amount_fen)) > 0
) p
GROUP BY p.canteen_id, p.meal;

-- name: closed_until
-- The last business date that no book has open any more.
SELECT min(business_date) - 1 FROM book_day;
