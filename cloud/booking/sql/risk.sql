-- A plant may withdraw hours that are claimed. Nothing is deleted: exactly the excess, newest first, is flagged at risk.

-- Brings the flags of a machine's live claims up to date: the oldest claims keep what the offer still covers, and whoever
-- does not fit beside them is at risk. Tells each side once, when a flag changes. The caller holds the machine's guard.
CREATE FUNCTION ts_reassess(p_machine text, p_now timestamptz, OUT at_risk text[], OUT cleared text[])
LANGUAGE plpgsql AS $$
DECLARE
  v_rest constant tstzrange := tstzrange(p_now, NULL);
  v_kept text[] := '{}';
  v_fits boolean;
  c      claim;
BEGIN
  at_risk := '{}';
  cleared := '{}';
  IF NOT ts_is_strained(p_machine, v_rest, p_now) THEN
    RETURN;
  END IF;
  FOR c IN SELECT * FROM ts_taking(p_machine, v_rest, p_now) ORDER BY seq LOOP
    v_fits := ts_keeps(c, c.span * v_rest, v_kept);
    IF v_fits THEN
      v_kept := v_kept || c.id;
    END IF;
    IF v_fits AND c.at_risk AND c.at_risk_reason <> 'stale-data' THEN
      cleared := cleared || c.id;
      PERFORM ts_flag(c.id, NULL, p_now);
    ELSIF NOT v_fits AND (NOT c.at_risk OR c.at_risk_reason = 'stale-data') THEN
      at_risk := at_risk || c.id;
      PERFORM ts_flag(c.id, ts_why_not(c, c.span * v_rest), p_now);
    END IF;
  END LOOP;
END $$;

-- Whether there is anything to reassess: a flag that might clear, or an instant with more claimed than offered.
CREATE FUNCTION ts_is_strained(p_machine text, p_rest tstzrange, p_now timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM claim WHERE machine_id = p_machine AND live AND claim.at_risk)
    OR EXISTS (
      SELECT FROM (SELECT tstzrange(p_now, max(upper(span))) AS span FROM ts_taking(p_machine, p_rest, p_now)) AS claimed,
           LATERAL ts_stairs(p_machine, claimed.span, 1, p_now, NULL) AS stair
      WHERE claimed.span IS NOT NULL AND NOT isempty(claimed.span) AND NOT upper_inf(claimed.span) AND stair.free < 0)
$$;

-- Whether the offer covers this claim beside those that were kept already.
CREATE FUNCTION ts_keeps(c claim, p_span tstzrange, p_kept text[]) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    WITH piece AS (
      SELECT o.span * p_span AS span, o.quantity AS offered, 0 AS taken FROM offer_span o
      WHERE o.machine_id = c.machine_id AND ts_meets(o.span, p_span) AND o.type = 'Available'
      UNION ALL
      SELECT k.span * p_span, 0, k.quantity FROM claim k WHERE k.id = ANY (p_kept) AND k.span && p_span
    ), step AS (
      SELECT lower(span) AS at, offered, taken FROM piece
      UNION ALL SELECT upper(span), -offered, -taken FROM piece
      UNION ALL SELECT lower(p_span), 0, 0
    ), stair AS (
      SELECT at, sum(sum(offered)) OVER w AS offered, sum(sum(taken)) OVER w AS taken
      FROM step GROUP BY at WINDOW w AS (ORDER BY at)
    )
    SELECT min(least(stair.offered, m.quantity) - stair.taken) >= c.quantity
    FROM stair, machine m WHERE stair.at < upper(p_span) AND m.id = c.machine_id);
END $$;

-- The plant's public reason for the first time of the claim that it does not offer.
CREATE FUNCTION ts_why_not(c claim, p_span tstzrange) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT o.reason FROM offer_span o
                   WHERE o.machine_id = c.machine_id AND ts_meets(o.span, p_span) AND o.type <> 'Available' AND o.quantity > 0
                   ORDER BY lower(o.span), o.type LIMIT 1), 'withdrawn')
$$;

-- Whether the claim is about to begin, or should have, and nothing was heard of its machine since p_fresh_after. Only inside
-- the service's notice time: before that, a plant that is dark has time to come back.
CREATE FUNCTION ts_is_stale(c claim, p_fresh_after timestamptz, p_now timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT c.state IN ('CONFIRMED', 'DISPATCHED') AND upper(c.span) > p_now
    AND lower(c.span) <= p_now + (SELECT ts_exact(s.notice) FROM service s WHERE s.id = c.service_id)
    AND (SELECT m.last_receipt_at IS NULL OR m.last_receipt_at <= p_fresh_after FROM machine m WHERE m.id = c.machine_id)
$$;

-- Flags up to p_limit of those, and clears the flag of those that are not stale any more; how many flags changed.
CREATE FUNCTION ts_flag_stale(p_limit int, p_fresh_after timestamptz, p_now timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_soon constant timestamptz := p_now + (SELECT coalesce(max(ts_exact(notice)), '0') FROM service);
  v_ids  text[];
  c      claim;
  v_done int := 0;
BEGIN
  v_ids := ARRAY(
    (SELECT id FROM claim AS k WHERE state IN ('CONFIRMED', 'DISPATCHED') AND lower(span) <= v_soon AND NOT k.at_risk
       AND ts_is_stale(k, p_fresh_after, p_now) LIMIT p_limit)
    UNION ALL
    (SELECT id FROM claim AS k WHERE live AND k.at_risk AND k.at_risk_reason = 'stale-data'
       AND NOT ts_is_stale(k, p_fresh_after, p_now) LIMIT p_limit));
  PERFORM ts_lock_machines(ARRAY(SELECT machine_id FROM claim WHERE id = ANY (v_ids)));
  FOR c IN SELECT * FROM claim WHERE id = ANY (v_ids) AND live ORDER BY machine_id, id LOOP
    CONTINUE WHEN c.at_risk = ts_is_stale(c, p_fresh_after, p_now) OR c.at_risk AND c.at_risk_reason <> 'stale-data';
    PERFORM ts_flag(c.id, CASE WHEN NOT c.at_risk THEN 'stale-data' END, p_now);
    v_done := v_done + 1;
  END LOOP;
  RETURN v_done;
END $$;
GRANT EXECUTE ON FUNCTION ts_flag_stale(int, timestamptz, timestamptz) TO ts_ingest;

CREATE FUNCTION ts_flag(p_claim text, p_reason text, p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  c claim;
BEGIN
  -- A machine that is only silent may have the job in hand, and run it: it must be heard first.
  UPDATE claim SET at_risk = p_reason IS NOT NULL, at_risk_reason = p_reason, updated_at = p_now, proposal = NULL,
    heal_at = CASE WHEN p_reason <> 'stale-data' AND state IN ('CONFIRMED', 'DISPATCHED') THEN p_now END
  WHERE id = p_claim RETURNING * INTO STRICT c;
  INSERT INTO ledger (at, machine_id, claim_id, kind, data)
  VALUES (p_now, c.machine_id, c.id, CASE WHEN c.at_risk THEN 'at_risk' ELSE 'fits_again' END,
          jsonb_build_object('reason', p_reason));
  PERFORM ts_tell(c, ts_claim_json(c) || jsonb_build_object('reason', p_reason), p_now);
END $$;
