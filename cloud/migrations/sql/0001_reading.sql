-- What must come before, or reach past, the tenant of a transaction; whose key it is, is asked of 0005_accounts.sql.

-- Exchanges a key (by its id and the hash of its text) for an access token, for the scopes asked for or all of the key's: those
-- granted; no row where the key is not good, an empty array where it has none of the scopes. Forgets tokens past their time.
CREATE FUNCTION ts_issue_token(p_key text, p_hash bytea, p_token bytea, p_scopes text[], p_expires_at timestamptz,
                               p_now timestamptz) RETURNS TABLE (scopes text[])
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_granted text[];
BEGIN
  SELECT CASE WHEN p_scopes IS NULL THEN k.scopes
         ELSE ARRAY(SELECT s FROM unnest(k.scopes) AS s WHERE s = ANY (p_scopes) ORDER BY s) END INTO v_granted
  FROM public.api_key k WHERE k.id = p_key AND k.hash = p_hash AND (k.revoked_at IS NULL OR k.revoked_at > p_now);
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF v_granted <> '{}' THEN
    DELETE FROM public.access_token WHERE expires_at <= p_now;
    INSERT INTO public.access_token (hash, key_id, scopes, expires_at) VALUES (p_token, p_key, v_granted, p_expires_at);
  END IF;
  scopes := v_granted;
  RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION ts_issue_token(text, bytea, bytea, text[], timestamptz, timestamptz) TO ts_api;

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

GRANT EXECUTE ON FUNCTION ts_events(text, text, int), ts_events_end(), ts_news(text) TO ts_api;
-- The webhooks' deliveries are made of them too.
GRANT EXECUTE ON FUNCTION ts_events(text, text, int), ts_events_end() TO ts_ingest;

-- Whose calendar an address shows; no row for one that nobody has.
CREATE FUNCTION ts_feed(p_hash bytea) RETURNS TABLE (id text, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT e.id, e.name FROM public.feed f JOIN public.enterprise e ON e.id = f.enterprise_id WHERE f.hash = p_hash
$$;
GRANT EXECUTE ON FUNCTION ts_feed(bytea) TO ts_api;
