-- name: meals
-- Meals of some canteens in a quarter: covers, grams by stream, marked streams, forecast, what was
-- booked by hand and by diners, and how many of them came.
SELECT m.canteen_id, m.business_date, m.meal, coalesce(m.covers, 0) AS covers, m.preparation_g, m.unserved_g,
       m.plate_g, m.inedible_g, m.prepared_g, m.implausible AS marked_streams, f.covers AS expected, f.cook_for,
       b.booked, b.came, d.booked AS diners_booked, d.came AS diners_came
FROM measured_meal m
LEFT JOIN cover_forecast f ON f.book = m.book AND f.canteen_id = m.canteen_id AND f.business_date = m.business_date
                          AND f.meal = m.meal
LEFT JOIN booking b ON b.book = m.book AND b.canteen_id = m.canteen_id AND b.business_date = m.business_date
                   AND b.meal = m.meal
LEFT JOIN booked_meal d ON d.book = m.book AND d.canteen_id = m.canteen_id AND d.business_date = m.business_date
                       AND d.meal = m.meal
WHERE m.canteen_id = ANY ($1) AND m.business_date BETWEEN $2 AND $3
ORDER BY m.canteen_id, m.business_date, m.meal;

-- name: cases
-- Cases that were due in a quarter ($2 to $3) and before $4, those of them whose accepted proof came in time, and
-- whether weights were falsified in it: a veto once the canteen has made its statement, or let it be due, and $5 days.
SELECT canteen_id, count(*) FILTER (WHERE decided) AS due, count(*) FILTER (WHERE decided AND in_time) AS in_time,
       coalesce(bool_or(falsified AND heard), false) AS falsified,
       coalesce(bool_or(falsified AND NOT heard), false) AS hearing
FROM (
    SELECT c.canteen_id,
           c.due_on BETWEEN $2 AND $3 AND (c.state = 'closed' OR c.state <> 'proved' AND c.due_on < $4) AS decided,
           c.state = 'closed' AND coalesce(local_date_of(p.proved_at), c.closed_on) <= c.due_on AS in_time,
           c.kind = 'falsified_weights' AND c.quarter = $2 AS falsified,
           greatest(c.due_on, c.opened_on + $5::integer) < $4 OR EXISTS (
               SELECT 1 FROM case_step s WHERE s.book = c.book AND s.case_id = c.case_id AND s.action = 'state'
           ) AS heard
    FROM rectification_case c
    LEFT JOIN LATERAL (
        SELECT max(s.done_at) AS proved_at FROM case_step s
        WHERE s.book = c.book AND s.case_id = c.case_id AND s.action = 'prove'
    ) p ON true
    WHERE c.canteen_id = ANY ($1) AND c.state <> 'withdrawn'
) c
GROUP BY canteen_id;

-- name: inspected
-- The last score of each indicator by an inspector in a quarter. What came after freezing counts with the accepted
-- appeal in whose time it came: with one that was rejected it has fallen.
SELECT DISTINCT ON (e.canteen_id, e.code) e.canteen_id, e.code, e.share
FROM evidence e LEFT JOIN evaluation_quarter q ON q.quarter = e.quarter
WHERE e.canteen_id = ANY ($1) AND e.quarter = $2 AND (
    q.frozen_at IS NULL OR e.scored_at <= q.frozen_at OR EXISTS (
        SELECT 1 FROM appeal a
        WHERE a.book = e.book AND a.canteen_id = e.canteen_id AND a.quarter = e.quarter AND a.state = 'accepted'
          AND a.codes ? e.code AND e.scored_at BETWEEN a.raised_at AND a.decided_at
    )
)
ORDER BY e.canteen_id, e.code, e.scored_at DESC;

-- name: self_scored
-- Agencies' own scores of a quarter, in percent by indicator, and the indicators that a file shows.
SELECT s.canteen_id, s.percents, (
           SELECT coalesce(array_agg(DISTINCT p.code), '{}') FROM jsonb_object_keys(s.percents) p(code)
           JOIN kitchen_file f ON f.subject = 'self-evaluation/' || s.quarter || '/' || s.canteen_id || '/' || p.code
       ) AS with_file
FROM self_evaluation s WHERE s.canteen_id = ANY ($1) AND s.quarter = $2;

-- name: reweighed
-- Streams of a quarter's meals that inspectors weighed again: grams recorded by the canteen, and grams found.
SELECT canteen_id, recorded_g, weight_g FROM reweighed_stream
WHERE canteen_id = ANY ($1) AND business_date BETWEEN $2 AND $3 AND weight_g IS NOT NULL;

