-- How dealings with each partner went: facts of those bookings that the tenant is a party of, and of no others.
CREATE INDEX ledger_at_risk ON ledger (claim_id) WHERE kind = 'at_risk';

-- Whether a booking of the tenant's was ever at risk; the ledger itself is the provider's.
CREATE FUNCTION ts_ever_at_risk(p_tenant text, p_claim text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM public.ledger l WHERE l.claim_id = p_claim AND l.kind = 'at_risk')
    AND EXISTS (SELECT FROM public.claim c WHERE c.id = p_claim AND p_tenant IN (c.booker_id, c.provider_id))
$$;

-- Of the bookings whose hours ended after p_since and by p_now, per partner and side on which it stood. Each that was ever
-- confirmed counts under one of kept to open; requests are all that the provider had to answer.
CREATE FUNCTION ts_trust(p_tenant text, p_since timestamptz, p_grace interval, p_now timestamptz)
RETURNS TABLE (partner_id text, provides boolean, bookings int, kept int, late int, partly int, failed int, moved int,
  cancelled_by_provider int, cancelled_by_booker int, open int, at_risk int, disputed int, booked_hours float8,
  metered_hours float8, requests int, answered int, answer_s float8) LANGUAGE sql STABLE AS $$
  WITH mine AS (
    SELECT c.*, CASE c.booker_id WHEN p_tenant THEN c.provider_id ELSE c.booker_id END AS partner, c.booker_id = p_tenant AS provides
    FROM public.claim c
    WHERE p_tenant IN (c.booker_id, c.provider_id) AND c.booker_id <> c.provider_id AND c.id LIKE 'bkg\_%'
      AND upper(c.span) > p_since AND upper(c.span) <= p_now
  ), told AS (
    SELECT m.*, h.*, public.ts_ever_at_risk(p_tenant, m.id) AS was_at_risk,
      m.meter ->> 'outcome' AS outcome, (m.meter ->> 'share')::float8 AS share, (m.meter ->> 'started')::timestamptz AS started
    FROM mine m CROSS JOIN LATERAL (
      SELECT coalesce(bool_or(t.state = 'CONFIRMED'), false) AS confirmed, coalesce(bool_or(t.state = 'DISPUTED'), false) AS was_disputed,
        min(t.at) FILTER (WHERE t.state = 'REQUESTED') AS asked_at,
        min(t.at) FILTER (WHERE t.state IN ('CONFIRMED', 'DECLINED') AND t.actor = m.provider_id) AS answered_at,
        min(t.actor) FILTER (WHERE t.state = 'CANCELLED') AS cancelled_by
      FROM public.claim_history t WHERE t.claim_id = m.id
    ) AS h
  ), went AS (
    SELECT told.*, CASE
      WHEN NOT confirmed THEN 'never'
      WHEN outcome = 'COMPLETED' AND share < 1 THEN 'partly'
      WHEN outcome = 'COMPLETED' AND started > lower(span) + p_grace THEN 'late'
      WHEN outcome = 'COMPLETED' THEN 'kept'
      WHEN outcome IS NOT NULL OR state IN ('UNDELIVERABLE', 'NO_SHOW', 'ABORTED', 'DECLINED') THEN 'failed'
      WHEN state = 'DISPLACED' THEN 'moved'
      WHEN state = 'CANCELLED' AND cancelled_by = provider_id THEN 'cancelled_by_provider'
      WHEN state = 'CANCELLED' THEN 'cancelled_by_booker'
      ELSE 'open' END AS went
    FROM told
  )
  SELECT partner, provides, count(*) FILTER (WHERE confirmed)::int, count(*) FILTER (WHERE went = 'kept')::int,
    count(*) FILTER (WHERE went = 'late')::int, count(*) FILTER (WHERE went = 'partly')::int,
    count(*) FILTER (WHERE went = 'failed')::int, count(*) FILTER (WHERE went = 'moved')::int,
    count(*) FILTER (WHERE went = 'cancelled_by_provider')::int, count(*) FILTER (WHERE went = 'cancelled_by_booker')::int,
    count(*) FILTER (WHERE went = 'open')::int, count(*) FILTER (WHERE confirmed AND was_at_risk)::int,
    count(*) FILTER (WHERE was_disputed)::int,
    coalesce(sum((meter ->> 'booked_hours')::float8), 0), coalesce(sum((meter ->> 'run_hours')::float8), 0),
    count(asked_at)::int, count(answered_at) FILTER (WHERE asked_at IS NOT NULL)::int,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM answered_at - asked_at)::float8)
      FILTER (WHERE asked_at IS NOT NULL AND answered_at IS NOT NULL)
  FROM went GROUP BY partner, provides ORDER BY partner, provides
$$;
GRANT EXECUTE ON FUNCTION ts_ever_at_risk(text, text), ts_trust(text, timestamptz, interval, timestamptz) TO ts_api;
