"""Some rows of every noun, of every agency: for lists, which show what there is, however it came to be.

Only for a database that is thrown away: the ledger does not hold afterwards.
"""

from typing import Any

import psycopg

SOME: dict[str, dict[str, Any]] = {
    "audit_entries": {"action": "register_visit"},
    "weigh_ins": {"until_day": "2019-12-31"},
    "materials": {"until_day": "2019-12-31"},
    "dishes": {"kind": "soup"},
}
"""Of lists that are long from the start, a part: what to ask for."""

ROWS = """
INSERT INTO transfer (book, posting_id, part, kind, debit_account, credit_account, amount_fen, business_date, posted_at,
                      holder_id, issuer_id, acquirer_id, canteen_id, meal, channel, terminal_id, epoch, sequence,
                      purchased_at, reverses)
SELECT o.book, gen_random_uuid(), p.part, k.kind,
       CASE k.kind WHEN 'top_up' THEN 1 ELSE o.cash_account END,
       CASE k.kind WHEN 'top_up' THEN o.cash_account ELSE 2 END,
       1500, date '2026-11-02', now(), o.holder_id, o.agency_id,
       CASE WHEN k.kind IN ('top_up', 'grant') THEN NULL ELSE c.agency_id END,
       CASE WHEN k.kind IN ('top_up', 'grant') THEN NULL ELSE c.canteen_id END, 'lunch', 'card', 7, 1, 1, now(),
       CASE WHEN k.kind IN ('refund', 'reversal') THEN gen_random_uuid() END
FROM (SELECT DISTINCT ON (agency_id) * FROM official WHERE state = 'active' ORDER BY agency_id, holder_id) o
CROSS JOIN (VALUES ('payment'), ('refund'), ('reversal'), ('top_up'), ('grant')) AS k(kind)
CROSS JOIN (VALUES (0), (1)) AS p(part)
JOIN LATERAL (SELECT * FROM canteen x WHERE x.agency_id <> o.agency_id
              ORDER BY (x.canteen_id + o.agency_id) % 7 LIMIT 1)
     c ON true;
INSERT INTO gateway_order (book, holder_id, order_id, number, amount_fen, state, created_at, expires_at)
SELECT DISTINCT ON (agency_id) book, holder_id, gen_random_uuid(), gen_random_uuid(), 500, 'open', now(), now()
FROM official;
INSERT INTO grant_file (book, agency_id, sha256, batch, granted_at, granted_by, again)
SELECT book, agency_id, md5(agency_id::text), n::text, now(), 'finance', '' FROM agency, generate_series(1, 2) n;
INSERT INTO region_agreement (book, guest_book, valid_from)
SELECT a.book, b.book, date '2031-01-01' FROM book a, book b WHERE a.book <> b.book;
INSERT INTO enrolment (book, enrolment_id, canteen_id, code_hash, created_by, expires_at, tries_left)
SELECT book, nextval('onecard_number'), canteen_id, '', 'centre', now(), 0 FROM canteen;
INSERT INTO roster (book, agency_id, roster_id, sha256, made_by, made_at, state, preview)
SELECT book, agency_id, nextval('onecard_number'), '', 'centre', now(), s.state,
       jsonb_build_object('joiners', 3, 'returning', 0, 'changed', 1, 'leavers', 2)
FROM agency, (VALUES ('applied'), ('refused')) AS s(state);
INSERT INTO sheet (book, sheet_id, canteen_id, version, code, made_by, made_at, revoked_at)
SELECT c.book, nextval('onecard_number'), c.canteen_id, 1, '', 'centre', now(), s.revoked_at
FROM canteen c, (VALUES (NULL), (now())) AS s(revoked_at);
INSERT INTO transfer (book, posting_id, part, kind, debit_account, credit_account, amount_fen, business_date, posted_at,
                      holder_id, issuer_id, acquirer_id, canteen_id, meal, channel, terminal_id, epoch, sequence,
                      purchased_at)
SELECT t.book, gen_random_uuid(), 0, 'payment', t.debit_account, t.credit_account, 1500, t.business_date, now(),
       t.holder_id, t.issuer_id, t.acquirer_id, t.canteen_id, 'lunch', 'sheet', t.holder_id, 1, 9000 + n, now()
FROM transfer t, generate_series(1, 2) n WHERE t.kind = 'payment' AND t.terminal_id = 7 AND t.part = 0;
INSERT INTO request (book, terminal_id, epoch, sequence, operation, digest, outcome, posting_id, cash_fen, subsidy_fen,
                     business_date, answered_at)
SELECT book, terminal_id, epoch, sequence, 'charge', '', 'approved', posting_id, 1500, 0, business_date, now()
FROM transfer WHERE channel = 'sheet' AND sequence > 9000;
INSERT INTO sheet_payment (book, terminal_id, epoch, sequence, digest, sheet_id, sheet_version, place, distance)
SELECT t.book, t.terminal_id, t.epoch, t.sequence, '', s.sheet_id, 1, 'near', '0-100'
FROM transfer t JOIN LATERAL (SELECT sheet_id FROM sheet WHERE canteen_id = t.canteen_id LIMIT 1) s ON true
WHERE t.channel = 'sheet' AND t.sequence > 9000;
INSERT INTO counter_display (book, display_id, canteen_id, name, token_hash, made_by, made_at)
SELECT c.book, nextval('onecard_number'), c.canteen_id, '1', sha256(format('%s/%s', c.canteen_id, n)::bytea), 'centre',
       now()
FROM canteen c, generate_series(1, 2) n;
INSERT INTO terminal (book, terminal_id, canteen_id, public_key, epoch, state, enrolled_at)
SELECT book, nextval('onecard_number'), canteen_id, '', 1, 'active', now() FROM canteen;
INSERT INTO terminal_session (book, session_id, terminal_id, epoch, ephemeral, wrapped_key, signed_in_at, expires_at,
                              ended_at, software)
SELECT book, format('%s/%s', terminal_id, n), terminal_id, 1, int8send(n), '', now() + n * interval '1 minute', now(),
       now(), format('till %s', n)
FROM terminal, generate_series(1, 2) n;
INSERT INTO till_shift (book, terminal_id, epoch, first_sequence, cashier, drawer, opened_at, received_at, canteen_id)
SELECT book, terminal_id, 1, n, '张三', '1', now() + n * interval '1 hour', now(), canteen_id
FROM terminal, generate_series(1, 2) n;
INSERT INTO cashier (book, cashier_id, agency_id, number, name_sealed, pin_sealed, made_at)
SELECT book, nextval('onecard_number'), agency_id, format('90000%s', n), '', '', now()
FROM agency, generate_series(1, 2) n;
INSERT INTO cashier_sign_on (book, terminal_id, epoch, first_sequence, cashier_id, canteen_id, may_void, signed_on_at,
                             ends_at)
SELECT DISTINCT ON (t.canteen_id, n) t.book, t.terminal_id, 1, n, c.cashier_id, t.canteen_id, true,
       now() + n * interval '1 hour', now()
FROM terminal t JOIN canteen k ON k.canteen_id = t.canteen_id JOIN cashier c ON c.agency_id = k.agency_id,
     generate_series(1, 2) n;
INSERT INTO shift_closing (book, terminal_id, epoch, first_sequence, number, last_sequence, closed_at, unknown,
       payments,
                           amount_fen, ledger_payments, ledger_fen, agrees, body, signature_base, signature, public_key,
                           received_at)
SELECT book, terminal_id, epoch, first_sequence, n, first_sequence, now(), 0, 1, 100, 1, 100, n = 2, '', '', '', '',
       now()
FROM till_shift, generate_series(1, 2) n;
INSERT INTO meal_booking (book, booking_id, holder_id, agency_id, canteen_id, host_id, business_date, meal, on_visit,
                          booked_at)
SELECT o.book, gen_random_uuid(), o.holder_id, o.agency_id, c.canteen_id, c.agency_id, date '2019-01-01' + n, 'lunch',
       false, now()
FROM (SELECT DISTINCT ON (agency_id) * FROM official ORDER BY agency_id, holder_id) o
JOIN canteen c ON c.agency_id = o.agency_id, generate_series(1, 2) n
ON CONFLICT DO NOTHING;
INSERT INTO report_out (book, report_id, holder_id, canteen_id, first_day, last_day, weekdays, meals, made_at)
SELECT o.book, gen_random_uuid(), o.holder_id, c.canteen_id, date '2019-01-01', date '2019-01-09', '5', '{dinner}',
       now()
FROM (SELECT DISTINCT ON (agency_id) * FROM official ORDER BY agency_id, holder_id) o
JOIN canteen c ON c.agency_id = o.agency_id, generate_series(1, 2) n;
INSERT INTO visit_request (book, number, request_id, holder_id, host_agency_id, first_day, last_day, reason, made_at)
SELECT o.book, nextval('onecard_number'), gen_random_uuid(), o.holder_id, a.agency_id, date '2019-01-01' + n,
       date '2019-01-09', '会议', now()
FROM (SELECT DISTINCT ON (agency_id) * FROM official ORDER BY agency_id, holder_id) o
JOIN agency a ON a.agency_id <> o.agency_id, generate_series(1, 2) n;
INSERT INTO cycle (business_date, state, closing_at)
SELECT date '2019-01-01' + n, 'published', now() FROM generate_series(1, 9) n;
INSERT INTO position (cycle_date, agency_id, receivable_fen, payable_fen, position_fen)
SELECT business_date, agency_id, 3, 2, 1 FROM cycle, agency WHERE business_date < date '2020-01-01';
INSERT INTO reception_month (agency_id, month, version, reception_fen, host_meals_fen, source, reported_by, reported_at)
SELECT agency_id, date '2018-01-01' + n * interval '1 month', 1, 3, 2, '=1+1', 'finance', now()
FROM agency, generate_series(1, 3) n;
INSERT INTO statement (cycle_date, agency_id, file_name, size, sha256, format, document)
SELECT cycle_date, agency_id, 'a.csv', 1, '', f.format, 'statement'
FROM position, (VALUES ('csv'), ('pdf')) AS f(format) WHERE cycle_date < date '2020-01-01';
INSERT INTO payment_file (cycle_date, number, digest, content, made_at)
SELECT business_date, n, '', '', now() FROM cycle, generate_series(1, 2) n WHERE business_date < date '2020-01-01';
INSERT INTO bank_entry (entry, occurrence, credit, amount_fen, booked_on, reference, verdict, cycle_date, agency_id,
                        taken_at)
SELECT format('entry %s %s', agency_id, cycle_date), n, true, 1, cycle_date, 'r', 'matched', cycle_date, agency_id,
       now()
FROM position, generate_series(1, 2) n WHERE cycle_date < date '2019-01-04';
INSERT INTO dispute (dispute_id, cycle_date, book, posting_id, raised_by_agency, other_agency, amount_fen, state, text,
                     raised_by, raised_at, answer_until)
SELECT nextval('onecard_number'), date '2019-01-02', a.book, gen_random_uuid(), a.agency_id, b.agency_id, 1, 'open',
       'x',
       'finance', now(), date '2019-01-09'
FROM agency a JOIN agency b ON b.agency_id > a.agency_id;
INSERT INTO difference (kind, subject, agency_id, amount_fen, cause, first_seen, last_seen)
SELECT k.kind, format('agency %s', agency_id), agency_id, 1, 'ledger_damaged', now(), now()
FROM agency, (VALUES ('float'), ('bank_leg')) AS k(kind);
INSERT INTO approval (approval_id, kind, agency_id, subject, body, digest, items, rule, params, reason, maker, made_at,
                      expires_at, state)
SELECT nextval('onecard_number'), 'top_up', agency_id, 'x', '{}', int8send(agency_id), 1,
       'clearing.file_needs_release', '{"payments": 1}', '', 'centre', now(), now() + interval '1 day', 'pending'
FROM agency;
INSERT INTO weigh_in (book, weigh_in_id, canteen_id, business_date, meal, stream, weight_g, recorded_by, recorded_at)
SELECT book, gen_random_uuid(), canteen_id, date '2019-01-01' + n, 'lunch', 'plate', 900, 'kitchen', now()
FROM canteen, generate_series(1, 2) n;
INSERT INTO material_entry (book, entry_id, canteen_id, kind, on_day, item, weight_g, cost_fen, source, recorded_by,
                            recorded_at)
SELECT book, gen_random_uuid(), canteen_id, 'purchase', date '2019-01-01' + n, 'rice', 900, 1, 'person', 'kitchen',
       now()
FROM canteen, generate_series(1, 2) n;
INSERT INTO rectification_case (book, canteen_id, case_id, quarter, kind, what, responsible, state, level, opened_on,
                                due_on, deadline)
SELECT book, canteen_id, nextval('onecard_number'), date '2019-01-01', 'finding', '=1+1', 'x', 'open', 0,
       date '2019-01-01', date '2019-02-01', date '2019-02-01'
FROM canteen;
INSERT INTO appeal (book, canteen_id, appeal_id, quarter, state, text, raised_by, raised_at)
SELECT book, canteen_id, nextval('onecard_number'), date '2019-01-01', 'open', 'x', 'kitchen', now() FROM canteen;
INSERT INTO inspection_visit (book, visit_id, canteen_id, visited_on, inspector, looked_at, filed_by, filed_at)
SELECT book, nextval('onecard_number'), canteen_id, date '2019-01-01', 'supervisor', 'x', 'supervisor',
       now() FROM canteen;
INSERT INTO quarter_result (book, canteen_id, quarter, revision, scheme, serving, operating, to_verify, vetoed,
                            weekly_covers, points, weeks, made_at)
SELECT book, canteen_id, date '2019-01-01', n, 'x', 'buffet', 'self_run', false, false, 1, '[]', '[]', now()
FROM canteen, generate_series(0, 1) n;
INSERT INTO kitchen_flag (book, flag_id, canteen_id, rule, first_day, last_day, meal, stream, figure, rows, state,
                          found_at)
SELECT book, nextval('onecard_number'), canteen_id, 'weight_outlier', date '2019-01-01', date '2019-01-01', '', '', 1,
       '[]', 'open', now()
FROM canteen;
INSERT INTO bulletin (bulletin_id, quarter, state, texts, found, written_by, drafted_at)
SELECT nextval('onecard_number'), date '2019-01-01' + 90 * n, 'draft', '{}', '{}', '[]', now()
FROM generate_series(1, 9) n;
"""


def insert_rows(url: str) -> None:
    """Insert them into the database at ``url``."""
    with psycopg.connect(url) as db:
        for statement in ROWS.split(";\n"):
            if statement.strip():
                db.execute(statement.encode())
