-- Who did what when to which object: one line per act, for the enterprise in whose name it was done, written by triggers in
-- the transaction of the act, so that no route can forget it. Of whom, the transaction says itself, in 'ts.actor': "KEY
-- ACCOUNT REQUEST NOW" with - for none, NOW in business time; the API sets it, and ts_actor reads it.
CREATE TABLE audit (
  id            bigint GENERATED ALWAYS AS IDENTITY,
  at            timestamptz NOT NULL,
  enterprise_id text NOT NULL,
  agent_id      text,
  key_id        text,
  account_id    text,
  request_id    text,
  source        text NOT NULL CHECK (source IN ('api', 'agent', 'registry', 'operator')),
  action        text NOT NULL,
  object_id     text,
  code          text,
  times         int NOT NULL DEFAULT 1 CHECK (times >= 1),
  PRIMARY KEY (enterprise_id, at, id)
);
COMMENT ON TABLE audit IS 'Who did what when to which object; append-only, no foreign keys: it outlives what it speaks of.';
COMMENT ON COLUMN audit.code IS 'The problem''s code where the act was refused; null where it was done.';
COMMENT ON COLUMN audit.times IS 'Refusals alike are counted together, or whoever is refused could fill the table.';
CREATE INDEX audit_object ON audit (object_id, at) WHERE object_id IS NOT NULL;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION ts_refuse_change();

ALTER TABLE audit ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit FOR SELECT TO ts_api USING (enterprise_id = (SELECT current_setting('ts.tenant', true)));
GRANT SELECT ON audit TO ts_api;

-- What became of holds and bookings. A hold that its booking takes the place of is no act of its own. What the plant does
-- is its provider's, what the registry does of itself is told to both sides. Only definer functions write the history, so
-- this one need be none.
CREATE FUNCTION ts_audit_claim() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_action text;
BEGIN
  IF NEW.state = 'CONSUMED' THEN
    RETURN NULL;
  END IF;
  v_action := CASE WHEN starts_with(NEW.claim_id, 'hld_') THEN 'hold.' ELSE 'booking.' END
    || CASE WHEN NEW.reason IN ('amended', 'extended') AND NEW.state IN ('HELD', 'REQUESTED', 'CONFIRMED', 'DISPATCHED', 'RUNNING')
              THEN NEW.reason
            WHEN NEW.state = 'RUNNING' AND NEW.actor <> 'plant' THEN 'cancel_asked'
            WHEN NEW.state = 'METERED' AND NEW.actor <> 'registry' THEN 'accepted'
            ELSE lower(NEW.state) END;
  IF starts_with(NEW.actor, 'ent_') THEN
    INSERT INTO audit (at, enterprise_id, key_id, account_id, request_id, source, action, object_id)
    VALUES (NEW.at, NEW.actor, nullif(nullif(split_part(current_setting('ts.actor', true), ' ', 1), ''), '-'),
            nullif(nullif(split_part(current_setting('ts.actor', true), ' ', 2), ''), '-'),
            nullif(nullif(split_part(current_setting('ts.actor', true), ' ', 3), ''), '-'), 'api', v_action, NEW.claim_id);
  ELSIF NEW.actor = 'plant' THEN
    INSERT INTO audit (at, enterprise_id, agent_id, source, action, object_id)
    SELECT NEW.at, c.provider_id, m.agent_id, 'agent', v_action, c.id
    FROM claim c JOIN machine m ON m.id = c.machine_id WHERE c.id = NEW.claim_id;
  ELSE
    INSERT INTO audit (at, enterprise_id, source, action, object_id)
    SELECT DISTINCT NEW.at, side, 'registry', v_action, c.id
    FROM claim c, unnest(ARRAY[c.booker_id, CASE WHEN starts_with(c.id, 'bkg_') THEN c.provider_id ELSE c.booker_id END]) AS side
    WHERE c.id = NEW.claim_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER audited AFTER INSERT ON claim_history FOR EACH ROW EXECUTE FUNCTION ts_audit_claim();

-- Any other table's row that came, changed or went; arguments: what it is called, its tenant's column, its id's column. What
-- the registry keeps in these rows for itself is nobody's act. By hand, an operator has no business time to tell.
CREATE FUNCTION ts_audit_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_old    constant jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
  v_new    constant jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
  v_row    constant jsonb := coalesce(v_new, v_old);
  v_agent  constant text := CASE WHEN session_user = 'ts_ingest' THEN v_row ->> 'agent_id' END;
  -- Who logs in acts from then on.
  v_person constant text := coalesce(ts_actor(2), CASE TG_TABLE_NAME WHEN 'session' THEN v_row ->> 'account_id' END);
  v_source constant text := CASE WHEN v_agent IS NOT NULL THEN 'agent'
                                 WHEN coalesce(ts_actor(1), v_person) IS NOT NULL THEN 'api'
                                 WHEN session_user IN ('ts_api', 'ts_ingest') THEN 'registry' ELSE 'operator' END;
