-- How dealings with each partner went: facts of those bookings that the tenant is a party of, and of no others.
CREATE INDEX ledger_at_risk ON ledger (claim_id) WHERE kind = 'at_risk';

-- What the accounts say of the tenant's own bookings with hours that ended after p_since and by p_now; the ledger itself is the
-- provider's. Read past row-level security, for that would ask about each line; the bookings that it is joined to are not.
CREATE FUNCTION ts_accounts(p_tenant text, p_since timestamptz, p_now timestamptz)
RETURNS TABLE (claim_id text, confirmed boolean, was_disputed boolean, was_at_risk boolean, asked_at timestamptz,
  answered_at timestamptz, cancelled_by text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT c.id, coalesce(bool_or(t.state = 'CONFIRMED'), false), coalesce(bool_or(t.state = 'DISPUTED'), false),
    EXISTS (SELECT FROM public.ledger l WHERE l.claim_id = c.id AND l.kind = 'at_risk'),
    min(t.at) FILTER (WHERE t.state = 'REQUESTED'),
    min(t.at) FILTER (WHERE t.state IN ('CONFIRMED', 'DECLINED') AND t.actor = c.provider_id),
    min(t.actor) FILTER (WHERE t.state = 'CANCELLED')
  FROM public.claim c LEFT JOIN public.claim_history t ON t.claim_id = c.id
  WHERE (c.booker_id = p_tenant OR c.provider_id = p_tenant) AND upper(c.span) > p_since AND upper(c.span) <= p_now
  GROUP BY c.id
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
    WHERE (c.booker_id = p_tenant OR c.provider_id = p_tenant) AND c.booker_id <> c.provider_id AND c.id LIKE 'bkg\_%'
      AND upper(c.span) > p_since AND upper(c.span) <= p_now
  ), told AS (
    SELECT m.*, a.*, m.meter ->> 'outcome' AS outcome, (m.meter ->> 'share')::float8 AS share,
      (m.meter ->> 'started')::timestamptz AS started
    FROM mine m JOIN public.ts_accounts(p_tenant, p_since, p_now) AS a ON a.claim_id = m.id
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
GRANT EXECUTE ON FUNCTION ts_accounts(text, timestamptz, timestamptz), ts_trust(text, timestamptz, interval, timestamptz) TO ts_api;
