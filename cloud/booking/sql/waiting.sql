-- Whoever found nothing free waits in line: the first whose wish fits into what comes free gets it held for a while; if it is
-- not booked by then, the next.

CREATE FUNCTION ts_waiting_json(w waiting) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('id', w.id, 'state', w.state, 'service_id', w.service_id, 'machine_id', w.machine_id, 'agreement_id', w.agreement_id,
    'start', ts_time(lower(w.span)), 'end', ts_time(upper(w.span)), 'duration_s', extract(epoch FROM w.duration),
    'quantity', w.quantity, 'hold_id', w.hold_id, 'created_at', ts_time(w.created_at))
$$;

CREATE FUNCTION ts_wait(p_tenant text, p_key text, p_body_hash bytea, p_id text, p_service text, p_machine text,
                        p_span tstzrange, p_duration interval, p_quantity int, p_most int, p_now timestamptz,
                        p_agreement text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_answer jsonb := ts_replay(p_tenant, p_key, p_body_hash);
  v_agreed record;
  s        service;
  w        waiting;
BEGIN
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  END IF;
  SELECT * INTO s FROM service WHERE id = p_service;
  IF p_agreement IS NOT NULL THEN
    SELECT * INTO v_agreed FROM ts_agreed(p_tenant, p_agreement, s, p_span, p_now);
    IF v_agreed.refusal IS NOT NULL THEN
      RETURN v_agreed.refusal;
    END IF;
    s := v_agreed.service;
  ELSIF s.id IS NULL OR NOT ts_may_see(p_tenant, s) THEN
    RETURN ts_refused('service.unknown', 404);
  END IF;
  IF p_machine IS NOT NULL
        AND NOT EXISTS (SELECT FROM service_machine WHERE service_id = s.id AND machine_id = p_machine) THEN
    RETURN ts_refused('machine.unknown', 404);
  ELSIF p_duration < s.min_duration THEN
    RETURN ts_refused('duration.too_short', 409, jsonb_build_object('minimum_s', extract(epoch FROM s.min_duration)));
  ELSIF p_duration > s.max_duration THEN
    RETURN ts_refused('duration.too_long', 409, jsonb_build_object('maximum_s', extract(epoch FROM s.max_duration)));
  ELSIF upper(p_span) - p_duration <= p_now + ts_exact(s.notice) THEN
    RETURN ts_refused('notice.too_short', 409, jsonb_build_object('earliest', ts_time(p_now + ts_exact(s.notice))));
  ELSIF (SELECT count(*) FROM waiting WHERE booker_id = p_tenant AND state = 'WAITING') >= p_most THEN
    RETURN ts_refused('waiting.too_many', 409, jsonb_build_object('most', p_most));
  END IF;
  INSERT INTO waiting (id, booker_id, service_id, machine_id, agreement_id, span, duration, quantity, state, made_by, created_at)
  VALUES (p_id, p_tenant, s.id, p_machine, p_agreement, p_span, p_duration, p_quantity, 'WAITING', ts_maker(), p_now) RETURNING * INTO STRICT w;
  v_answer := jsonb_build_object('outcome', 'ok', 'status', 201, 'waiting', ts_waiting_json(w));
  RETURN ts_keep_answer(p_tenant, p_key, p_body_hash, v_answer, 201, p_now);
END $$;

-- Leaving the line, twice is no error; what is held for whoever waited is let go.
CREATE FUNCTION ts_leave(p_tenant text, p_id text, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  w waiting;
BEGIN
  SELECT * INTO w FROM waiting WHERE id = p_id AND booker_id = p_tenant FOR UPDATE;
  IF w.id IS NULL THEN
    RETURN ts_refused('waiting.unknown', 404);
  ELSIF w.state = 'OFFERED' THEN
    PERFORM ts_release(p_tenant, w.hold_id, p_now);
  END IF;
  UPDATE waiting SET state = 'LEFT' WHERE id = w.id AND state IN ('WAITING', 'OFFERED') RETURNING * INTO w;
  RETURN jsonb_build_object('outcome', 'ok', 'status', 204);
END $$;

-- Those for whom something may have changed since they were last looked at, in line, those first whose agreement with the
-- provider has the higher priority; up to p_limit. A commit that was late
-- may be overlooked once, so each is looked at again after p_retry in any case.
CREATE FUNCTION ts_in_line(p_limit int, p_retry interval, p_now timestamptz) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT w.id FROM waiting w
  WHERE w.state = 'OFFERED' AND NOT EXISTS (SELECT FROM claim h WHERE h.id = w.hold_id AND h.state = 'HELD' AND h.expires_at > p_now)
     OR w.state = 'WAITING' AND (w.tried_at IS NULL OR w.tried_at <= p_now - p_retry OR upper(w.span) - w.duration <= p_now
       OR EXISTS (SELECT FROM service_machine m JOIN ledger l ON l.machine_id = m.machine_id AND l.seq > w.tried_seq
                  WHERE m.service_id = w.service_id))
  ORDER BY ts_priority(w.booker_id, w.service_id, p_now) DESC, w.seq LIMIT p_limit;
END $$;

-- What became of one of them: OFFERED (held as p_hold_id until p_expires_at), TAKEN, LAPSED, EXPIRED, or WAITING still.
CREATE FUNCTION ts_serve(p_id text, p_hold_id text, p_expires_at timestamptz, p_now timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  w     waiting;
  s     service;
  v_fit   record;
  v_terms claim;
  v_seq   bigint;
  v_to    text;
  c     claim;
BEGIN
  SELECT * INTO w FROM waiting WHERE id = p_id AND state IN ('WAITING', 'OFFERED') FOR UPDATE SKIP LOCKED;
  IF w.id IS NULL THEN
    RETURN NULL;
  ELSIF w.state = 'OFFERED' THEN
    SELECT CASE WHEN h.state = 'CONSUMED' THEN 'TAKEN' WHEN h.state = 'HELD' AND h.expires_at > p_now THEN 'OFFERED'
                ELSE 'LAPSED' END INTO v_to FROM claim h WHERE h.id = w.hold_id;
    RETURN ts_line(w, v_to, w.hold_id, p_now);
  END IF;
  SELECT * INTO STRICT s FROM service WHERE id = w.service_id;
  v_terms.made_by := w.made_by;
  IF w.agreement_id IS NOT NULL THEN
    s := ts_as_agreed(s, w.agreement_id);
    v_terms.agreement_id := w.agreement_id;
  END IF;
  IF upper(w.span) - w.duration <= p_now + ts_exact(s.notice) OR NOT (
      CASE WHEN w.agreement_id IS NULL THEN ts_may_see(w.booker_id, s)
      ELSE (ts_agreed(w.booker_id, w.agreement_id, s, w.span, p_now)).refusal IS NULL END) THEN
    RETURN ts_line(w, 'EXPIRED', NULL, p_now);
  END IF;
  SELECT coalesce(max(l.last), 0) INTO v_seq FROM service_machine m,
    LATERAL (SELECT max(seq) AS last FROM ledger WHERE machine_id = m.machine_id) AS l WHERE m.service_id = s.id;
  SELECT m.machine_id, tstzrange(near.start, near.start + w.duration) AS span INTO v_fit
  FROM service_machine m,
       LATERAL ts_nearest(m.machine_id, tstzrange(lower(w.span), lower(w.span) + w.duration),
                          w.span * tstzrange(p_now + ts_exact(s.notice), NULL), w.quantity, s.min_confidence, p_now, NULL)
         AS near (start)
  WHERE m.service_id = s.id AND (w.machine_id IS NULL OR m.machine_id = w.machine_id) AND near.start IS NOT NULL
  ORDER BY near.start, m.position, m.machine_id LIMIT 1;
  IF FOUND THEN
    PERFORM ts_lock_machines(ARRAY[v_fit.machine_id]);
    IF ts_fits(v_fit.machine_id, v_fit.span, w.quantity, s.min_confidence, p_now, NULL)
       AND (w.agreement_id IS NULL OR ts_against_quota(w.agreement_id, v_fit.span, w.quantity, NULL, p_now) IS NULL) THEN
      PERFORM ts_expire_dead(v_fit.machine_id, v_fit.span, p_now);
      c := ts_claim(p_hold_id, s, v_fit.machine_id, w.booker_id, v_fit.span, w.quantity, 'HELD', p_expires_at, NULL, NULL, v_terms,
                    NULL, p_now, p_pooled => w.machine_id IS NULL);
      PERFORM ts_record(c, 'held for whoever waited', 'registry', p_now);
      RETURN ts_line(w, 'OFFERED', c.id, p_now);
    END IF;
  END IF;
  UPDATE waiting SET tried_at = p_now, tried_seq = v_seq WHERE id = w.id;
  RETURN 'WAITING';
END $$;

CREATE FUNCTION ts_line(w waiting, p_state text, p_hold text, p_now timestamptz) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF p_state IS DISTINCT FROM w.state THEN
    UPDATE waiting SET state = p_state, hold_id = p_hold WHERE id = w.id RETURNING * INTO STRICT w;
    INSERT INTO event (at, enterprise_id, type, data) VALUES (p_now, w.booker_id, 'waiting.changed', ts_waiting_json(w));
  END IF;
  RETURN p_state;
END $$;

GRANT EXECUTE ON FUNCTION
  ts_wait(text, text, bytea, text, text, text, tstzrange, interval, int, int, timestamptz, text), ts_leave(text, text, timestamptz)
  TO ts_api;
GRANT EXECUTE ON FUNCTION ts_in_line(int, interval, timestamptz), ts_serve(text, text, timestamptz, timestamptz) TO ts_ingest;
