-- The tables of onecard, generated from its migrations (make docs). Functions and views stand in */sql/.

CREATE TYPE public.charge_decision AS (
	refusal text,
	known boolean,
	pays boolean,
	cash bigint,
	subsidy bigint,
	host bigint,
	issuer bigint,
	visit bigint
);

CREATE TYPE public.charge_order AS (
	terminal bigint,
	epoch integer,
	sequence bigint,
	digest bytea,
	posting uuid,
	given text,
	forward_to integer,
	holder bigint,
	credential bigint,
	counter bigint,
	channel text,
	canteen bigint,
	canteen_account bigint,
	acquirer bigint,
	meal text,
	home_fen bigint,
	visitor_fen bigint,
	purchased_at timestamp with time zone,
	subsidy_first boolean,
	needs_visit boolean,
	host_account bigint,
	meals_max bigint,
	day_max_fen bigint
);

CREATE TYPE public.charge_purses AS (
	cash_balance bigint,
	subsidy_balance bigint,
	cash_account bigint,
	subsidy_account bigint
);

CREATE TABLE public.request (
    book integer NOT NULL,
    terminal_id bigint NOT NULL,
    epoch integer NOT NULL,
    sequence bigint NOT NULL,
    operation text NOT NULL,
    digest bytea,
    outcome text NOT NULL,
    refusal text,
    forwarded_to integer,
    posting_id uuid,
    cash_fen bigint NOT NULL,
    subsidy_fen bigint NOT NULL,
    cash_balance_fen bigint,
    subsidy_balance_fen bigint,
    business_date date,
    answered_at timestamp with time zone NOT NULL,
    host_fen bigint DEFAULT '0'::bigint NOT NULL,
    CONSTRAINT ck_request_forwarded CHECK (((outcome = 'forwarded'::text) = (forwarded_to IS NOT NULL))),
    CONSTRAINT ck_request_operation CHECK ((operation = ANY (ARRAY['charge'::text, 'void'::text, 'opening'::text, 'cashier'::text, 'unused'::text]))),
    CONSTRAINT ck_request_outcome CHECK ((outcome = ANY (ARRAY['approved'::text, 'refused'::text, 'voided'::text, 'forwarded'::text, 'recorded'::text]))),
    CONSTRAINT ck_request_refusal CHECK (((outcome = 'refused'::text) = (refusal IS NOT NULL)))
);
ALTER TABLE ONLY public.request ALTER COLUMN book SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN terminal_id SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN epoch SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN sequence SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN operation SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN digest SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN outcome SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN refusal SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN forwarded_to SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN posting_id SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN cash_fen SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN subsidy_fen SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN cash_balance_fen SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN subsidy_balance_fen SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN business_date SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN answered_at SET STATISTICS 10;
ALTER TABLE ONLY public.request ALTER COLUMN host_fen SET STATISTICS 10;

CREATE TABLE public.agency (
    book integer NOT NULL,
    agency_id bigint NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    float_account bigint NOT NULL,
    grant_account bigint NOT NULL,
    meal_allowance_fen integer NOT NULL,
    working_meal_account bigint NOT NULL,
    purse_order text NOT NULL,
    state text DEFAULT 'active'::text NOT NULL,
    closed_at timestamp with time zone,
    address text,
    contact_name text,
    contact_phone text,
    parent_agency_id bigint,
    roster_leavers_max_percent integer,
    CONSTRAINT ck_agency_ck_agency_closed CHECK (((state = 'active'::text) = (closed_at IS NULL))),
    CONSTRAINT ck_agency_ck_agency_state CHECK ((state = ANY (ARRAY['active'::text, 'suspended'::text, 'ended'::text]))),
    CONSTRAINT ck_agency_purse_order CHECK ((purse_order = ANY (ARRAY['subsidy_first'::text, 'cash_first'::text]))),
    CONSTRAINT ck_agency_roster_leavers_max_percent CHECK (((roster_leavers_max_percent >= 0) AND (roster_leavers_max_percent <= 100)))
);

CREATE TABLE public.book (
    book integer NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    state text DEFAULT 'active'::text NOT NULL,
    closed_at timestamp with time zone,
    CONSTRAINT ck_book_ck_book_closed CHECK (((state = 'active'::text) = (closed_at IS NULL))),
    CONSTRAINT ck_book_ck_book_state CHECK ((state = ANY (ARRAY['active'::text, 'suspended'::text, 'ended'::text])))
);

CREATE TABLE public.canteen (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    agency_id bigint NOT NULL,
    account_id bigint NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    latitude double precision,
    longitude double precision,
    state text DEFAULT 'active'::text NOT NULL,
    closed_at timestamp with time zone,
    address text,
    contact_name text,
    contact_phone text,
    capacity integer,
    cashiers_required_at timestamp with time zone,
    CONSTRAINT ck_canteen_ck_canteen_capacity CHECK ((capacity > 0)),
    CONSTRAINT ck_canteen_ck_canteen_closed CHECK (((state = 'active'::text) = (closed_at IS NULL))),
    CONSTRAINT ck_canteen_ck_canteen_state CHECK ((state = ANY (ARRAY['active'::text, 'suspended'::text, 'ended'::text])))
);

CREATE TABLE public.official (
    book integer NOT NULL,
    holder_id bigint NOT NULL,
    agency_id bigint NOT NULL,
    cash_account bigint NOT NULL,
    subsidy_account bigint NOT NULL,
    state text NOT NULL,
    name_sealed bytea NOT NULL,
    staff_index bytea NOT NULL,
    closure uuid,
    person_class text DEFAULT 'official'::text NOT NULL,
    department text,
    earlier_book integer,
    earlier_holder bigint,
    returns_suspended boolean DEFAULT false NOT NULL,
    CONSTRAINT ck_official_state CHECK ((state = ANY (ARRAY['active'::text, 'suspended'::text, 'leaving'::text, 'left'::text])))
);

CREATE TABLE public.account_day (
    book integer NOT NULL,
    account_id bigint NOT NULL,
    business_date date NOT NULL,
    debit_fen bigint NOT NULL,
    credit_fen bigint NOT NULL
);

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE public.appeal (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    appeal_id bigint NOT NULL,
    quarter date NOT NULL,
    state text NOT NULL,
    text text NOT NULL,
    raised_by text NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    decision text,
    decided_by text,
    decided_at timestamp with time zone,
    revision integer,
    codes jsonb DEFAULT '[]'::jsonb NOT NULL,
    veto boolean DEFAULT false NOT NULL,
    CONSTRAINT ck_appeal_state CHECK ((state = ANY (ARRAY['open'::text, 'accepted'::text, 'rejected'::text])))
);

CREATE TABLE public.approval (
    approval_id bigint NOT NULL,
    kind text NOT NULL,
    agency_id bigint,
    subject text NOT NULL,
    body jsonb NOT NULL,
    digest bytea NOT NULL,
    amount_fen bigint,
    items integer NOT NULL,
    rule text NOT NULL,
    params jsonb NOT NULL,
    reason text NOT NULL,
    maker text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    decided_by text,
    decided_at timestamp with time zone,
    decision text,
    result jsonb,
    CONSTRAINT ck_approval_decided CHECK (((state = ANY (ARRAY['approved'::text, 'rejected'::text])) = ((decided_by IS NOT NULL) AND (decided_at IS NOT NULL)))),
    CONSTRAINT ck_approval_second_person CHECK ((decided_by <> maker)),
    CONSTRAINT ck_approval_state CHECK ((state = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text, 'expired'::text])))
);

CREATE TABLE public.attendance (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    business_date date NOT NULL,
    staff integer NOT NULL,
    on_leave integer NOT NULL,
    travelling integer NOT NULL,
    remote integer NOT NULL,
    overtime integer,
    noted_by text NOT NULL,
    noted_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_attendance_counts CHECK (((on_leave >= 0) AND (travelling >= 0) AND (remote >= 0) AND (overtime >= 0))),
    CONSTRAINT ck_attendance_staff CHECK ((((on_leave + travelling) + remote) <= staff))
);

CREATE TABLE public.audit_entry (
    entry bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL,
    digest bytea NOT NULL
);

CREATE TABLE public.bank_account_version (
    agency_id bigint CONSTRAINT bank_account_agency_id_not_null NOT NULL,
    holder_name text CONSTRAINT bank_account_holder_name_not_null NOT NULL,
    number text CONSTRAINT bank_account_number_not_null NOT NULL,
    bank text CONSTRAINT bank_account_bank_not_null NOT NULL,
    valid_from timestamp with time zone NOT NULL
);

CREATE TABLE public.bank_entry (
    entry text NOT NULL,
    credit boolean NOT NULL,
    amount_fen bigint NOT NULL,
    booked_on date NOT NULL,
    reference text NOT NULL,
    verdict text NOT NULL,
    cycle_date date,
    agency_id bigint,
    taken_at timestamp with time zone NOT NULL,
    occurrence integer DEFAULT 1 NOT NULL,
    remark text,
    CONSTRAINT ck_bank_entry_amount CHECK ((amount_fen > 0)),
    CONSTRAINT ck_bank_entry_matched CHECK (((verdict = ANY (ARRAY['matched'::text, 'returned'::text])) = ((cycle_date IS NOT NULL) AND (agency_id IS NOT NULL)))),
    CONSTRAINT ck_bank_entry_verdict CHECK ((verdict = ANY (ARRAY['matched'::text, 'returned'::text, 'unknown_reference'::text, 'wrong_direction'::text, 'too_much'::text, 'number_used_before'::text])))
);

CREATE TABLE public.bank_entry_resolution (
    entry text NOT NULL,
    occurrence integer NOT NULL,
    part integer NOT NULL,
    resolution text NOT NULL,
    amount_fen bigint NOT NULL,
    cycle_date date,
    agency_id bigint,
    reason text NOT NULL,
    resolved_by text NOT NULL,
    resolved_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_bank_entry_resolution_amount CHECK ((amount_fen > 0)),
    CONSTRAINT ck_bank_entry_resolution_assigned CHECK (((resolution = 'assigned'::text) = ((cycle_date IS NOT NULL) AND (agency_id IS NOT NULL)))),
    CONSTRAINT ck_bank_entry_resolution_resolution CHECK ((resolution = ANY (ARRAY['assigned'::text, 'returned'::text, 'other'::text])))
);

CREATE TABLE public.block_entry (
    version bigint NOT NULL,
    book integer NOT NULL,
    credential_id bigint NOT NULL,
    blocked boolean NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone NOT NULL,
    changed_by text
);

CREATE TABLE public.book_day (
    book integer NOT NULL,
    business_date date NOT NULL
);

CREATE TABLE public.booked_meal (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    business_date date NOT NULL,
    meal text NOT NULL,
    booked integer NOT NULL,
    came integer,
    CONSTRAINT ck_booked_meal_counts CHECK (((booked >= 0) AND (came >= 0))),
    CONSTRAINT ck_booked_meal_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text])))
);

CREATE TABLE public.booking (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    business_date date NOT NULL,
    meal text NOT NULL,
    booked integer NOT NULL,
    came integer,
    noted_by text NOT NULL,
    noted_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_booking_counts CHECK (((booked >= 0) AND (came >= 0))),
    CONSTRAINT ck_booking_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text])))
);

