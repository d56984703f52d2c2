-- Samples by the number of their series, a partition a week; and rollups of them, of states and of the ledger.

CREATE TABLE series (
  id         int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  machine_id text NOT NULL,
  signal     text NOT NULL,
  UNIQUE (machine_id, signal)
);
COMMENT ON TABLE series IS 'A signal of a machine, by the small number under which its samples are kept.';

CREATE TABLE signal_unit (
  machine_id text NOT NULL,
  signal     text NOT NULL,
  unit       text NOT NULL CHECK (length(unit) BETWEEN 1 AND 32),
  PRIMARY KEY (machine_id, signal)
);
COMMENT ON TABLE signal_unit IS 'In which unit a signal is measured that the plant named, as its latest announcement has it.';

CREATE TABLE sample (
  series_id  int NOT NULL,
  quality    int2 NOT NULL DEFAULT 0 CHECK (quality BETWEEN 0 AND 2),
  at         timestamptz NOT NULL,
  value      float8,
  text_value text
) PARTITION BY RANGE (at);
COMMENT ON TABLE sample IS 'Values of the signals that the plant named. Partitions by ts_sample_partition.';
COMMENT ON COLUMN sample.quality IS '0 good, 1 uncertain, 2 bad: the severity of an OPC UA status code.';
CREATE UNIQUE INDEX sample_once ON sample (series_id, at);

-- Makes the week's partition that holds p_at, if it is not there yet; returns its name. Ingest copies straight into it, as
-- row-level security, which guards what the API reads, lets nobody COPY into the whole.
CREATE FUNCTION ts_sample_partition(p_at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_start timestamptz := date_trunc('week', p_at, 'UTC');
  v_name  text := 'sample_' || to_char(v_start AT TIME ZONE 'UTC', 'YYYYMMDD');
BEGIN
  IF to_regclass('public.' || v_name) IS NULL THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(v_name, 0));
    EXECUTE format('CREATE TABLE IF NOT EXISTS public.%I PARTITION OF public.sample FOR VALUES FROM (%L) TO (%L)',
                   v_name, v_start, v_start + interval '7 days');
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON public.%I TO ts_ingest', v_name);
  END IF;
  RETURN v_name;
END $$;

