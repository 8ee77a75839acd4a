-- name: names_on
-- The names of some regions, agencies and canteens on a business day, where they have others now.
SELECT DISTINCT ON (f.noun, f.number) f.noun, f.number, f.name_zh, f.name_en
FROM unnest($2::text[], $3::bigint[]) AS w(noun, number)
JOIN former_name f ON f.noun = w.noun AND f.number = w.number AND f.until > $1
ORDER BY f.noun, f.number, f.until;
