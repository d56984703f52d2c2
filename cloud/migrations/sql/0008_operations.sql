-- Figures of the running house, for people to look at. Nothing is decided by them, and losing some seconds of them in a
-- crash costs nothing, so ingest gathers them in memory and writes them now and then.

CREATE TABLE ingest_minute (
  enterprise_id text NOT NULL REFERENCES enterprise,
  at            timestamptz NOT NULL,
  stream        text NOT NULL,
  messages      int8 NOT NULL,
  samples       int8 NOT NULL,
  latency       int8[] NOT NULL,
  PRIMARY KEY (enterprise_id, at, stream)
);
COMMENT ON TABLE ingest_minute IS 'What was committed in a minute of real time, which begins at this business time.';
COMMENT ON COLUMN ingest_minute.latency IS 'How many messages took how long from source to commit: cloud.operations.latency.';
CREATE INDEX ingest_minute_at ON ingest_minute (at);

CREATE TABLE link_held (
  agent_id text NOT NULL REFERENCES agent,
  stream   text NOT NULL,
  at       timestamptz NOT NULL,
  held     jsonb NOT NULL,
  PRIMARY KEY (agent_id, stream)
);
COMMENT ON TABLE link_held IS 'What the sender last said it still holds: pairs of epoch, oldest and next number.';

CREATE TABLE link_refused (
  agent_id text NOT NULL REFERENCES agent,
  reason   text NOT NULL,
  count    int8 NOT NULL,
  first_at timestamptz NOT NULL,
  last_at  timestamptz NOT NULL,
  PRIMARY KEY (agent_id, reason)
);
COMMENT ON TABLE link_refused IS 'Packets in an agent''s name that were thrown away at the door: a wrong seal, no room.';

DO $$
DECLARE
  v_table text;
  v_rule  text;
BEGIN
  FOR v_table, v_rule IN VALUES
    ('ingest_minute', 'enterprise_id = (SELECT current_setting(''ts.tenant'', true))'),
    ('link_held', 'agent_id IN (SELECT id FROM public.agent)'),
    ('link_refused', 'agent_id IN (SELECT id FROM public.agent)')
  LOOP
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', v_table);
    EXECUTE format('CREATE POLICY tenant ON public.%I FOR SELECT TO ts_api USING (%s)', v_table, v_rule);
    EXECUTE format('CREATE POLICY ingest ON public.%I TO ts_ingest USING (true) WITH CHECK (true)', v_table);
  END LOOP;
END $$;
GRANT SELECT ON ingest_minute, link_held, link_refused TO ts_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON ingest_minute, link_held, link_refused TO ts_ingest;
