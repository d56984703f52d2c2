-- A booking whose plant took its hours back, or whose machine failed, moves to equal capacity elsewhere: at once where its
-- booker consented beforehand, else as a proposal. A booking is moved once: what a second plant takes back is proposed only.

-- The bookings that wait to be healed since p_patience or longer: a machine that only flickers moves none.
CREATE FUNCTION ts_ailing(p_limit int, p_patience interval, p_now timestamptz) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT id FROM claim WHERE heal_at <= p_now - p_patience ORDER BY heal_at LIMIT p_limit
$$;

-- Heals one of them; what became of it: moved, proposed, nothing (tried again after p_retry) or over. Of a pool it was promised
-- a machine, not this one: until the plant had its order in hand, another of the same service takes it, and nobody is asked.
CREATE FUNCTION ts_heal(p_claim text, p_new_id text, p_patience interval, p_retry interval, p_now timestamptz,
                        p_fresh_after timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  w      claim;
  c      claim;
  v_room record;
  v_pool text;
BEGIN
  SELECT * INTO w FROM claim WHERE id = p_claim;
  PERFORM ts_lock_bundle(w.bundle_id);
  v_pool := ts_pool_room(w, p_now, p_fresh_after);
  SELECT * INTO v_room FROM ts_equal(w, NULL, NULL, p_now, p_fresh_after);
  PERFORM ts_lock_machines(array_remove(ARRAY[w.machine_id, v_pool, v_room.machine_id], NULL));
  SELECT * INTO c FROM claim WHERE id = p_claim AND heal_at <= p_now - p_patience FOR NO KEY UPDATE;
  IF v_room.machine_id IS NOT NULL THEN
    -- Asked again behind its guard: somebody may have taken hours there meanwhile, and what is left cost more than was consented to.
    SELECT * INTO v_room FROM ts_equal(c, (v_room.service).id, v_room.machine_id, p_now, p_fresh_after);
  END IF;
  -- What was amended meanwhile is another wish, with other terms and another price: the next round looks for that.
  IF c.id IS NULL OR (c.span, c.quantity, c.work) IS DISTINCT FROM (w.span, w.quantity, w.work) THEN
    RETURN 'over';
  ELSIF lower(c.span) <= p_now THEN
    UPDATE claim SET heal_at = NULL, proposal = NULL WHERE id = c.id;
    RETURN 'over';
  ELSIF ts_is_movable(c) AND ts_fits(v_pool, c.span, c.quantity, (SELECT min_confidence FROM service WHERE id = c.service_id),
                                     p_now, NULL) THEN
    PERFORM ts_shift(c, p_new_id, v_pool, p_now);
    RETURN 'moved';
  ELSIF v_room.machine_id IS NULL THEN
    UPDATE claim SET heal_at = p_now + p_retry WHERE id = c.id;
    RETURN 'nothing';
  ELSIF c.heals IS NULL AND (c.healing ->> 'consent')::boolean
        AND coalesce(c.healing -> 'max_price' ->> 'currency', c.price_currency) = c.price_currency
        AND v_room.price <= coalesce((c.healing -> 'max_price' ->> 'amount')::numeric, c.price_amount) THEN
    PERFORM ts_transfer(c, p_new_id, v_room.service, v_room.machine_id, 'registry', p_now);
    RETURN 'moved';
  END IF;
  UPDATE claim SET heal_at = NULL, updated_at = p_now, proposal = jsonb_build_object(
    'service_id', (v_room.service).id, 'provider_id', (v_room.service).enterprise_id, 'machine_id', v_room.machine_id,
    'price', jsonb_build_object('amount', to_char(v_room.price, 'FM999999999999990.00'), 'currency', c.price_currency))
  WHERE id = c.id RETURNING * INTO STRICT c;
  PERFORM ts_tell(c, ts_claim_json(c) || '{"reason": "equal capacity was found elsewhere"}', p_now);
  RETURN 'proposed';
END $$;

-- Whether it may go to another machine of its service unasked: once, and only while no plant has said that it has the order.
CREATE FUNCTION ts_is_movable(c claim) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN c.pooled AND c.heals IS NULL AND c.state IN ('CONFIRMED', 'DISPLACED')
    AND NOT EXISTS (SELECT FROM claim_history WHERE claim_id = c.id AND state = 'DISPATCHED');
END $$;

-- The first other machine of the service that is free all through, if the booking may move to it. Its terms were kept when it
-- was booked, and its provider has said yes.
CREATE FUNCTION ts_pool_room(c claim, p_now timestamptz, p_fresh_after timestamptz) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  s service;
BEGIN
  IF NOT ts_is_movable(c) THEN
    RETURN NULL;
  END IF;
  SELECT * INTO STRICT s FROM service WHERE id = c.service_id;
  s.instant := true;
  RETURN (SELECT m.machine_id FROM service_machine m
          WHERE m.service_id = s.id AND m.machine_id <> c.machine_id
            AND ts_why_not_instant(s, m.machine_id, p_now, p_fresh_after) IS NULL
            AND ts_fits(m.machine_id, c.span, c.quantity, s.min_confidence, p_now, NULL)
          ORDER BY m.position, m.machine_id LIMIT 1);
END $$;

-- It goes on there as it was agreed, at its price.
CREATE FUNCTION ts_shift(c claim, p_new_id text, p_machine text, p_now timestamptz) RETURNS claim LANGUAGE plpgsql AS $$
DECLARE
  s       service;
  v_terms claim;
BEGIN
  SELECT * INTO STRICT s FROM service WHERE id = c.service_id;
  v_terms.agreement_id := c.agreement_id;
  v_terms.quote_id := c.quote_id;
  v_terms.price_amount := c.price_amount;
  v_terms.price_currency := c.price_currency;
  v_terms.unit_price := c.unit_price;
  v_terms.units := c.units;
  v_terms.pooled := false;
  v_terms.free_until := c.free_until;
  v_terms.cancel_share := c.cancel_share;
  v_terms.late_price := c.late_price;
  RETURN ts_transfer(c, p_new_id, s, p_machine, 'registry', p_now, v_terms);
END $$;

-- The edges of the largest workpiece, the longest first; null: not said.
CREATE FUNCTION ts_edges(p_envelope jsonb) RETURNS float8[] LANGUAGE sql IMMUTABLE AS $$
  SELECT array_agg(edge ORDER BY edge DESC)
  FROM unnest(ARRAY[p_envelope ->> 'x_mm', p_envelope ->> 'y_mm', p_envelope ->> 'z_mm']::float8[]) AS edges (edge)
  WHERE edge IS NOT NULL
$$;

-- A grade's rank: 7 for IT7, -1 for IT01.
CREATE FUNCTION ts_grade(p_tolerance jsonb) RETURNS int LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_tolerance ->> 'grade' WHEN 'IT01' THEN -1 ELSE substr(p_tolerance ->> 'grade', 3)::int END
$$;

-- Whether a service can do all that another says of itself: nobody knows which of it the booker needed. The materials are the
-- work's to name.
CREATE FUNCTION ts_is_as_able(s service, was service) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT s.kind = was.kind AND s.process IS NOT DISTINCT FROM was.process
    AND (was.envelope IS NULL OR coalesce(
      (ts_edges(s.envelope))[1] >= (ts_edges(was.envelope))[1] AND (ts_edges(s.envelope))[2] >= (ts_edges(was.envelope))[2]
      AND (ts_edges(s.envelope))[3] >= (ts_edges(was.envelope))[3], false))
    AND (was.envelope ->> 'mass_kg' IS NULL
      OR coalesce((s.envelope ->> 'mass_kg')::float8 >= (was.envelope ->> 'mass_kg')::float8, false))
    AND (was.tolerance ->> 'grade' IS NULL OR coalesce(ts_grade(s.tolerance) <= ts_grade(was.tolerance), false))
    AND (was.tolerance ->> 'mm' IS NULL OR coalesce((s.tolerance ->> 'mm')::float8 <= (was.tolerance ->> 'mm')::float8, false))
    AND NOT EXISTS (
      SELECT FROM jsonb_array_elements(was.certificates) AS c
      WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(s.certificates) AS held
                        WHERE lower(held ->> 'name' COLLATE "C") = lower(c ->> 'name' COLLATE "C")))