CREATE TABLE public.booking_terms (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    meal text NOT NULL,
    cut_off_min integer NOT NULL,
    capacity integer,
    CONSTRAINT ck_booking_terms_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text]))),
    CONSTRAINT ck_booking_terms_numbers CHECK (((cut_off_min >= 0) AND (capacity >= 0)))
);

CREATE TABLE public.bulletin (
    bulletin_id bigint NOT NULL,
    quarter date NOT NULL,
    state text NOT NULL,
    texts jsonb NOT NULL,
    found jsonb NOT NULL,
    written_by jsonb NOT NULL,
    drafted_at timestamp with time zone NOT NULL,
    published_by text,
    published_at timestamp with time zone,
    issuers jsonb DEFAULT '[]'::jsonb NOT NULL,
    issuer_code text DEFAULT ''::text NOT NULL,
    addressees text DEFAULT ''::text NOT NULL,
    copy_to text DEFAULT ''::text NOT NULL,
    year integer,
    serial integer,
    signed_on date,
    annexes jsonb,
    version integer DEFAULT 1 NOT NULL,
    saved_by text,
    saved_at timestamp with time zone,
    CONSTRAINT ck_bulletin_state CHECK ((state = ANY (ARRAY['draft'::text, 'published'::text])))
);

CREATE TABLE public.case_step (
    book integer NOT NULL,
    case_id bigint NOT NULL,
    number integer NOT NULL,
    action text NOT NULL,
    text text NOT NULL,
    done_by text NOT NULL,
    done_at timestamp with time zone NOT NULL,
    code text,
    params jsonb
);

CREATE TABLE public.cashier (
    book integer NOT NULL,
    cashier_id bigint NOT NULL,
    agency_id bigint NOT NULL,
    number text NOT NULL,
    name_sealed bytea NOT NULL,
    language text DEFAULT 'zh'::text NOT NULL,
    canteen_ids bigint[],
    may_void boolean DEFAULT true NOT NULL,
    state text DEFAULT 'active'::text NOT NULL,
    pin_sealed bytea NOT NULL,
    pin_is_first boolean DEFAULT true NOT NULL,
    wrong_tries integer DEFAULT 0 NOT NULL,
    locked_until timestamp with time zone,
    made_at timestamp with time zone NOT NULL,
    tries_since timestamp with time zone,
    CONSTRAINT ck_cashier_ck_cashier_language CHECK ((language = ANY (ARRAY['zh'::text, 'en'::text]))),
    CONSTRAINT ck_cashier_ck_cashier_state CHECK ((state = ANY (ARRAY['active'::text, 'suspended'::text, 'ended'::text])))
);

CREATE TABLE public.cashier_sign_on (
    book integer NOT NULL,
    terminal_id bigint NOT NULL,
    epoch integer NOT NULL,
    first_sequence bigint NOT NULL,
    cashier_id bigint NOT NULL,
    canteen_id bigint NOT NULL,
    may_void boolean NOT NULL,
    signed_on_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    ends_before bigint
);

CREATE TABLE public.cashier_tries (
    book integer NOT NULL,
    cashier_id bigint NOT NULL,
    terminal_id bigint NOT NULL,
    wrong_tries integer NOT NULL,
    locked_until timestamp with time zone
);

CREATE TABLE public.class_rules (
    book integer NOT NULL,
    person_class text NOT NULL,
    valid_from date NOT NULL,
    eats_at_home boolean NOT NULL,
    eats_elsewhere boolean NOT NULL,
    price text NOT NULL,
    CONSTRAINT ck_class_rules_ck_class_rules_person_class CHECK ((person_class <> 'official'::text)),
    CONSTRAINT ck_class_rules_ck_class_rules_price CHECK ((price = ANY (ARRAY['home'::text, 'visitor'::text])))
);

CREATE TABLE public.client_secret (
    secret_hash bytea NOT NULL,
    user_id bigint NOT NULL,
    made_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone
);

CREATE TABLE public.closed_day (
    book integer NOT NULL,
    business_date date NOT NULL,
    closed_at timestamp with time zone NOT NULL,
    rolled_up_at timestamp with time zone,
    cycle_date date
);

CREATE TABLE public.code_reference (
    book integer NOT NULL,
    reference bytea NOT NULL,
    credential_id bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_code_reference_ck_code_reference_reference CHECK ((octet_length(reference) = 6))
);

CREATE TABLE public.consent_change (
    book integer NOT NULL,
    change_id bigint NOT NULL,
    holder_id bigint NOT NULL,
    purpose text NOT NULL,
    version integer NOT NULL,
    given boolean NOT NULL,
    at timestamp with time zone NOT NULL,
    credential_id bigint
);

CREATE SEQUENCE public.onecard_number
    START WITH 1001
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE public.console_session (
    token_hash bytea NOT NULL,
    user_id bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    number bigint DEFAULT nextval('public.onecard_number'::regclass) NOT NULL,
    kind text DEFAULT 'bearer'::text NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone DEFAULT now() NOT NULL,
    proved_at timestamp with time zone,
    address text DEFAULT ''::text NOT NULL,
    device text DEFAULT ''::text NOT NULL,
    identity_id bigint,
    provider_session text,
    CONSTRAINT ck_console_session_kind CHECK ((kind = ANY (ARRAY['bearer'::text, 'cookie'::text])))
);

CREATE TABLE public.console_user (
    user_id bigint NOT NULL,
    login text NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL,
    agency_id bigint,
    state text DEFAULT 'active'::text NOT NULL,
    suspended_at timestamp with time zone,
    granted_by text,
    invitation_hash bytea,
    invitation_expires_at timestamp with time zone,
    scopes text,
    signed_in_at timestamp with time zone,
    givers text[] DEFAULT '{}'::text[] NOT NULL,
    handled_by text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT ck_console_user_role CHECK ((role = ANY (ARRAY['centre_operator'::text, 'centre_approver'::text, 'agency_admin'::text, 'agency_finance'::text, 'canteen_manager'::text, 'supervisor'::text, 'auditor'::text, 'machine'::text]))),
    CONSTRAINT ck_console_user_state CHECK ((state = ANY (ARRAY['invited'::text, 'unconfirmed'::text, 'active'::text])))
);

CREATE TABLE public.counter_display (
    book integer NOT NULL,
    display_id bigint NOT NULL,
    canteen_id bigint NOT NULL,
    name text,
    token_hash bytea NOT NULL,
    made_by text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone
);

CREATE TABLE public.cover_day (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    business_date date NOT NULL,
    meal text NOT NULL,
    covers integer NOT NULL,
    guests integer NOT NULL,
    covers_gross integer,
    cheap integer,
    paid_fen bigint,
    CONSTRAINT ck_cover_day_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text])))
);

CREATE TABLE public.cover_forecast (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    business_date date NOT NULL,
    meal text NOT NULL,
    covers integer NOT NULL,
    cook_for integer NOT NULL,
    made_at timestamp with time zone NOT NULL,
    surplus integer,
    CONSTRAINT ck_cover_forecast_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text])))
);

CREATE TABLE public.credential (
    book integer NOT NULL,
    credential_id bigint NOT NULL,
    holder_id bigint NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    card_uid bytea,
    public_key bytea,
    issued_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    last_counter bigint DEFAULT '0'::bigint NOT NULL,
    counters_used bit(256) DEFAULT (~ (0)::bit(256)) NOT NULL,
    key_algorithm text,
    replaces bigint,
    CONSTRAINT ck_credential_key_algorithm CHECK ((key_algorithm = ANY (ARRAY['ed25519'::text, 'ecdsa-p256-sha256'::text]))),
    CONSTRAINT ck_credential_kind CHECK ((kind = ANY (ARRAY['card'::text, 'phone'::text]))),
    CONSTRAINT ck_credential_state CHECK ((state = ANY (ARRAY['active'::text, 'blocked'::text])))
)
WITH (fillfactor='80', autovacuum_analyze_scale_factor='2');

CREATE TABLE public.cycle (
    business_date date NOT NULL,
    state text NOT NULL,
    closed_at timestamp with time zone,
    netted_at timestamp with time zone,
    published_at timestamp with time zone,
    settled_at timestamp with time zone,
    closing_at timestamp with time zone NOT NULL,
    fee_fen bigint DEFAULT '0'::bigint NOT NULL,
    CONSTRAINT ck_cycle_state CHECK ((state = ANY (ARRAY['closing'::text, 'closed'::text, 'netted'::text, 'published'::text, 'settled'::text])))
);

CREATE TABLE public.cycle_account (
    cycle_date date NOT NULL,
    agency_id bigint NOT NULL,
    holder_name text NOT NULL,
    number text NOT NULL,
    bank text NOT NULL
);

CREATE TABLE public.cycle_proof (
    cycle_date date NOT NULL,
    log_index integer NOT NULL,
    manifest bytea NOT NULL,
    signature bytea NOT NULL
);

CREATE TABLE public.demo_city (
    loaded_at timestamp with time zone NOT NULL
);

CREATE TABLE public.difference (
    kind text NOT NULL,
    subject text NOT NULL,
    agency_id bigint,
    amount_fen bigint NOT NULL,
    cause text NOT NULL,
    first_seen timestamp with time zone NOT NULL,
    last_seen timestamp with time zone NOT NULL,
    resolved_at timestamp with time zone
);

CREATE TABLE public.dish (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    business_date date NOT NULL,
    meal text NOT NULL,
    version integer NOT NULL,
    line smallint NOT NULL,
    name_zh text NOT NULL,
    name_en text,
    kind text NOT NULL,
    portions integer,
    allergens text[] NOT NULL,
    allergen_note text,
    marks text[] NOT NULL,
    price_fen bigint,
    kcal integer,
    CONSTRAINT ck_dish_numbers CHECK (((portions >= 0) AND (price_fen >= 0) AND (kcal >= 0)))
);

CREATE TABLE public.dispute (
    dispute_id bigint NOT NULL,
    cycle_date date NOT NULL,
    book integer NOT NULL,
    posting_id uuid NOT NULL,
    raised_by_agency bigint NOT NULL,
    other_agency bigint NOT NULL,
    amount_fen bigint NOT NULL,
    state text NOT NULL,
    text text NOT NULL,
    raised_by text NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    answer_until date NOT NULL,
    answer text,
    answered_by text,
    answered_at timestamp with time zone,
    decision text,
    decided_by text,
    decided_at timestamp with time zone,
    refund_id uuid,
    CONSTRAINT ck_dispute_amount CHECK ((amount_fen > 0)),
    CONSTRAINT ck_dispute_refund CHECK (((state = 'accepted'::text) = (refund_id IS NOT NULL))),
    CONSTRAINT ck_dispute_state CHECK ((state = ANY (ARRAY['open'::text, 'answered'::text, 'accepted'::text, 'rejected'::text, 'withdrawn'::text])))
);

CREATE TABLE public.dispute_file (
    dispute_id bigint NOT NULL,
    number integer NOT NULL,
    side text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    content bytea NOT NULL,
    CONSTRAINT ck_dispute_file_side CHECK ((side = ANY (ARRAY['dispute'::text, 'answer'::text])))
);

