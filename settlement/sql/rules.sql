-- The rules of a payment that need the payer's own state: pure functions, inlined where charge.sql calls them, and
-- tested from a table of cases (tests/ledger/test_charge_rules.py). What needs no state is priced before (settlement/tariff.py).

-- Of a price, what the subsidy purse pays; cash pays the rest. A visitor pays all of it in cash (design section 3); at
-- home the agency's order of purses decides.
CREATE OR REPLACE FUNCTION subsidy_share(
    price bigint, cash bigint, subsidy bigint, at_home boolean, subsidy_first boolean) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN NOT at_home THEN 0
                WHEN subsidy_first THEN least(subsidy, price)
                ELSE least(subsidy, greatest(price - cash, 0)) END
$$;

-- Why a credential may not pay now; null when it may.
DROP FUNCTION IF EXISTS credential_refusal(text, timestamptz, text, bigint, bigint, timestamptz);
CREATE OR REPLACE FUNCTION credential_refusal(
    credential_state text, expires_at timestamptz, account_state text, at timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN credential_state IS NULL THEN 'credential_unknown'
                WHEN credential_state <> 'active' THEN 'card_blocked'
                WHEN expires_at <= at THEN 'credential_expired'
                WHEN account_state <> 'active' THEN 'not_entitled' END
$$;

-- Why a counter may not pay; null when it may. Each pays once, in any order, as sequence numbers of IPsec are taken once
-- (RFC 4303 section 3.4.3): `used` has a bit for `last`, the highest that has paid, and for each of the 255 below it,
-- from left to right. What is below them is too old to know.
CREATE OR REPLACE FUNCTION counter_refusal(last bigint, used bit, counter bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN counter > last THEN NULL
                WHEN last - counter >= length(used) THEN 'counter_too_low'
                WHEN get_bit(used, (last - counter)::integer) = 1 THEN 'already_used' END
$$;

-- The bits once `counter` has paid as well, for the higher of it and `last`.
CREATE OR REPLACE FUNCTION counters_used_with(last bigint, used bit, counter bigint) RETURNS bit
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT set_bit(used >> least(greatest(counter - last, 0), length(used))::integer,
                   greatest(last - counter, 0)::integer, 1)
$$;

-- Why this official may not eat here now; null when he may. Own officials always may; visitors where the host's
-- rule lets them, else on a visit that covers the day. A working meal is the host's gift, once a visit, to visitors.
CREATE OR REPLACE FUNCTION entitlement_refusal(
    at_home boolean, needs_visit boolean, on_visit boolean, working_meal boolean, working_meal_had boolean,
    meals bigint, meals_max bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN working_meal AND (at_home OR NOT on_visit OR working_meal_had) THEN 'no_working_meal'
                WHEN needs_visit AND NOT at_home AND NOT on_visit THEN 'not_entitled'
                WHEN meals >= meals_max THEN 'meals_exceeded' END
$$;

-- Why people of this class may not eat here; null when they may, and for a class without rules.
CREATE OR REPLACE FUNCTION class_refusal(at_home boolean, eats_at_home boolean, eats_elsewhere boolean) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN NOT CASE WHEN at_home THEN eats_at_home ELSE eats_elsewhere END THEN 'not_entitled' END
$$;

-- What a meal costs its payer: the home price at his own agency's canteens, unless his class pays as visitors do.
CREATE OR REPLACE FUNCTION price_for(at_home boolean, class_price text, home_fen bigint, visitor_fen bigint)
RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN at_home AND class_price IS DISTINCT FROM 'visitor' THEN home_fen ELSE visitor_fen END
$$;

-- Why there is no price that the payer has allowed; null when there is one. A code allows an amount, a phone that pays by
-- a sheet the one price that it has shown.
CREATE OR REPLACE FUNCTION price_refusal(price bigint, channel text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN price IS NOT NULL THEN NULL
                WHEN channel = 'sheet' THEN 'price_changed' ELSE 'code_limit_exceeded' END
$$;

-- Why the money does not reach; null when it does. A working meal costs the official nothing.
CREATE OR REPLACE FUNCTION money_refusal(
    price bigint, subsidy_part bigint, cash bigint, spent_today bigint, day_max bigint, working_meal boolean)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN working_meal THEN NULL
                WHEN spent_today + price > day_max THEN 'day_limit_exceeded'
                WHEN price - subsidy_part > cash THEN 'insufficient_funds' END
$$;

-- Whether a payment reached the ledger long after its purchase: its till had no network, or says so. A resend after a
-- time-out takes less; a code is fresh for a minute. Counted in whole seconds, as receipts show them: more than 120.
CREATE OR REPLACE FUNCTION is_late(purchased_at timestamptz, posted_at timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT posted_at - purchased_at >= interval '121 seconds'
$$;

-- Why a late payment may not be posted any more; null when it may. Only the till says when the official was there, so
-- his region limits how many late payments he can have in a business day, and what they cost him. The host's meals are
-- its own affair.
CREATE OR REPLACE FUNCTION late_refusal(
    price bigint, late_payments bigint, late_fen bigint, payments_max bigint, fen_max bigint, working_meal boolean)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN working_meal THEN NULL
                WHEN late_payments >= payments_max OR late_fen + price > fen_max THEN 'late_limit_exceeded' END
$$;

-- What a transfer adds to a canteen's takings: payments add, what is given back takes away, the rest is no sale.
CREATE OR REPLACE FUNCTION sale_fen(kind text, amount_fen bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN kind IN ('payment', 'working_meal') THEN amount_fen
                WHEN kind IN ('reversal', 'refund') THEN -amount_fen ELSE 0 END
$$;

-- How many meals a transfer sells or, voided, takes back: parts of one payment count once, a refund leaves the meal.
CREATE OR REPLACE FUNCTION meals_sold(kind text, part integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN part > 0 THEN 0 WHEN kind IN ('payment', 'working_meal') THEN 1
                WHEN kind = 'reversal' THEN -1 ELSE 0 END
$$;
