-- name: published
-- The dishes of some menus as they hold now, in order: the meals $1 to $3 have an element each.
SELECT d.canteen_id, d.business_date, d.meal, d.version, d.name_zh, d.name_en, d.kind, d.portions, d.allergens,
       d.allergen_note, d.marks, d.price_fen, d.kcal
FROM unnest($1::bigint[], $2::date[], $3::text[]) AS w(canteen_id, business_date, meal)
JOIN canteen c ON c.canteen_id = w.canteen_id
JOIN menu m ON m.book = c.book AND m.canteen_id = w.canteen_id AND m.business_date = w.business_date AND m.meal = w.meal
JOIN dish d ON d.book = m.book AND d.canteen_id = m.canteen_id AND d.business_date = m.business_date
           AND d.meal = m.meal AND d.version = m.version
ORDER BY d.canteen_id, d.business_date, d.meal, d.line;

-- name: menus_between
-- A canteen's menus from one day to another, in order.
SELECT d.canteen_id, d.business_date, d.meal, d.version, d.name_zh, d.name_en, d.kind, d.portions, d.allergens,
       d.allergen_note, d.marks, d.price_fen, d.kcal
FROM canteen c
JOIN menu m ON m.book = c.book AND m.canteen_id = c.canteen_id AND m.business_date BETWEEN $2 AND $3
JOIN dish d ON d.book = m.book AND d.canteen_id = m.canteen_id AND d.business_date = m.business_date
           AND d.meal = m.meal AND d.version = m.version
WHERE c.canteen_id = $1
ORDER BY d.business_date, d.meal, d.line;

-- name: version
-- The dishes of one version of a menu, in order; null: of the one that holds.
SELECT d.canteen_id, d.business_date, d.meal, d.version, d.name_zh, d.name_en, d.kind, d.portions, d.allergens,
       d.allergen_note, d.marks, d.price_fen, d.kcal
FROM menu m
JOIN dish d ON d.book = m.book AND d.canteen_id = m.canteen_id AND d.business_date = m.business_date
           AND d.meal = m.meal AND d.version = coalesce($5, m.version)
WHERE m.book = $1 AND m.canteen_id = $2 AND m.business_date = $3 AND m.meal = $4
ORDER BY d.line;

-- name: publish
-- Give each of some menus its next version, and lock it; in the order of their keys, so that no two wait for each other.
INSERT INTO menu (book, canteen_id, business_date, meal, version, published_by, published_at)
SELECT w.book, w.canteen_id, w.business_date, w.meal, 1, $5, $6
FROM unnest($1::integer[], $2::bigint[], $3::date[], $4::text[]) AS w(book, canteen_id, business_date, meal)
ORDER BY w.book, w.canteen_id, w.business_date, w.meal
ON CONFLICT (book, canteen_id, business_date, meal) DO UPDATE SET
    version = menu.version + 1, published_by = excluded.published_by, published_at = excluded.published_at
RETURNING book, canteen_id, business_date, meal, version;

-- name: add_dish
-- A dish of a version.
INSERT INTO dish (book, canteen_id, business_date, meal, version, line, name_zh, name_en, kind, portions, allergens,
                  allergen_note, marks, price_fen, kcal)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);

-- name: version_of
-- The version of a menu that holds.
SELECT version FROM menu WHERE book = $1 AND canteen_id = $2 AND business_date = $3 AND meal = $4;