CREATE TABLE public.obligation (
    cycle_date date NOT NULL,
    book integer NOT NULL,
    issuer_id bigint NOT NULL,
    acquirer_id bigint NOT NULL,
    canteen_id bigint NOT NULL,
    meal text NOT NULL,
    channel text NOT NULL,
    payments integer NOT NULL,
    paid_fen bigint NOT NULL,
    reversals integer NOT NULL,
    reversed_fen bigint NOT NULL,
    line text NOT NULL,
    subsidy_fen bigint NOT NULL,
    CONSTRAINT ck_obligation_line CHECK ((line = ANY (ARRAY['meal'::text, 'working_meal'::text, 'late'::text, 'correction'::text, 'working_meal_correction'::text, 'fee'::text])))
);

CREATE TABLE public.transfer (
    book integer NOT NULL,
    posting_id uuid NOT NULL,
    part integer NOT NULL,
    kind text NOT NULL,
    debit_account bigint NOT NULL,
    credit_account bigint NOT NULL,
    amount_fen bigint NOT NULL,
    business_date date NOT NULL,
    posted_at timestamp with time zone NOT NULL,
    holder_id bigint NOT NULL,
    issuer_id bigint NOT NULL,
    acquirer_id bigint,
    canteen_id bigint,
    meal text,
    channel text,
    credential_id bigint,
    counter bigint,
    terminal_id bigint,
    epoch integer,
    sequence bigint,
    purchased_at timestamp with time zone,
    reverses uuid,
    CONSTRAINT ck_transfer_amount CHECK ((amount_fen > 0)),
    CONSTRAINT ck_transfer_kind CHECK ((kind = ANY (ARRAY['payment'::text, 'working_meal'::text, 'reversal'::text, 'refund'::text, 'top_up'::text, 'grant'::text, 'payout'::text, 'lapse'::text]))),
    CONSTRAINT ck_transfer_reverses CHECK (((kind = ANY (ARRAY['reversal'::text, 'refund'::text])) = (reverses IS NOT NULL))),
    CONSTRAINT ck_transfer_sides CHECK ((debit_account <> credit_account))
);
ALTER TABLE ONLY public.transfer ALTER COLUMN book SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN posting_id SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN part SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN kind SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN debit_account SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN credit_account SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN amount_fen SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN business_date SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN posted_at SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN holder_id SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN issuer_id SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN acquirer_id SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN canteen_id SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN meal SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN channel SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN credential_id SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN counter SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN terminal_id SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN epoch SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN sequence SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN purchased_at SET STATISTICS 10;
ALTER TABLE ONLY public.transfer ALTER COLUMN reverses SET STATISTICS 10;

CREATE TABLE public.enrolment (
    book integer NOT NULL,
    enrolment_id bigint NOT NULL,
    canteen_id bigint NOT NULL,
    code_hash bytea NOT NULL,
    created_by text NOT NULL,
    approved_by text,
    expires_at timestamp with time zone NOT NULL,
    tries_left integer NOT NULL,
    terminal_id bigint,
    kind text DEFAULT 'till'::text NOT NULL,
    epoch integer,
    CONSTRAINT ck_enrolment_kind CHECK ((kind = ANY (ARRAY['till'::text, 'scale'::text]))),
    CONSTRAINT ck_enrolment_second_person CHECK ((approved_by <> created_by))
);

CREATE TABLE public.evaluation_quarter (
    quarter date NOT NULL,
    wanted_at timestamp with time zone NOT NULL,
    evaluated_at timestamp with time zone,
    frozen_by text,
    frozen_at timestamp with time zone,
    schemes jsonb
);

CREATE TABLE public.evidence (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    quarter date NOT NULL,
    code text NOT NULL,
    scored_at timestamp with time zone NOT NULL,
    share double precision NOT NULL,
    note text NOT NULL,
    scored_by text NOT NULL,
    CONSTRAINT ck_evidence_share CHECK (((share >= (0)::double precision) AND (share <= (1)::double precision)))
);

CREATE TABLE public.food_factor (
    food text NOT NULL,
    valid_from date NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    co2e_g_per_kg integer NOT NULL,
    source text NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_food_factor_factor CHECK ((co2e_g_per_kg >= 0))
);

CREATE TABLE public.former_name (
    noun text NOT NULL,
    number bigint NOT NULL,
    until date NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    CONSTRAINT ck_former_name_ck_former_name_noun CHECK ((noun = ANY (ARRAY['region'::text, 'agency'::text, 'canteen'::text])))
);

CREATE TABLE public.gateway_order (
    book integer NOT NULL,
    holder_id bigint NOT NULL,
    order_id uuid NOT NULL,
    number uuid NOT NULL,
    amount_fen bigint NOT NULL,
    state text NOT NULL,
    reference text,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT ck_gateway_order_amount CHECK ((amount_fen > 0)),
    CONSTRAINT ck_gateway_order_state CHECK ((state = ANY (ARRAY['open'::text, 'paid'::text, 'expired'::text, 'returned'::text])))
);

CREATE TABLE public.grant_file (
    book integer NOT NULL,
    agency_id bigint NOT NULL,
    sha256 text NOT NULL,
    batch text NOT NULL,
    granted_at timestamp with time zone NOT NULL,
    granted_by text NOT NULL,
    again text NOT NULL
);

CREATE TABLE public.holder_session (
    token_hash bytea NOT NULL,
    number bigint NOT NULL,
    book integer NOT NULL,
    holder_id bigint NOT NULL,
    made_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    address text NOT NULL,
    device text NOT NULL,
    identity_id bigint NOT NULL,
    provider_session text,
    authenticated_at timestamp with time zone
);

CREATE TABLE public.identity (
    identity_id bigint NOT NULL,
    provider text NOT NULL,
    subject text NOT NULL,
    agency_id bigint,
    user_id bigint,
    holder_id bigint,
    bound_by text NOT NULL,
    bound_at timestamp with time zone NOT NULL,
    confirmed_by text,
    confirmed_at timestamp with time zone,
    ended_by text,
    ended_at timestamp with time zone,
    tenant text,
    CONSTRAINT ck_identity_bound CHECK (((user_id IS NULL) <> (holder_id IS NULL))),
    CONSTRAINT ck_identity_confirmed CHECK (((confirmed_by IS NULL) = (confirmed_at IS NULL))),
    CONSTRAINT ck_identity_ended CHECK (((ended_by IS NULL) = (ended_at IS NULL))),
    CONSTRAINT ck_identity_second_person CHECK ((confirmed_by <> bound_by))
);

CREATE TABLE public.inspection_visit (
    book integer NOT NULL,
    visit_id bigint NOT NULL,
    canteen_id bigint NOT NULL,
    visited_on date NOT NULL,
    plan_year integer,
    inspector text NOT NULL,
    looked_at text NOT NULL,
    filed_by text NOT NULL,
    filed_at timestamp with time zone NOT NULL,
    request_id uuid
);

CREATE TABLE public.region_rules (
    book integer NOT NULL,
    valid_from date NOT NULL,
    visitors text NOT NULL,
    visitor_floor text NOT NULL,
    visitor_cap text NOT NULL,
    payment_max_fen bigint,
    day_max_fen bigint,
    meals_max integer,
    receipt_effect text NOT NULL,
    subsidy_expires text NOT NULL,
    late_payments_max integer DEFAULT 3,
    late_fen_max bigint DEFAULT '10000'::bigint,
    cover_breakfast_fen bigint DEFAULT '200'::bigint NOT NULL,
    cover_lunch_fen bigint DEFAULT '500'::bigint NOT NULL,
    cover_dinner_fen bigint DEFAULT '500'::bigint NOT NULL,
    place_check text DEFAULT 'off'::text NOT NULL,
    place_within_m integer DEFAULT 300 NOT NULL,
    CONSTRAINT ck_region_rules_place_check CHECK ((place_check = ANY (ARRAY['off'::text, 'flag'::text, 'refuse'::text]))),
    CONSTRAINT ck_region_rules_receipt_effect CHECK ((receipt_effect = ANY (ARRAY['personal'::text, 'voucher'::text]))),
    CONSTRAINT ck_region_rules_subsidy_expires CHECK ((subsidy_expires = ANY (ARRAY['never'::text, 'year_end'::text]))),
    CONSTRAINT ck_region_rules_visitor_cap CHECK ((visitor_cap = ANY (ARRAY['none'::text, 'allowance_share'::text]))),
    CONSTRAINT ck_region_rules_visitor_floor CHECK ((visitor_floor = ANY (ARRAY['none'::text, 'home_price'::text]))),
    CONSTRAINT ck_region_rules_visitors CHECK ((visitors = ANY (ARRAY['anyone'::text, 'agreement'::text, 'visit'::text])))
);

CREATE TABLE public.kitchen (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    operating text NOT NULL,
    serving text NOT NULL,
    cost_per_kg_fen integer,
    CONSTRAINT ck_kitchen_operating CHECK ((operating = ANY (ARRAY['self_run'::text, 'contracted'::text]))),
    CONSTRAINT ck_kitchen_serving CHECK ((serving = ANY (ARRAY['buffet'::text, 'set_meal'::text, 'a_la_carte'::text])))
);

CREATE TABLE public.kitchen_declaration (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    valid_from date NOT NULL,
    operating text NOT NULL,
    serving text NOT NULL,
    declared_by text NOT NULL,
    declared_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_kitchen_declaration_operating CHECK ((operating = ANY (ARRAY['self_run'::text, 'contracted'::text]))),
    CONSTRAINT ck_kitchen_declaration_serving CHECK ((serving = ANY (ARRAY['buffet'::text, 'set_meal'::text, 'a_la_carte'::text])))
);

CREATE TABLE public.kitchen_destinations (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    valid_from date NOT NULL,
    destinations jsonb NOT NULL,
    declared_by text NOT NULL,
    declared_at timestamp with time zone NOT NULL
);

CREATE TABLE public.kitchen_file (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    file_id bigint NOT NULL,
    subject text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    content bytea NOT NULL,
    added_by text NOT NULL,
    added_at timestamp with time zone NOT NULL
);

CREATE TABLE public.kitchen_flag (
    book integer NOT NULL,
    flag_id bigint NOT NULL,
    canteen_id bigint NOT NULL,
    rule text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    meal text NOT NULL,
    stream text NOT NULL,
    figure double precision NOT NULL,
    usual double precision,
    rows jsonb NOT NULL,
    state text NOT NULL,
    found_at timestamp with time zone NOT NULL,
    reviewed_by text,
    reviewed_at timestamp with time zone,
    note text,
    CONSTRAINT ck_kitchen_flag_state CHECK ((state = ANY (ARRAY['open'::text, 'upheld'::text, 'dismissed'::text, 'cleared'::text])))
);

CREATE TABLE public.kitchen_month (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    month date NOT NULL,
    meal text NOT NULL,
    covers bigint NOT NULL,
    weighed_covers bigint NOT NULL,
    waste_g bigint NOT NULL,
    preparation_g bigint NOT NULL,
    unserved_g bigint NOT NULL,
    plate_g bigint NOT NULL,
    inedible_g bigint NOT NULL,
    prepared_g bigint NOT NULL,
    prepared_waste_g bigint NOT NULL,
    meals integer NOT NULL,
    weighed_meals integer NOT NULL,
    implausible integer NOT NULL,
    co2e_g bigint DEFAULT '0'::bigint NOT NULL,
    covers_gross bigint DEFAULT '0'::bigint NOT NULL,
    unmatched_meals integer DEFAULT 0 NOT NULL,
    unmatched_g bigint DEFAULT '0'::bigint NOT NULL,
    corrected integer DEFAULT 0 NOT NULL,
    CONSTRAINT ck_kitchen_month_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text])))
);

