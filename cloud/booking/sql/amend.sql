-- What a booker changes in place: a hold's end, once; a booking's span, quantity or work.

-- A hold may be extended once, to p_expires_at: long enough to think again, too short to hoard.
CREATE FUNCTION ts_extend_hold(p_tenant text, p_key text, p_body_hash bytea, p_hold text, p_expires_at timestamptz,
                               p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_answer jsonb := ts_replay(p_tenant, p_key, p_body_hash);
  v_open   record;
  h        claim;
BEGIN
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  END IF;
  SELECT * INTO v_open FROM ts_open_hold(p_tenant, p_hold, p_now);
  IF v_open.refusal IS NOT NULL THEN
    RETURN v_open.refusal;
  END IF;
  h := v_open.hold;
  IF h.extended THEN
    RETURN ts_refused('hold.extended', 409, jsonb_build_object('expires_at', ts_time(h.expires_at)));
  END IF;
  UPDATE claim SET expires_at = greatest(h.expires_at, p_expires_at), extended = true, updated_at = p_now
  WHERE id = h.id RETURNING * INTO STRICT h;
  RETURN ts_keep(p_tenant, p_key, p_body_hash, ts_record(h, 'extended', p_tenant, p_now), 200, p_now);
END $$;

-- Nulls leave as it is. Before its start all may change, and the plant gets the order anew as the next revision; once it has
-- started, only its end may. More than was booked is admitted as a new booking would be. What could not be called off for
-- nothing any more cannot be after it was amended either, and not for a share of less: else a later start, or a shorter span,
-- would be the way round the fee.
CREATE FUNCTION ts_amend(p_tenant text, p_key text, p_body_hash bytea, p_claim text, p_start timestamptz, p_end timestamptz,
                         p_quantity int, p_work jsonb, p_now timestamptz, p_fresh_after timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_taken   record;
  v_answer  jsonb;
  c         claim;
  n         claim;
  s         service;
  v_started boolean;
  v_late    boolean;
  v_was     text;
BEGIN
  SELECT * INTO v_taken FROM ts_taken_up(p_tenant, p_key, p_body_hash, p_claim);
  c := v_taken.booking;
  IF v_taken.answer IS NOT NULL THEN
    RETURN v_taken.answer;
  ELSIF c.booker_id <> p_tenant THEN
    RETURN ts_refused('booking.booker_only', 403);
  ELSIF c.state = 'REQUESTED' AND c.expires_at <= p_now OR c.cancel_asked_at IS NOT NULL
        OR c.state NOT IN ('REQUESTED', 'CONFIRMED', 'DISPATCHED', 'RUNNING') THEN
    RETURN ts_refused('claim.state', 409, jsonb_build_object('state', c.state));
  END IF;
  v_started := c.state = 'RUNNING' OR lower(c.span) <= p_now;
  n := c;
  n.span := tstzrange(coalesce(p_start, lower(c.span)), greatest(coalesce(p_end, upper(c.span)), coalesce(p_start, lower(c.span))));
  n.quantity := coalesce(p_quantity, c.quantity);
  n.work := coalesce(p_work, c.work);
  n.units := coalesce((n.work ->> 'quantity')::int, 0);
  SELECT * INTO STRICT s FROM service WHERE id = c.service_id;
  IF c.agreement_id IS NOT NULL THEN
    s := ts_as_agreed(s, c.agreement_id);
  END IF;
  v_answer := CASE WHEN isempty(n.span) THEN ts_refused('duration.too_short', 409,
                                              jsonb_build_object('minimum_s', extract(epoch FROM s.min_duration)))
    WHEN v_started AND (lower(n.span), n.quantity, n.work) IS DISTINCT FROM (lower(c.span), c.quantity, c.work)
      THEN ts_refused('booking.started', 409, jsonb_build_object('state', c.state))
    ELSE coalesce(ts_against_amendment(s, c, n, p_now, p_fresh_after), ts_against_work(s, n.work)) END;
  IF v_answer IS NULL AND c.agreement_id IS NOT NULL AND (n.span, n.quantity) <> (c.span, c.quantity) THEN
    v_answer := ts_against_quota(c.agreement_id, n.span, n.quantity, c.id, p_now);
  END IF;
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  END IF;
  PERFORM ts_expire_dead(c.machine_id, n.span, p_now);
  IF (n.span, n.quantity) <> (c.span, c.quantity) THEN
    SELECT quote.price, quote.chance INTO n.price_amount, n.chance
    FROM ts_quote(s, c.machine_id, n.span, n.quantity, p_now, c.id, n.units) AS quote;
    IF c.quote_id IS NOT NULL THEN
      n.price_amount := ts_pro_rata(n);
    END IF;
  ELSE
    n.price_amount := round(c.price_amount + c.unit_price * (n.units - c.units), 2);
  END IF;
  v_late := c.state <> 'REQUESTED' AND p_now > c.free_until;
  UPDATE claim SET span = n.span, quantity = n.quantity, work = n.work, units = n.units, updated_at = p_now,
    free_until = CASE WHEN v_late THEN free_until ELSE free_until + (lower(n.span) - lower(c.span)) END,
    late_price = CASE WHEN v_late THEN greatest(late_price, price_amount, n.price_amount) END,
    expires_at = CASE WHEN state = 'REQUESTED' THEN lower(n.span) END,
    price_amount = n.price_amount, chance = n.chance,
    revision = revision + CASE WHEN v_started OR state = 'REQUESTED' THEN 0 ELSE 1 END
  WHERE id = c.id RETURNING * INTO STRICT n;
  v_was := n.state;
  IF v_was IN ('CONFIRMED', 'DISPATCHED') AND NOT v_started THEN
    PERFORM ts_send_order(n, p_now);
  END IF;
  IF v_was = 'DISPATCHED' AND NOT v_started THEN
    n := ts_move(n.id, 'CONFIRMED', 'amended', p_tenant, p_now);
  ELSE
    PERFORM ts_record(n, 'amended', p_tenant, p_now);
  END IF;
  PERFORM ts_reassess(n.machine_id, p_now);
  SELECT * INTO STRICT n FROM claim WHERE id = n.id;
  RETURN ts_keep(p_tenant, p_key, p_body_hash, ts_claim_json(n), 200, p_now);
END $$;

-- Why c may not become n. Notice is asked for where the start moves, capacity where more is wanted than was booked; and then
-- it needs what an instant booking needs, unless the provider has still to confirm it.
CREATE FUNCTION ts_against_amendment(s service, c claim, n claim, p_now timestamptz, p_fresh_after timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_refusal jsonb := ts_against_terms(s, n.span, p_now);
  v_rest    constant tstzrange := n.span * tstzrange(p_now, NULL);
  v_why_not text;
BEGIN
  IF v_refusal IS NOT NULL AND (lower(n.span) <> lower(c.span) OR v_refusal -> 'refusal' ->> 'code' <> 'notice.too_short') THEN
    RETURN v_refusal;
  ELSIF upper(n.span) <= p_now THEN
    RETURN ts_refused('notice.too_short', 409, jsonb_build_object('earliest', ts_time(p_now)));
  ELSIF n.span <@ c.span AND n.quantity <= c.quantity THEN
    RETURN NULL;
  ELSIF upper(c.span) <= p_now THEN
    -- Between its end and now the machine may have been somebody else's.
    RETURN ts_refused('claim.state', 409, jsonb_build_object('state', c.state));
  END IF;
  v_why_not := ts_why_not_instant(s, c.machine_id, p_now, p_fresh_after);
  IF v_why_not IS NOT NULL AND c.state <> 'REQUESTED' THEN
    RETURN ts_refused('booking.needs_provider', 409, jsonb_build_object('why', v_why_not));
  ELSIF NOT ts_fits(c.machine_id, v_rest, n.quantity, s.min_confidence, p_now, c.id) THEN
    RETURN ts_explain(ARRAY[c.machine_id], v_rest, n.quantity, s.min_confidence, p_now + ts_exact(s.notice), p_now, c.id);
  END IF;
  RETURN NULL;
END $$;

GRANT EXECUTE ON FUNCTION
  ts_extend_hold(text, text, bytea, text, timestamptz, timestamptz),
  ts_amend(text, text, bytea, text, timestamptz, timestamptz, int, jsonb, timestamptz, timestamptz) TO ts_api;
