-- What providers answer to an inquiry, and the asker's taking of one. A quote reserves nothing: taking it is an admission like any
-- other, at the quoted price. Whoever changes a quote holds its inquiry's row first.

CREATE FUNCTION ts_tell_quote(q inquiry_quote, p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO event (at, enterprise_id, type, data)
  SELECT p_now, audience, 'quote.changed', ts_quote_json(q) FROM unnest(ARRAY[q.asker_id, q.provider_id]) AS audience;
END $$;

-- The provider's own word stands in place of the service's terms, and his price for all of its prices; certificates and work masters bind him all the same.
CREATE FUNCTION ts_as_quoted(s service) RETURNS service LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  s.instant := true;
  s.notice := '0';
  s.min_duration := '0';
  s.max_duration := NULL;
  s.min_confidence := 1;
  s.unit_price := 0;
  RETURN s;
END $$;

-- p_offer: {service_id, machine_id?, start, end, quantity, price, valid_until, note?}. Only hours that are free now may be quoted.
CREATE FUNCTION ts_give_quote(p_tenant text, p_key text, p_body_hash bytea, p_id text, p_inquiry text, p_offer jsonb, p_most int,
                              p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_answer   jsonb := ts_replay(p_tenant, p_key, p_body_hash);
  v_span     constant tstzrange := ts_span_of(p_offer);
  v_quantity constant int := (p_offer ->> 'quantity')::int;
  v_machine  constant text := p_offer ->> 'machine_id';
  v_all      text[];
  i          inquiry;
  s          service;
  q          inquiry_quote;
BEGIN
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  END IF;
  SELECT i2.* INTO i FROM inquiry i2 JOIN inquiry_asked a ON a.inquiry_id = i2.id AND a.provider_id = p_tenant
  WHERE i2.id = p_inquiry FOR NO KEY UPDATE OF i2;
  SELECT * INTO s FROM service WHERE id = p_offer ->> 'service_id' AND enterprise_id = p_tenant AND active;
  v_all := ARRAY(SELECT machine_id FROM service_machine WHERE service_id = s.id AND (v_machine IS NULL OR machine_id = v_machine)
                 ORDER BY position, machine_id);
  IF i.id IS NULL THEN
    RETURN CASE WHEN EXISTS (SELECT FROM inquiry WHERE id = p_inquiry AND asker_id = p_tenant)
                THEN ts_refused('inquiry.provider_only', 403) ELSE ts_refused('inquiry.unknown', 404) END;
  ELSIF i.state <> 'OPEN' OR i.expires_at <= p_now THEN
    RETURN ts_refused('inquiry.state', 409, jsonb_build_object('state', CASE i.state WHEN 'OPEN' THEN 'EXPIRED' ELSE i.state END));
  ELSIF s.id IS NULL THEN
    RETURN ts_refused('service.unknown', 404);
  ELSIF v_all = '{}' THEN
    RETURN ts_refused('machine.unknown', 404);
  ELSIF (SELECT count(*) FROM inquiry_quote WHERE inquiry_id = i.id AND provider_id = p_tenant AND state = 'OFFERED') >= p_most THEN
    RETURN ts_refused('quote.too_many', 409, jsonb_build_object('most', p_most));
  ELSIF (p_offer ->> 'valid_until')::timestamptz <= p_now THEN
    RETURN ts_refused('quote.too_late', 409, jsonb_build_object('now', ts_time(p_now)));
  END IF;
  s := ts_as_quoted(s);
  v_answer := coalesce(ts_against_terms(s, v_span, p_now), ts_against_work(s, i.work),
    CASE WHEN NOT EXISTS (SELECT FROM unnest(v_all) AS m WHERE ts_fits(m, v_span, v_quantity, s.min_confidence, p_now, NULL))
      THEN ts_explain(v_all, v_span, v_quantity, s.min_confidence, p_now, p_now, NULL) END);
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  END IF;
  INSERT INTO inquiry_quote (id, inquiry_id, asker_id, provider_id, state, service_id, machine_id, span, quantity, price_amount,
                             price_currency, valid_until, note, created_at, updated_at)
  VALUES (p_id, i.id, i.asker_id, p_tenant, 'OFFERED', s.id, v_machine, v_span, v_quantity, (p_offer -> 'price' ->> 'amount')::numeric,
          p_offer -> 'price' ->> 'currency', (p_offer ->> 'valid_until')::timestamptz, p_offer ->> 'note', p_now, p_now)
  RETURNING * INTO STRICT q;
  PERFORM ts_tell_quote(q, p_now);
  PERFORM ts_note_act(p_tenant, 'quote.offered', q.id, p_now);
  v_answer := jsonb_build_object('outcome', 'ok', 'status', 201, 'quote', ts_quote_json(q));
  RETURN ts_keep_answer(p_tenant, p_key, p_body_hash, v_answer, 201, p_now);
END $$;

-- A quote of the tenant's, given or got, with its inquiry locked; one that ran out is ended.
CREATE FUNCTION ts_locked_quote(p_tenant text, p_id text, p_now timestamptz) RETURNS inquiry_quote LANGUAGE plpgsql AS $$
DECLARE
  q inquiry_quote;
BEGIN
  PERFORM 1 FROM inquiry i JOIN inquiry_quote o ON o.inquiry_id = i.id
  WHERE o.id = p_id AND p_tenant IN (o.provider_id, o.asker_id) FOR NO KEY UPDATE OF i;
  SELECT * INTO q FROM inquiry_quote WHERE id = p_id AND p_tenant IN (provider_id, asker_id);
  IF q.state = 'OFFERED' AND q.valid_until <= p_now THEN
    UPDATE inquiry_quote SET state = 'EXPIRED', updated_at = p_now WHERE id = q.id RETURNING * INTO STRICT q;
    PERFORM ts_tell_quote(q, p_now);
  END IF;
  RETURN q;
END $$;

CREATE FUNCTION ts_withdraw_quote(p_tenant text, p_key text, p_body_hash bytea, p_id text, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_answer jsonb := ts_replay(p_tenant, p_key, p_body_hash);
  q        inquiry_quote;
BEGIN
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  END IF;
  q := ts_locked_quote(p_tenant, p_id, p_now);
  IF q.id IS NULL THEN
    RETURN ts_refused('quote.unknown', 404);
  ELSIF q.provider_id <> p_tenant THEN
    RETURN ts_refused('quote.provider_only', 403);
  ELSIF NOT ts_may_move('quote', q.state, 'WITHDRAWN') THEN
    RETURN ts_refused('quote.state', 409, jsonb_build_object('state', q.state));
  END IF;
  UPDATE inquiry_quote SET state = 'WITHDRAWN', updated_at = p_now WHERE id = q.id RETURNING * INTO STRICT q;
  PERFORM ts_tell_quote(q, p_now);
  PERFORM ts_note_act(p_tenant, 'quote.withdrawn', q.id, p_now);
  v_answer := jsonb_build_object('outcome', 'ok', 'status', 200, 'quote', ts_quote_json(q));
  RETURN ts_keep_answer(p_tenant, p_key, p_body_hash, v_answer, 200, p_now);
END $$;

-- The asker takes a quote: it becomes a booking, whole and at the quoted price, or nothing happens. CONFIRMED, as the provider has
-- given his word; REQUESTED where the plant's own is too old for that.
CREATE FUNCTION ts_take_quote(p_tenant text, p_key text, p_body_hash bytea, p_id text, p_claim_id text, p_now timestamptz,
                              p_fresh_after timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_answer  jsonb := ts_replay(p_tenant, p_key, p_body_hash);
  v_terms   claim;
  v_room    record;
  v_why_not text;
  v_json    jsonb;
  q         inquiry_quote;
  i         inquiry;
  s         service;
  c         claim;
BEGIN
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  END IF;
  q := ts_locked_quote(p_tenant, p_id, p_now);
  SELECT * INTO i FROM inquiry WHERE id = q.inquiry_id;
  SELECT * INTO s FROM service WHERE id = q.service_id;
  IF q.id IS NULL THEN
    RETURN ts_refused('quote.unknown', 404);
  ELSIF q.asker_id <> p_tenant THEN
    RETURN ts_refused('quote.asker_only', 403);
  ELSIF NOT ts_may_move('quote', q.state, 'TAKEN') OR NOT s.active THEN
    RETURN ts_refused('quote.state', 409, jsonb_build_object('state', q.state));
  ELSIF i.state <> 'OPEN' OR i.expires_at <= p_now THEN
    RETURN ts_refused('inquiry.state', 409, jsonb_build_object('state', CASE i.state WHEN 'OPEN' THEN 'EXPIRED' ELSE i.state END));
  END IF;
  s := ts_as_quoted(s);
  v_answer := coalesce(ts_against_terms(s, q.span, p_now), ts_against_work(s, i.work));
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  END IF;
  SELECT * INTO v_room FROM ts_find_room(s, q.machine_id, q.span, q.quantity, NULL, p_now);
  IF v_room.refusal IS NOT NULL THEN
    RETURN v_room.refusal;
  END IF;
  v_why_not := ts_why_not_instant(s, v_room.chosen, p_now, p_fresh_after);
  v_terms.quote_id := q.id;
  v_terms.price_amount := q.price_amount;
  v_terms.price_currency := q.price_currency;
  c := ts_claim(p_claim_id, s, v_room.chosen, p_tenant, q.span, q.quantity,
                CASE WHEN v_why_not IS NULL THEN 'CONFIRMED' ELSE 'REQUESTED' END,
                CASE WHEN v_why_not IS NOT NULL THEN lower(q.span) END, i.work, NULL, v_terms, NULL, p_now);
  IF v_why_not IS NULL THEN
    PERFORM ts_send_order(c, p_now);
  END IF;
  v_json := ts_record(c, v_why_not, p_tenant, p_now);
  UPDATE inquiry_quote SET state = 'TAKEN', booking_id = c.id, updated_at = p_now WHERE id = q.id RETURNING * INTO STRICT q;
  PERFORM ts_tell_quote(q, p_now);
  PERFORM ts_close_inquiry(i, 'TAKEN', 'LOST', c.id, p_now);
  PERFORM ts_note_act(p_tenant, 'quote.taken', q.id, p_now);
  RETURN ts_keep(p_tenant, p_key, p_body_hash, v_json, 201, p_now);
END $$;

GRANT EXECUTE ON FUNCTION ts_give_quote(text, text, bytea, text, text, jsonb, int, timestamptz),
  ts_withdraw_quote(text, text, bytea, text, timestamptz),
  ts_take_quote(text, text, bytea, text, text, timestamptz, timestamptz) TO ts_api;
