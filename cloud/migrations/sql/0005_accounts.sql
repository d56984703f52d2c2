-- People: an enterprise's accounts, what their roles may do, and the sessions that they log in for.
CREATE TABLE account (
  id            text PRIMARY KEY CHECK (id LIKE 'acc\_%'),
  enterprise_id text NOT NULL REFERENCES enterprise,
  name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  role          text NOT NULL CHECK (role IN ('viewer', 'booker', 'planner', 'admin')),
  password      text,
  issuer        text,
  subject       text,
  created_at    timestamptz NOT NULL,
  disabled_at   timestamptz,
  CHECK ((issuer IS NULL) = (subject IS NULL))
);
COMMENT ON COLUMN account.name IS 'What its owner logs in with, mostly an e-mail address; unlike others of the enterprise, whatever their case.';
COMMENT ON COLUMN account.password IS 'Argon2id, in PHC form; null: it only logs in through the identity provider.';
COMMENT ON COLUMN account.subject IS 'Whom the issuer calls so is this account, since its first log-in there; names change, subjects do not. One in each enterprise.';
CREATE UNIQUE INDEX account_name ON account (enterprise_id, lower(name));
CREATE INDEX account_login ON account (lower(name));
CREATE UNIQUE INDEX account_subject ON account (issuer, subject, enterprise_id);

CREATE TABLE session (
  id            text PRIMARY KEY CHECK (id LIKE 'ses\_%'),
  enterprise_id text NOT NULL REFERENCES enterprise,
  account_id    text NOT NULL REFERENCES account,
  access_hash   bytea NOT NULL UNIQUE,
  access_until  timestamptz NOT NULL,
  renewal_hash  bytea NOT NULL UNIQUE,
  former_hash   bytea UNIQUE,
  created_at    timestamptz NOT NULL,
  until         timestamptz NOT NULL
);
COMMENT ON TABLE session IS 'A log-in that lasts: a short-lived access token, and what renews it. All hashed as keys are; they are as random.';
COMMENT ON COLUMN session.former_hash IS 'The renewal before this one: whoever brings it has it from somewhere else, and the session ends.';
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_until ON session (until);

CREATE TABLE spent_proof (
  hash  bytea PRIMARY KEY,
  until timestamptz NOT NULL
);
COMMENT ON TABLE spent_proof IS 'The ID tokens that sessions were opened with: one token opens one session, also once that has ended.';
CREATE INDEX spent_proof_until ON spent_proof (until);
ALTER TABLE spent_proof ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

ALTER TABLE account ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON account TO ts_api
  USING (enterprise_id = (SELECT current_setting('ts.tenant', true)))
  WITH CHECK (enterprise_id = (SELECT current_setting('ts.tenant', true)));
ALTER TABLE session ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON session TO ts_api
  USING (enterprise_id = (SELECT current_setting('ts.tenant', true)))
  WITH CHECK (enterprise_id = (SELECT current_setting('ts.tenant', true)));
GRANT SELECT, INSERT, UPDATE ON account TO ts_api;
GRANT SELECT, DELETE ON session TO ts_api;

CREATE FUNCTION ts_role_scopes(p_role text) RETURNS text[] LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE p_role WHEN 'viewer' THEN '{read}' WHEN 'booker' THEN '{book,read}' WHEN 'planner' THEN '{book,provide,read}'
                     WHEN 'admin' THEN '{admin,book,provide,read}' END::text[]
$$;
GRANT EXECUTE ON FUNCTION ts_role_scopes(text) TO ts_api;

