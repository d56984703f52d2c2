-- What the plant says: its offer, its answers to orders, what the machine did. Called by ingest alone.
-- All return {outcome: applied | ignored | unknown | refused, detail?, claim?}.

CREATE FUNCTION ts_told(p_outcome text, p_detail text, p_more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('outcome', p_outcome, 'detail', p_detail) || p_more
$$;

-- A Statement: replaces the offer in [start, end), and flags what no longer fits. A repeat, or one that was overtaken by a
-- newer one, changes nothing. An edge that lost its disk counts from 1 again, so a later issue beats a lower version.
CREATE FUNCTION ts_apply_statement(p_machine text, p_statement jsonb, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_window  constant tstzrange := tstzrange((p_statement ->> 'start')::timestamptz, (p_statement ->> 'end')::timestamptz);
  v_version constant int8 := (p_statement ->> 'version')::int8;
  -- What it says anew, and what lies a week back.
  v_past    constant tstzmultirange := tstzmultirange(v_window, tstzrange(NULL, p_now - interval '168 hours'));
  v_flags   record;
BEGIN
  WITH said AS (
    SELECT coalesce(confidence, 5) AS confidence, tstzrange(start, "end") AS span
    FROM jsonb_to_recordset(p_statement -> 'spans')
         AS piece (start timestamptz, "end" timestamptz, type text, quantity int, confidence int)
    WHERE type = 'Available' AND quantity > 0
  ), open AS (
    SELECT range_agg(span) FILTER (WHERE confidence >= 1) AS o1, range_agg(span) FILTER (WHERE confidence >= 2) AS o2,
           range_agg(span) FILTER (WHERE confidence >= 3) AS o3, range_agg(span) FILTER (WHERE confidence >= 4) AS o4,
           range_agg(span) FILTER (WHERE confidence >= 5) AS o5 FROM said
  )
  INSERT INTO statement AS known (machine_id, version, start_at, end_at, issued_at, received_at, valid_until,
                                  open_1, open_2, open_3, open_4, open_5)
  SELECT p_machine, v_version, lower(v_window), upper(v_window), (p_statement ->> 'issued_at')::timestamptz, p_now,
         (p_statement ->> 'valid_until')::timestamptz, coalesce(o1, '{}'), coalesce(o2, '{}'), coalesce(o3, '{}'),
         coalesce(o4, '{}'), coalesce(o5, '{}') FROM open
  ON CONFLICT (machine_id) DO UPDATE SET (version, start_at, end_at, issued_at, received_at, valid_until) =
    (excluded.version, excluded.start_at, excluded.end_at, excluded.issued_at, excluded.received_at, excluded.valid_until),
    open_1 = (known.open_1 - v_past) + excluded.open_1, open_2 = (known.open_2 - v_past) + excluded.open_2,
    open_3 = (known.open_3 - v_past) + excluded.open_3, open_4 = (known.open_4 - v_past) + excluded.open_4,
    open_5 = (known.open_5 - v_past) + excluded.open_5
  WHERE excluded.version > known.version OR excluded.issued_at > known.issued_at;
  IF NOT FOUND THEN
    RETURN ts_told('ignored', 'a newer statement is in force');
  END IF;
  PERFORM ts_replace_offer(p_machine, v_window, p_statement -> 'spans', v_version, p_now);
  INSERT INTO ledger (at, machine_id, kind, data) VALUES (p_now, p_machine, 'statement', p_statement);
  INSERT INTO event (at, enterprise_id, type, data)
  SELECT p_now, enterprise_id, 'capacity.changed', jsonb_build_object('machine_id', id, 'name', name, 'version', v_version,
    'start', ts_time(lower(v_window)), 'end', ts_time(upper(v_window)),
    'valid_until', ts_time((p_statement ->> 'valid_until')::timestamptz))
  FROM machine WHERE id = p_machine;
  SELECT * INTO v_flags FROM ts_reassess(p_machine, p_now);
  RETURN ts_told('applied', NULL, jsonb_build_object('at_risk', to_jsonb(v_flags.at_risk), 'cleared', to_jsonb(v_flags.cleared)));
END $$;

CREATE FUNCTION ts_replace_offer(p_machine text, p_window tstzrange, p_spans jsonb, p_version int8, p_now timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- What reaches into the window keeps its parts outside; what lies a week back is history for the ledger alone.
  WITH cut AS (
    DELETE FROM offer_span WHERE machine_id = p_machine
      AND (ts_meets(span, p_window) OR lower(span) < p_now - interval '168 hours' AND upper(span) < p_now - interval '168 hours')
    RETURNING *
  )
  INSERT INTO offer_span (machine_id, span, type, quantity, reason, confidence, detail, version, chance, fading, said_at)
  SELECT p_machine, rest, type, quantity, reason, confidence, detail, version, chance, fading, said_at
  FROM cut, LATERAL unnest(tstzmultirange(cut.span) - tstzmultirange(p_window)) AS rest
  WHERE cut.span && p_window;
  PERFORM ts_join_offer(p_machine, lower(p_window));
  INSERT INTO offer_span (machine_id, span, type, quantity, reason, confidence, detail, version, chance, fading, said_at)
  SELECT p_machine, tstzrange(said.start, said."end"), said.type, said.quantity, said.reason,
         coalesce(said.confidence, 5), said.detail, p_version, said.chance, said.fading, p_now
  FROM jsonb_to_recordset(p_spans) AS said
       (start timestamptz, "end" timestamptz, type text, quantity int, reason text, confidence int2, detail text,
        chance float8, fading float8);
END $$;

-- Each statement starts a little later than the last and so leaves a slice of it behind: alike slices become one. Each late
-- one takes one early one at most: alike pieces over one instant add up, so none may vanish or be lengthened twice.
CREATE FUNCTION ts_join_offer(p_machine text, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  WITH late AS (
    SELECT ctid AS place, *, row_number() OVER (PARTITION BY lower(span), type, quantity, reason, confidence, detail) AS nth
    FROM offer_span WHERE machine_id = p_machine AND upper(span) = p_at
  ), early AS (
    SELECT o.ctid AS place, o.*, row_number() OVER (PARTITION BY edge, type, quantity, reason, confidence, detail) AS nth
    FROM (SELECT DISTINCT lower(span) AS edge FROM late) AS edges
    JOIN offer_span o ON o.machine_id = p_machine AND upper(o.span) = edge
  ), pair AS (
    SELECT early.place AS early, early.span AS early_span, late.place AS late, late.span AS late_span
    FROM late JOIN early ON upper(early.span) = lower(late.span) AND early.nth = late.nth
      AND (early.type, early.quantity, early.reason, early.confidence) = (late.type, late.quantity, late.reason, late.confidence)
      AND early.detail IS NOT DISTINCT FROM late.detail
  ), gone AS (
    DELETE FROM offer_span o USING pair WHERE o.ctid = early
  )
  UPDATE offer_span o SET span = early_span + late_span FROM pair
  WHERE o.ctid = late;
END $$;

-- An OrderAnswer: the edge's final word.
CREATE FUNCTION ts_answer(p_machine text, p_answer jsonb, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN ts_obey(p_machine, p_answer, CASE p_answer ->> 'answer'
    WHEN 'accepted' THEN 'DISPATCHED' WHEN 'conflict' THEN 'DISPLACED' WHEN 'refused' THEN 'DECLINED'
    WHEN 'cancelled' THEN 'CANCELLED' END, p_now);
END $$;

-- A JobReport: what the machine did. The last report of a job is kept for the meter, whatever became of the booking.
CREATE FUNCTION ts_report(p_machine text, p_report jsonb, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  IF p_report ->> 'event' IN ('ended', 'aborted', 'no_show') THEN
    PERFORM ts_lock_machines(ARRAY[p_machine]);
    UPDATE claim SET report = p_report, updated_at = p_now
    WHERE id = p_report ->> 'booking' AND machine_id = p_machine AND report IS NULL AND meter IS NULL;
  END IF;
  RETURN ts_obey(p_machine, p_report, CASE p_report ->> 'event'
    WHEN 'stored' THEN 'DISPATCHED' WHEN 'started' THEN 'RUNNING' WHEN 'ended' THEN 'COMPLETED'
    WHEN 'aborted' THEN 'ABORTED' WHEN 'no_show' THEN 'NO_SHOW' END, p_now);
END $$;

-- Follows the plant to p_to. A word about an older revision, or one that tells nothing new, is ignored.
CREATE FUNCTION ts_obey(p_machine text, p_message jsonb, p_to text, p_now timestamptz) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  c claim;
BEGIN
  PERFORM ts_lock_machines(ARRAY[p_machine]);
  SELECT * INTO c FROM claim
  WHERE id = p_message ->> 'booking' AND machine_id = p_machine AND id LIKE 'bkg\_%' FOR NO KEY UPDATE;
  IF c.id IS NULL THEN
    RETURN ts_told('unknown', 'no booking ' || (p_message ->> 'booking') || ' on this machine');
  ELSIF ts_is_old_news(c, p_message, p_to) THEN
    RETURN ts_told('ignored', 'the booking is ' || c.state);
  END IF;
  IF c.state = 'CONFIRMED' AND p_to IN ('RUNNING', 'COMPLETED', 'ABORTED', 'NO_SHOW') THEN
    c := ts_move(c.id, 'DISPATCHED', NULL, 'plant', p_now);
  END IF;
  IF NOT ts_can_move(c.state, p_to) THEN
    IF NOT c.live AND p_to IN ('DISPATCHED', 'RUNNING') THEN
      -- The plant has a job in hand that is over here: untold, it would run for nobody.
      PERFORM ts_call_off(c, 'the booking is ' || c.state, p_now);
    END IF;
    RETURN ts_told('refused', format('a booking can''t go from %s to %s', c.state, p_to));
  END IF;
  c := ts_move(c.id, p_to, p_message ->> 'reason', 'plant', p_now);
  IF NOT c.live THEN
    PERFORM ts_reassess(p_machine, p_now);
  END IF;
  IF c.state IN ('DISPLACED', 'DECLINED') AND lower(c.span) > p_now THEN
    UPDATE claim SET heal_at = p_now WHERE id = c.id;
  END IF;
  RETURN ts_told('applied', NULL, jsonb_build_object('claim', ts_claim_json(c)));
END $$;

-- A cancellation makes a new revision, and so does an amendment, which takes the old order's place at the plant: what is
-- said of that is over. A cancellation on its way to a running job is overtaken by what the plant says of the job.
CREATE FUNCTION ts_is_old_news(c claim, p_message jsonb, p_to text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT c.state = p_to
      OR (p_message ->> 'revision')::int < c.revision AND c.state <> 'RUNNING'
      OR c.state IN ('CANCELLED', 'METERED', 'SETTLED', 'DISPUTED')
      OR p_to = 'CANCELLED'
      OR p_to = 'DISPATCHED' AND c.state IN ('RUNNING', 'COMPLETED', 'ABORTED', 'NO_SHOW')
$$;

-- What was booked beside what was measured, once the plant's last report is in; with what is due for it, and until when
-- somebody may say no (null: silence is no consent).
CREATE FUNCTION ts_meter(p_claim text, p_meter jsonb, p_due numeric, p_settle_by timestamptz, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  c claim;
BEGIN
  SELECT * INTO c FROM claim WHERE id = p_claim FOR NO KEY UPDATE;
  IF c.id IS NULL THEN
    RETURN ts_told('unknown', 'no booking ' || p_claim);
  ELSIF c.state = 'METERED' THEN
    RETURN ts_told('ignored', 'it is metered already');
  ELSIF NOT ts_can_move(c.state, 'METERED') THEN
    RETURN ts_told('refused', format('a booking can''t go from %s to METERED', c.state));
  END IF;
  UPDATE claim SET meter = p_meter, settlement = ts_open_settlement(p_due, p_settle_by), settle_at = p_settle_by
  WHERE id = p_claim;
  c := ts_move(p_claim, 'METERED', NULL, 'registry', p_now);
  RETURN ts_told('applied', NULL, jsonb_build_object('claim', ts_claim_json(c)));
END $$;

GRANT EXECUTE ON FUNCTION ts_apply_statement(text, jsonb, timestamptz), ts_answer(text, jsonb, timestamptz),
  ts_report(text, jsonb, timestamptz), ts_meter(text, jsonb, numeric, timestamptz, timestamptz) TO ts_ingest;
