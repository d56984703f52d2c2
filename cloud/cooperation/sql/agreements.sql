-- Proposing an agreement, and what its two sides do with it. All answer {outcome, status, agreement? | refusal?}.

CREATE FUNCTION ts_enterprise_name(p_id text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT name FROM enterprise WHERE id = p_id
$$;

CREATE FUNCTION ts_money(p_amount numeric, p_currency text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('amount', to_char(p_amount, 'FM999999999999990.00'), 'currency', p_currency)
$$;

CREATE FUNCTION ts_agreement_json(a agreement) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'id', a.id, 'name', a.name, 'state', a.state, 'proposed_by', a.proposed_by,
    'provider_id', a.provider_id, 'provider_name', ts_enterprise_name(a.provider_id),
    'booker_id', a.booker_id, 'booker_name', ts_enterprise_name(a.booker_id),
    'services', (SELECT jsonb_agg(jsonb_build_object('id', s.id, 'name', s.name, 'active', s.active) ORDER BY s.name, s.id)
                 FROM service s WHERE s.id = ANY (a.service_ids)),
    'rate', jsonb_build_object('amount', trim_scale(a.rate_amount)::text, 'currency', a.rate_currency),
    'quota_hours', a.quota_hours::float8, 'period', a.period, 'zone', a.zone,
    'notice_s', extract(epoch FROM a.notice)::float8, 'priority', a.priority,
    'start', ts_time(lower(a.valid)), 'end', ts_time(upper(a.valid)), 'note', a.note, 'reason', a.reason,
    'created_at', ts_time(a.created_at), 'updated_at', ts_time(a.updated_at))
$$;

-- The agreement as both of its parties see it; null for anybody else.
CREATE FUNCTION ts_agreement_told(p_tenant text, p_id text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT ts_agreement_json(a) FROM public.agreement a WHERE a.id = p_id AND p_tenant IN (a.provider_id, a.booker_id)
$$;

-- Tells both sides, and returns what they are told.
CREATE FUNCTION ts_tell_agreement(a agreement, p_now timestamptz) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_json jsonb := ts_agreement_json(a);
BEGIN
  INSERT INTO event (at, enterprise_id, type, data)
  SELECT p_now, audience, 'agreement.changed', v_json FROM unnest(ARRAY[a.booker_id, a.provider_id]) AS audience;
  RETURN v_json;
END $$;

-- p_terms: {name, role, partner_id, service_ids, rate, quota_hours, period, zone, notice_s?, priority, start, end, note?}. The tenant
-- is its provider or its booker, as role says, and may propose what it may see.
CREATE FUNCTION ts_propose(p_tenant text, p_key text, p_body_hash bytea, p_id text, p_terms jsonb, p_most int, p_now timestamptz)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_answer   jsonb := ts_replay(p_tenant, p_key, p_body_hash);
  v_partner  constant text := p_terms ->> 'partner_id';
  v_provider constant text := CASE p_terms ->> 'role' WHEN 'provider' THEN p_tenant ELSE v_partner END;
  v_services constant text[] := ARRAY(SELECT jsonb_array_elements_text(p_terms -> 'service_ids'));
  v_known    service[];
  a          agreement;
BEGIN
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  ELSIF v_partner = p_tenant OR NOT EXISTS (SELECT FROM enterprise WHERE id = v_partner) THEN
    RETURN ts_refused('not_found', 404);
  ELSIF (SELECT count(*) FROM agreement WHERE proposed_by = p_tenant AND state = 'PROPOSED') >= p_most THEN
    RETURN ts_refused('agreement.too_many', 409, jsonb_build_object('most', p_most));
  END IF;
  v_known := ARRAY(SELECT s FROM service s WHERE s.id = ANY (v_services) AND s.enterprise_id = v_provider
                   AND ts_may_see(p_tenant, s));
  IF cardinality(v_known) < cardinality(v_services) THEN
    RETURN ts_refused('service.unknown', 404);
  ELSIF EXISTS (SELECT FROM unnest(v_known) AS s WHERE s.price_currency <> p_terms -> 'rate' ->> 'currency') THEN
    RETURN ts_refused('agreement.currency', 422, jsonb_build_object('currency', v_known[1].price_currency));
  END IF;
  INSERT INTO agreement (id, name, provider_id, booker_id, proposed_by, state, service_ids, rate_amount, rate_currency,
                         quota_hours, period, zone, notice, priority, valid, note, created_at, updated_at)
  VALUES (p_id, p_terms ->> 'name', v_provider, CASE v_provider WHEN p_tenant THEN v_partner ELSE p_tenant END, p_tenant,
          'PROPOSED', v_services, (p_terms -> 'rate' ->> 'amount')::numeric, p_terms -> 'rate' ->> 'currency',
          (p_terms ->> 'quota_hours')::numeric, p_terms ->> 'period', p_terms ->> 'zone',
          make_interval(secs => (p_terms ->> 'notice_s')::float8), (p_terms ->> 'priority')::int2, ts_span_of(p_terms),
          p_terms ->> 'note', p_now, p_now)
  RETURNING * INTO STRICT a;
  PERFORM ts_note_act(p_tenant, 'agreement.proposed', a.id, p_now);
  v_answer := jsonb_build_object('outcome', 'ok', 'status', 201, 'agreement', ts_tell_agreement(a, p_now));
  RETURN ts_keep_answer(p_tenant, p_key, p_body_hash, v_answer, 201, p_now);
END $$;

-- One side accepts (ACTIVE) or declines what the other proposed, takes back its own proposal, or ends what is in force
-- (TERMINATED). What was called off stays booked.
CREATE FUNCTION ts_decide_agreement(p_tenant text, p_key text, p_body_hash bytea, p_id text, p_to text, p_reason text,
                                    p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_answer jsonb := ts_replay(p_tenant, p_key, p_body_hash);
  a        agreement;
BEGIN
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  END IF;
  SELECT * INTO a FROM agreement WHERE id = p_id AND p_tenant IN (provider_id, booker_id) FOR NO KEY UPDATE;
  IF a.id IS NULL THEN
    RETURN ts_refused('agreement.unknown', 404);
  ELSIF a.state IN ('PROPOSED', 'ACTIVE') AND upper(a.valid) <= p_now THEN
    a := ts_move_agreement(a, 'ENDED', 'its time is over', p_now);
  END IF;
  IF NOT ts_may_move('agreement', a.state, p_to) THEN
    RETURN ts_refused('agreement.state', 409, jsonb_build_object('state', a.state));
  ELSIF a.state = 'PROPOSED' AND (a.proposed_by = p_tenant) <> (p_to = 'TERMINATED') THEN
    RETURN ts_refused('agreement.other_side', 403);
  END IF;
  a := ts_move_agreement(a, p_to, p_reason, p_now);
  PERFORM ts_note_act(p_tenant, 'agreement.' || lower(p_to), a.id, p_now);
  v_answer := jsonb_build_object('outcome', 'ok', 'status', 200, 'agreement', ts_agreement_json(a));
  RETURN ts_keep_answer(p_tenant, p_key, p_body_hash, v_answer, 200, p_now);
END $$;

CREATE FUNCTION ts_move_agreement(a agreement, p_to text, p_reason text, p_now timestamptz) RETURNS agreement
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE agreement SET state = p_to, reason = p_reason, updated_at = p_now WHERE id = a.id RETURNING * INTO STRICT a;
  PERFORM ts_tell_agreement(a, p_now);
  RETURN a;
END $$;

-- The highest priority that the booker agreed upon for this service.
CREATE FUNCTION ts_priority(p_booker text, p_service text, p_now timestamptz) RETURNS int LANGUAGE sql STABLE AS $$
  SELECT coalesce(max(priority), 0)::int FROM public.agreement
  WHERE booker_id = p_booker AND state = 'ACTIVE' AND p_service = ANY (service_ids) AND valid @> p_now
$$;

GRANT EXECUTE ON FUNCTION ts_agreement_told(text, text), ts_propose(text, text, bytea, text, jsonb, int, timestamptz),
  ts_decide_agreement(text, text, bytea, text, text, text, timestamptz) TO ts_api;
