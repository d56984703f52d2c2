-- Calling off by an agreement: its terms in place of the service's own, and never more than its quota. Whoever adds to what was
-- called off holds the machines' guards first, then the agreement's row, and sums afterwards: what others added before shows.

-- The service on the agreement's terms: its rate, and its notice where one was agreed.
CREATE FUNCTION ts_as_agreed(s service, p_agreement text) RETURNS service LANGUAGE plpgsql STABLE AS $$
DECLARE
  a agreement;
BEGIN
  SELECT * INTO STRICT a FROM agreement WHERE id = p_agreement;
  s.price_amount := a.rate_amount;
  s.price_bands := '[]';
  s.notice := coalesce(a.notice, s.notice);
  RETURN s;
END $$;

-- Whether the tenant may call this service off by the agreement over this span, and then on which terms.
CREATE FUNCTION ts_agreed(p_tenant text, p_agreement text, p_service service, p_span tstzrange, p_now timestamptz,
                          OUT service service, OUT refusal jsonb) LANGUAGE plpgsql STABLE AS $$
DECLARE
  a agreement;
BEGIN
  SELECT * INTO a FROM agreement WHERE id = p_agreement AND p_tenant IN (booker_id, provider_id);
  refusal := CASE
    WHEN a.id IS NULL THEN ts_refused('agreement.unknown', 404)
    WHEN a.booker_id <> p_tenant THEN ts_refused('agreement.booker_only', 403)
    WHEN a.state <> 'ACTIVE' THEN ts_refused('agreement.state', 409, jsonb_build_object('state', a.state))
    WHEN p_service.id IS NULL OR NOT p_service.id = ANY (a.service_ids)
      THEN ts_refused('agreement.service', 409, jsonb_build_object('service_ids', to_jsonb(a.service_ids)))
    WHEN NOT p_service.active THEN ts_refused('service.unknown', 404)
    ELSE ts_outside(a, p_span) END;
  IF refusal IS NULL THEN
    service := ts_as_agreed(p_service, a.id);
  END IF;
END $$;

CREATE FUNCTION ts_outside(a agreement, p_span tstzrange) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT ts_refused('agreement.span', 409, jsonb_build_object('start', ts_time(lower(a.valid)), 'end', ts_time(upper(a.valid))))
  WHERE NOT p_span <@ a.valid
$$;

-- The week or month that p_at lies in, on the agreement's calendar.
CREATE FUNCTION ts_period(a agreement, p_at timestamptz) RETURNS tstzrange LANGUAGE sql STABLE AS $$
  SELECT tstzrange(began AT TIME ZONE a.zone, (began + ('1 ' || a.period)::interval) AT TIME ZONE a.zone)
  FROM date_trunc(a.period, p_at AT TIME ZONE a.zone) AS began
$$;

-- Whether a claim counts against its agreement's quota. What was called off for nothing gives its hours back, as does what the
-- provider did not take on or could not give; what was called off for a fee does not. A hold counts until its booking does.
CREATE FUNCTION ts_counts(p_state text, p_expires_at timestamptz, p_cancel_fee numeric, p_now timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_state IN ('HELD', 'REQUESTED') THEN p_expires_at > p_now
    WHEN p_state = 'CANCELLED' THEN coalesce(p_cancel_fee, 0) > 0
    ELSE p_state NOT IN ('CONSUMED', 'EXPIRED', 'DECLINED', 'DISPLACED', 'UNDELIVERABLE') END
$$;

-- Hours times quantity of the claims that begin in p_period and count. A claim counts whole in the period in which it begins.
CREATE FUNCTION ts_used(p_agreement text, p_period tstzrange, p_without text, p_now timestamptz) RETURNS numeric
LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(extract(epoch FROM upper(c.span) - lower(c.span)) * c.quantity), 0) / 3600
  FROM public.claim c
  WHERE c.agreement_id = p_agreement AND lower(c.span) >= lower(p_period) AND lower(c.span) < upper(p_period)
    AND public.ts_counts(c.state, c.expires_at, c.cancel_fee, p_now) AND c.id IS DISTINCT FROM p_without
