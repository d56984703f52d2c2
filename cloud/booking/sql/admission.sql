-- Who may take which hours: the checks that a hold and a booking share.

-- The stored answer to a repeated call, or why there is none yet; null: go on. Holds the key until the transaction ends.
CREATE FUNCTION ts_replay(p_tenant text, p_key text, p_body_hash bytea) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_known idempotency;
BEGIN
  IF p_key IS NULL THEN
    RETURN NULL;
  END IF;
  IF NOT pg_try_advisory_xact_lock(hashtextextended(p_tenant || E'\n' || p_key, 0)) THEN
    RETURN ts_refused('idempotency.in_flight', 409) || '{"outcome": "in_flight"}';
  END IF;
  SELECT * INTO v_known FROM idempotency WHERE enterprise_id = p_tenant AND key = p_key;
  IF NOT FOUND THEN
    RETURN NULL;
  ELSIF v_known.body_hash IS DISTINCT FROM p_body_hash THEN
    RETURN ts_refused('idempotency.mismatch', 422) || '{"outcome": "key_mismatch"}';
  END IF;
  RETURN v_known.answer || '{"outcome": "replayed"}';
END $$;

CREATE FUNCTION ts_keep(p_tenant text, p_key text, p_body_hash bytea, p_claim jsonb, p_status int, p_now timestamptz)
RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  RETURN ts_keep_answer(p_tenant, p_key, p_body_hash, ts_accepted(p_claim, p_status), p_status, p_now);
END $$;

-- Keeps the answer of a call that succeeded, and returns it.
CREATE FUNCTION ts_keep_answer(p_tenant text, p_key text, p_body_hash bytea, v_answer jsonb, p_status int, p_now timestamptz)
RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  IF p_key IS NOT NULL THEN
    INSERT INTO idempotency (enterprise_id, key, body_hash, status, answer, created_at)
    VALUES (p_tenant, p_key, p_body_hash, p_status, v_answer, p_now);
  END IF;
  RETURN v_answer;
END $$;

CREATE FUNCTION ts_may_see(p_tenant text, s service) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF s.visibility IN ('partners', 'partner') AND s.enterprise_id <> p_tenant THEN
    RETURN s.active AND ((s.visibility = 'partners' OR s.partner_id = p_tenant)
      AND EXISTS (SELECT FROM partner WHERE provider_id = s.enterprise_id AND partner_id = p_tenant) OR ts_pooled(p_tenant, s.id));
  END IF;
  RETURN s.active AND (s.visibility = 'open' OR s.enterprise_id = p_tenant OR ts_pooled(p_tenant, s.id));
END $$;

-- The provider's commercial terms; null where the span keeps them.
CREATE FUNCTION ts_against_terms(s service, p_span tstzrange, p_now timestamptz) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_length   constant interval := upper(p_span) - lower(p_span);
  v_earliest constant timestamptz := p_now + ts_exact(s.notice);
BEGIN
  IF lower(p_span) < v_earliest THEN
    RETURN ts_refused('notice.too_short', 409, jsonb_build_object('earliest', ts_time(v_earliest)));
  ELSIF v_length < s.min_duration THEN
    RETURN ts_refused('duration.too_short', 409, jsonb_build_object('minimum_s', extract(epoch FROM s.min_duration)));
  ELSIF v_length > s.max_duration THEN
    RETURN ts_refused('duration.too_long', 409, jsonb_build_object('maximum_s', extract(epoch FROM s.max_duration)));
  ELSIF s.certificates <> '[]' THEN
    RETURN (SELECT ts_refused('certificate.expires', 409, jsonb_build_object('certificate', c ->> 'name',
                                                                             'valid_until', c ->> 'valid_until'))
            FROM jsonb_array_elements(s.certificates) AS c WHERE (c ->> 'valid_until')::timestamptz < upper(p_span)
            ORDER BY (c ->> 'valid_until')::timestamptz LIMIT 1);
  END IF;
  RETURN NULL;
END $$;

-- The service, if the tenant may see it and the span keeps its terms; or the refusal. With p_agreement, as its parties agreed.
CREATE FUNCTION ts_on_terms(p_tenant text, p_service text, p_span tstzrange, p_now timestamptz, p_agreement text,
                            OUT service service, OUT refusal jsonb) LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_agreed record;
BEGIN
  SELECT s.* INTO service FROM public.service s WHERE s.id = p_service;
  IF p_agreement IS NOT NULL THEN
    SELECT * INTO v_agreed FROM ts_agreed(p_tenant, p_agreement, service, p_span, p_now);
    service := v_agreed.service;
    refusal := coalesce(v_agreed.refusal, ts_against_terms(service, p_span, p_now));
  ELSIF service.id IS NULL OR NOT ts_may_see(p_tenant, service) THEN
    refusal := ts_refused('service.unknown', 404);
  ELSE
    refusal := ts_against_terms(service, p_span, p_now);
  END IF;
