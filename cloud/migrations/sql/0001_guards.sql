-- Moves between states are data; the rows come from the tables in cloud/booking/model.py and cloud/cooperation/states.py.
CREATE TABLE legal_move (
  kind       text NOT NULL,
  from_state text NOT NULL,
  to_state   text NOT NULL,
  PRIMARY KEY (kind, from_state, to_state)
);
COMMENT ON TABLE legal_move IS 'Every legal move of a claim, agreement, inquiry, quote, alliance or member; from NEW: what it may be born in.';

CREATE FUNCTION ts_may_move(p_kind text, p_from text, p_to text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN EXISTS (SELECT FROM public.legal_move WHERE kind = p_kind AND from_state = p_from AND to_state = p_to);
END $$;

-- The trigger's argument is the kind. It looks by itself: it has the rights of whoever moves one.
CREATE FUNCTION ts_guard_move() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_from text := 'NEW';
BEGIN
  IF TG_OP = 'UPDATE' THEN
    v_from := OLD.state;
  END IF;
  IF NOT EXISTS (SELECT FROM public.legal_move
                 WHERE kind = TG_ARGV[0] AND from_state = v_from AND to_state = NEW.state) THEN
    RAISE EXCEPTION '% % can''t go from % to %', TG_ARGV[0], NEW.id, v_from, NEW.state USING ERRCODE = 'TS001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER claim_born BEFORE INSERT ON claim FOR EACH ROW EXECUTE FUNCTION ts_guard_move('claim');
CREATE TRIGGER claim_moved BEFORE UPDATE OF state ON claim FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION ts_guard_move('claim');

-- What confirmed bookings take of a machine of one unit stands in its guard's row, which whoever moves them has locked.
CREATE FUNCTION ts_keep_sold() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_before pg_catalog.tstzrange := 'empty';
  v_after  pg_catalog.tstzrange := 'empty';
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.state IN ('CONFIRMED', 'DISPATCHED', 'RUNNING') THEN
    v_before := OLD.span;
  END IF;
  IF NEW.state IN ('CONFIRMED', 'DISPATCHED', 'RUNNING') THEN
    v_after := NEW.span;
  END IF;
  IF v_before <> v_after THEN
    UPDATE public.statement SET sold = sold - pg_catalog.tstzmultirange(v_before) + pg_catalog.tstzmultirange(v_after)
    WHERE machine_id = NEW.machine_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER claim_sold AFTER INSERT ON claim FOR EACH ROW
  WHEN (NEW.exclusive AND NEW.state = 'CONFIRMED') EXECUTE FUNCTION ts_keep_sold();
CREATE TRIGGER claim_resold AFTER UPDATE OF state, span ON claim FOR EACH ROW
  WHEN (NEW.exclusive AND (OLD.state, OLD.span) IS DISTINCT FROM (NEW.state, NEW.span)) EXECUTE FUNCTION ts_keep_sold();

CREATE FUNCTION ts_refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'TS002';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION ts_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON claim_history FOR EACH ROW EXECUTE FUNCTION ts_refuse_change();

-- Commits that notify queue behind one lock, one disk write each: measured, that halves the rate of booking. So of all
-- running transactions one at a time rings the bell. It is a hint that somebody has news; listeners also look by
-- themselves, with ts_news and by unsent rows.
CREATE FUNCTION ts_tell_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_catalog.pg_notify('ts_event', NEW.enterprise_id);
  RETURN NULL;
END $$;
CREATE TRIGGER told AFTER INSERT ON event FOR EACH ROW
  WHEN (pg_try_advisory_xact_lock(hashtextextended('ts_event', 0))) EXECUTE FUNCTION ts_tell_event();

CREATE FUNCTION ts_tell_outgoing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_catalog.pg_notify('ts_outgoing', NEW.agent_id);
  RETURN NULL;
END $$;
CREATE TRIGGER told AFTER INSERT ON outgoing FOR EACH ROW
  WHEN (pg_try_advisory_xact_lock(hashtextextended('ts_outgoing', 0))) EXECUTE FUNCTION ts_tell_outgoing();

-- Part 1 (key), 2 (account), 3 (request) or 4 (business time) of who acts, as the transaction says in 'ts.actor'; null where
-- there is none.
CREATE FUNCTION ts_actor(p_part int) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT nullif(nullif(split_part(current_setting('ts.actor', true), ' ', p_part), ''), '-')
$$;