-- name: appealed
-- Canteens of a quarter with accepted appeals that no result answers yet, what these named, and their result's number.
SELECT a.canteen_id, bool_or(a.veto) AS veto,
       array_remove(array_agg(DISTINCT c.code), NULL) AS codes,
       (SELECT 1 + max(r.revision) FROM quarter_result r
        WHERE r.book = a.book AND r.canteen_id = a.canteen_id AND r.quarter = a.quarter) AS revision
FROM appeal a LEFT JOIN LATERAL jsonb_array_elements_text(a.codes) c(code) ON true
WHERE a.quarter = $1 AND a.state = 'accepted' AND a.revision IS NULL
GROUP BY a.book, a.canteen_id, a.quarter;

-- name: note_appeal
-- Which revision answers an accepted appeal.
UPDATE appeal SET revision = $3 WHERE quarter = $1 AND canteen_id = $2 AND state = 'accepted' AND revision IS NULL;

-- name: keep_result
-- A canteen's result.
INSERT INTO quarter_result (book, canteen_id, quarter, revision, scheme, serving, operating, score, low, high, grade_zh,
                            grade_en, to_verify, vetoed, weekly_covers, points, weeks, made_at, known, reopened, draws)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
ON CONFLICT (book, canteen_id, quarter, revision) DO UPDATE SET
    scheme = excluded.scheme, serving = excluded.serving, operating = excluded.operating, score = excluded.score,
    low = excluded.low, high = excluded.high, grade_zh = excluded.grade_zh, grade_en = excluded.grade_en,
    to_verify = excluded.to_verify, vetoed = excluded.vetoed, weekly_covers = excluded.weekly_covers,
    points = excluded.points, weeks = excluded.weeks, made_at = excluded.made_at, known = excluded.known,
    reopened = excluded.reopened, draws = excluded.draws;

-- name: contenders
-- The last revision of every canteen's result of a quarter, for its rank.
SELECT DISTINCT ON (canteen_id) book, canteen_id, revision, scheme, serving, score, vetoed, weekly_covers, draws
FROM quarter_result WHERE quarter = $1 ORDER BY canteen_id, revision DESC;

-- name: keep_rank
-- The rank of a result.
UPDATE quarter_result SET rank = $5, rank_low = $6, rank_high = $7, peers = $8
WHERE book = $1 AND canteen_id = $2 AND quarter = $3 AND revision = $4;

-- name: standings
-- The last revision of every canteen's result of a quarter, without its points: by peer group, the best first.
SELECT r.canteen_id, r.book, r.revision, r.scheme, r.serving, r.operating, r.score, r.low, r.high, r.grade_zh,
       r.grade_en, r.to_verify, r.vetoed, r.weekly_covers, c.agency_id,
       name_on('canteen', r.canteen_id, ($1::date + interval '3 months')::date - 1, false, c.name_zh) AS name_zh,
       name_on('canteen', r.canteen_id, ($1::date + interval '3 months')::date - 1, true, c.name_en) AS name_en,
       r.rank, r.rank_low, r.rank_high, coalesce(r.peers, 0) AS peers
FROM (SELECT DISTINCT ON (canteen_id) * FROM quarter_result WHERE quarter = $1 ORDER BY canteen_id, revision DESC) r
JOIN canteen c ON c.book = r.book AND c.canteen_id = r.canteen_id
ORDER BY r.scheme, r.serving, r.rank NULLS LAST, r.vetoed, r.score DESC NULLS LAST, r.canteen_id;

-- name: results
-- The last results of some canteens in a quarter, and what they were computed from.
SELECT DISTINCT ON (canteen_id) canteen_id, revision, scheme, serving, operating, points, weeks, known, reopened
FROM quarter_result WHERE quarter = $1 AND canteen_id = ANY ($2) ORDER BY canteen_id, revision DESC;

-- name: frozen_weeks
-- The weeks behind the frozen results of some canteens in a quarter.
SELECT DISTINCT ON (r.canteen_id) r.canteen_id, r.weeks
FROM quarter_result r JOIN evaluation_quarter q ON q.quarter = r.quarter AND q.frozen_at IS NOT NULL
WHERE r.quarter = $1 AND r.canteen_id = ANY ($2) AND r.known IS NOT NULL ORDER BY r.canteen_id, r.revision DESC;

-- name: keep_schemes
-- The schemes that a quarter was evaluated by.
UPDATE evaluation_quarter SET schemes = $2 WHERE quarter = $1;

-- name: schemes
-- The same.
SELECT schemes FROM evaluation_quarter WHERE quarter = $1;
