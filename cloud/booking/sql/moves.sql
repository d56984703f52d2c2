-- Moving claims from state to state, and everything that must be told about it. In plpgsql, because it keeps the plans of
-- its statements; a function in plain SQL is planned at each call (before version 18).

-- Locks the guards of these machines, in the one order that everybody keeps; false where there was none to lock.
CREATE FUNCTION ts_lock_machines(p_machines text[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  PERFORM 1 FROM statement WHERE machine_id = ANY (p_machines) ORDER BY machine_id FOR NO KEY UPDATE;
  RETURN FOUND;
END $$;

-- Locks a bundle (null: none) before any guard: who calls its legs off needs all of their guards at once, and who heals one
-- gives it another. So the one waits for the other, and finds the legs as they are then.
CREATE FUNCTION ts_lock_bundle(p_bundle text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM bundle WHERE id = p_bundle FOR NO KEY UPDATE;
END $$;

-- The state that a claim has just entered goes into its history, the machine's ledger, and an event to each side.
CREATE FUNCTION ts_record(c claim, p_reason text, p_actor text, p_now timestamptz) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_json jsonb := ts_claim_json(c);
BEGIN
  INSERT INTO claim_history (claim_id, at, state, reason, actor) VALUES (c.id, p_now, c.state, p_reason, p_actor);
  INSERT INTO ledger (at, machine_id, claim_id, kind, data) VALUES (p_now, c.machine_id, c.id, lower(c.state),
    jsonb_build_object('start', ts_time(lower(c.span)), 'end', ts_time(upper(c.span)), 'quantity', c.quantity));
  PERFORM ts_tell(c, v_json || jsonb_build_object('reason', p_reason), p_now);
  RETURN v_json;
END $$;

CREATE FUNCTION ts_tell(c claim, p_data jsonb, p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO event (at, enterprise_id, type, data)
  SELECT p_now, audience, CASE WHEN c.id LIKE 'hld\_%' THEN 'hold.changed' ELSE 'booking.changed' END,
         CASE WHEN audience = c.booker_id THEN p_data ELSE p_data - '{bundle_id,healing,proposal,heals,healed_by}'::text[] END
  FROM unnest(CASE WHEN c.booker_id = c.provider_id THEN ARRAY[c.booker_id] ELSE ARRAY[c.booker_id, c.provider_id] END)
       AS audience;
END $$;

-- Raises TS001 where the table of transitions has no such step.
CREATE FUNCTION ts_move(p_claim text, p_to text, p_reason text, p_actor text, p_now timestamptz) RETURNS claim
LANGUAGE plpgsql AS $$
DECLARE
  c claim;
BEGIN
  UPDATE claim SET state = p_to, updated_at = p_now,
    at_risk = at_risk AND p_to IN ('HELD', 'REQUESTED', 'CONFIRMED', 'DISPATCHED', 'RUNNING'),
    heal_at = CASE WHEN p_to IN ('CONFIRMED', 'DISPATCHED') THEN heal_at END,
    proposal = CASE WHEN p_to IN ('CONFIRMED', 'DISPATCHED') THEN proposal END
  WHERE id = p_claim RETURNING * INTO STRICT c;
  PERFORM ts_record(c, p_reason, p_actor, p_now);
  RETURN c;
END $$;

-- Ends the holds and requests over p_span that are past their expiry, so that the constraint lets others in. The sweep will
-- not find them any more, so whom they flagged is looked at here. The caller holds the machine's guard.
CREATE FUNCTION ts_expire_dead(p_machine text, p_span tstzrange, p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_id text;
BEGIN
  FOR v_id IN
    SELECT id FROM claim WHERE machine_id = p_machine AND ts_meets(span, p_span) AND live
      AND state IN ('HELD', 'REQUESTED') AND expires_at <= p_now
  LOOP
    PERFORM ts_move(v_id, 'EXPIRED', 'expired', 'registry', p_now);
  END LOOP;
  IF FOUND THEN
    PERFORM ts_reassess(p_machine, p_now);
  END IF;
END $$;

-- Ends up to p_limit of all that are past their expiry; how many. Called now and then, so that they are told.
CREATE FUNCTION ts_expire(p_limit int, p_now timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN ts_end_all(ARRAY(
    SELECT id FROM claim WHERE state IN ('HELD', 'REQUESTED') AND expires_at <= p_now ORDER BY expires_at LIMIT p_limit),
    '{HELD,REQUESTED}', 'EXPIRED', 'expired', p_now);
END $$;

-- Ends those of the claims that are in one of the states p_from once their machines' guards are locked; how many. What an
-- edge may have in hand of them, it is told to drop.
CREATE FUNCTION ts_end_all(p_claims text[], p_from text[], p_to text, p_reason text, p_now timestamptz) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
  c      claim;
  v_done int := 0;
BEGIN
  PERFORM ts_lock_machines(ARRAY(SELECT machine_id FROM claim WHERE id = ANY (p_claims)));
  FOR c IN SELECT * FROM claim WHERE id = ANY (p_claims) AND state = ANY (p_from) ORDER BY machine_id, id LOOP
    IF c.state IN ('CONFIRMED', 'DISPATCHED', 'RUNNING') THEN
      PERFORM ts_call_off(c, p_reason, p_now);
    END IF;
    PERFORM ts_move(c.id, p_to, p_reason, 'registry', p_now);
    PERFORM ts_reassess(c.machine_id, p_now);
    v_done := v_done + 1;
  END LOOP;
  RETURN v_done;
END $$;

-- Puts a message for the machine's edge into the post.
CREATE FUNCTION ts_send(c claim, p_payload jsonb, p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outgoing (agent_id, claim_id, payload, created_at)
  SELECT m.agent_id, c.id, p_payload || jsonb_build_object('v', 1, 'booking', c.id, 'revision', c.revision, 'machine', m.name),
         p_now
  FROM machine m WHERE m.id = c.machine_id;
END $$;

-- The latest start of a booked job: a quarter of its span in. Later than that, the work could not be done in time.
CREATE FUNCTION ts_not_after(p_span tstzrange) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT to_timestamp(extract(epoch FROM lower(p_span)) * 0.75 + extract(epoch FROM upper(p_span)) * 0.25)
$$;

-- The job order (gateway.messages.Order). What the work says goes in as it was said, or the edge would run other work.
CREATE FUNCTION ts_send_order(c claim, p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM ts_send(c, jsonb_strip_nulls(jsonb_build_object(
    'kind', 'order', 'start', ts_time(lower(c.span)), 'end', ts_time(upper(c.span)), 'not_after', ts_time(ts_not_after(c.span)),
    'work_master', c.work ->> 'work_master', 'quantity', coalesce((c.work -> 'quantity')::int, 1),
    'capacity', c.quantity, 'material', c.work ->> 'material'))
    || jsonb_build_object('parameters', coalesce(c.work -> 'parameters', '{}')), p_now);
END $$;

-- Tells the edge to drop the job (gateway.messages.CancelOrder); the claim's next revision.
CREATE FUNCTION ts_call_off(c claim, p_reason text, p_now timestamptz) RETURNS claim LANGUAGE plpgsql AS $$
BEGIN
  UPDATE claim SET revision = revision + 1 WHERE id = c.id RETURNING * INTO STRICT c;
  PERFORM ts_send(c, jsonb_build_object('kind', 'cancel_order', 'reason', left(coalesce(p_reason, 'cancelled'), 500)), p_now);
  RETURN c;
END $$;
