-- What the plant says besides its offer: its answers to orders, what the machine did. Called by ingest alone.
-- All return {outcome: applied | ignored | unknown | refused, detail?, claim?}.

CREATE FUNCTION ts_told(p_outcome text, p_detail text, p_more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('outcome', p_outcome, 'detail', p_detail) || p_more
$$;

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
  IF NOT ts_may_move('claim', c.state, p_to) THEN
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
  ELSIF NOT ts_may_move('claim', c.state, 'METERED') THEN
    RETURN ts_told('refused', format('a booking can''t go from %s to METERED', c.state));
  END IF;
  UPDATE claim SET meter = p_meter, settlement = ts_open_settlement(p_due, p_settle_by), settle_at = p_settle_by
  WHERE id = p_claim;
  c := ts_move(p_claim, 'METERED', NULL, 'registry', p_now);
  RETURN ts_told('applied', NULL, jsonb_build_object('claim', ts_claim_json(c)));
END $$;

GRANT EXECUTE ON FUNCTION ts_answer(text, jsonb, timestamptz),
  ts_report(text, jsonb, timestamptz), ts_meter(text, jsonb, numeric, timestamptz, timestamptz) TO ts_ingest;
