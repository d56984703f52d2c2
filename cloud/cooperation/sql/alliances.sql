-- Several enterprises as one virtual factory: who belongs to it with which share, what each shows of itself, which services are
-- pooled, and what they earned. All writes answer {outcome, status, alliance? | refusal?}.
CREATE TABLE alliance (
  id         text PRIMARY KEY CHECK (id LIKE 'aln\_%'),
  name       text NOT NULL,
  founder_id text NOT NULL REFERENCES enterprise,
  state      text NOT NULL,
  note       text,
  reason     text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
COMMENT ON TABLE alliance IS 'ACTIVE once every member joined on the same shares; one that leaves ends it, for the shares were agreed by all.';

CREATE TABLE alliance_member (
  alliance_id   text NOT NULL REFERENCES alliance,
  enterprise_id text NOT NULL REFERENCES enterprise,
  state         text NOT NULL,
  share         numeric(7, 6) NOT NULL CHECK (share >= 0 AND share <= 1),
  shows         text NOT NULL CHECK (shows IN ('services', 'capacity', 'states')),
  PRIMARY KEY (alliance_id, enterprise_id)
);
COMMENT ON COLUMN alliance_member.share IS 'Of what the pooled services earn; the shares of all members make 1.';
COMMENT ON COLUMN alliance_member.shows IS 'What the others see of its pooled services: their terms; free hours too; the machines'' states too.';
CREATE INDEX alliance_member_enterprise ON alliance_member (enterprise_id);

CREATE TABLE alliance_service (
  alliance_id text NOT NULL REFERENCES alliance,
  service_id  text NOT NULL REFERENCES service,
  provider_id text NOT NULL,
  pooled_at   timestamptz NOT NULL,
  removed_at  timestamptz,
  PRIMARY KEY (alliance_id, service_id, pooled_at)
);
COMMENT ON TABLE alliance_service IS
  'Services that a member lets all members see and book, whatever their visibility, until it takes them out.';
CREATE UNIQUE INDEX alliance_service_now ON alliance_service (alliance_id, service_id) WHERE removed_at IS NULL;
CREATE INDEX alliance_service_service ON alliance_service (service_id);

CREATE TRIGGER born BEFORE INSERT ON alliance FOR EACH ROW EXECUTE FUNCTION ts_guard_move('alliance');
CREATE TRIGGER moved BEFORE UPDATE OF state ON alliance FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION ts_guard_move('alliance');

-- Whether the enterprise was asked into it and has not left: it sees the alliance. A member's own row tells, so that no policy
-- has to ask another.
CREATE FUNCTION ts_in_alliance(p_tenant text, p_alliance text, p_states text[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM public.alliance_member m WHERE m.alliance_id = p_alliance AND m.enterprise_id = p_tenant
                 AND m.state = ANY (p_states))
$$;

DO $$
DECLARE
  v_table text;
  v_rule  text;
  v_in constant text := 'ts_in_alliance((SELECT current_setting(''ts.tenant'', true)), %s, ''{INVITED,JOINED,LEFT}'')';
BEGIN
  FOR v_table, v_rule IN VALUES ('alliance', 'id'), ('alliance_member', 'alliance_id'), ('alliance_service', 'alliance_id') LOOP
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', v_table);
    EXECUTE format('CREATE POLICY tenant ON public.%I FOR SELECT TO ts_api USING (' || format(v_in, v_rule) || ')', v_table);
    EXECUTE format('GRANT SELECT ON public.%I TO ts_api', v_table);
  END LOOP;
END $$;

-- Whether the service is pooled in an alliance in force that the enterprise is a member of.
CREATE FUNCTION ts_pooled(p_tenant text, p_service text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM public.alliance_service s
                 JOIN public.alliance a ON a.id = s.alliance_id AND a.state = 'ACTIVE'
                 JOIN public.alliance_member m ON m.alliance_id = a.id AND m.enterprise_id = p_tenant AND m.state = 'JOINED'
                 WHERE s.service_id = p_service AND s.removed_at IS NULL)
$$;

-- All of them, for search; mostly none.
CREATE FUNCTION ts_all_pooled(p_tenant text) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT ARRAY(SELECT s.service_id FROM public.alliance_member m
               JOIN public.alliance a ON a.id = m.alliance_id AND a.state = 'ACTIVE'
               JOIN public.alliance_service s ON s.alliance_id = a.id AND s.removed_at IS NULL
               WHERE m.enterprise_id = p_tenant AND m.state = 'JOINED')
$$;

CREATE FUNCTION ts_alliance_json(a alliance, p_tenant text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('id', a.id, 'name', a.name, 'state', a.state, 'founder_id', a.founder_id, 'note', a.note,
    'reason', a.reason, 'created_at', ts_time(a.created_at), 'updated_at', ts_time(a.updated_at),
    'mine', (SELECT m.state FROM alliance_member m WHERE m.alliance_id = a.id AND m.enterprise_id = p_tenant),
    'members', (SELECT jsonb_agg(jsonb_build_object('id', m.enterprise_id, 'name', ts_enterprise_name(m.enterprise_id),
        'state', m.state, 'share', m.share::float8, 'shows', m.shows) ORDER BY ts_enterprise_name(m.enterprise_id))
      FROM alliance_member m WHERE m.alliance_id = a.id))
$$;

CREATE FUNCTION ts_alliance_told(p_tenant text, p_id text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT ts_alliance_json(a, p_tenant) FROM public.alliance a
  WHERE a.id = p_id AND ts_in_alliance(p_tenant, a.id, '{INVITED,JOINED,LEFT}')
$$;

-- Tells all that it concerns; the caller gets what it is told itself.
CREATE FUNCTION ts_tell_alliance(p_id text, p_tenant text, p_now timestamptz) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  a alliance;
BEGIN
  SELECT * INTO STRICT a FROM alliance WHERE id = p_id;
  INSERT INTO event (at, enterprise_id, type, data)
  SELECT p_now, m.enterprise_id, 'alliance.changed', ts_alliance_json(a, m.enterprise_id)
  FROM alliance_member m WHERE m.alliance_id = a.id AND m.state <> 'DECLINED';
  RETURN jsonb_build_object('outcome', 'ok', 'status', 200, 'alliance', ts_alliance_json(a, p_tenant));
END $$;

-- p_members: [{id, share}], the founder among them; it has joined, showing p_shows.
CREATE FUNCTION ts_found(p_tenant text, p_key text, p_body_hash bytea, p_id text, p_name text, p_note text, p_shows text,
                         p_members jsonb, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_answer jsonb := ts_replay(p_tenant, p_key, p_body_hash);
BEGIN
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  ELSIF EXISTS (SELECT FROM jsonb_array_elements(p_members) AS m WHERE NOT EXISTS (
      SELECT FROM enterprise e WHERE e.id = m ->> 'id')) THEN
    RETURN ts_refused('not_found', 404);
  END IF;
  INSERT INTO alliance (id, name, founder_id, state, note, created_at, updated_at)
  VALUES (p_id, p_name, p_tenant, 'FORMING', p_note, p_now, p_now);
  INSERT INTO alliance_member (alliance_id, enterprise_id, state, share, shows)
  SELECT p_id, m ->> 'id', CASE m ->> 'id' WHEN p_tenant THEN 'JOINED' ELSE 'INVITED' END, (m ->> 'share')::numeric,
         CASE m ->> 'id' WHEN p_tenant THEN p_shows ELSE 'services' END
  FROM jsonb_array_elements(p_members) AS m;
  PERFORM ts_note_act(p_tenant, 'alliance.founded', p_id, p_now);
  v_answer := ts_tell_alliance(p_id, p_tenant, p_now) || '{"status": 201}';
  RETURN ts_keep_answer(p_tenant, p_key, p_body_hash, v_answer, 201, p_now);
END $$;

-- A member joins (showing p_shows), declines or leaves. The last to join brings the alliance into force; who declines or leaves
-- ends it. Who has joined may say anew what it shows.
CREATE FUNCTION ts_decide_alliance(p_tenant text, p_key text, p_body_hash bytea, p_id text, p_to text, p_shows text, p_reason text,
                                   p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_answer jsonb := ts_replay(p_tenant, p_key, p_body_hash);
  v_was    text;
  a        alliance;
BEGIN
  IF v_answer IS NOT NULL THEN
    RETURN v_answer;
  END IF;
  SELECT * INTO a FROM alliance WHERE id = p_id AND ts_in_alliance(p_tenant, id, '{INVITED,JOINED,LEFT}') FOR NO KEY UPDATE;
  IF a.id IS NULL THEN
    RETURN ts_refused('alliance.unknown', 404);
  END IF;
  SELECT state INTO STRICT v_was FROM alliance_member WHERE alliance_id = a.id AND enterprise_id = p_tenant;
  IF a.state = 'ENDED' OR NOT (v_was = p_to AND p_to = 'JOINED' OR ts_may_move('member', v_was, p_to)) THEN
    RETURN ts_refused('alliance.state', 409, jsonb_build_object('state', a.state));
  END IF;
  UPDATE alliance_member SET state = p_to, shows = coalesce(p_shows, shows) WHERE alliance_id = a.id AND enterprise_id = p_tenant;
  UPDATE alliance SET updated_at = p_now, reason = CASE WHEN p_to <> 'JOINED' THEN p_reason END, state = CASE
      WHEN p_to <> 'JOINED' THEN 'ENDED'
      WHEN EXISTS (SELECT FROM alliance_member m WHERE m.alliance_id = a.id AND m.state <> 'JOINED') THEN 'FORMING'
      ELSE 'ACTIVE' END
  WHERE id = a.id;
  PERFORM ts_note_act(p_tenant, 'alliance.' || lower(p_to), a.id, p_now);
  RETURN ts_keep_answer(p_tenant, p_key, p_body_hash, ts_tell_alliance(a.id, p_tenant, p_now), 200, p_now);
END $$;

-- A member puts one of its own services into the pool (p_in), or takes it out; twice is no error.
CREATE FUNCTION ts_pool(p_tenant text, p_alliance text, p_service text, p_in boolean, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  a alliance;
BEGIN
  SELECT * INTO a FROM alliance WHERE id = p_alliance AND ts_in_alliance(p_tenant, id, '{JOINED}') FOR NO KEY UPDATE;
  IF a.id IS NULL THEN
    RETURN ts_refused('alliance.unknown', 404);
  ELSIF NOT EXISTS (SELECT FROM service WHERE id = p_service AND enterprise_id = p_tenant AND (active OR NOT p_in)) THEN
    RETURN ts_refused('service.unknown', 404);
  ELSIF a.state = 'ENDED' THEN
    RETURN ts_refused('alliance.state', 409, jsonb_build_object('state', a.state));
  ELSIF p_in THEN
    INSERT INTO alliance_service (alliance_id, service_id, provider_id, pooled_at) VALUES (a.id, p_service, p_tenant, p_now)
    ON CONFLICT (alliance_id, service_id) WHERE removed_at IS NULL DO NOTHING;
  ELSE
    UPDATE alliance_service SET removed_at = p_now WHERE alliance_id = a.id AND service_id = p_service AND removed_at IS NULL;
  END IF;
  PERFORM ts_note_act(p_tenant, CASE WHEN p_in THEN 'alliance.pooled' ELSE 'alliance.unpooled' END, p_service, p_now);
  RETURN ts_tell_alliance(a.id, p_tenant, p_now);
END $$;

-- What members see of the pool while the alliance is in force: of each service its terms; its machines' free hours over p_window,
-- as quantity times hours, from whom shows capacity; their states, from whom shows those. Of one's own, everything, and always.
CREATE FUNCTION ts_pool_told(p_tenant text, p_alliance text, p_window tstzrange, p_now timestamptz)
RETURNS TABLE (service_id text, service_name text, provider_id text, provider_name text, kind text, process text,
  price_amount numeric, price_currency text, instant boolean, free_hours float8, machines jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT s.id, s.name, s.enterprise_id, ts_enterprise_name(s.enterprise_id), s.kind, s.process, s.price_amount, s.price_currency,
    s.instant,
    CASE WHEN shown.level >= 1 THEN (
      SELECT coalesce(sum(greatest(st.free, 0) * extract(epoch FROM st.until - st.at)), 0)::float8 / 3600
      FROM public.service_machine sm, LATERAL ts_stairs(sm.machine_id, p_window, s.min_confidence, p_now, NULL) AS st
      WHERE sm.service_id = s.id) END,
    CASE WHEN shown.level >= 2 THEN (
      SELECT jsonb_agg(jsonb_build_object('name', m.name, 'state', m.item_state, 'since', ts_time(m.state_since)) ORDER BY m.name)
      FROM public.service_machine sm JOIN public.machine m ON m.id = sm.machine_id WHERE sm.service_id = s.id) END
  FROM public.alliance_service p
  JOIN public.alliance a ON a.id = p.alliance_id
  JOIN public.service s ON s.id = p.service_id AND s.active AND (a.state = 'ACTIVE' OR s.enterprise_id = p_tenant)
  JOIN public.alliance_member own ON own.alliance_id = p.alliance_id AND own.enterprise_id = s.enterprise_id
  CROSS JOIN LATERAL (SELECT CASE WHEN s.enterprise_id = p_tenant OR own.shows = 'states' THEN 2
                                  WHEN own.shows = 'capacity' THEN 1 ELSE 0 END AS level) AS shown
  WHERE p.alliance_id = p_alliance AND p.removed_at IS NULL AND ts_in_alliance(p_tenant, p_alliance, '{JOINED}')
  ORDER BY 4, s.name, s.id
$$;

-- What pooled services earned from bookings made while they were pooled, whose hours ended after p_since and by p_until, by
-- member and currency: what was settled, or is due until it is. What members booked of their own counts for nothing.
CREATE FUNCTION ts_earned(p_tenant text, p_alliance text, p_since timestamptz, p_until timestamptz)
RETURNS TABLE (enterprise_id text, enterprise_name text, share float8, currency text, bookings int, open int, earned numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH paid AS (
    SELECT c.provider_id, c.price_currency AS currency, c.state,
      coalesce(c.settlement ->> 'settled', c.settlement ->> 'due')::numeric AS amount
    FROM public.alliance_service p
    JOIN public.alliance a ON a.id = p.alliance_id
    JOIN public.claim c ON c.service_id = p.service_id AND c.provider_id = p.provider_id
    WHERE p.alliance_id = p_alliance AND c.created_at >= p.pooled_at AND c.created_at < coalesce(p.removed_at, 'infinity')
      AND (a.state <> 'ENDED' OR c.created_at < a.updated_at) AND c.booker_id <> c.provider_id
      AND upper(c.span) > p_since AND upper(c.span) <= p_until AND c.state IN ('METERED', 'SETTLED', 'DISPUTED')
  ), currencies AS (
    SELECT DISTINCT currency FROM paid
  )
  SELECT m.enterprise_id, ts_enterprise_name(m.enterprise_id), m.share::float8, k.currency,
    count(paid.amount)::int, (count(*) FILTER (WHERE paid.state <> 'SETTLED'))::int, coalesce(sum(paid.amount), 0)
  FROM public.alliance_member m
  CROSS JOIN currencies k
  LEFT JOIN paid ON paid.provider_id = m.enterprise_id AND paid.currency = k.currency
  WHERE m.alliance_id = p_alliance AND ts_in_alliance(p_tenant, p_alliance, '{JOINED,LEFT}')
  GROUP BY 1, 2, 3, 4 ORDER BY 4, 2
$$;

GRANT EXECUTE ON FUNCTION ts_in_alliance(text, text, text[]), ts_alliance_told(text, text),
  ts_found(text, text, bytea, text, text, text, text, jsonb, timestamptz),
  ts_decide_alliance(text, text, bytea, text, text, text, text, timestamptz), ts_pool(text, text, text, boolean, timestamptz),
  ts_pool_told(text, text, tstzrange, timestamptz), ts_earned(text, text, timestamptz, timestamptz) TO ts_api;
CREATE INDEX claim_service_over ON claim (service_id, upper(span)) WHERE settlement IS NOT NULL;
