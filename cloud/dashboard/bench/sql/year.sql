-- A plant of fifty machines, of which mch_year has a whole year behind it: half a million changes of state, an offer and
-- bookings for each day. :now is the end of that year; what lies ahead are four weeks.
INSERT INTO enterprise VALUES ('ent_plant', 'A plant of fifty', :now), ('ent_guest', 'A guest', :now);
INSERT INTO site (id, enterprise_id, name, zone, latitude, longitude, created_at)
VALUES ('site_1', 'ent_plant', 'North hall', 'Europe/Berlin', 48.78, 9.18, :now);
INSERT INTO agent (id, enterprise_id, site_id, name, key_id, key, created_at, last_receipt_at)
VALUES ('agt_1', 'ent_plant', 'site_1', 'hall', 'k1', :key, :now, :now);
INSERT INTO machine (id, enterprise_id, site_id, agent_id, name, profile, manufacturer, model, created_at, last_receipt_at,
                     item_state, operation_mode, state_origin, state_since)
SELECT CASE n WHEN 0 THEN 'mch_year' ELSE 'mch_' || n END, 'ent_plant', 'site_1', 'agt_1', 'machine-' || n, 'machine-tool',
  'Maker ' || n % 9, 'M' || n % 4, :now::timestamptz - interval '366 days', :now::timestamptz + interval '1 day',
  'NotExecuting', 'None', 'plant', :now::timestamptz - interval '1 minute'
FROM generate_series(0, 49) AS n;

SET session_replication_role = replica;  -- the marks for rollups are made once, below
INSERT INTO state_history (machine_id, at, state, mode, origin, quality, stamped, epoch, seq, received_at)
SELECT 'mch_year', at, (ARRAY['Executing', 'NotExecuting', 'Executing', 'NotExecuting', 'Executing', 'OutOfService'])[1 + n % 6],
  (ARRAY['Processing', 'None', 'Processing', 'Setup', 'Processing', 'Maintenance'])[1 + n % 6], 'plant', 'good', 'source', 1, n, at
FROM (SELECT n, :now::timestamptz - interval '1 minute' - (:changes - n) * (interval '365 days' / :changes) AS at
      FROM generate_series(1, :changes) AS n) AS told;
INSERT INTO state_history (machine_id, at, state, mode, origin, quality, stamped, epoch, seq, received_at)
SELECT 'mch_' || m, at, (ARRAY['Executing', 'NotExecuting', 'Executing', 'OutOfService'])[1 + n % 4],
  (ARRAY['Processing', 'None', 'Processing', 'Maintenance'])[1 + n % 4], 'plant', 'good', 'source', 1, n, at
FROM generate_series(1, 49) AS m, generate_series(1, 900) AS n,
     LATERAL (SELECT :now::timestamptz - interval '1 minute' - (900 - n) * interval '11 minutes' - m * interval '7 seconds' AS at) AS when_;

-- Two shifts of the plant's own orders on weekdays, the nights and weekends free.
INSERT INTO offer_span (machine_id, span, type, quantity, reason, confidence, version, chance, fading, said_at)
SELECT m.id, tstzrange(day + part.starts, day + part.ends), part.type, 1, part.reason, part.confidence, 1,
       CASE part.type WHEN 'Available' THEN 0.9 END, CASE part.type WHEN 'Available' THEN 0.01 END, :now
FROM machine m,
  generate_series(date_trunc('day', :now::timestamptz) - CASE m.id WHEN 'mch_year' THEN interval '364 days' ELSE interval '7 days' END,
                  date_trunc('day', :now::timestamptz) + interval '28 days', interval '1 day') AS day,
  (VALUES (interval '0 hours', interval '6 hours', 'Available', 'idle', 4), (interval '6 hours', interval '14 hours', 'Committed', 'planned', 5),
          (interval '14 hours', interval '15 hours', 'Unattainable', 'maintenance', 5), (interval '15 hours', interval '22 hours', 'Committed', 'planned', 5),
          (interval '22 hours', interval '24 hours', 'Available', 'idle', 3)) AS part (starts, ends, type, reason, confidence);
INSERT INTO service (id, enterprise_id, name, kind, process, instant, visibility, price_amount, price_currency, created_at)
VALUES ('svc_1', 'ent_plant', 'Milling at night', 'processing', NULL, true, 'open', 80, 'EUR', :now);
INSERT INTO service_machine (service_id, machine_id) SELECT 'svc_1', id FROM machine;
INSERT INTO claim (id, machine_id, service_id, provider_id, booker_id, span, quantity, exclusive, state, work, price_amount,
                   price_currency, created_at, updated_at, meter, settlement, settle_at)
SELECT 'bkg_' || replace(m.id, '_', '') || to_char(day, 'YYYYMMDD'), m.id, 'svc_1', 'ent_plant', 'ent_guest',
  tstzrange(day + interval '1 hour', day + interval '4 hours'), 1, true,
  CASE WHEN day < date_trunc('day', :now::timestamptz) THEN 'METERED' ELSE 'CONFIRMED' END,
  '{"work_master": "bracket", "quantity": 40}', 240, 'EUR', day - interval '3 days', day - interval '3 days',
  CASE WHEN day < date_trunc('day', :now::timestamptz) THEN
    '{"outcome": "COMPLETED", "ordered_quantity": 40, "good_quantity": 39, "share": 0.975, "booked_hours": 3.0, "run_hours": 2.8}'::jsonb END,
  CASE WHEN day < date_trunc('day', :now::timestamptz) THEN ts_open_settlement(234, day + interval '30 days') END,
  CASE WHEN day < date_trunc('day', :now::timestamptz) THEN day + interval '30 days' END
FROM machine m,
  generate_series(date_trunc('day', :now::timestamptz) - CASE m.id WHEN 'mch_year' THEN interval '364 days' ELSE interval '7 days' END,
                  date_trunc('day', :now::timestamptz) + interval '7 days', interval '2 days') AS day
WHERE day + interval '4 hours' < :now OR day > :now;
INSERT INTO statement (machine_id, version, start_at, end_at, issued_at, received_at, valid_until, open_1, open_2, open_3, open_4, open_5, sold)
SELECT machine_id, 1, min(lower(span)), max(upper(span)), :now, :now, :now::timestamptz + interval '30 days',
  range_agg(span) FILTER (WHERE type = 'Available'), range_agg(span) FILTER (WHERE type = 'Available'),
  range_agg(span) FILTER (WHERE type = 'Available'), range_agg(span) FILTER (WHERE type = 'Available' AND confidence >= 4), '{}',
  coalesce((SELECT range_agg(c.span) FROM claim c WHERE c.machine_id = o.machine_id AND c.live), '{}')
FROM offer_span o GROUP BY machine_id;
SET session_replication_role = DEFAULT;
INSERT INTO machine_due (machine_id, kind, span)
SELECT machine_id, 'state', tstzrange(min(at), NULL) FROM state_history GROUP BY machine_id
UNION ALL SELECT machine_id, 'ledger', tstzrange(min(lower(span)), max(upper(span))) FROM offer_span GROUP BY machine_id;
ANALYZE;