CREATE TABLE public."position" (
    cycle_date date NOT NULL,
    agency_id bigint NOT NULL,
    receivable_fen bigint NOT NULL,
    payable_fen bigint NOT NULL,
    position_fen bigint NOT NULL
);

CREATE TABLE public.maker_day (
    login text NOT NULL,
    day date NOT NULL,
    amount_fen bigint NOT NULL
);

CREATE TABLE public.material_entry (
    book integer NOT NULL,
    entry_id uuid NOT NULL,
    canteen_id bigint NOT NULL,
    kind text NOT NULL,
    on_day date NOT NULL,
    item text NOT NULL,
    weight_g bigint NOT NULL,
    cost_fen bigint,
    source text NOT NULL,
    replaces uuid,
    recorded_by text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_material_entry_cost CHECK ((((kind = 'purchase'::text) = (cost_fen IS NOT NULL)) AND (COALESCE(cost_fen, (0)::bigint) >= 0))),
    CONSTRAINT ck_material_entry_kind CHECK ((kind = ANY (ARRAY['purchase'::text, 'stock'::text, 'collected'::text]))),
    CONSTRAINT ck_material_entry_source CHECK ((source = ANY (ARRAY['person'::text, 'file'::text]))),
    CONSTRAINT ck_material_entry_weight CHECK (((weight_g > 0) OR ((weight_g = 0) AND ((kind = 'stock'::text) OR (replaces IS NOT NULL)))))
);

CREATE TABLE public.meal_booking (
    book integer NOT NULL,
    booking_id uuid NOT NULL,
    holder_id bigint NOT NULL,
    agency_id bigint NOT NULL,
    canteen_id bigint NOT NULL,
    host_id bigint NOT NULL,
    business_date date NOT NULL,
    meal text NOT NULL,
    on_visit boolean NOT NULL,
    price_fen bigint,
    limit_fen bigint,
    state text DEFAULT 'booked'::text NOT NULL,
    booked_at timestamp with time zone NOT NULL,
    cancelled_at timestamp with time zone,
    CONSTRAINT ck_meal_booking_cancelled CHECK (((state = 'cancelled'::text) = (cancelled_at IS NOT NULL))),
    CONSTRAINT ck_meal_booking_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text]))),
    CONSTRAINT ck_meal_booking_state CHECK ((state = ANY (ARRAY['booked'::text, 'cancelled'::text])))
);

CREATE TABLE public.meal_period (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    meal text NOT NULL,
    starts time without time zone NOT NULL,
    ends time without time zone NOT NULL,
    weekdays text DEFAULT '1234567'::text NOT NULL,
    CONSTRAINT ck_meal_period_ck_meal_period_weekdays CHECK (((weekdays ~ '^1?2?3?4?5?6?7?$'::text) AND (weekdays <> ''::text))),
    CONSTRAINT ck_meal_period_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text]))),
    CONSTRAINT ck_meal_period_order CHECK ((starts < ends))
);

CREATE TABLE public.waste_meal (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    business_date date NOT NULL,
    meal text NOT NULL,
    preparation_g bigint,
    unserved_g bigint,
    plate_g bigint,
    inedible_g bigint,
    prepared_g bigint,
    implausible integer NOT NULL,
    co2e_g bigint DEFAULT '0'::bigint NOT NULL,
    corrected integer DEFAULT 0 NOT NULL,
    CONSTRAINT ck_waste_meal_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text])))
);

CREATE TABLE public.menu (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    business_date date NOT NULL,
    meal text NOT NULL,
    version integer NOT NULL,
    published_by text NOT NULL,
    published_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_menu_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text])))
);

CREATE TABLE public.passkey (
    passkey_id bigint NOT NULL,
    user_id bigint NOT NULL,
    credential_id bytea NOT NULL,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    name text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone
);

CREATE TABLE public.payment_file (
    cycle_date date NOT NULL,
    number integer NOT NULL,
    digest bytea NOT NULL,
    content bytea NOT NULL,
    made_at timestamp with time zone NOT NULL
);

CREATE TABLE public.payment_probe (
    worker text NOT NULL,
    written_at timestamp with time zone NOT NULL
);

CREATE TABLE public.person_class (
    code text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL
);

CREATE TABLE public.phone_activation (
    book integer NOT NULL,
    activation_id bigint NOT NULL,
    holder_id bigint NOT NULL,
    code_hash bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    tries_left integer NOT NULL,
    credential_id bigint,
    identity_id bigint,
    session_number bigint
);

CREATE TABLE public.purse (
    book integer NOT NULL,
    holder_id bigint NOT NULL,
    kind text NOT NULL,
    account_id bigint NOT NULL,
    balance_fen bigint NOT NULL,
    CONSTRAINT ck_purse_balance CHECK ((balance_fen >= 0)),
    CONSTRAINT ck_purse_kind CHECK ((kind = ANY (ARRAY['cash'::text, 'subsidy'::text])))
)
WITH (fillfactor='80', autovacuum_analyze_scale_factor='2');

CREATE TABLE public.quarter_result (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    quarter date NOT NULL,
    revision integer NOT NULL,
    scheme text NOT NULL,
    serving text NOT NULL,
    operating text NOT NULL,
    score double precision,
    low double precision,
    high double precision,
    grade_zh text,
    grade_en text,
    to_verify boolean NOT NULL,
    vetoed boolean NOT NULL,
    weekly_covers double precision NOT NULL,
    points jsonb NOT NULL,
    weeks jsonb NOT NULL,
    made_at timestamp with time zone NOT NULL,
    known jsonb,
    reopened jsonb,
    draws jsonb,
    rank integer,
    rank_low integer,
    rank_high integer,
    peers integer
);

CREATE TABLE public.reception_month (
    agency_id bigint NOT NULL,
    month date NOT NULL,
    version integer NOT NULL,
    reception_fen bigint NOT NULL,
    host_meals_fen bigint NOT NULL,
    joined_month date,
    source text NOT NULL,
    reason text,
    reported_by text NOT NULL,
    reported_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_reception_month_amounts CHECK (((reception_fen >= 0) AND (host_meals_fen >= 0))),
    CONSTRAINT ck_reception_month_month CHECK ((EXTRACT(day FROM month) = (1)::numeric))
);

CREATE TABLE public.recovery_code (
    user_id bigint NOT NULL,
    code_hash bytea NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE public.rectification_case (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    case_id bigint NOT NULL,
    quarter date NOT NULL,
    kind text NOT NULL,
    what text NOT NULL,
    responsible text NOT NULL,
    state text NOT NULL,
    level integer NOT NULL,
    opened_on date NOT NULL,
    due_on date NOT NULL,
    deadline date NOT NULL,
    closed_on date,
    CONSTRAINT ck_rectification_case_kind CHECK ((kind = ANY (ARRAY['finding'::text, 'falsified_weights'::text]))),
    CONSTRAINT ck_rectification_case_state CHECK ((state = ANY (ARRAY['open'::text, 'planned'::text, 'proved'::text, 'closed'::text, 'withdrawn'::text])))
);

CREATE TABLE public.region_agreement (
    book integer NOT NULL,
    guest_book integer NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    CONSTRAINT ck_region_agreement_regions CHECK ((book <> guest_book))
);

CREATE TABLE public.report_out (
    book integer NOT NULL,
    report_id uuid NOT NULL,
    holder_id bigint NOT NULL,
    canteen_id bigint NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    weekdays text NOT NULL,
    meals text[] NOT NULL,
    made_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT ck_report_out_days CHECK ((first_day <= last_day)),
    CONSTRAINT ck_report_out_weekdays CHECK (((weekdays ~ '^1?2?3?4?5?6?7?$'::text) AND (weekdays <> ''::text)))
);

CREATE TABLE public.reweigh_seed (
    quarter date NOT NULL,
    commitment text NOT NULL,
    seed text NOT NULL,
    committed_by text NOT NULL,
    committed_at timestamp with time zone NOT NULL
);

CREATE TABLE public.reweighed_stream (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    business_date date NOT NULL,
    meal text NOT NULL,
    stream text NOT NULL,
    recorded_g bigint NOT NULL,
    drawn_by text NOT NULL,
    drawn_at timestamp with time zone NOT NULL,
    weight_g bigint,
    note text,
    weighed_by text,
    weighed_at timestamp with time zone,
    CONSTRAINT ck_reweighed_stream_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text]))),
    CONSTRAINT ck_reweighed_stream_stream CHECK ((stream = ANY (ARRAY['preparation'::text, 'unserved'::text, 'plate'::text]))),
    CONSTRAINT ck_reweighed_stream_weight CHECK (((recorded_g >= 0) AND (weight_g >= 0)))
);

CREATE TABLE public.roster (
    roster_id bigint NOT NULL,
    book integer NOT NULL,
    agency_id bigint NOT NULL,
    sha256 text NOT NULL,
    made_by text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    content bytea,
    done integer DEFAULT 0 NOT NULL,
    rows integer DEFAULT 0 NOT NULL,
    preview jsonb,
    problem jsonb,
    confirmed_by text,
    confirmed_leavers integer,
    applied_at timestamp with time zone,
    CONSTRAINT ck_roster_ck_roster_state CHECK ((state = ANY (ARRAY['received'::text, 'previewed'::text, 'refused'::text, 'confirmed'::text, 'applied'::text])))
);

CREATE TABLE public.roster_change (
    book integer NOT NULL,
    holder_id bigint NOT NULL,
    roster_id bigint NOT NULL,
    what text NOT NULL
);

CREATE TABLE public.sale_line (
    book integer NOT NULL,
    posting_id uuid NOT NULL,
    line smallint NOT NULL,
    article text NOT NULL,
    portions integer,
    grams integer,
    unit_price_fen bigint NOT NULL,
    amount_fen bigint NOT NULL,
    take_away boolean NOT NULL,
    CONSTRAINT ck_sale_line_amount CHECK ((amount_fen >= 0)),
    CONSTRAINT ck_sale_line_quantity CHECK (((portions IS NULL) <> (grams IS NULL)))
);

CREATE TABLE public.sampling_plan (
    year integer NOT NULL,
    seed text NOT NULL,
    candidates jsonb NOT NULL,
    drawn jsonb NOT NULL,
    made_by text NOT NULL,
    made_at timestamp with time zone NOT NULL
);

CREATE TABLE public.scale_calibration (
    book integer NOT NULL,
    calibration_id bigint NOT NULL,
    canteen_id bigint NOT NULL,
    scale text NOT NULL,
    calibrated_on date NOT NULL,
    valid_until date NOT NULL,
    certificate text NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_scale_calibration_days CHECK ((valid_until > calibrated_on))
);

CREATE TABLE public.second_factor (
    user_id bigint NOT NULL,
    secret_sealed bytea NOT NULL,
    made_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone,
    last_step bigint NOT NULL
);

CREATE TABLE public.self_evaluation (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    quarter date NOT NULL,
    percents jsonb NOT NULL,
    note text NOT NULL,
    submitted_by text NOT NULL,
    submitted_at timestamp with time zone NOT NULL
);