-- Drops the partitions that hold nothing younger than p_before; how many.
CREATE FUNCTION ts_drop_samples(p_before timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
  v_name    text;
  v_dropped int := 0;
BEGIN
  FOR v_name IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'public.sample'::regclass AND c.relname ~ '^sample_\d{8}$'
      AND (to_date(right(c.relname, 8), 'YYYYMMDD') + 7)::timestamp AT TIME ZONE 'UTC' <= p_before
    ORDER BY c.relname
  LOOP
    EXECUTE format('DROP TABLE public.%I', v_name);
    v_dropped := v_dropped + 1;
  END LOOP;
  RETURN v_dropped;
END $$;

-- Every batch says what it touched, in the transaction that wrote it.
CREATE TABLE sample_due (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  series_id int[] NOT NULL,
  from_at   timestamptz NOT NULL,
  to_at     timestamptz NOT NULL
);
COMMENT ON TABLE sample_due IS 'Samples came for these series, from and to (both included); not rolled up yet.';
CREATE TABLE sample_rollup (
  series_id int NOT NULL,
  width     text NOT NULL CHECK (width IN ('minute', 'hour', 'day')),
  start_at  timestamptz NOT NULL,
  count     int8 NOT NULL,
  numbers   int8 NOT NULL,
  least     float8,
  most      float8,
  total     float8,
  last      float8,
  PRIMARY KEY (series_id, width, start_at)
);
COMMENT ON TABLE sample_rollup IS 'What a series came to over a minute, hour or day of UTC; figures of its finite numbers.';

CREATE TABLE machine_due (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  machine_id text NOT NULL,
  kind       text NOT NULL CHECK (kind IN ('state', 'ledger')),
  span       tstzrange NOT NULL
);
COMMENT ON TABLE machine_due IS 'What was said of a machine''s hours and is not rolled up yet; of the future, it waits for it.';

CREATE TABLE state_rollup (
  machine_id text NOT NULL,
  width      text NOT NULL CHECK (width IN ('minute', 'hour', 'day')),
  start_at   timestamptz NOT NULL,
  state      text NOT NULL,
  mode       text NOT NULL,
  booked     boolean NOT NULL,
  seconds    float8 NOT NULL,
  entered    int NOT NULL,
  PRIMARY KEY (machine_id, width, start_at, state, mode, booked)
);
COMMENT ON TABLE state_rollup IS 'For how long a machine was in a state over a minute or hour of UTC, or a day of the plant.';
COMMENT ON COLUMN state_rollup.booked IS 'In the service of a booking.';

CREATE TABLE ledger_rollup (
  machine_id text NOT NULL,
  width      text NOT NULL CHECK (width IN ('minute', 'hour', 'day')),
  start_at   timestamptz NOT NULL,
  kind       text NOT NULL CHECK (kind IN ('offer', 'claim')),
  name       text NOT NULL,
  seconds    float8 NOT NULL,
  begun      int NOT NULL,
  PRIMARY KEY (machine_id, width, start_at, kind, name)
);
COMMENT ON TABLE ledger_rollup IS 'Seconds times quantity: what the plant offered by type, gross; what was claimed by state.';

DO $$
DECLARE
  v_machine constant text := 'machine_id IN (SELECT id FROM public.machine)';
  v_series  constant text := 'series_id IN (SELECT id FROM public.series)';
  v_table   text;
  v_rule    text;
BEGIN
  FOR v_table, v_rule IN VALUES ('series', v_machine), ('signal_unit', v_machine), ('sample', v_series),
    ('sample_rollup', v_series), ('state_rollup', v_machine), ('ledger_rollup', v_machine), ('machine_due', v_machine), ('sample_due', NULL)
  LOOP
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', v_table);
    EXECUTE format('CREATE POLICY ingest ON public.%I TO ts_ingest USING (true) WITH CHECK (true)', v_table);
    IF v_rule IS NOT NULL THEN
      EXECUTE format('CREATE POLICY tenant ON public.%I FOR SELECT TO ts_api USING (%s)', v_table, v_rule);
      EXECUTE format('GRANT SELECT ON public.%I TO ts_api', v_table);
    END IF;
  END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON series, signal_unit, sample, sample_due, sample_rollup, machine_due, state_rollup,
  ledger_rollup TO ts_ingest;
REVOKE DELETE ON series, sample FROM ts_ingest;
GRANT EXECUTE ON FUNCTION ts_sample_partition(timestamptz), ts_drop_samples(timestamptz) TO ts_ingest;

-- Whoever says something of a machine's hours leaves a mark, whichever way it came in.
CREATE FUNCTION ts_states_due() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO machine_due (machine_id, kind, span)
  SELECT told.machine_id, 'state', tstzrange(told.first, (
    SELECT min(h.at) FROM state_history h WHERE h.machine_id = told.machine_id AND h.at > told.last))
  FROM (SELECT machine_id, min(at) AS first, max(at) AS last FROM told GROUP BY machine_id) AS told;
  RETURN NULL;
END $$;
CREATE TRIGGER states_due AFTER INSERT ON state_history
  REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION ts_states_due();

-- Each statement says its hours anew, whatever pieces it leaves as they were.
CREATE FUNCTION ts_statement_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.machine_due (machine_id, kind, span) VALUES (NEW.machine_id, 'ledger', tstzrange(NEW.start_at, NEW.end_at));
  RETURN NULL;
END $$;
CREATE TRIGGER offers_due AFTER INSERT OR UPDATE OF version ON statement FOR EACH ROW EXECUTE FUNCTION ts_statement_due();
CREATE FUNCTION ts_claim_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.machine_due (machine_id, kind, span)
  VALUES (NEW.machine_id, 'ledger', CASE TG_OP WHEN 'INSERT' THEN NEW.span ELSE pg_catalog.range_merge(OLD.span, NEW.span) END);
  RETURN NULL;
END $$;
CREATE TRIGGER claims_due AFTER INSERT OR UPDATE OF state, span, quantity ON claim FOR EACH ROW EXECUTE FUNCTION ts_claim_due();