$$;

-- Why so much over this span may not be called off besides all that was (but for p_without); or null. What was called off stays
-- when the agreement is over, but no more is. Holds the agreement's row until the transaction ends.
CREATE FUNCTION ts_against_quota(p_agreement text, p_span tstzrange, p_quantity int, p_without text, p_now timestamptz)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  a        agreement;
  v_asked  constant numeric := extract(epoch FROM upper(p_span) - lower(p_span)) * p_quantity / 3600;
  v_had    constant numeric := (SELECT extract(epoch FROM upper(span) - lower(span)) * quantity / 3600 FROM claim WHERE id = p_without);
  v_period tstzrange;
  v_used   numeric;
BEGIN
  SELECT * INTO STRICT a FROM agreement WHERE id = p_agreement FOR NO KEY UPDATE;
  IF a.state <> 'ACTIVE' AND v_asked > coalesce(v_had, 0) THEN
    RETURN ts_refused('agreement.state', 409, jsonb_build_object('state', a.state));
  ELSIF NOT p_span <@ a.valid THEN
    RETURN ts_outside(a, p_span);
  END IF;
  v_period := ts_period(a, lower(p_span));
  v_used := ts_used(a.id, v_period, p_without, p_now);
  IF v_used + v_asked > a.quota_hours THEN
    RETURN ts_refused('agreement.quota', 409, jsonb_build_object(
      'quota_hours', a.quota_hours::float8, 'used_hours', round(v_used, 3)::float8, 'asked_hours', round(v_asked, 3)::float8,
      'left_hours', round(greatest(a.quota_hours - v_used, 0), 3)::float8,
      'period', jsonb_build_object('start', ts_time(lower(v_period)), 'end', ts_time(upper(v_period)))));
  END IF;
  RETURN NULL;
END $$;

-- Locked together and in one order: leg by leg, two bundles could wait for each other.
CREATE FUNCTION ts_lock_agreements(p_ids text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_ids <> '{}' THEN
    PERFORM 1 FROM agreement WHERE id = ANY (p_ids) ORDER BY id FOR NO KEY UPDATE;
  END IF;
END $$;

-- What was quoted, for as much as c is to be: of the quote itself, not of the booking's own price, which is rounded to cents. Made
-- as good as nothing and then as long as it was, a booking would cost nothing.
CREATE FUNCTION ts_pro_rata(c claim) RETURNS numeric LANGUAGE sql STABLE AS $$
  SELECT round((q.price_amount * extract(epoch FROM upper(c.span) - lower(c.span)) * c.quantity)::numeric(60, 30)
               / (extract(epoch FROM upper(q.span) - lower(q.span)) * q.quantity), 2)
  FROM public.inquiry_quote q WHERE q.id = c.quote_id
$$;

-- The periods of an agreement that p_window touches, with what was used of each, for whoever may read its row and its claims.
CREATE FUNCTION ts_usage(p_agreement text, p_window tstzrange, p_most int, p_now timestamptz)
RETURNS TABLE (start timestamptz, "end" timestamptz, used numeric) LANGUAGE plpgsql STABLE AS $$
DECLARE
  a        agreement;
  v_window tstzrange;
  v_period tstzrange;
BEGIN
  SELECT * INTO a FROM public.agreement WHERE id = p_agreement;
  v_window := a.valid * p_window;
  IF a.id IS NULL OR isempty(v_window) THEN
    RETURN;
  END IF;
  v_period := ts_period(a, lower(v_window));
  FOR nth IN 1..p_most LOOP
    EXIT WHEN lower(v_period) >= upper(v_window);
    start := lower(v_period);
    "end" := upper(v_period);
    used := ts_used(a.id, v_period, NULL, p_now);
    RETURN NEXT;
    v_period := ts_period(a, upper(v_period));
  END LOOP;
END $$;

GRANT EXECUTE ON FUNCTION ts_period(agreement, timestamptz), ts_counts(text, timestamptz, numeric, timestamptz),
  ts_used(text, tstzrange, text, timestamptz), ts_usage(text, tstzrange, int, timestamptz) TO ts_api;
