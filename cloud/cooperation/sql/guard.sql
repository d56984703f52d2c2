-- A line in the audit trail of whose act it was.
CREATE FUNCTION ts_note_act(p_tenant text, p_action text, p_id text, p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit (at, enterprise_id, key_id, account_id, request_id, source, action, object_id)
  VALUES (p_now, p_tenant, ts_actor(1), ts_actor(2), ts_actor(3), 'api', p_action, p_id);
END $$;

CREATE TRIGGER born BEFORE INSERT ON agreement FOR EACH ROW EXECUTE FUNCTION ts_guard_move('agreement');
CREATE TRIGGER moved BEFORE UPDATE OF state ON agreement FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION ts_guard_move('agreement');
CREATE TRIGGER born BEFORE INSERT ON inquiry FOR EACH ROW EXECUTE FUNCTION ts_guard_move('inquiry');
CREATE TRIGGER moved BEFORE UPDATE OF state ON inquiry FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION ts_guard_move('inquiry');
CREATE TRIGGER born BEFORE INSERT ON inquiry_quote FOR EACH ROW EXECUTE FUNCTION ts_guard_move('quote');
CREATE TRIGGER moved BEFORE UPDATE OF state ON inquiry_quote FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION ts_guard_move('quote');
