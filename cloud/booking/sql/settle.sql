-- What the two parties do with a claim later: release, cancel, confirm, decline.

CREATE FUNCTION ts_release(p_tenant text, p_hold text, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  h claim := ts_locked_claim(p_tenant, p_hold, 'hld');
BEGIN
  IF h.id IS NULL THEN
    RETURN ts_refused('hold.unknown', 404);
  ELSIF h.state = 'CONSUMED' THEN
    RETURN ts_refused('claim.state', 409, jsonb_build_object('state', h.state));
  ELSIF h.state = 'HELD' THEN
    h := ts_move(h.id, CASE WHEN h.expires_at <= p_now THEN 'EXPIRED' ELSE 'CANCELLED' END, NULL, p_tenant, p_now);
    PERFORM ts_reassess(h.machine_id, p_now);
  END IF;
  RETURN ts_accepted(ts_claim_json(h), 200);
END $$;

CREATE FUNCTION ts_cancel(p_tenant text, p_key text, p_body_hash bytea, p_claim text, p_reason text, p_now timestamptz)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN ts_decide(p_tenant, p_key, p_body_hash, p_claim, 'CANCELLED', p_reason, p_now);
END $$;

CREATE FUNCTION ts_confirm(p_tenant text, p_key text, p_body_hash bytea, p_claim text, p_now timestamptz)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN ts_decide(p_tenant, p_key, p_body_hash, p_claim, 'CONFIRMED', NULL, p_now);
END $$;

CREATE FUNCTION ts_decline(p_tenant text, p_key text, p_body_hash bytea, p_claim text, p_reason text, p_now timestamptz)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN ts_decide(p_tenant, p_key, p_body_hash, p_claim, 'DECLINED', p_reason, p_now);
END $$;

-- One party's decision on a booking. Confirming and declining a request are the provider's; cancelling is either's.
-- A provider declines only what it has not confirmed; after that it cancels.
CREATE FUNCTION ts_decide(p_tenant text, p_key text, p_body_hash bytea, p_claim text, p_to text, p_reason text,
                          p_now timestamptz) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_taken record;
  c       claim;
  v_was   text;
BEGIN
  SELECT * INTO v_taken FROM ts_taken_up(p_tenant, p_key, p_body_hash, p_claim);
  c := v_taken.booking;
  IF v_taken.answer IS NOT NULL THEN
    RETURN v_taken.answer;
  ELSIF p_to <> 'CANCELLED' AND c.provider_id <> p_tenant THEN
    RETURN ts_refused('booking.provider_only', 403);
  END IF;
  IF c.state = 'REQUESTED' AND c.expires_at <= p_now THEN
    c := ts_move(c.id, 'EXPIRED', 'expired', 'registry', p_now);
    PERFORM ts_reassess(c.machine_id, p_now);
  END IF;
  IF p_to = 'CANCELLED' AND c.state = 'RUNNING' THEN
    RETURN ts_keep(p_tenant, p_key, p_body_hash, ts_ask_off(c, p_reason, p_tenant, p_now), 200, p_now);
  END IF;
  v_was := c.state;
  IF NOT ts_may_move('claim', v_was, p_to) OR p_to = 'DECLINED' AND v_was <> 'REQUESTED' THEN
    RETURN ts_refused('claim.state', 409, jsonb_build_object('state', v_was));
  END IF;
  IF p_to = 'CANCELLED' AND v_was IN ('CONFIRMED', 'DISPATCHED') THEN
    PERFORM ts_call_off(c, p_reason, p_now);
    -- Who called off what it provides itself is its booker too, and owes itself nothing.
    UPDATE claim SET cancel_fee = round(coalesce(late_price, price_amount) * cancel_share, 2)
    WHERE id = c.id AND booker_id = p_tenant AND provider_id <> p_tenant AND p_now > free_until;
  END IF;
  c := ts_move(c.id, p_to, p_reason, p_tenant, p_now);
  IF p_to = 'CONFIRMED' THEN
    PERFORM ts_send_order(c, p_now);
  ELSE
    PERFORM ts_reassess(c.machine_id, p_now);
  END IF;
  RETURN ts_keep(p_tenant, p_key, p_body_hash, ts_claim_json(c), 200, p_now);
END $$;

-- A job that runs is stopped by its plant, and what it made until then is metered: so the booking goes on until the plant
-- reports, and shows that somebody asked. Asking again changes nothing.
CREATE FUNCTION ts_ask_off(c claim, p_reason text, p_actor text, p_now timestamptz) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_why constant text := 'asked to stop' || coalesce(': ' || p_reason, '');
BEGIN
  IF c.cancel_asked_at IS NULL THEN
    PERFORM ts_call_off(c, p_reason, p_now);
    UPDATE claim SET cancel_asked_at = p_now, updated_at = p_now WHERE id = c.id RETURNING * INTO STRICT c;
    INSERT INTO claim_history (claim_id, at, state, reason, actor) VALUES (c.id, p_now, c.state, v_why, p_actor);
    INSERT INTO ledger (at, machine_id, claim_id, kind, data)
    VALUES (p_now, c.machine_id, c.id, 'cancel_asked', jsonb_build_object('reason', p_reason));
    PERFORM ts_tell(c, ts_claim_json(c) || jsonb_build_object('reason', v_why), p_now);
  END IF;
  RETURN ts_claim_json(c);
END $$;

-- A booking of the tenant's that is about to change, locked behind its machine's guard; or the answer that was given before, or
-- that there is none.
CREATE FUNCTION ts_taken_up(p_tenant text, p_key text, p_body_hash bytea, p_claim text, OUT booking claim, OUT answer jsonb)
LANGUAGE plpgsql AS $$
BEGIN
  answer := ts_replay(p_tenant, p_key, p_body_hash);
  IF answer IS NULL THEN
    booking := ts_locked_claim(p_tenant, p_claim, 'bkg');
    IF booking.id IS NULL THEN
      answer := ts_refused('booking.unknown', 404);
    END IF;
  END IF;
END $$;

-- A claim that the tenant books or provides, locked behind its machine's guard; a row of nulls where there is none.
CREATE FUNCTION ts_locked_claim(p_tenant text, p_claim text, p_prefix text) RETURNS claim LANGUAGE plpgsql AS $$
DECLARE
  c claim;
BEGIN
  SELECT * INTO c FROM claim WHERE id = p_claim AND starts_with(id, p_prefix || '_')
    AND (booker_id = p_tenant OR p_prefix = 'bkg' AND provider_id = p_tenant);
  IF c.id IS NOT NULL THEN
    PERFORM ts_lock_machines(ARRAY[c.machine_id]);
    SELECT * INTO STRICT c FROM claim WHERE id = p_claim FOR NO KEY UPDATE;
  END IF;
  RETURN c;
END $$;

GRANT EXECUTE ON FUNCTION
  ts_release(text, text, timestamptz), ts_cancel(text, text, bytea, text, text, timestamptz),
  ts_confirm(text, text, bytea, text, timestamptz), ts_decline(text, text, bytea, text, text, timestamptz),
  ts_expire(int, timestamptz) TO ts_api;
GRANT EXECUTE ON FUNCTION ts_expire(int, timestamptz), ts_lock_machines(text[]) TO ts_ingest;