CREATE TABLE public.sheet (
    book integer NOT NULL,
    sheet_id bigint NOT NULL,
    canteen_id bigint NOT NULL,
    name text,
    version integer NOT NULL,
    code text NOT NULL,
    beside text,
    expires_at timestamp with time zone,
    made_by text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone
);

CREATE TABLE public.sheet_payment (
    book integer NOT NULL,
    terminal_id bigint NOT NULL,
    epoch integer NOT NULL,
    sequence bigint NOT NULL,
    sheet_id bigint NOT NULL,
    sheet_version integer NOT NULL,
    place text NOT NULL,
    distance text,
    digest bytea NOT NULL,
    CONSTRAINT ck_sheet_payment_ck_sheet_payment_distance CHECK (((place = ANY (ARRAY['near'::text, 'far'::text])) = (distance IS NOT NULL))),
    CONSTRAINT ck_sheet_payment_ck_sheet_payment_place CHECK ((place = ANY (ARRAY['off'::text, 'near'::text, 'far'::text, 'denied'::text, 'unknown'::text])))
);

CREATE TABLE public.shift_closing (
    book integer NOT NULL,
    terminal_id bigint NOT NULL,
    epoch integer NOT NULL,
    first_sequence bigint NOT NULL,
    number integer NOT NULL,
    last_sequence bigint NOT NULL,
    closed_at timestamp with time zone NOT NULL,
    unknown bigint NOT NULL,
    payments bigint NOT NULL,
    amount_fen bigint NOT NULL,
    ledger_payments bigint NOT NULL,
    ledger_fen bigint NOT NULL,
    agrees boolean NOT NULL,
    body bytea NOT NULL,
    signature_base bytea NOT NULL,
    signature bytea NOT NULL,
    public_key bytea NOT NULL,
    received_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_shift_closing_numbers CHECK ((last_sequence >= first_sequence))
);

CREATE TABLE public.sign_in_failure (
    failure_id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    user_id bigint,
    address text NOT NULL,
    known_device boolean NOT NULL
);

ALTER TABLE public.sign_in_failure ALTER COLUMN failure_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.sign_in_failure_failure_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.sign_in_ticket (
    ticket_hash bytea NOT NULL,
    user_id bigint NOT NULL,
    network text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    identity_id bigint,
    provider_session text
);

CREATE UNLOGGED TABLE public.sign_in_try (
    name bytea NOT NULL,
    tries integer NOT NULL,
    last_at timestamp with time zone NOT NULL
);

CREATE TABLE public.special_day (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    day date NOT NULL,
    meals jsonb NOT NULL,
    reason text NOT NULL
);

CREATE TABLE public.statement (
    cycle_date date NOT NULL,
    agency_id bigint NOT NULL,
    file_name text NOT NULL,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    format text NOT NULL,
    document text NOT NULL,
    CONSTRAINT ck_statement_document CHECK ((document = ANY (ARRAY['statement'::text, 'net'::text, 'bilateral'::text, 'public'::text]))),
    CONSTRAINT ck_statement_format CHECK ((format = ANY (ARRAY['csv'::text, 'xlsx'::text, 'pdf'::text])))
);

CREATE TABLE public.subsidy_lapse (
    book integer NOT NULL,
    agency_id bigint NOT NULL,
    year integer NOT NULL,
    purses bigint NOT NULL,
    subsidy_fen bigint NOT NULL,
    lapsed_at timestamp with time zone NOT NULL
);

CREATE TABLE public.take_away_sale (
    book integer NOT NULL,
    business_date date NOT NULL,
    posting_id uuid NOT NULL,
    taken_fen bigint NOT NULL,
    CONSTRAINT ck_take_away_sale_taken CHECK ((taken_fen > 0))
);

CREATE TABLE public.tariff (
    book integer NOT NULL,
    canteen_id bigint NOT NULL,
    meal text NOT NULL,
    valid_from date NOT NULL,
    mode text NOT NULL,
    home_fen bigint,
    visitor_fen bigint,
    limit_fen bigint,
    CONSTRAINT ck_tariff_fixed CHECK (((mode = 'fixed'::text) = (home_fen IS NOT NULL))),
    CONSTRAINT ck_tariff_free CHECK (((mode = 'free'::text) = (limit_fen IS NOT NULL))),
    CONSTRAINT ck_tariff_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text]))),
    CONSTRAINT ck_tariff_mode CHECK ((mode = ANY (ARRAY['fixed'::text, 'free'::text])))
);

CREATE TABLE public.terminal (
    book integer NOT NULL,
    terminal_id bigint NOT NULL,
    canteen_id bigint NOT NULL,
    public_key bytea NOT NULL,
    epoch integer NOT NULL,
    state text NOT NULL,
    enrolled_at timestamp with time zone NOT NULL,
    kind text DEFAULT 'till'::text NOT NULL,
    revoked_at timestamp with time zone,
    previous_key bytea,
    key_since timestamp with time zone,
    name text,
    former_canteens bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    CONSTRAINT ck_terminal_kind CHECK ((kind = ANY (ARRAY['till'::text, 'scale'::text]))),
    CONSTRAINT ck_terminal_renewed CHECK (((previous_key IS NULL) = (key_since IS NULL))),
    CONSTRAINT ck_terminal_state CHECK ((state = ANY (ARRAY['active'::text, 'suspended'::text, 'revoked'::text])))
);

CREATE TABLE public.terminal_report (
    book integer NOT NULL,
    terminal_id bigint NOT NULL,
    seen_at timestamp with time zone,
    clock_ahead_s integer,
    block_list_version bigint,
    unknown_payments bigint,
    closed_at timestamp with time zone
);

CREATE TABLE public.terminal_session (
    book integer NOT NULL,
    session_id text NOT NULL,
    terminal_id bigint NOT NULL,
    epoch integer NOT NULL,
    ephemeral bytea NOT NULL,
    wrapped_key bytea NOT NULL,
    signed_in_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    protocol integer,
    software text,
    model text,
    serial text
);

CREATE TABLE public.till_shift (
    book integer NOT NULL,
    terminal_id bigint NOT NULL,
    epoch integer NOT NULL,
    first_sequence bigint NOT NULL,
    cashier text NOT NULL,
    drawer text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    canteen_id bigint
);

CREATE TABLE public.till_totals (
    book integer NOT NULL,
    terminal_id bigint NOT NULL,
    epoch integer NOT NULL,
    through_sequence bigint NOT NULL,
    reported_at timestamp with time zone NOT NULL,
    payments bigint NOT NULL,
    amount_fen bigint NOT NULL,
    unknown bigint NOT NULL,
    ledger_payments bigint NOT NULL,
    ledger_fen bigint NOT NULL
);

CREATE TABLE public.till_tries (
    book integer NOT NULL,
    terminal_id bigint NOT NULL,
    since timestamp with time zone NOT NULL,
    tries integer NOT NULL
);

