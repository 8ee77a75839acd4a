-- A transfer as its leaf of a cycle's tree has it (clearing.proof.Line), in deterministic CBOR (RFC 8949 section 4.2.1).
-- Pure functions, inlined where proof.sql calls them; tests/ledger/test_leaves.py compares them with `Line.encode`.
-- STABLE is what PostgreSQL calls the functions that write text, since some depend on a session's settings; these do not.

-- The head of an item: its major type (times 32) with the shortest form of its value or length.
CREATE OR REPLACE FUNCTION cbor_head(major integer, n bigint) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN n < 24 THEN set_byte('\x00', 0, major + n::integer)
                WHEN n < 256 THEN set_byte('\x00', 0, major + 24) || substring(int8send(n) FROM 8)
                WHEN n < 65536 THEN set_byte('\x00', 0, major + 25) || substring(int8send(n) FROM 7)
                WHEN n < 4294967296 THEN set_byte('\x00', 0, major + 26) || substring(int8send(n) FROM 5)
                ELSE set_byte('\x00', 0, major + 27) || int8send(n) END
$$;

CREATE OR REPLACE FUNCTION cbor_integer(n bigint) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN n IS NULL THEN '\xf6' WHEN n < 0 THEN cbor_head(32, ~n) ELSE cbor_head(0, n) END
$$;

CREATE OR REPLACE FUNCTION cbor_text(characters text) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN characters IS NULL THEN '\xf6'
                ELSE cbor_head(96, octet_length(characters)) || convert_to(characters, 'UTF8') END
$$;

CREATE OR REPLACE FUNCTION cbor_uuid(id uuid) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN id IS NULL THEN '\xf6' ELSE '\x50' || uuid_send(id) END
$$;

-- The parameters are the members of the leaf, in its order.
CREATE OR REPLACE FUNCTION transfer_leaf(
    book integer, posting_id uuid, part integer, kind text, reverses uuid, issuer_id bigint, acquirer_id bigint,
    canteen_id bigint, meal text, channel text, holder_id bigint, amount_fen bigint, business_date date,
    posted_at timestamptz) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT '\x8e' || cbor_integer(book) || cbor_uuid(posting_id) || cbor_integer(part) || cbor_text(kind)
        || cbor_uuid(reverses) || cbor_integer(issuer_id) || cbor_integer(acquirer_id) || cbor_integer(canteen_id)
        || cbor_text(meal) || cbor_text(channel) || cbor_integer(holder_id) || cbor_integer(amount_fen)
        -- Texts of 10 and of 32 characters.
        || '\x6a' || convert_to(to_char(business_date, 'YYYY-MM-DD'), 'UTF8')
        || '\x7820' || convert_to(to_char(posted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), 'UTF8')
$$;
