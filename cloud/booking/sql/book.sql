-- The two ways in: ts_hold reserves for a while, ts_book books. One round trip each; everything in one transaction.
-- An enterprise has no more than p_most holds at once, and each of its keys and people no more than p_most_own, or one could
-- hoard hours for nothing. Both return {outcome: ok | replayed | in_flight | key_mismatch | refused, status, claim?, refusal? {code, facts...}}.

CREATE FUNCTION ts_hold(p_tenant text, p_key text, p_body_hash bytea, p_claim_id text, p_service text, p_machine text,
                        p_start timestamptz, p_end timestamptz, p_quantity int, p_expires_at timestamptz, p_most int,
                        p_most_own int, p_now timestamptz, p_agreement text DEFAULT NULL, p_units int DEFAULT 0)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_answer jsonb := ts_replay(p_tenant, p_key, p_body_hash);
  v_span   constant tstzrange := tstzrange(p_start, p_end);
  s        service;
  v_wish   record;
  v_room   record;
  v_terms  claim;
  c        claim;
BEGIN
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  END IF;
  SELECT * INTO v_wish FROM ts_on_terms(p_tenant, p_service, v_span, p_now, p_agreement);
  v_answer := coalesce(v_wish.refusal, ts_against_hoarding(p_tenant, p_most, p_most_own, p_now));
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  END IF;
  s := v_wish.service;
  SELECT * INTO v_room FROM ts_find_room(s, p_machine, v_span, p_quantity, NULL, p_now);
  IF v_room.refusal IS NOT NULL THEN
    RETURN v_room.refusal;
  END IF;
  IF p_agreement IS NOT NULL THEN
    v_answer := ts_against_quota(p_agreement, v_span, p_quantity, NULL, p_now);
    IF v_answer IS NOT NULL THEN
      RETURN v_answer;
    END IF;
    v_terms.agreement_id := p_agreement;
  END IF;
  v_terms.made_by := ts_maker();
  c := ts_claim(p_claim_id, s, v_room.chosen, p_tenant, v_span, p_quantity, 'HELD', p_expires_at, NULL, NULL, v_terms,
                NULL, p_now, p_units, p_machine IS NULL);
  RETURN ts_keep(p_tenant, p_key, p_body_hash, ts_record(c, NULL, p_tenant, p_now), 201, p_now);
END $$;

-- Who makes a hold, or waits for one: the person, or the key, that the transaction says it acts for; null: nobody says so.
CREATE FUNCTION ts_maker() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(ts_actor(2), ts_actor(1))
$$;