CREATE TABLE public.used_challenge (
    challenge_hash bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.visit (
    book integer NOT NULL,
    visit_id bigint NOT NULL,
    holder_id bigint NOT NULL,
    host_agency_id bigint NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    working_meal uuid,
    CONSTRAINT ck_visit_days CHECK ((first_day <= last_day))
);

CREATE TABLE public.visit_request (
    book integer NOT NULL,
    number bigint NOT NULL,
    request_id uuid NOT NULL,
    holder_id bigint NOT NULL,
    host_agency_id bigint NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    reason text NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone,
    decided_by text,
    answer text,
    visit_id bigint,
    CONSTRAINT ck_visit_request_confirmed CHECK (((state = 'confirmed'::text) = (visit_id IS NOT NULL))),
    CONSTRAINT ck_visit_request_days CHECK ((first_day <= last_day)),
    CONSTRAINT ck_visit_request_decided CHECK (((state = 'waiting'::text) = (decided_at IS NULL))),
    CONSTRAINT ck_visit_request_state CHECK ((state = ANY (ARRAY['waiting'::text, 'confirmed'::text, 'refused'::text, 'withdrawn'::text])))
);

CREATE TABLE public.weigh_in (
    book integer NOT NULL,
    weigh_in_id uuid NOT NULL,
    canteen_id bigint NOT NULL,
    business_date date NOT NULL,
    meal text NOT NULL,
    stream text NOT NULL,
    weight_g bigint,
    recorded_by text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    dish text,
    source text DEFAULT 'person'::text NOT NULL,
    implausible boolean DEFAULT false NOT NULL,
    replaces uuid,
    food text,
    cause text,
    CONSTRAINT ck_weigh_in_cause CHECK ((cause = ANY (ARRAY['over_production'::text, 'spoilage'::text, 'trimming'::text, 'plate'::text]))),
    CONSTRAINT ck_weigh_in_meal CHECK ((meal = ANY (ARRAY['breakfast'::text, 'lunch'::text, 'dinner'::text]))),
    CONSTRAINT ck_weigh_in_source CHECK ((source = ANY (ARRAY['person'::text, 'file'::text, 'scale'::text]))),
    CONSTRAINT ck_weigh_in_stream CHECK ((stream = ANY (ARRAY['preparation'::text, 'unserved'::text, 'plate'::text, 'inedible'::text, 'prepared'::text]))),
    CONSTRAINT ck_weigh_in_weight CHECK (COALESCE((weight_g >= 0), (replaces IS NOT NULL)))
);

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE public.console_user
    ADD CONSTRAINT ck_console_user_agency CHECK (((agency_id IS NOT NULL) OR (role <> ALL (ARRAY['agency_admin'::text, 'agency_finance'::text, 'canteen_manager'::text])))) NOT VALID;

ALTER TABLE ONLY public.account_day
    ADD CONSTRAINT pk_account_day PRIMARY KEY (book, account_id, business_date);

ALTER TABLE ONLY public.agency
    ADD CONSTRAINT pk_agency PRIMARY KEY (book, agency_id);

ALTER TABLE ONLY public.appeal
    ADD CONSTRAINT pk_appeal PRIMARY KEY (book, appeal_id);

ALTER TABLE ONLY public.approval
    ADD CONSTRAINT pk_approval PRIMARY KEY (approval_id);

ALTER TABLE ONLY public.attendance
    ADD CONSTRAINT pk_attendance PRIMARY KEY (book, canteen_id, business_date);

ALTER TABLE ONLY public.audit_entry
    ADD CONSTRAINT pk_audit_entry PRIMARY KEY (entry);

ALTER TABLE ONLY public.bank_account_version
    ADD CONSTRAINT pk_bank_account_version PRIMARY KEY (agency_id, valid_from);

ALTER TABLE ONLY public.bank_entry
    ADD CONSTRAINT pk_bank_entry PRIMARY KEY (entry, occurrence);

ALTER TABLE ONLY public.bank_entry_resolution
    ADD CONSTRAINT pk_bank_entry_resolution PRIMARY KEY (entry, occurrence, part);

ALTER TABLE ONLY public.block_entry
    ADD CONSTRAINT pk_block_entry PRIMARY KEY (version);

ALTER TABLE ONLY public.book
    ADD CONSTRAINT pk_book PRIMARY KEY (book);

ALTER TABLE ONLY public.book_day
    ADD CONSTRAINT pk_book_day PRIMARY KEY (book);

ALTER TABLE ONLY public.booked_meal
    ADD CONSTRAINT pk_booked_meal PRIMARY KEY (book, canteen_id, business_date, meal);

ALTER TABLE ONLY public.booking
    ADD CONSTRAINT pk_booking PRIMARY KEY (book, canteen_id, business_date, meal);

ALTER TABLE ONLY public.booking_terms
    ADD CONSTRAINT pk_booking_terms PRIMARY KEY (book, canteen_id, meal);

ALTER TABLE ONLY public.bulletin
    ADD CONSTRAINT pk_bulletin PRIMARY KEY (bulletin_id);

ALTER TABLE ONLY public.canteen
    ADD CONSTRAINT pk_canteen PRIMARY KEY (book, canteen_id);

ALTER TABLE ONLY public.case_step
    ADD CONSTRAINT pk_case_step PRIMARY KEY (book, case_id, number);

ALTER TABLE ONLY public.cashier
    ADD CONSTRAINT pk_cashier PRIMARY KEY (book, cashier_id);

ALTER TABLE ONLY public.cashier_sign_on
    ADD CONSTRAINT pk_cashier_sign_on PRIMARY KEY (book, terminal_id, epoch, first_sequence);

ALTER TABLE ONLY public.cashier_tries
    ADD CONSTRAINT pk_cashier_tries PRIMARY KEY (book, cashier_id, terminal_id);

ALTER TABLE ONLY public.class_rules
    ADD CONSTRAINT pk_class_rules PRIMARY KEY (book, person_class, valid_from);

ALTER TABLE ONLY public.client_secret
    ADD CONSTRAINT pk_client_secret PRIMARY KEY (secret_hash);

ALTER TABLE ONLY public.closed_day
    ADD CONSTRAINT pk_closed_day PRIMARY KEY (book, business_date);

ALTER TABLE ONLY public.code_reference
    ADD CONSTRAINT pk_code_reference PRIMARY KEY (book, reference);

ALTER TABLE ONLY public.consent_change
    ADD CONSTRAINT pk_consent_change PRIMARY KEY (book, change_id);

ALTER TABLE ONLY public.console_session
    ADD CONSTRAINT pk_console_session PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.console_user
    ADD CONSTRAINT pk_console_user PRIMARY KEY (user_id);

ALTER TABLE ONLY public.counter_display
    ADD CONSTRAINT pk_counter_display PRIMARY KEY (book, display_id);

ALTER TABLE ONLY public.cover_day
    ADD CONSTRAINT pk_cover_day PRIMARY KEY (book, canteen_id, business_date, meal);

ALTER TABLE ONLY public.cover_forecast
    ADD CONSTRAINT pk_cover_forecast PRIMARY KEY (book, canteen_id, business_date, meal);

ALTER TABLE ONLY public.credential
    ADD CONSTRAINT pk_credential PRIMARY KEY (book, credential_id);

ALTER TABLE ONLY public.cycle
    ADD CONSTRAINT pk_cycle PRIMARY KEY (business_date);

ALTER TABLE ONLY public.cycle_account
    ADD CONSTRAINT pk_cycle_account PRIMARY KEY (cycle_date, agency_id);

ALTER TABLE ONLY public.cycle_proof
    ADD CONSTRAINT pk_cycle_proof PRIMARY KEY (cycle_date);

ALTER TABLE ONLY public.demo_city
    ADD CONSTRAINT pk_demo_city PRIMARY KEY (loaded_at);

ALTER TABLE ONLY public.difference
    ADD CONSTRAINT pk_difference PRIMARY KEY (kind, subject);

ALTER TABLE ONLY public.dish
    ADD CONSTRAINT pk_dish PRIMARY KEY (book, canteen_id, business_date, meal, version, line);

ALTER TABLE ONLY public.dispute
    ADD CONSTRAINT pk_dispute PRIMARY KEY (dispute_id);

ALTER TABLE ONLY public.dispute_file
    ADD CONSTRAINT pk_dispute_file PRIMARY KEY (dispute_id, number);

ALTER TABLE ONLY public.enrolment
    ADD CONSTRAINT pk_enrolment PRIMARY KEY (book, enrolment_id);

ALTER TABLE ONLY public.evaluation_quarter
    ADD CONSTRAINT pk_evaluation_quarter PRIMARY KEY (quarter);

ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT pk_evidence PRIMARY KEY (book, canteen_id, quarter, code, scored_at);

ALTER TABLE ONLY public.food_factor
    ADD CONSTRAINT pk_food_factor PRIMARY KEY (food, valid_from);

ALTER TABLE ONLY public.former_name
    ADD CONSTRAINT pk_former_name PRIMARY KEY (noun, number, until);

ALTER TABLE ONLY public.gateway_order
    ADD CONSTRAINT pk_gateway_order PRIMARY KEY (book, holder_id, order_id);

ALTER TABLE ONLY public.grant_file
    ADD CONSTRAINT pk_grant_file PRIMARY KEY (book, agency_id, sha256, batch);

ALTER TABLE ONLY public.holder_session
    ADD CONSTRAINT pk_holder_session PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.identity
    ADD CONSTRAINT pk_identity PRIMARY KEY (identity_id);

ALTER TABLE ONLY public.inspection_visit
    ADD CONSTRAINT pk_inspection_visit PRIMARY KEY (book, visit_id);

ALTER TABLE ONLY public.kitchen
    ADD CONSTRAINT pk_kitchen PRIMARY KEY (book, canteen_id);

ALTER TABLE ONLY public.kitchen_declaration
    ADD CONSTRAINT pk_kitchen_declaration PRIMARY KEY (book, canteen_id, valid_from);

ALTER TABLE ONLY public.kitchen_destinations
    ADD CONSTRAINT pk_kitchen_destinations PRIMARY KEY (book, canteen_id, valid_from);

ALTER TABLE ONLY public.kitchen_file
    ADD CONSTRAINT pk_kitchen_file PRIMARY KEY (book, file_id);

ALTER TABLE ONLY public.kitchen_flag
    ADD CONSTRAINT pk_kitchen_flag PRIMARY KEY (book, flag_id);

ALTER TABLE ONLY public.kitchen_month
    ADD CONSTRAINT pk_kitchen_month PRIMARY KEY (book, canteen_id, month, meal);

ALTER TABLE ONLY public.maker_day
    ADD CONSTRAINT pk_maker_day PRIMARY KEY (login, day);

ALTER TABLE ONLY public.material_entry
    ADD CONSTRAINT pk_material_entry PRIMARY KEY (book, entry_id);

ALTER TABLE ONLY public.meal_booking
    ADD CONSTRAINT pk_meal_booking PRIMARY KEY (book, booking_id);

ALTER TABLE ONLY public.meal_period
    ADD CONSTRAINT pk_meal_period PRIMARY KEY (book, canteen_id, meal, weekdays);

ALTER TABLE ONLY public.menu
    ADD CONSTRAINT pk_menu PRIMARY KEY (book, canteen_id, business_date, meal);

ALTER TABLE ONLY public.obligation
    ADD CONSTRAINT pk_obligation PRIMARY KEY (cycle_date, book, issuer_id, canteen_id, meal, channel, line);

ALTER TABLE ONLY public.official
    ADD CONSTRAINT pk_official PRIMARY KEY (book, holder_id);

ALTER TABLE ONLY public.passkey
    ADD CONSTRAINT pk_passkey PRIMARY KEY (passkey_id);

ALTER TABLE ONLY public.payment_file
    ADD CONSTRAINT pk_payment_file PRIMARY KEY (cycle_date, number);

ALTER TABLE ONLY public.payment_probe
    ADD CONSTRAINT pk_payment_probe PRIMARY KEY (worker);

ALTER TABLE ONLY public.person_class
    ADD CONSTRAINT pk_person_class PRIMARY KEY (code);

ALTER TABLE ONLY public.phone_activation
    ADD CONSTRAINT pk_phone_activation PRIMARY KEY (book, activation_id);

ALTER TABLE ONLY public."position"
    ADD CONSTRAINT pk_position PRIMARY KEY (cycle_date, agency_id);

ALTER TABLE ONLY public.purse
    ADD CONSTRAINT pk_purse PRIMARY KEY (book, holder_id, kind);

ALTER TABLE ONLY public.quarter_result
    ADD CONSTRAINT pk_quarter_result PRIMARY KEY (book, canteen_id, quarter, revision);

ALTER TABLE ONLY public.reception_month
    ADD CONSTRAINT pk_reception_month PRIMARY KEY (agency_id, month, version);

ALTER TABLE ONLY public.recovery_code
    ADD CONSTRAINT pk_recovery_code PRIMARY KEY (user_id, code_hash);

ALTER TABLE ONLY public.rectification_case
    ADD CONSTRAINT pk_rectification_case PRIMARY KEY (book, case_id);

ALTER TABLE ONLY public.region_agreement
    ADD CONSTRAINT pk_region_agreement PRIMARY KEY (book, guest_book, valid_from);

ALTER TABLE ONLY public.region_rules
    ADD CONSTRAINT pk_region_rules PRIMARY KEY (book, valid_from);

ALTER TABLE ONLY public.report_out
    ADD CONSTRAINT pk_report_out PRIMARY KEY (book, report_id);

ALTER TABLE ONLY public.request
    ADD CONSTRAINT pk_request PRIMARY KEY (book, terminal_id, epoch, sequence);

ALTER TABLE ONLY public.reweigh_seed
    ADD CONSTRAINT pk_reweigh_seed PRIMARY KEY (quarter);

ALTER TABLE ONLY public.reweighed_stream
    ADD CONSTRAINT pk_reweighed_stream PRIMARY KEY (book, canteen_id, business_date, meal, stream);

ALTER TABLE ONLY public.roster
    ADD CONSTRAINT pk_roster PRIMARY KEY (roster_id);

ALTER TABLE ONLY public.roster_change
    ADD CONSTRAINT pk_roster_change PRIMARY KEY (book, holder_id, roster_id);

ALTER TABLE ONLY public.sale_line
    ADD CONSTRAINT pk_sale_line PRIMARY KEY (book, posting_id, line);

ALTER TABLE ONLY public.sampling_plan
    ADD CONSTRAINT pk_sampling_plan PRIMARY KEY (year);

ALTER TABLE ONLY public.scale_calibration
    ADD CONSTRAINT pk_scale_calibration PRIMARY KEY (book, calibration_id);

ALTER TABLE ONLY public.second_factor
    ADD CONSTRAINT pk_second_factor PRIMARY KEY (user_id);

ALTER TABLE ONLY public.self_evaluation
    ADD CONSTRAINT pk_self_evaluation PRIMARY KEY (book, canteen_id, quarter);

ALTER TABLE ONLY public.sheet
    ADD CONSTRAINT pk_sheet PRIMARY KEY (book, sheet_id);

ALTER TABLE ONLY public.sheet_payment
    ADD CONSTRAINT pk_sheet_payment PRIMARY KEY (book, terminal_id, epoch, sequence, digest);

ALTER TABLE ONLY public.shift_closing
    ADD CONSTRAINT pk_shift_closing PRIMARY KEY (book, terminal_id, epoch, first_sequence, number);

ALTER TABLE ONLY public.sign_in_failure
    ADD CONSTRAINT pk_sign_in_failure PRIMARY KEY (failure_id);

ALTER TABLE ONLY public.sign_in_ticket
    ADD CONSTRAINT pk_sign_in_ticket PRIMARY KEY (ticket_hash);

ALTER TABLE ONLY public.sign_in_try
    ADD CONSTRAINT pk_sign_in_try PRIMARY KEY (name);

ALTER TABLE ONLY public.special_day
    ADD CONSTRAINT pk_special_day PRIMARY KEY (book, canteen_id, day);

ALTER TABLE ONLY public.statement
    ADD CONSTRAINT pk_statement PRIMARY KEY (cycle_date, document, agency_id, format);

ALTER TABLE ONLY public.subsidy_lapse
    ADD CONSTRAINT pk_subsidy_lapse PRIMARY KEY (book, agency_id, year);

ALTER TABLE ONLY public.take_away_sale
    ADD CONSTRAINT pk_take_away_sale PRIMARY KEY (book, business_date, posting_id);

ALTER TABLE ONLY public.tariff
    ADD CONSTRAINT pk_tariff PRIMARY KEY (book, canteen_id, meal, valid_from);

ALTER TABLE ONLY public.terminal
    ADD CONSTRAINT pk_terminal PRIMARY KEY (book, terminal_id);

ALTER TABLE ONLY public.terminal_report
    ADD CONSTRAINT pk_terminal_report PRIMARY KEY (book, terminal_id);

ALTER TABLE ONLY public.terminal_session
    ADD CONSTRAINT pk_terminal_session PRIMARY KEY (book, session_id);

ALTER TABLE ONLY public.till_shift
    ADD CONSTRAINT pk_till_shift PRIMARY KEY (book, terminal_id, epoch, first_sequence);

ALTER TABLE ONLY public.till_totals
    ADD CONSTRAINT pk_till_totals PRIMARY KEY (book, terminal_id, epoch);

ALTER TABLE ONLY public.till_tries
    ADD CONSTRAINT pk_till_tries PRIMARY KEY (book, terminal_id);

ALTER TABLE ONLY public.transfer
    ADD CONSTRAINT pk_transfer PRIMARY KEY (book, posting_id, part);

ALTER TABLE ONLY public.used_challenge
    ADD CONSTRAINT pk_used_challenge PRIMARY KEY (challenge_hash);

ALTER TABLE ONLY public.visit
    ADD CONSTRAINT pk_visit PRIMARY KEY (book, visit_id);

ALTER TABLE ONLY public.visit_request
    ADD CONSTRAINT pk_visit_request PRIMARY KEY (book, number);

ALTER TABLE ONLY public.waste_meal
    ADD CONSTRAINT pk_waste_meal PRIMARY KEY (book, canteen_id, business_date, meal);

ALTER TABLE ONLY public.weigh_in
    ADD CONSTRAINT pk_weigh_in PRIMARY KEY (book, weigh_in_id);

ALTER TABLE ONLY public.console_session
    ADD CONSTRAINT uq_console_session_number UNIQUE (number);

ALTER TABLE ONLY public.console_user
    ADD CONSTRAINT uq_console_user_login UNIQUE (login);

ALTER TABLE ONLY public.cycle_proof
    ADD CONSTRAINT uq_cycle_proof_log_index UNIQUE (log_index);

ALTER TABLE ONLY public.holder_session
    ADD CONSTRAINT uq_holder_session_number UNIQUE (number);

ALTER TABLE ONLY public.inspection_visit
    ADD CONSTRAINT uq_inspection_visit_book_canteen_id_visited_on_inspector UNIQUE (book, canteen_id, visited_on, inspector);

ALTER TABLE ONLY public.inspection_visit
    ADD CONSTRAINT uq_inspection_visit_book_request_id UNIQUE (book, request_id);

ALTER TABLE ONLY public.kitchen_flag
    ADD CONSTRAINT uq_kitchen_flag_book_canteen_id_rule_first_day_meal_stream UNIQUE (book, canteen_id, rule, first_day, meal, stream);

ALTER TABLE ONLY public.passkey
    ADD CONSTRAINT uq_passkey_credential_id UNIQUE (credential_id);

CREATE INDEX ix_approval_approved ON public.approval USING btree (kind, digest) WHERE (state = 'approved'::text);

CREATE INDEX ix_audit_entry_subject ON public.audit_entry USING btree (subject);

CREATE INDEX ix_bank_entry_position ON public.bank_entry USING btree (cycle_date, agency_id);

CREATE INDEX ix_bank_entry_resolution_position ON public.bank_entry_resolution USING btree (cycle_date, agency_id);

CREATE INDEX ix_cashier_agency ON public.cashier USING btree (agency_id, cashier_id);

CREATE INDEX ix_cashier_sign_on_at ON public.cashier_sign_on USING btree (signed_on_at, book, terminal_id, epoch, first_sequence);

CREATE INDEX ix_cashier_sign_on_cashier ON public.cashier_sign_on USING btree (cashier_id, signed_on_at);

CREATE INDEX ix_client_secret_user_id ON public.client_secret USING btree (user_id);

CREATE INDEX ix_consent_change_holder ON public.consent_change USING btree (book, holder_id, purpose);

CREATE INDEX ix_console_session_user ON public.console_session USING btree (user_id);

CREATE INDEX ix_cover_day_date ON public.cover_day USING btree (business_date);

CREATE INDEX ix_cover_forecast_date ON public.cover_forecast USING btree (business_date);

CREATE INDEX ix_credential_holder ON public.credential USING btree (book, holder_id);

CREATE INDEX ix_credential_issued ON public.credential USING btree (issued_at, credential_id);

CREATE INDEX ix_credential_number ON public.credential USING btree (credential_id);

CREATE INDEX ix_dish_date ON public.dish USING btree (business_date, canteen_id, meal, line);

CREATE INDEX ix_gateway_order_open ON public.gateway_order USING btree (book, created_at) WHERE (state = 'open'::text);

CREATE INDEX ix_holder_session_holder_id ON public.holder_session USING btree (holder_id);

CREATE INDEX ix_holder_session_identity_id ON public.holder_session USING btree (identity_id);

CREATE INDEX ix_identity_holder_id ON public.identity USING btree (holder_id);

CREATE INDEX ix_identity_user_id ON public.identity USING btree (user_id);

CREATE INDEX ix_inspection_visit_visited_on ON public.inspection_visit USING btree (visited_on);

CREATE INDEX ix_kitchen_file_subject ON public.kitchen_file USING btree (subject);

CREATE INDEX ix_kitchen_flag_last_day ON public.kitchen_flag USING btree (last_day);

CREATE INDEX ix_kitchen_month_month ON public.kitchen_month USING btree (month);

CREATE INDEX ix_material_entry_canteen ON public.material_entry USING btree (book, canteen_id, on_day);

CREATE INDEX ix_material_entry_day ON public.material_entry USING btree (on_day, book, entry_id);

CREATE INDEX ix_meal_booking_canteen ON public.meal_booking USING btree (canteen_id, business_date, meal);

CREATE INDEX ix_meal_booking_date ON public.meal_booking USING btree (business_date, book, booking_id);

CREATE INDEX ix_meal_booking_holder ON public.meal_booking USING btree (book, holder_id, business_date, meal, booking_id);

CREATE INDEX ix_obligation_acquirer ON public.obligation USING btree (cycle_date, acquirer_id);

CREATE INDEX ix_obligation_working_meal ON public.obligation USING btree (acquirer_id, cycle_date) WHERE (line = ANY (ARRAY['working_meal'::text, 'working_meal_correction'::text]));

CREATE INDEX ix_official_agency ON public.official USING btree (agency_id, holder_id);

CREATE INDEX ix_official_number ON public.official USING btree (holder_id);

CREATE INDEX ix_passkey_user_id ON public.passkey USING btree (user_id);

CREATE INDEX ix_phone_activation_identity ON public.phone_activation USING btree (book, holder_id) WHERE (identity_id IS NOT NULL);

CREATE INDEX ix_phone_activation_open ON public.phone_activation USING btree (book, holder_id) WHERE (tries_left > 0);

CREATE INDEX ix_position_agency ON public."position" USING btree (agency_id, cycle_date);

CREATE INDEX ix_quarter_result_quarter ON public.quarter_result USING btree (quarter);

CREATE INDEX ix_reception_month_month ON public.reception_month USING btree (month, agency_id, version);

CREATE INDEX ix_rectification_case_state ON public.rectification_case USING btree (state, deadline);

CREATE INDEX ix_report_out_canteen ON public.report_out USING btree (canteen_id, last_day);

CREATE INDEX ix_report_out_holder ON public.report_out USING btree (book, holder_id);

CREATE INDEX ix_roster_agency ON public.roster USING btree (agency_id, roster_id);

CREATE INDEX ix_roster_waiting ON public.roster USING btree (roster_id) WHERE (state = ANY (ARRAY['received'::text, 'confirmed'::text]));

CREATE INDEX ix_shift_closing_closed ON public.shift_closing USING btree (closed_at, book, terminal_id, epoch, first_sequence, number);

CREATE INDEX ix_sign_in_failure_user ON public.sign_in_failure USING btree (user_id, at);

CREATE INDEX ix_sign_in_try_last ON public.sign_in_try USING btree (last_at);

CREATE UNIQUE INDEX ix_terminal_session_id ON public.terminal_session USING btree (session_id);

CREATE INDEX ix_terminal_session_last ON public.terminal_session USING btree (book, terminal_id, signed_in_at);

CREATE INDEX ix_till_shift_opened ON public.till_shift USING btree (opened_at, book, terminal_id, epoch, first_sequence);

CREATE INDEX ix_transfer_day ON public.transfer USING btree (book, business_date, holder_id);

CREATE INDEX ix_transfer_given_back ON public.transfer USING btree (book, business_date) WHERE (reverses IS NOT NULL);

CREATE INDEX ix_transfer_grant ON public.transfer USING btree (book, posting_id, part) WHERE (kind = 'grant'::text);

CREATE INDEX ix_transfer_refund ON public.transfer USING btree (book, posting_id, part) WHERE (kind = 'refund'::text);

CREATE INDEX ix_transfer_reverses ON public.transfer USING btree (book, reverses) WHERE (reverses IS NOT NULL);

CREATE INDEX ix_transfer_sheet ON public.transfer USING btree (book, posting_id) WHERE ((channel = 'sheet'::text) AND (part = 0) AND (reverses IS NULL));

CREATE INDEX ix_transfer_top_up ON public.transfer USING btree (book, posting_id, part) WHERE (kind = 'top_up'::text);

CREATE INDEX ix_visit_first_day ON public.visit USING btree (first_day, visit_id);

CREATE INDEX ix_visit_holder ON public.visit USING btree (book, holder_id, host_agency_id);

CREATE INDEX ix_visit_last_day ON public.visit USING btree (last_day, visit_id);

CREATE INDEX ix_visit_number ON public.visit USING btree (visit_id);

CREATE INDEX ix_visit_request_first_day ON public.visit_request USING btree (first_day, number);

CREATE INDEX ix_visit_request_made ON public.visit_request USING btree (made_at, number);

CREATE INDEX ix_visit_request_number ON public.visit_request USING btree (number);

CREATE INDEX ix_waste_meal_date ON public.waste_meal USING btree (business_date);

CREATE INDEX ix_weigh_in_canteen ON public.weigh_in USING btree (book, canteen_id, business_date);

CREATE INDEX ix_weigh_in_date ON public.weigh_in USING btree (business_date, book, weigh_in_id);

CREATE UNIQUE INDEX uq_appeal_open ON public.appeal USING btree (book, canteen_id, quarter) WHERE (state = 'open'::text);

CREATE UNIQUE INDEX uq_approval_pending ON public.approval USING btree (kind, digest) WHERE (state = 'pending'::text);

CREATE UNIQUE INDEX uq_bulletin_serial ON public.bulletin USING btree (issuer_code, year, serial) WHERE (serial IS NOT NULL);

CREATE UNIQUE INDEX uq_cashier_id ON public.cashier USING btree (cashier_id);

CREATE UNIQUE INDEX uq_cashier_number ON public.cashier USING btree (book, agency_id, number) WHERE (state <> 'ended'::text);

CREATE UNIQUE INDEX uq_code_reference ON public.code_reference USING btree (reference);

CREATE UNIQUE INDEX uq_code_reference_certificate ON public.code_reference USING btree (book, credential_id, expires_at);

CREATE UNIQUE INDEX uq_counter_display_token ON public.counter_display USING btree (token_hash);

CREATE UNIQUE INDEX uq_dispute_standing ON public.dispute USING btree (posting_id) WHERE (state = ANY (ARRAY['open'::text, 'answered'::text, 'accepted'::text]));

CREATE UNIQUE INDEX uq_gateway_order_number ON public.gateway_order USING btree (book, number);

CREATE UNIQUE INDEX uq_identity_holder_subject ON public.identity USING btree (provider, subject) WHERE ((ended_at IS NULL) AND (confirmed_at IS NOT NULL) AND (holder_id IS NOT NULL));

CREATE UNIQUE INDEX uq_identity_user_subject ON public.identity USING btree (provider, subject) WHERE ((ended_at IS NULL) AND (confirmed_at IS NOT NULL) AND (user_id IS NOT NULL));

CREATE UNIQUE INDEX uq_material_entry_replaces ON public.material_entry USING btree (book, replaces) WHERE (replaces IS NOT NULL);

CREATE UNIQUE INDEX uq_meal_booking_meal ON public.meal_booking USING btree (book, holder_id, business_date, meal) WHERE (state = 'booked'::text);

CREATE UNIQUE INDEX uq_official_closure ON public.official USING btree (book, closure) WHERE (closure IS NOT NULL);

CREATE UNIQUE INDEX uq_official_staff_number ON public.official USING btree (book, agency_id, staff_index) WHERE (state <> 'left'::text);

CREATE UNIQUE INDEX uq_purse_account ON public.purse USING btree (book, account_id);

CREATE UNIQUE INDEX uq_sheet_number ON public.sheet USING btree (sheet_id);

CREATE UNIQUE INDEX uq_terminal_session_ephemeral ON public.terminal_session USING btree (book, terminal_id, ephemeral);

CREATE UNIQUE INDEX uq_transfer_reversal ON public.transfer USING btree (book, reverses, part) WHERE (kind = 'reversal'::text);

CREATE UNIQUE INDEX uq_visit_request_id ON public.visit_request USING btree (book, holder_id, request_id);

CREATE UNIQUE INDEX uq_weigh_in_replaces ON public.weigh_in USING btree (book, replaces) WHERE (replaces IS NOT NULL);

ALTER TABLE ONLY public.agency
    ADD CONSTRAINT fk_agency_book FOREIGN KEY (book) REFERENCES public.book(book);

ALTER TABLE ONLY public.appeal
    ADD CONSTRAINT fk_appeal_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.attendance
    ADD CONSTRAINT fk_attendance_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.bank_entry
    ADD CONSTRAINT fk_bank_entry_cycle_date_agency_id FOREIGN KEY (cycle_date, agency_id) REFERENCES public."position"(cycle_date, agency_id);

ALTER TABLE ONLY public.bank_entry_resolution
    ADD CONSTRAINT fk_bank_entry_resolution_cycle_date_agency_id FOREIGN KEY (cycle_date, agency_id) REFERENCES public."position"(cycle_date, agency_id);

ALTER TABLE ONLY public.bank_entry_resolution
    ADD CONSTRAINT fk_bank_entry_resolution_entry_occurrence FOREIGN KEY (entry, occurrence) REFERENCES public.bank_entry(entry, occurrence);

ALTER TABLE ONLY public.book_day
    ADD CONSTRAINT fk_book_day_book FOREIGN KEY (book) REFERENCES public.book(book);

ALTER TABLE ONLY public.booked_meal
    ADD CONSTRAINT fk_booked_meal_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.booking
    ADD CONSTRAINT fk_booking_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.booking_terms
    ADD CONSTRAINT fk_booking_terms_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.canteen
    ADD CONSTRAINT fk_canteen_book_agency_id FOREIGN KEY (book, agency_id) REFERENCES public.agency(book, agency_id);

ALTER TABLE ONLY public.case_step
    ADD CONSTRAINT fk_case_step_book_case_id FOREIGN KEY (book, case_id) REFERENCES public.rectification_case(book, case_id);

ALTER TABLE ONLY public.cashier
    ADD CONSTRAINT fk_cashier_book_agency_id FOREIGN KEY (book, agency_id) REFERENCES public.agency(book, agency_id);

ALTER TABLE ONLY public.class_rules
    ADD CONSTRAINT fk_class_rules_book FOREIGN KEY (book) REFERENCES public.book(book);

ALTER TABLE ONLY public.client_secret
    ADD CONSTRAINT fk_client_secret_user_id FOREIGN KEY (user_id) REFERENCES public.console_user(user_id);

ALTER TABLE ONLY public.closed_day
    ADD CONSTRAINT fk_closed_day_book FOREIGN KEY (book) REFERENCES public.book(book);

ALTER TABLE ONLY public.console_session
    ADD CONSTRAINT fk_console_session_user_id FOREIGN KEY (user_id) REFERENCES public.console_user(user_id);

ALTER TABLE ONLY public.counter_display
    ADD CONSTRAINT fk_counter_display_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.cover_day
    ADD CONSTRAINT fk_cover_day_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.cover_forecast
    ADD CONSTRAINT fk_cover_forecast_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.cycle_account
    ADD CONSTRAINT fk_cycle_account_cycle_date FOREIGN KEY (cycle_date) REFERENCES public.cycle(business_date);

ALTER TABLE ONLY public.cycle_proof
    ADD CONSTRAINT fk_cycle_proof_cycle_date FOREIGN KEY (cycle_date) REFERENCES public.cycle(business_date);

ALTER TABLE ONLY public.dispute
    ADD CONSTRAINT fk_dispute_cycle_date FOREIGN KEY (cycle_date) REFERENCES public.cycle(business_date);

ALTER TABLE ONLY public.dispute_file
    ADD CONSTRAINT fk_dispute_file_dispute_id FOREIGN KEY (dispute_id) REFERENCES public.dispute(dispute_id);

ALTER TABLE ONLY public.enrolment
    ADD CONSTRAINT fk_enrolment_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT fk_evidence_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.grant_file
    ADD CONSTRAINT fk_grant_file_book_agency_id FOREIGN KEY (book, agency_id) REFERENCES public.agency(book, agency_id);

ALTER TABLE ONLY public.identity
    ADD CONSTRAINT fk_identity_user_id FOREIGN KEY (user_id) REFERENCES public.console_user(user_id);

ALTER TABLE ONLY public.inspection_visit
    ADD CONSTRAINT fk_inspection_visit_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.kitchen
    ADD CONSTRAINT fk_kitchen_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.kitchen_declaration
    ADD CONSTRAINT fk_kitchen_declaration_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.kitchen_destinations
    ADD CONSTRAINT fk_kitchen_destinations_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.kitchen_file
    ADD CONSTRAINT fk_kitchen_file_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.kitchen_flag
    ADD CONSTRAINT fk_kitchen_flag_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.kitchen_month
    ADD CONSTRAINT fk_kitchen_month_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.material_entry
    ADD CONSTRAINT fk_material_entry_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.meal_period
    ADD CONSTRAINT fk_meal_period_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.menu
    ADD CONSTRAINT fk_menu_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.obligation
    ADD CONSTRAINT fk_obligation_cycle_date FOREIGN KEY (cycle_date) REFERENCES public.cycle(business_date);

ALTER TABLE ONLY public.official
    ADD CONSTRAINT fk_official_book_agency_id FOREIGN KEY (book, agency_id) REFERENCES public.agency(book, agency_id);

ALTER TABLE ONLY public.passkey
    ADD CONSTRAINT fk_passkey_user_id FOREIGN KEY (user_id) REFERENCES public.console_user(user_id);

ALTER TABLE ONLY public.payment_file
    ADD CONSTRAINT fk_payment_file_cycle_date FOREIGN KEY (cycle_date) REFERENCES public.cycle(business_date);

ALTER TABLE ONLY public."position"
    ADD CONSTRAINT fk_position_cycle_date FOREIGN KEY (cycle_date) REFERENCES public.cycle(business_date);

ALTER TABLE ONLY public.quarter_result
    ADD CONSTRAINT fk_quarter_result_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.recovery_code
    ADD CONSTRAINT fk_recovery_code_user_id FOREIGN KEY (user_id) REFERENCES public.second_factor(user_id);

ALTER TABLE ONLY public.rectification_case
    ADD CONSTRAINT fk_rectification_case_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.region_agreement
    ADD CONSTRAINT fk_region_agreement_book FOREIGN KEY (book) REFERENCES public.book(book);

ALTER TABLE ONLY public.region_rules
    ADD CONSTRAINT fk_region_rules_book FOREIGN KEY (book) REFERENCES public.book(book);

ALTER TABLE ONLY public.reweighed_stream
    ADD CONSTRAINT fk_reweighed_stream_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.roster_change
    ADD CONSTRAINT fk_roster_change_roster_id FOREIGN KEY (roster_id) REFERENCES public.roster(roster_id);

ALTER TABLE ONLY public.scale_calibration
    ADD CONSTRAINT fk_scale_calibration_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.second_factor
    ADD CONSTRAINT fk_second_factor_user_id FOREIGN KEY (user_id) REFERENCES public.console_user(user_id);

ALTER TABLE ONLY public.self_evaluation
    ADD CONSTRAINT fk_self_evaluation_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.sheet
    ADD CONSTRAINT fk_sheet_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.sign_in_ticket
    ADD CONSTRAINT fk_sign_in_ticket_user_id FOREIGN KEY (user_id) REFERENCES public.console_user(user_id);

ALTER TABLE ONLY public.special_day
    ADD CONSTRAINT fk_special_day_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.statement
    ADD CONSTRAINT fk_statement_cycle_date FOREIGN KEY (cycle_date) REFERENCES public.cycle(business_date);

ALTER TABLE ONLY public.tariff
    ADD CONSTRAINT fk_tariff_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.terminal
    ADD CONSTRAINT fk_terminal_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.terminal_session
    ADD CONSTRAINT fk_terminal_session_book_terminal_id FOREIGN KEY (book, terminal_id) REFERENCES public.terminal(book, terminal_id);

ALTER TABLE ONLY public.waste_meal
    ADD CONSTRAINT fk_waste_meal_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);

ALTER TABLE ONLY public.weigh_in
    ADD CONSTRAINT fk_weigh_in_book_canteen_id FOREIGN KEY (book, canteen_id) REFERENCES public.canteen(book, canteen_id);