$$;

-- The cheapest instant service over the same hours that does what the booked one does, its own provider's first: as able as it,
-- in its currency, for the work's material and work master, on a machine that the booking was not on.
CREATE FUNCTION ts_equal(c claim, p_service text, p_machine text, p_now timestamptz, p_fresh_after timestamptz,
                         OUT service service, OUT machine_id text, OUT price numeric) LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_found record;
BEGIN
  WITH alike AS MATERIALIZED (
    SELECT s, m.machine_id, m.position, (ts_quote(s, m.machine_id, c.span, c.quantity, p_now, NULL, c.units)).price AS price
    FROM public.service was
    JOIN public.service s ON s.active AND s.instant AND s.kind = was.kind AND s.process IS NOT DISTINCT FROM was.process
      AND ts_is_as_able(s, was)
    JOIN service_machine m ON m.service_id = s.id
    WHERE was.id = c.service_id AND s.price_currency = c.price_currency AND m.machine_id <> c.machine_id
      AND (p_service IS NULL OR s.id = p_service AND m.machine_id = p_machine)
      AND (s.materials = '{}' OR c.work ->> 'material' IS NULL OR c.work ->> 'material' = ANY (s.materials))
      AND m.machine_id IS DISTINCT FROM (SELECT o.machine_id FROM claim o WHERE o.id = c.heals)
      AND ts_may_see(c.booker_id, s) AND ts_against_work(s, c.work) IS NULL AND ts_against_terms(s, c.span, p_now) IS NULL
    ORDER BY s.enterprise_id <> c.provider_id, price, s.id, m.position LIMIT 500
  )
  SELECT a.s, a.machine_id, a.price INTO v_found FROM alike a
  WHERE a.price < 1e14 -- else no claim could keep it, nor a proposal say it
    AND ts_why_not_instant(a.s, a.machine_id, p_now, p_fresh_after) IS NULL
    AND ts_fits(a.machine_id, c.span, c.quantity, (a.s).min_confidence, p_now, NULL)
  ORDER BY (a.s).enterprise_id <> c.provider_id, a.price, (a.s).id, a.position LIMIT 1;
  service := v_found.s;
  machine_id := v_found.machine_id;
  price := v_found.price;
