-- Every machine's month, and its guard.
INSERT INTO offer_span (machine_id, span, type, quantity, reason, confidence, version, chance, fading, said_at)
SELECT s.machine_id, tstzrange(b + make_interval(secs => t.start_s + s.shift_s), b + make_interval(secs => t.end_s + s.shift_s)),
       t.type, 1, t.reason, t.confidence, 1, t.chance, t.fading, b
FROM bench_shift s JOIN bench_template t USING (template), (SELECT :begin::timestamptz AS b) AS begins
ORDER BY s.machine_id, t.number;

INSERT INTO statement (machine_id, version, start_at, end_at, issued_at, received_at, valid_until, open_1, open_2, open_3, open_4, open_5)
SELECT machine_id, 1, min(lower(span)), max(upper(span)), :begin, :begin, :begin::timestamptz + interval '30 days',
  coalesce(range_agg(span) FILTER (WHERE type = 'Available' AND confidence >= 1), '{}'),
  coalesce(range_agg(span) FILTER (WHERE type = 'Available' AND confidence >= 2), '{}'),
  coalesce(range_agg(span) FILTER (WHERE type = 'Available' AND confidence >= 3), '{}'),
  coalesce(range_agg(span) FILTER (WHERE type = 'Available' AND confidence >= 4), '{}'),
  coalesce(range_agg(span) FILTER (WHERE type = 'Available' AND confidence >= 5), '{}')
FROM offer_span GROUP BY machine_id;
SELECT ts_list(NULL, NULL, NULL);
