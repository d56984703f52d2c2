-- What ingest, dispatch and settlement need beyond the schema they share.

-- A batch of samples that is written again after a crash must change nothing.
DROP INDEX sample_when;
CREATE UNIQUE INDEX sample_once ON sample (machine_id, signal, at);

-- Every start of an agent adds an epoch; apart from the position, it is not rewritten with each message.
ALTER TABLE link_position ADD COLUMN past jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN link_position.past IS 'Epochs before the current one, each with its last committed number.';

-- The last value of a moment wins.
GRANT UPDATE ON sample TO ts_ingest;

-- The finished jobs that are still to be metered, and the orders that nobody has accepted.
CREATE INDEX claim_unmetered ON claim (updated_at) WHERE state IN ('COMPLETED', 'ABORTED', 'NO_SHOW');
CREATE INDEX claim_unaccepted ON claim (ts_not_after(span)) WHERE state = 'CONFIRMED';

-- Gives up on up to p_limit bookings whose order no edge accepted by its latest start.
CREATE FUNCTION ts_undeliverable(p_limit int, p_now timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_late text[];
  c      record;
  v_done int := 0;
BEGIN
  SELECT array_agg(id) INTO v_late FROM (
    SELECT id FROM claim WHERE state = 'CONFIRMED' AND ts_not_after(span) <= p_now ORDER BY ts_not_after(span) LIMIT p_limit) late;
  PERFORM ts_lock_machines(ARRAY(SELECT machine_id FROM claim WHERE id = ANY (v_late)));
  FOR c IN SELECT id, machine_id FROM claim WHERE id = ANY (v_late) AND state = 'CONFIRMED' ORDER BY machine_id, id LOOP
    PERFORM ts_move(c.id, 'UNDELIVERABLE', 'the plant did not accept the order in time', 'registry', p_now);
    PERFORM ts_reassess(c.machine_id, p_now);
    v_done := v_done + 1;
  END LOOP;
  RETURN v_done;
END $$;
GRANT EXECUTE ON FUNCTION ts_undeliverable(int, timestamptz) TO ts_ingest;
