-- Asking for capacity that was not found, of named providers or of all whose services the asker may see.
-- All answer {outcome, status, inquiry? | refusal?}.

CREATE FUNCTION ts_quote_json(q inquiry_quote) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'id', q.id, 'inquiry_id', q.inquiry_id, 'state', q.state, 'provider_id', q.provider_id,
    'provider_name', ts_enterprise_name(q.provider_id), 'service_id', q.service_id,
    'service_name', (SELECT name FROM service WHERE id = q.service_id), 'machine_id', q.machine_id,
    'start', ts_time(lower(q.span)), 'end', ts_time(upper(q.span)), 'quantity', q.quantity,
    'price', ts_money(q.price_amount, q.price_currency), 'valid_until', ts_time(q.valid_until), 'note', q.note,
    'booking_id', q.booking_id, 'created_at', ts_time(q.created_at), 'updated_at', ts_time(q.updated_at))
$$;

-- As its asker sees it, or as one of those who were asked: he sees neither who else was, nor their quotes, nor whose was taken.
CREATE FUNCTION ts_inquiry_json(i inquiry, p_tenant text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'id', i.id, 'state', i.state, 'role', CASE p_tenant WHEN i.asker_id THEN 'asker' ELSE 'provider' END,
    'asker_id', i.asker_id, 'asker_name', ts_enterprise_name(i.asker_id), 'everyone', i.everyone,
    'start', ts_time(lower(i.span)), 'end', ts_time(upper(i.span)), 'work', i.work, 'note', i.note,
    'expires_at', ts_time(i.expires_at), 'created_at', ts_time(i.created_at), 'updated_at', ts_time(i.updated_at),
    'booking_id', CASE p_tenant WHEN i.asker_id THEN i.booking_id END,
    'asked', CASE WHEN p_tenant = i.asker_id AND NOT i.everyone THEN (
      SELECT jsonb_agg(jsonb_build_object('id', a.provider_id, 'name', ts_enterprise_name(a.provider_id)) ORDER BY a.provider_id)
      FROM inquiry_asked a WHERE a.inquiry_id = i.id) ELSE '[]' END,
    'quotes', coalesce((
      SELECT jsonb_agg(ts_quote_json(q) ORDER BY q.created_at, q.id) FROM inquiry_quote q
      WHERE q.inquiry_id = i.id AND p_tenant IN (q.provider_id, i.asker_id)), '[]')) || i.need
$$;

