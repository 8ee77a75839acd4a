-- name: paid_by_classes
-- What people of every class pay for meals of some days ($3 to $5, prices null where the amount is entered), and why they
-- may not eat there: by the functions with which charge() decides. At home the rules of the canteen's region ($1) hold,
-- elsewhere those of the visitors' region ($2).
SELECT m.place, c.code AS person_class, h.at_home, price_for(h.at_home, g.price, m.home_fen, m.visitor_fen) AS price_fen,
       class_refusal(h.at_home, g.eats_at_home, g.eats_elsewhere) AS refusal
FROM unnest($3::date[], $4::bigint[], $5::bigint[]) WITH ORDINALITY AS m (day, home_fen, visitor_fen, place)
CROSS JOIN (VALUES (true, $1::integer), (false, $2::integer)) AS h (at_home, book)
CROSS JOIN person_class c
LEFT JOIN LATERAL (
    SELECT y.eats_at_home, y.eats_elsewhere, y.price FROM class_rules y
    WHERE c.code <> 'official' AND y.book = h.book AND y.person_class = c.code AND y.valid_from <= m.day
    ORDER BY y.valid_from DESC LIMIT 1) g ON true
ORDER BY m.place, h.at_home DESC, c.code <> 'official', c.code;
