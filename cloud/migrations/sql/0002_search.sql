-- What a caller could book, narrowed by what the database can decide; cloud/market/match.py decides the rest.
--
-- One row per service and machine that the caller may see. `steps` is what is left of the offer after every live claim,
-- whoever's it is, over [p_start, p_until): [from, to, left at confidence 1 or better, … at 5], moments as microseconds
-- since 1970; steps with nothing left are left out. Before the numbers left: the odds of what is offered there at the highest
-- confidence at which p_quantity is left, as ts_graded has them (cloud/booking/sql/quote.sql). Which claims were subtracted stays in here. No more counts as offered
-- than the machine has. The cheapest come first (currencies apart); p_most of them, after the first p_skip.
CREATE FUNCTION ts_search(
  p_tenant text, p_now timestamptz, p_start timestamptz, p_until timestamptz, p_kind text, p_process text,
  p_quantity int, p_service text, p_latitude float8, p_longitude float8, p_km float8, p_skip int, p_most int)
RETURNS TABLE (
  service_id text, service_name text, provider_id text, provider_name text, machine_id text, instant boolean,
  price_amount numeric, price_currency text, setup_fee_amount numeric, notice interval, min_duration interval,
  max_duration interval, min_confidence int2, price_bands jsonb, zone text, valid_until timestamptz, last_receipt_at timestamptz, km float8, steps jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH place AS (
    SELECT s.id, s.zone, 12742.0 * asin(sqrt(least(1, power(sin(radians(s.latitude - p_latitude) / 2), 2)
      + cos(radians(p_latitude)) * cos(radians(s.latitude)) * power(sin(radians(s.longitude - p_longitude) / 2), 2)))) AS km
    FROM public.site s
  ), visible AS MATERIALIZED (
    SELECT s.*, e.name AS provider_name, m.id AS machine_id, m.quantity, m.last_receipt_at, st.valid_until, l.km, l.zone, sm.position,
      least(s.price_amount, (SELECT min((band ->> 'price')::numeric) FROM jsonb_array_elements(s.price_bands) AS band)) AS least_price
    FROM public.service s
    JOIN public.enterprise e ON e.id = s.enterprise_id
    JOIN public.service_machine sm ON sm.service_id = s.id
    JOIN public.machine m ON m.id = sm.machine_id
    JOIN place l ON l.id = m.site_id
    LEFT JOIN public.statement st ON st.machine_id = m.id
    WHERE s.active
      AND (s.enterprise_id = p_tenant OR s.visibility = 'open' OR (s.visibility = 'partners' AND EXISTS (
        SELECT FROM public.partner p WHERE p.provider_id = s.enterprise_id AND p.partner_id = p_tenant)))
      AND (p_service IS NULL OR s.id = p_service)
      AND (p_kind IS NULL OR s.kind = p_kind)
      AND (p_process IS NULL OR s.process = p_process)
      AND (p_km IS NULL OR l.km <= p_km)
    ORDER BY s.price_currency, least_price, s.id, sm.position, m.id
    LIMIT p_most OFFSET p_skip
  ), edge AS (
    SELECT o.machine_id, e.at, e.sign * o.quantity AS offered, o.confidence, 0 AS taken,
      CASE WHEN o.quantity > 0 THEN e.sign * ln(coalesce(o.chance, public.ts_floor(o.confidence))) END AS chance,
      CASE WHEN o.quantity > 0 THEN e.sign * o.fading END AS fading
    FROM public.offer_span o CROSS JOIN LATERAL (VALUES
      (greatest(lower(o.span), p_start), 1), (least(upper(o.span), p_until), -1)) AS e (at, sign)
    WHERE o.machine_id IN (SELECT v.machine_id FROM visible v) AND o.type = 'Available'
      AND o.span && tstzrange(p_start, p_until)
    UNION ALL
    SELECT c.machine_id, e.at, 0, 0, e.sign * c.quantity, NULL, NULL
    FROM public.claim c CROSS JOIN LATERAL (VALUES
      (greatest(lower(c.span), p_start), 1), (least(upper(c.span), p_until), -1)) AS e (at, sign)
    WHERE c.machine_id IN (SELECT v.machine_id FROM visible v) AND c.span && tstzrange(p_start, p_until)
      AND c.live AND (c.state NOT IN ('HELD', 'REQUESTED') OR c.expires_at > p_now)
  ), change AS (
    SELECT machine_id, at, sum(taken) AS t, sum(offered) AS o1, sum(offered) FILTER (WHERE confidence >= 2) AS o2,
      sum(offered) FILTER (WHERE confidence >= 3) AS o3, sum(offered) FILTER (WHERE confidence >= 4) AS o4,
      sum(offered) FILTER (WHERE confidence >= 5) AS o5,
      sum(chance) AS c1, sum(chance) FILTER (WHERE confidence >= 2) AS c2, sum(chance) FILTER (WHERE confidence >= 3) AS c3,
      sum(chance) FILTER (WHERE confidence >= 4) AS c4, sum(chance) FILTER (WHERE confidence >= 5) AS c5,
      sum(fading) AS f1, sum(fading) FILTER (WHERE confidence >= 2) AS f2, sum(fading) FILTER (WHERE confidence >= 3) AS f3,
      sum(fading) FILTER (WHERE confidence >= 4) AS f4, sum(fading) FILTER (WHERE confidence >= 5) AS f5
    FROM edge GROUP BY machine_id, at
  ), step AS (
    SELECT machine_id, at, lead(at) OVER w AS until, sum(t) OVER w AS t, least(sum(o1) OVER w, m.quantity) AS o1,
      least(coalesce(sum(o2) OVER w, 0), m.quantity) AS o2, least(coalesce(sum(o3) OVER w, 0), m.quantity) AS o3,
      least(coalesce(sum(o4) OVER w, 0), m.quantity) AS o4, least(coalesce(sum(o5) OVER w, 0), m.quantity) AS o5,
      sum(c1) OVER w AS c1, sum(c2) OVER w AS c2, sum(c3) OVER w AS c3, sum(c4) OVER w AS c4, sum(c5) OVER w AS c5,
      sum(f1) OVER w AS f1, sum(f2) OVER w AS f2, sum(f3) OVER w AS f3, sum(f4) OVER w AS f4, sum(f5) OVER w AS f5
    FROM change JOIN public.machine m ON m.id = machine_id WINDOW w AS (PARTITION BY machine_id ORDER BY at)
  ), likely AS (
    SELECT *, CASE WHEN o5 - t >= p_quantity THEN c5 WHEN o4 - t >= p_quantity THEN c4 WHEN o3 - t >= p_quantity THEN c3
        WHEN o2 - t >= p_quantity THEN c2 ELSE c1 END AS chance,
      CASE WHEN o5 - t >= p_quantity THEN f5 WHEN o4 - t >= p_quantity THEN f4 WHEN o3 - t >= p_quantity THEN f3
        WHEN o2 - t >= p_quantity THEN f2 ELSE f1 END AS fading
    FROM step WHERE until IS NOT NULL AND o1 > t
  ), remainder AS (
    SELECT machine_id, jsonb_agg(jsonb_build_array((extract(epoch FROM at) * 1000000)::int8,
      (extract(epoch FROM until) * 1000000)::int8, round(exp(chance)::numeric, 6), round(greatest(coalesce(fading, 0), 0)::numeric, 6),
      o1 - t, greatest(o2 - t, 0), greatest(o3 - t, 0), greatest(o4 - t, 0), greatest(o5 - t, 0))
      ORDER BY at) AS steps
    FROM likely GROUP BY machine_id
  )
  SELECT v.id, v.name, v.enterprise_id, v.provider_name, v.machine_id, v.instant, v.price_amount, v.price_currency,
    v.setup_fee_amount, v.notice, v.min_duration, v.max_duration, v.min_confidence, v.price_bands, v.zone,
    v.valid_until, v.last_receipt_at, v.km,
    coalesce(r.steps, '[]')
  FROM visible v LEFT JOIN remainder r USING (machine_id)
  ORDER BY v.price_currency, v.least_price, v.id, v.position, v.machine_id
$$;
GRANT EXECUTE ON FUNCTION ts_search(text, timestamptz, timestamptz, timestamptz, text, text, int, text, float8, float8, float8,
  int, int) TO ts_api;

-- The names of those enterprises with which the tenant has a claim in common: who books or provides is no secret to the
-- other side.
CREATE FUNCTION ts_names(p_tenant text, p_ids text[]) RETURNS TABLE (id text, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT e.id, e.name FROM public.enterprise e
  WHERE e.id = ANY (p_ids) AND (e.id = p_tenant
    OR EXISTS (SELECT FROM public.claim c WHERE c.booker_id = p_tenant AND c.provider_id = e.id)
    OR EXISTS (SELECT FROM public.claim c WHERE c.provider_id = p_tenant AND c.booker_id = e.id))
$$;
GRANT EXECUTE ON FUNCTION ts_names(text, text[]) TO ts_api;