END $$;

-- The machine that gets the claim: the one named, or the first of the service's that is free; locked, with dead holds
-- out of the way. Or the refusal. Of several machines only those that look free are locked, in order of their ids.
-- p_locked: only these, whose guards the caller holds already; null for any.
CREATE FUNCTION ts_find_room(p_service service, p_machine text, p_span tstzrange, p_quantity int, p_locked text[],
                             p_now timestamptz, OUT chosen text, OUT refusal jsonb) LANGUAGE plpgsql AS $$
DECLARE
  v_all   text[];
  v_free  text[];
BEGIN
  SELECT array_agg(machine_id ORDER BY position, machine_id) INTO v_all FROM service_machine
  WHERE service_id = p_service.id AND (p_machine IS NULL OR machine_id = p_machine);
  IF v_all IS NULL THEN
    refusal := ts_refused('machine.unknown', 404);
    RETURN;
  END IF;
  v_free := v_all;
  IF cardinality(v_all) > 1 OR p_locked IS NOT NULL THEN
    v_free := ARRAY(SELECT id FROM unnest(v_all) WITH ORDINALITY AS m (id, position)
                    WHERE (p_locked IS NULL OR id = ANY (p_locked))
                      AND ts_fits(id, p_span, p_quantity, p_service.min_confidence, p_now, NULL) ORDER BY position);
  END IF;
  IF p_locked IS NULL AND NOT ts_lock_machines(v_free) THEN
    -- Its plant's first word may be in just now; without a guard two could have the same hours of it.
    v_free := '{}';
  END IF;
  FOREACH chosen IN ARRAY v_free LOOP
    IF ts_fits(chosen, p_span, p_quantity, p_service.min_confidence, p_now, NULL) THEN
      PERFORM ts_expire_dead(chosen, p_span, p_now);
      RETURN;
    END IF;
  END LOOP;
  chosen := NULL;
  refusal := ts_explain(v_all, p_span, p_quantity, p_service.min_confidence, p_now + ts_exact(p_service.notice), p_now, NULL);
END $$;

-- Writes a claim that has been admitted, at the service's price or that of the hold it takes the place of. Where hours are had by
-- an agreement or a quote, p_hold is no hold (its id is null) but says by which, and of a quote the price. p_units: how many
-- the work will make, where there is no p_work to say so yet. p_pooled: the booker named no machine.
CREATE FUNCTION ts_claim(p_id text, p_service service, p_machine text, p_booker text, p_span tstzrange, p_quantity int,
                         p_state text, p_expires_at timestamptz, p_work jsonb, p_healing jsonb, p_hold claim, p_bundle text,
                         p_now timestamptz, p_units int DEFAULT 0, p_pooled boolean DEFAULT false)
RETURNS claim LANGUAGE plpgsql AS $$
DECLARE
  v_units constant int := CASE WHEN p_work IS NULL THEN p_units ELSE coalesce((p_work ->> 'quantity')::int, 0) END;
  c claim;
BEGIN
  INSERT INTO claim (id, machine_id, service_id, provider_id, booker_id, span, quantity, exclusive, state, expires_at,
                     hold_id, bundle_id, agreement_id, quote_id, made_by, work, healing, price_amount, price_currency, unit_price,
                     units, pooled, chance, free_until, cancel_share, late_price, created_at, updated_at)
  SELECT p_id, m.id, p_service.id, p_service.enterprise_id, p_booker, p_span, p_quantity, m.quantity = 1, p_state,
         p_expires_at, p_hold.id, p_bundle, p_hold.agreement_id, p_hold.quote_id, CASE WHEN p_state = 'HELD' THEN p_hold.made_by END, p_work, p_healing, coalesce(round(p_hold.price_amount
           + coalesce(p_hold.unit_price, 0) * (v_units - coalesce(p_hold.units, 0)), 2), quote.price),
         coalesce(p_hold.price_currency, p_service.price_currency), coalesce(p_hold.unit_price, p_service.unit_price), v_units,
         coalesce(p_hold.pooled, p_pooled), coalesce(p_hold.chance, quote.chance),
         coalesce(p_hold.free_until, lower(p_span) - ts_exact(p_service.free_cancellation)),
         coalesce(p_hold.cancel_share, p_service.cancellation_share), p_hold.late_price, p_now, p_now
  FROM machine m
  LEFT JOIN LATERAL ts_quote(p_service, m.id, p_span, p_quantity, p_now, NULL, v_units) AS quote ON p_hold.id IS NULL
  WHERE m.id = p_machine
  RETURNING * INTO STRICT c;
  RETURN c;
END $$;
