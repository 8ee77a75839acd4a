-- Every account of every book, from the registry that numbered them.
CREATE OR REPLACE VIEW account AS
SELECT book, cash_account AS account_id, 'cash' AS kind, agency_id, holder_id, NULL::bigint AS canteen_id
FROM official
UNION ALL
SELECT book, subsidy_account, 'subsidy', agency_id, holder_id, NULL FROM official
UNION ALL
SELECT book, float_account, 'float', agency_id, NULL, NULL FROM agency
UNION ALL
SELECT book, grant_account, 'grant', agency_id, NULL, NULL FROM agency
UNION ALL
-- A canteen is owed money by every book whose officials ate there: one account in each.
SELECT b.book, c.account_id, 'canteen', c.agency_id, NULL, c.canteen_id FROM canteen c CROSS JOIN book b
UNION ALL
-- So is a host's account for working meals: its guests' accounts may be in any book.
SELECT b.book, a.working_meal_account, 'working_meal', a.agency_id, NULL, NULL FROM agency a CROSS JOIN book b;
