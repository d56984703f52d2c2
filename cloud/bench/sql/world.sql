-- Every machine's month.
INSERT INTO offer_span (machine_id, span, type, quantity, reason, confidence, version, chance, fading, said_at)
SELECT s.machine_id, tstzrange(b + make_interval(secs => t.start_s + s.shift_s), b + make_interval(secs => t.end_s + s.shift_s)),
       t.type, 1, t.reason, t.confidence, 1, t.chance, t.fading, b
FROM bench_shift s JOIN bench_template t USING (template), (SELECT :begin::timestamptz AS b) AS begins
ORDER BY s.machine_id, t.number;

SELECT ts_list(NULL, NULL, NULL);