CREATE FUNCTION ts_inquiry_told(p_tenant text, p_id text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT ts_inquiry_json(i, p_tenant) FROM public.inquiry i WHERE i.id = p_id AND (i.asker_id = p_tenant
    OR EXISTS (SELECT FROM public.inquiry_asked a WHERE a.inquiry_id = i.id AND a.provider_id = p_tenant))
$$;

-- Tells the asker and all who were asked, each what he may see.
CREATE FUNCTION ts_tell_inquiry(i inquiry, p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO event (at, enterprise_id, type, data)
  SELECT p_now, audience, 'inquiry.changed', ts_inquiry_json(i, audience)
  FROM (SELECT i.asker_id AS audience UNION SELECT provider_id FROM inquiry_asked WHERE inquiry_id = i.id) AS told;
END $$;

-- p_ask: {start, end, need: {kind?, process?, duration?, quantity...}, work, note?, expires_at, partner_ids}; no partner_ids: everyone.
CREATE FUNCTION ts_inquire(p_tenant text, p_key text, p_body_hash bytea, p_id text, p_ask jsonb, p_most int, p_now timestamptz)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_answer jsonb := ts_replay(p_tenant, p_key, p_body_hash);
  v_named  constant text[] := ARRAY(SELECT jsonb_array_elements_text(p_ask -> 'partner_ids'));
  v_need   constant jsonb := p_ask -> 'need';
  v_asked  text[];
  i        inquiry;
BEGIN
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  ELSIF (SELECT count(*) FROM inquiry WHERE asker_id = p_tenant AND state = 'OPEN' AND expires_at > p_now) >= p_most THEN
    RETURN ts_refused('inquiry.too_many', 409, jsonb_build_object('most', p_most));
  ELSIF (p_ask ->> 'expires_at')::timestamptz <= p_now OR (p_ask ->> 'end')::timestamptz <= p_now THEN
    RETURN ts_refused('inquiry.too_late', 409, jsonb_build_object('now', ts_time(p_now)));
  END IF;
  v_asked := CASE WHEN v_named = '{}' THEN ARRAY(
      SELECT DISTINCT s.enterprise_id FROM service s
      WHERE s.active AND s.enterprise_id <> p_tenant AND ts_may_see(p_tenant, s)
        AND (v_need ->> 'kind' IS NULL OR s.kind = v_need ->> 'kind')
        AND (v_need ->> 'process' IS NULL OR s.process = v_need ->> 'process') LIMIT 1000)
    ELSE ARRAY(SELECT e.id FROM enterprise e WHERE e.id = ANY (v_named) AND e.id <> p_tenant) END;
  IF cardinality(v_asked) < cardinality(v_named) THEN
    RETURN ts_refused('not_found', 404);
  ELSIF v_asked = '{}' THEN
    RETURN ts_refused('inquiry.nobody', 409);
  END IF;
  INSERT INTO inquiry (id, asker_id, state, everyone, span, need, work, note, expires_at, created_at, updated_at)
  VALUES (p_id, p_tenant, 'OPEN', v_named = '{}', ts_span_of(p_ask), v_need, p_ask -> 'work', p_ask ->> 'note',
          (p_ask ->> 'expires_at')::timestamptz, p_now, p_now) RETURNING * INTO STRICT i;
  INSERT INTO inquiry_asked (inquiry_id, provider_id, asker_id) SELECT i.id, provider, p_tenant FROM unnest(v_asked) AS provider;
  PERFORM ts_tell_inquiry(i, p_now);
  PERFORM ts_note_act(p_tenant, 'inquiry.opened', i.id, p_now);
  v_answer := jsonb_build_object('outcome', 'ok', 'status', 201, 'inquiry', ts_inquiry_json(i, p_tenant));
  RETURN ts_keep_answer(p_tenant, p_key, p_body_hash, v_answer, 201, p_now);
END $$;

-- The inquiry is over: as p_to says, and so are its quotes that still stood.
CREATE FUNCTION ts_close_inquiry(i inquiry, p_to text, p_quotes_to text, p_booking text, p_now timestamptz) RETURNS inquiry
LANGUAGE plpgsql AS $$
DECLARE
  q inquiry_quote;
BEGIN
  UPDATE inquiry SET state = p_to, booking_id = p_booking, updated_at = p_now WHERE id = i.id RETURNING * INTO STRICT i;
  FOR q IN UPDATE inquiry_quote SET state = p_quotes_to, updated_at = p_now WHERE inquiry_id = i.id AND state = 'OFFERED' RETURNING * LOOP
    PERFORM ts_tell_quote(q, p_now);
  END LOOP;
  PERFORM ts_tell_inquiry(i, p_now);
  RETURN i;
END $$;

CREATE FUNCTION ts_withdraw_inquiry(p_tenant text, p_key text, p_body_hash bytea, p_id text, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_answer jsonb := ts_replay(p_tenant, p_key, p_body_hash);
  i        inquiry;
BEGIN
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  END IF;
  SELECT * INTO i FROM inquiry WHERE id = p_id AND asker_id = p_tenant FOR NO KEY UPDATE;
  IF i.id IS NULL THEN
    RETURN CASE WHEN ts_inquiry_told(p_tenant, p_id) IS NULL THEN ts_refused('inquiry.unknown', 404)
                ELSE ts_refused('inquiry.asker_only', 403) END;
  ELSIF i.state = 'OPEN' AND i.expires_at <= p_now THEN
    i := ts_close_inquiry(i, 'EXPIRED', 'EXPIRED', NULL, p_now);
  END IF;
  IF NOT ts_may_move('inquiry', i.state, 'WITHDRAWN') THEN
    RETURN ts_refused('inquiry.state', 409, jsonb_build_object('state', i.state));
  END IF;
  i := ts_close_inquiry(i, 'WITHDRAWN', 'LOST', NULL, p_now);
  PERFORM ts_note_act(p_tenant, 'inquiry.withdrawn', i.id, p_now);
  v_answer := jsonb_build_object('outcome', 'ok', 'status', 200, 'inquiry', ts_inquiry_json(i, p_tenant));
  RETURN ts_keep_answer(p_tenant, p_key, p_body_hash, v_answer, 200, p_now);
END $$;

GRANT EXECUTE ON FUNCTION ts_inquiry_told(text, text), ts_inquire(text, text, bytea, text, jsonb, int, timestamptz),
  ts_withdraw_inquiry(text, text, bytea, text, timestamptz) TO ts_api;