END $$;

-- The booking c goes on as p_new_id on another machine, as p_terms has it (as in ts_claim). The caller holds both guards.
CREATE FUNCTION ts_transfer(c claim, p_new_id text, p_service service, p_machine text, p_actor text, p_now timestamptz,
                            p_terms claim DEFAULT NULL)
RETURNS claim LANGUAGE plpgsql AS $$
DECLARE
  n claim;
BEGIN
  IF c.live THEN
    PERFORM ts_call_off(c, 'moved elsewhere', p_now);
    PERFORM ts_move(c.id, 'DISPLACED', 'moved elsewhere', p_actor, p_now);
    PERFORM ts_reassess(c.machine_id, p_now);
  END IF;
  UPDATE claim SET healed_by = p_new_id, heal_at = NULL, proposal = NULL WHERE id = c.id;
  PERFORM ts_expire_dead(p_machine, c.span, p_now);
  n := ts_claim(p_new_id, p_service, p_machine, c.booker_id, c.span, c.quantity, 'CONFIRMED', NULL, c.work, c.healing, p_terms,
                c.bundle_id, p_now);
  UPDATE claim SET heals = c.id WHERE id = n.id RETURNING * INTO STRICT n;
  PERFORM ts_send_order(n, p_now);
  PERFORM ts_record(n, 'takes the place of another booking', p_actor, p_now);
  RETURN n;
END $$;

-- The booker takes the proposal; the booking that takes the old one's place.
CREATE FUNCTION ts_accept(p_tenant text, p_key text, p_body_hash bytea, p_claim text, p_new_id text, p_now timestamptz,
                          p_fresh_after timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_answer jsonb := ts_replay(p_tenant, p_key, p_body_hash);
  v_locked text;
  c        claim;
  v_room   record;
BEGIN
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  END IF;
  SELECT * INTO c FROM claim WHERE id = p_claim AND id LIKE 'bkg\_%' AND p_tenant IN (booker_id, provider_id);
  IF c.id IS NULL THEN
    RETURN ts_refused('booking.unknown', 404);
  ELSIF c.booker_id <> p_tenant THEN
    RETURN ts_refused('booking.booker_only', 403);
  END IF;
  PERFORM ts_lock_bundle(c.bundle_id);
  v_locked := c.proposal ->> 'machine_id';
  PERFORM ts_lock_machines(array_remove(ARRAY[c.machine_id, v_locked], NULL));
  SELECT * INTO STRICT c FROM claim WHERE id = p_claim FOR NO KEY UPDATE;
  IF c.proposal IS NULL THEN
    RETURN ts_refused('proposal.none', 409, jsonb_build_object('state', c.state));
  ELSIF c.proposal ->> 'machine_id' IS DISTINCT FROM v_locked THEN
    -- Another was proposed meanwhile, and its machine's guard is not ours.
    RETURN ts_refused('proposal.gone', 409);
  END IF;
  SELECT * INTO v_room FROM ts_equal(c, c.proposal ->> 'service_id', c.proposal ->> 'machine_id', p_now, p_fresh_after);
  IF v_room.machine_id IS NULL OR v_room.price > (c.proposal -> 'price' ->> 'amount')::numeric THEN
    UPDATE claim SET proposal = NULL, heal_at = p_now WHERE id = c.id;
    RETURN ts_refused('proposal.gone', 409);
  END IF;
  c := ts_transfer(c, p_new_id, v_room.service, v_room.machine_id, p_tenant, p_now);
  RETURN ts_keep(p_tenant, p_key, p_body_hash, ts_claim_json(c), 201, p_now);
END $$;

GRANT EXECUTE ON FUNCTION ts_accept(text, text, bytea, text, text, timestamptz, timestamptz) TO ts_api;
GRANT EXECUTE ON FUNCTION ts_ailing(int, interval, timestamptz),
  ts_heal(text, text, interval, interval, timestamptz, timestamptz) TO ts_ingest;