-- Whose key or access token this is, and whether the key lives; no row for one that is unknown, or a token past its time.
-- A person's token names the account in the key's place.
CREATE FUNCTION ts_authenticate(p_hash bytea, p_now timestamptz)
RETURNS TABLE (key_id text, enterprise_id text, enterprise_name text, scopes text[], living boolean, account_id text,
               most_holds int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT k.id, k.enterprise_id, e.name, found.scopes, k.revoked_at IS NULL OR k.revoked_at > p_now, NULL, k.most_holds
  FROM (SELECT id, api_key.scopes FROM public.api_key WHERE hash = p_hash
        UNION ALL
        SELECT t.key_id, t.scopes FROM public.access_token t WHERE t.hash = p_hash AND t.expires_at > p_now) AS found
  JOIN public.api_key k ON k.id = found.id
  JOIN public.enterprise e ON e.id = k.enterprise_id
  UNION ALL
  SELECT '', a.enterprise_id, e.name, public.ts_role_scopes(a.role), a.disabled_at IS NULL, a.id, NULL
  FROM public.session s
  JOIN public.account a ON a.id = s.account_id
  JOIN public.enterprise e ON e.id = a.enterprise_id
  WHERE s.access_hash = p_hash AND s.access_until > p_now
$$;
GRANT EXECUTE ON FUNCTION ts_authenticate(bytea, timestamptz) TO ts_api;

-- The one account that a name may log in to: none where nobody has it, or where several enterprises' do and none was named
-- (p_enterprise: id or name, or null). The tenant of who logs in is not known yet, so this reaches past row-level security.
CREATE FUNCTION ts_login(p_name text, p_enterprise text) RETURNS TABLE (id text, enterprise_id text, password text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT min(a.id), min(a.enterprise_id), min(a.password)
  FROM public.account a JOIN public.enterprise e ON e.id = a.enterprise_id
  WHERE lower(a.name) = lower(p_name) AND a.disabled_at IS NULL AND p_enterprise IN (e.id, e.name, '')
  HAVING count(*) = 1
$$;

-- The one account of an identity provider's subject in an enterprise: p_home, where the provider's people of that domain belong;
-- else p_asked (id or name), which whoever logs in names; else the registry's only one. Where the subject has none there yet, the
-- account of a name that the provider vouches for (p_name; null: for none) becomes its own; with p_role, who has none is given
-- one, as p_id. Of no enterprise that nobody named does an account become somebody's: any tenant can make one of any name.
-- Whoever has an account already need name the enterprise only if it has several.
CREATE FUNCTION ts_login_by_subject(p_issuer text, p_subject text, p_name text, p_home text, p_asked text, p_role text, p_id text,
                                    p_now timestamptz) RETURNS TABLE (id text, enterprise_id text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_enterprise text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('subject' || E'\n' || p_issuer || E'\n' || p_subject, 0));
  SELECT min(e.id) INTO v_enterprise FROM public.enterprise e
  WHERE CASE WHEN p_home IS NOT NULL THEN e.id = p_home ELSE p_asked IN (e.id, e.name, '') END HAVING count(*) = 1;
  IF p_name IS NOT NULL AND v_enterprise IS NOT NULL AND NOT EXISTS (
      SELECT FROM public.account a WHERE a.issuer = p_issuer AND a.subject = p_subject AND a.enterprise_id = v_enterprise) THEN
    UPDATE public.account a SET issuer = p_issuer, subject = p_subject
      WHERE lower(a.name) = lower(p_name) AND a.enterprise_id = v_enterprise AND a.subject IS NULL AND a.disabled_at IS NULL;
    IF p_role IS NOT NULL THEN
      INSERT INTO public.account (id, enterprise_id, name, role, issuer, subject, created_at)
      VALUES (p_id, v_enterprise, p_name, p_role, p_issuer, p_subject, p_now)
      ON CONFLICT DO NOTHING;
    END IF;
  END IF;
  RETURN QUERY SELECT min(a.id), min(a.enterprise_id) FROM public.account a
    WHERE a.issuer = p_issuer AND a.subject = p_subject AND a.disabled_at IS NULL
      AND (a.enterprise_id = v_enterprise OR p_home IS NULL AND p_asked = '' AND v_enterprise IS NULL)
    HAVING count(*) = 1;
END $$;

-- Opens a session; forgets those past their time. False where the proof opened one before; it is known for longer than a session
-- lasts, and than a provider's ID tokens do.
CREATE FUNCTION ts_open_session(p_id text, p_account text, p_access bytea, p_access_until timestamptz, p_renewal bytea,
                                p_proof bytea, p_now timestamptz, p_until timestamptz) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  DELETE FROM public.session WHERE until <= p_now;
  DELETE FROM public.spent_proof WHERE until <= p_now;
  INSERT INTO public.spent_proof (hash, until) SELECT p_proof, p_now + 60 * (p_until - p_now) WHERE p_proof IS NOT NULL
  ON CONFLICT (hash) DO NOTHING;
  IF p_proof IS NOT NULL AND NOT FOUND THEN
    RETURN false;
  END IF;
  -- For the audit trail: nobody had been admitted yet.
  PERFORM set_config('ts.actor', format('- %s - %s', p_account, p_now), true);
  INSERT INTO public.session (id, enterprise_id, account_id, access_hash, access_until, renewal_hash, created_at, until)
  SELECT p_id, a.enterprise_id, a.id, p_access, least(p_access_until, p_until), p_renewal, p_now, p_until
  FROM public.account a WHERE a.id = p_account;
  RETURN FOUND;
END $$;

-- Changes both tokens of the session that a renewal belongs to; no row where there is none, or its account is disabled. A
-- renewal that was used before ends its session: one of the two who had it is not its owner.
CREATE FUNCTION ts_renew_session(p_renewal bytea, p_access bytea, p_access_until timestamptz, p_next bytea, p_now timestamptz)
RETURNS TABLE (account_id text, access_until timestamptz, until timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  DELETE FROM public.session s WHERE s.former_hash = p_renewal;
  RETURN QUERY UPDATE public.session s
    SET access_hash = p_access, access_until = least(p_access_until, s.until), renewal_hash = p_next, former_hash = p_renewal
    FROM public.account a
    WHERE s.renewal_hash = p_renewal AND s.until > p_now AND a.id = s.account_id AND a.disabled_at IS NULL
    RETURNING s.account_id, s.access_until, s.until;
END $$;

-- Ends the session of an access token, whatever its tenant: who has the token may end it.
CREATE FUNCTION ts_close_session(p_access bytea) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  DELETE FROM public.session WHERE access_hash = p_access
$$;

-- An account as its log-in answers it.
CREATE FUNCTION ts_account(p_id text)
RETURNS TABLE (id text, name text, role text, scopes text[], enterprise_id text, enterprise_name text, password boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT a.id, a.name, a.role, public.ts_role_scopes(a.role), e.id, e.name, a.password IS NOT NULL
  FROM public.account a JOIN public.enterprise e ON e.id = a.enterprise_id WHERE a.id = p_id
$$;

GRANT EXECUTE ON FUNCTION ts_login(text, text), ts_login_by_subject(text, text, text, text, text, text, text, timestamptz),
  ts_open_session(text, text, bytea, timestamptz, bytea, bytea, timestamptz, timestamptz),
  ts_renew_session(bytea, bytea, timestamptz, bytea, timestamptz), ts_close_session(bytea), ts_account(text) TO ts_api;
