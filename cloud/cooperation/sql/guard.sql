-- Moves between states are data; the rows come from the tables in cloud/cooperation/states.py.
CREATE FUNCTION ts_guard_cooperation() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_from text := 'NEW';
BEGIN
  IF TG_OP = 'UPDATE' THEN
    v_from := OLD.state;
  END IF;
  IF NOT ts_may_move(TG_ARGV[0], v_from, NEW.state) THEN
    RAISE EXCEPTION '% % can''t go from % to %', TG_ARGV[0], NEW.id, v_from, NEW.state USING ERRCODE = 'TS001';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION ts_may_move(p_kind text, p_from text, p_to text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN EXISTS (SELECT FROM cooperation_transition WHERE kind = p_kind AND from_state = p_from AND to_state = p_to);
END $$;

-- A line in the audit trail of whose act it was.
CREATE FUNCTION ts_note_act(p_tenant text, p_action text, p_id text, p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit (at, enterprise_id, key_id, account_id, request_id, source, action, object_id)
  VALUES (p_now, p_tenant, ts_actor(1), ts_actor(2), ts_actor(3), 'api', p_action, p_id);
END $$;

CREATE TRIGGER born BEFORE INSERT ON agreement FOR EACH ROW EXECUTE FUNCTION ts_guard_cooperation('agreement');
CREATE TRIGGER moved BEFORE UPDATE OF state ON agreement FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION ts_guard_cooperation('agreement');
CREATE TRIGGER born BEFORE INSERT ON inquiry FOR EACH ROW EXECUTE FUNCTION ts_guard_cooperation('inquiry');
CREATE TRIGGER moved BEFORE UPDATE OF state ON inquiry FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION ts_guard_cooperation('inquiry');
CREATE TRIGGER born BEFORE INSERT ON inquiry_quote FOR EACH ROW EXECUTE FUNCTION ts_guard_cooperation('quote');
CREATE TRIGGER moved BEFORE UPDATE OF state ON inquiry_quote FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION ts_guard_cooperation('quote');