BEGIN
  IF v_source = 'registry' THEN
    RETURN NULL;
  END IF;
  INSERT INTO audit (at, enterprise_id, agent_id, key_id, account_id, request_id, source, action, object_id)
  VALUES (
    coalesce(ts_actor(4)::timestamptz, CASE WHEN TG_OP = 'INSERT' THEN (v_row ->> 'created_at')::timestamptz END,
             CASE WHEN v_agent IS NOT NULL THEN (v_row ->> 'last_receipt_at')::timestamptz END, clock_timestamp()),
    v_row ->> TG_ARGV[1], v_agent, ts_actor(1), v_person, ts_actor(3), v_source,
    TG_ARGV[0] || CASE
      WHEN TG_OP = 'INSERT' THEN '.added'
      WHEN TG_OP = 'DELETE' OR v_new ->> 'removed' = 'true' THEN '.removed'
      WHEN v_new ->> 'revoked_at' IS NOT NULL AND v_old ->> 'revoked_at' IS NULL THEN '.revoked'
      WHEN v_new ->> 'active' = 'false' AND v_old ->> 'active' = 'true' THEN '.withdrawn'
      WHEN v_new ->> 'state' = 'LEFT' THEN '.left'
      ELSE '.changed' END,
    v_row ->> TG_ARGV[2]);
  RETURN NULL;
END $$;

-- Has a table audited. p_columns: which of them are an act when they change; null: any.
CREATE FUNCTION ts_audited(p_table text, p_word text, p_tenant text, p_id text, p_columns text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER audited AFTER INSERT OR DELETE ON public.%I FOR EACH ROW EXECUTE FUNCTION ts_audit_row(%L, %L, %L)',
                 p_table, p_word, p_tenant, p_id);
  EXECUTE format('CREATE TRIGGER audited_change AFTER UPDATE %s ON public.%I FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
                  EXECUTE FUNCTION ts_audit_row(%L, %L, %L)',
                 CASE WHEN p_columns IS NOT NULL THEN 'OF ' || p_columns ELSE '' END, p_table, p_word, p_tenant, p_id);
END $$;

SELECT ts_audited('enterprise', 'enterprise', 'id', 'id');
SELECT ts_audited('api_key', 'key', 'enterprise_id', 'id');
SELECT ts_audited('partner', 'partner', 'provider_id', 'partner_id');
SELECT ts_audited('site', 'site', 'enterprise_id', 'id');
SELECT ts_audited('agent', 'agent', 'enterprise_id', 'id', 'name, site_id, key_id, key');
SELECT ts_audited('machine', 'machine', 'enterprise_id', 'id', 'name, site_id, agent_id, profile, quantity');
SELECT ts_audited('service', 'service', 'enterprise_id', 'id');
SELECT ts_audited('webhook', 'webhook', 'enterprise_id', 'id', 'url, types, secret, removed');
SELECT ts_audited('feed', 'feed', 'enterprise_id', 'id');
SELECT ts_audited('waiting', 'waiting', 'booker_id', 'id', 'state');
SELECT ts_audited('account', 'account', 'enterprise_id', 'id', 'name, role, password, disabled_at');
CREATE TRIGGER audited AFTER INSERT ON session FOR EACH ROW EXECUTE FUNCTION ts_audit_row('login', 'enterprise_id', 'id');

-- What the API refused somebody whom it knew, gathered; p_refusals: [{at, enterprise_id, key_id, account_id, request_id,
-- action, code, times}].
CREATE FUNCTION ts_audit_refusals(p_refusals jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  INSERT INTO audit (at, enterprise_id, key_id, account_id, request_id, source, action, code, times)
  SELECT at, enterprise_id, key_id, account_id, request_id, 'api', action, code, times
  FROM jsonb_to_recordset(p_refusals) AS r (at timestamptz, enterprise_id text, key_id text, account_id text, request_id text,
                                            action text, code text, times int)
$$;
GRANT EXECUTE ON FUNCTION ts_audit_refusals(jsonb) TO ts_api;