-- Why no further hold may be made; null: one may. From the count until its hold is written no other of the enterprise's is
-- counted, so none exceeds the quota. This comes before any machine's guard, so who waits here holds nobody's booking up.
CREATE FUNCTION ts_against_hoarding(p_tenant text, p_most int, p_most_own int, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  v_held record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('holds' || E'\n' || p_tenant, 0));
  SELECT count(*) AS of_all, count(*) FILTER (WHERE made_by = ts_maker()) AS of_own INTO v_held
  FROM claim WHERE booker_id = p_tenant AND state = 'HELD' AND expires_at > p_now;
  IF v_held.of_own >= p_most_own THEN
    RETURN ts_refused('hold.quota', 409, jsonb_build_object(
      'most', p_most_own, 'of', CASE WHEN ts_actor(2) IS NULL THEN 'key' ELSE 'account' END));
  ELSIF v_held.of_all >= p_most THEN
    RETURN ts_refused('hold.quota', 409, jsonb_build_object('most', p_most, 'of', 'enterprise'));
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION ts_book(p_tenant text, p_key text, p_body_hash bytea, p_claim_id text, p_hold text, p_service text,
                        p_machine text, p_start timestamptz, p_end timestamptz, p_quantity int, p_work jsonb,
                        p_healing jsonb, p_now timestamptz, p_fresh_after timestamptz, p_agreement text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_answer jsonb := ts_replay(p_tenant, p_key, p_body_hash);
  v_placed record;
BEGIN
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  END IF;
  SELECT * INTO v_placed FROM ts_place(p_tenant, p_claim_id, p_hold, p_service, p_machine, tstzrange(p_start, p_end),
                                       p_quantity, p_work, p_healing, NULL, NULL, p_now, p_fresh_after, p_agreement);
  IF v_placed.refusal IS NOT NULL THEN
    RETURN v_placed.refusal;
  END IF;
  RETURN ts_keep(p_tenant, p_key, p_body_hash, v_placed.claim, 201, p_now);
END $$;

-- One booking, alone or as a leg of p_bundle; p_locked as in ts_find_room. With p_hold, the held span on the held machine at
-- the held price; service, machine, span, quantity and agreement are then not looked at. An instant service confirms at once where the
-- plant's statement is still in its lease and the machine was heard of after p_fresh_after (null: whenever); otherwise the
-- booking is a request to the provider.
CREATE FUNCTION ts_place(p_tenant text, p_claim_id text, p_hold text, p_service text, p_machine text, p_span tstzrange,
                         p_quantity int, p_work jsonb, p_healing jsonb, p_bundle text, p_locked text[], p_now timestamptz,
                         p_fresh_after timestamptz, p_agreement text, OUT claim jsonb, OUT refusal jsonb) LANGUAGE plpgsql AS $$
DECLARE
  v_span    tstzrange := CASE WHEN p_hold IS NULL THEN p_span END;
  s         service;
  h         claim;
  v_wish    record;
  v_room    record;
  v_why_not text;
  c         claim;
BEGIN
  IF p_hold IS NOT NULL THEN
    SELECT * INTO v_room FROM ts_open_hold(p_tenant, p_hold, p_now);
    refusal := v_room.refusal;
    IF refusal IS NOT NULL THEN
      RETURN;
    END IF;
    h := v_room.hold;
    v_span := h.span;
    SELECT * INTO STRICT s FROM service WHERE id = h.service_id;
    IF h.agreement_id IS NOT NULL THEN
      refusal := ts_against_quota(h.agreement_id, h.span, h.quantity, h.id, p_now);
      IF refusal IS NOT NULL THEN
        RETURN;
      END IF;
    END IF;
  ELSE
    SELECT * INTO v_wish FROM ts_on_terms(p_tenant, p_service, v_span, p_now, p_agreement);
    refusal := v_wish.refusal;
    IF refusal IS NOT NULL THEN
      RETURN;
    END IF;
    s := v_wish.service;
  END IF;
  refusal := ts_against_work(s, p_work);
  IF refusal IS NOT NULL THEN
    RETURN;
  END IF;
  IF h.id IS NULL THEN
    SELECT * INTO v_room FROM ts_find_room(s, p_machine, v_span, p_quantity, p_locked, p_now);
    refusal := v_room.refusal;
    IF refusal IS NULL AND p_agreement IS NOT NULL THEN
      refusal := ts_against_quota(p_agreement, v_span, p_quantity, NULL, p_now);
      h.agreement_id := p_agreement;
    END IF;
    IF refusal IS NOT NULL THEN
      RETURN;
    END IF;
  END IF;
  v_why_not := ts_why_not_instant(s, v_room.chosen, p_now, p_fresh_after);
  IF v_why_not IS NOT NULL AND lower(v_span) <= p_now THEN
    -- A request ends when its span begins: this one would be over before anybody could confirm it.
    refusal := ts_refused('notice.too_short', 409, jsonb_build_object('earliest', ts_time(p_now)));
    RETURN;
  END IF;
  IF h.id IS NOT NULL THEN
    PERFORM ts_move(h.id, 'CONSUMED', p_claim_id, p_tenant, p_now);
  END IF;
  c := ts_claim(p_claim_id, s, v_room.chosen, p_tenant, v_span, coalesce(h.quantity, p_quantity),
                CASE WHEN v_why_not IS NULL THEN 'CONFIRMED' ELSE 'REQUESTED' END,
                CASE WHEN v_why_not IS NOT NULL THEN lower(v_span) END, p_work, p_healing, h, p_bundle, p_now,
                p_pooled => p_machine IS NULL);
  IF v_why_not IS NULL THEN
    PERFORM ts_send_order(c, p_now);
  END IF;
  claim := ts_record(c, v_why_not, p_tenant, p_now);
END $$;

CREATE FUNCTION ts_against_work(s service, p_work jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF s.work_masters <> '{}' AND NOT (p_work ->> 'work_master') = ANY (s.work_masters) THEN
    RETURN ts_refused('work.not_offered', 422, jsonb_build_object('work_masters', to_jsonb(s.work_masters)));
  END IF;
  RETURN NULL;
END $$;

-- The tenant's own hold, its machine's guard locked, if it is still good and the plant still offers what it holds.
CREATE FUNCTION ts_open_hold(p_tenant text, p_hold text, p_now timestamptz,
                             OUT chosen text, OUT hold claim, OUT refusal jsonb) LANGUAGE plpgsql AS $$
DECLARE
  h claim;
  s service;
BEGIN
  SELECT machine_id INTO chosen FROM claim WHERE id = p_hold AND booker_id = p_tenant AND id LIKE 'hld\_%';
  IF chosen IS NULL THEN
    refusal := ts_refused('hold.unknown', 404);
    RETURN;
  END IF;
  PERFORM ts_lock_machines(ARRAY[chosen]);
  SELECT * INTO STRICT h FROM claim WHERE id = p_hold FOR NO KEY UPDATE;
  IF h.state = 'HELD' AND h.expires_at <= p_now THEN
    h := ts_move(h.id, 'EXPIRED', 'expired', 'registry', p_now);
    PERFORM ts_reassess(chosen, p_now);
  END IF;
  IF h.state <> 'HELD' THEN
    refusal := ts_refused(CASE h.state WHEN 'EXPIRED' THEN 'hold.expired' ELSE 'claim.state' END, 409,
                          jsonb_build_object('state', h.state));
    RETURN;
  END IF;
  SELECT * INTO STRICT s FROM service WHERE id = h.service_id;
  IF NOT ts_fits(chosen, h.span, h.quantity, s.min_confidence, p_now, h.id) THEN
    refusal := ts_explain(ARRAY[chosen], h.span, h.quantity, s.min_confidence, p_now + ts_exact(s.notice), p_now, h.id);
  END IF;
  hold := h;
END $$;

CREATE FUNCTION ts_why_not_instant(s service, p_machine text, p_now timestamptz, p_fresh_after timestamptz) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF NOT s.instant THEN
    RETURN 'the provider confirms each booking of this service';
  ELSIF (SELECT valid_until <= p_now FROM statement WHERE machine_id = p_machine) THEN
    RETURN 'the plant''s statement is past its lease';
  ELSIF p_fresh_after IS NOT NULL
        AND (SELECT coalesce(last_receipt_at <= p_fresh_after, true) FROM machine WHERE id = p_machine) THEN
    RETURN 'nothing was heard of the machine lately';
  END IF;
  RETURN NULL;
END $$;

GRANT EXECUTE ON FUNCTION
  ts_hold(text, text, bytea, text, text, text, timestamptz, timestamptz, int, timestamptz, int, int, timestamptz, text, int),
  ts_book(text, text, bytea, text, text, text, text, timestamptz, timestamptz, int, jsonb, jsonb, timestamptz,
          timestamptz, text)
  TO ts_api;
