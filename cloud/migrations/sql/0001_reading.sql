-- Two reads that must come before, or reach past, the tenant of a transaction.

-- Whose key this is; no row for a key that is unknown or revoked.
CREATE FUNCTION ts_authenticate(p_hash bytea, p_now timestamptz)
RETURNS TABLE (key_id text, enterprise_id text, enterprise_name text, scopes text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT k.id, k.enterprise_id, e.name, k.scopes
  FROM public.api_key k JOIN public.enterprise e ON e.id = k.enterprise_id
  WHERE k.hash = p_hash AND (k.revoked_at IS NULL OR k.revoked_at > p_now)
$$;

-- The next events of an enterprise after a cursor ('' = from the first), in an order in which none can appear later.
-- A cursor is "TX-SEQ", and opaque to whoever keeps it. An event shows as soon as no older transaction still runs.
CREATE FUNCTION ts_events(p_tenant text, p_after text, p_limit int)
RETURNS TABLE (cursor text, at timestamptz, type text, data jsonb)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT e.tx::text || '-' || e.seq, e.at, e.type, e.data
  FROM public.event e
  WHERE e.enterprise_id = p_tenant
    AND (e.tx, e.seq) > (coalesce(nullif(split_part(p_after, '-', 1), ''), '0')::xid8,
                         coalesce(nullif(split_part(p_after, '-', 2), ''), '0')::bigint)
    AND e.tx < pg_snapshot_xmin(pg_current_snapshot())
  ORDER BY e.tx, e.seq
  LIMIT p_limit
$$;

-- The cursor behind every event there is: where somebody starts who wants only what comes next.
CREATE FUNCTION ts_events_end() RETURNS text
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::numeric - 1)::text || '-' || 9223372036854775807
$$;

-- Which enterprises have events that came to show since the horizon p_since ('' = all that have any), and the horizon now.
-- A process asks this a few times a second and then needs no notification.
CREATE FUNCTION ts_news(p_since text) RETURNS TABLE (horizon text, enterprise_ids text[])
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH settled AS MATERIALIZED (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS tx)
  SELECT settled.tx::text, ARRAY(
    SELECT DISTINCT e.enterprise_id FROM public.event e
    WHERE e.tx >= coalesce(nullif(p_since, ''), '0')::xid8 AND e.tx < settled.tx)
  FROM settled
$$;

GRANT EXECUTE ON FUNCTION ts_authenticate(bytea, timestamptz), ts_events(text, text, int), ts_events_end(), ts_news(text)
  TO ts_api;
