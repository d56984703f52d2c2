-- Several bookings in one transaction: the legs of a process chain over several plants, or the occurrences of a series.

-- p_legs: [{claim_id, hold_id | service_id, machine_id?, start, end, quantity, work, healing?, agreement_id?}]. With p_whole all of them or none; else
-- those that fit, at least one. Answers {outcome, status, bundle: {id, whole, created_at, claims, missed: [{leg, refusal}]}}.
CREATE FUNCTION ts_book_all(p_tenant text, p_key text, p_body_hash bytea, p_bundle text, p_whole boolean, p_legs jsonb,
                            p_now timestamptz, p_fresh_after timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_answer jsonb := ts_replay(p_tenant, p_key, p_body_hash);
  v_locked text[];
  v_claims jsonb := '[]';
  v_missed jsonb := '[]';
  v_placed record;
  l        record;
BEGIN
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  END IF;
  v_locked := ts_rooms(p_tenant, p_legs, p_now);
  PERFORM ts_lock_machines(v_locked);
  PERFORM ts_lock_agreements(ARRAY(
    SELECT coalesce(leg ->> 'agreement_id', h.agreement_id) FROM jsonb_array_elements(p_legs) AS leg
    LEFT JOIN claim h ON h.id = leg ->> 'hold_id' AND h.booker_id = p_tenant
    WHERE coalesce(leg ->> 'agreement_id', h.agreement_id) IS NOT NULL));
  BEGIN
    INSERT INTO bundle (id, booker_id, whole, created_at) VALUES (p_bundle, p_tenant, p_whole, p_now);
    FOR l IN SELECT leg, position FROM jsonb_array_elements(p_legs) WITH ORDINALITY AS legs (leg, position) LOOP
      SELECT * INTO v_placed FROM ts_place(
        p_tenant, l.leg ->> 'claim_id', l.leg ->> 'hold_id', l.leg ->> 'service_id', l.leg ->> 'machine_id', ts_span_of(l.leg),
        (l.leg ->> 'quantity')::int, l.leg -> 'work',
        nullif(l.leg -> 'healing', 'null'), p_bundle, v_locked, p_now, p_fresh_after, l.leg ->> 'agreement_id');
      IF v_placed.refusal IS NULL THEN
        v_claims := v_claims || v_placed.claim;
      ELSE
        v_missed := v_missed || jsonb_build_object('leg', l.position - 1, 'refusal', v_placed.refusal -> 'refusal',
                                                   'status', v_placed.refusal -> 'status');
      END IF;
      EXIT WHEN p_whole AND v_missed <> '[]';
    END LOOP;
    IF v_claims = '[]' OR p_whole AND v_missed <> '[]' THEN
      RAISE EXCEPTION 'not all of the bundle fits' USING ERRCODE = 'TS003';
    END IF;
  EXCEPTION WHEN SQLSTATE 'TS003' THEN
    RETURN ts_refused('bundle.refused', 409, jsonb_build_object('missed', v_missed));
  END;
  v_answer := jsonb_build_object('outcome', 'ok', 'status', 201, 'bundle', jsonb_build_object(
    'id', p_bundle, 'whole', p_whole, 'created_at', ts_time(p_now), 'claims', v_claims, 'missed', v_missed));
  RETURN ts_keep_answer(p_tenant, p_key, p_body_hash, v_answer, 201, p_now);
END $$;

CREATE FUNCTION ts_span_of(p_leg jsonb) RETURNS tstzrange LANGUAGE sql STABLE AS $$
  SELECT tstzrange((p_leg ->> 'start')::timestamptz, (p_leg ->> 'end')::timestamptz)
$$;

-- Every machine that the legs may need: of a service with several, those that look free. They are locked together and once,
-- in the order that everybody keeps; leg by leg, two bundles could wait for each other.
CREATE FUNCTION ts_rooms(p_tenant text, p_legs jsonb, p_now timestamptz) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN ARRAY(
    SELECT h.machine_id FROM jsonb_array_elements(p_legs) AS leg JOIN claim h ON h.id = leg ->> 'hold_id' AND h.booker_id = p_tenant
    UNION
    SELECT m.machine_id
    FROM jsonb_array_elements(p_legs) AS leg
    JOIN service s ON s.id = leg ->> 'service_id'
    JOIN service_machine m ON m.service_id = s.id AND (leg ->> 'machine_id' IS NULL OR m.machine_id = leg ->> 'machine_id')
    WHERE leg ->> 'hold_id' IS NULL
      AND ts_fits(m.machine_id, ts_span_of(leg), (leg ->> 'quantity')::int, s.min_confidence, p_now, NULL));
END $$;

-- Calls off every leg that can still be called off; the bundle's claims as they are then.
CREATE FUNCTION ts_cancel_bundle(p_tenant text, p_key text, p_body_hash bytea, p_bundle text, p_reason text, p_now timestamptz)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_answer jsonb := ts_replay(p_tenant, p_key, p_body_hash);
  b        bundle;
  v_id     text;
BEGIN
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  END IF;
  SELECT * INTO b FROM bundle WHERE id = p_bundle AND booker_id = p_tenant FOR NO KEY UPDATE;
  IF b.id IS NULL THEN
    RETURN ts_refused('bundle.unknown', 404);
  END IF;
  PERFORM ts_lock_machines(ARRAY(SELECT machine_id FROM claim WHERE bundle_id = b.id));
  FOR v_id IN SELECT id FROM claim WHERE bundle_id = b.id AND live ORDER BY seq LOOP
    PERFORM ts_decide(p_tenant, NULL, NULL, v_id, 'CANCELLED', p_reason, p_now);
  END LOOP;
  v_answer := jsonb_build_object('outcome', 'ok', 'status', 200, 'bundle', jsonb_build_object(
    'id', b.id, 'whole', b.whole, 'created_at', ts_time(b.created_at), 'missed', '[]'::jsonb,
    'claims', (SELECT jsonb_agg(ts_claim_json(c) ORDER BY c.seq) FROM claim c WHERE c.bundle_id = b.id)));
  RETURN ts_keep_answer(p_tenant, p_key, p_body_hash, v_answer, 200, p_now);
END $$;

GRANT EXECUTE ON FUNCTION
  ts_book_all(text, text, bytea, text, boolean, jsonb, timestamptz, timestamptz),
  ts_cancel_bundle(text, text, bytea, text, text, timestamptz) TO ts_api;
