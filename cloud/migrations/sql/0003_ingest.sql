-- What ingest, dispatch and settlement need beyond the schema they share.

-- Every start of an agent adds an epoch; apart from the position, it is not rewritten with each message.
ALTER TABLE link_position ADD COLUMN past jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN link_position.past IS 'Epochs before the current one, each with its last committed number.';

-- The jobs that are still to be metered: finished ones, and cancelled ones that ran all the same.
CREATE INDEX claim_unmetered ON claim (updated_at)
  WHERE state IN ('COMPLETED', 'ABORTED', 'NO_SHOW') OR state = 'CANCELLED' AND report ->> 'started' IS NOT NULL;
-- Those that should be at the plant, for all that goes by the clock.
CREATE INDEX claim_at_plant ON claim (lower(span)) WHERE state IN ('CONFIRMED', 'DISPATCHED', 'RUNNING');

-- Gives up on up to p_limit bookings whose order no edge accepted by its latest start.
CREATE FUNCTION ts_undeliverable(p_limit int, p_now timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN ts_end_all(ARRAY(
    SELECT id FROM claim WHERE state = 'CONFIRMED' AND lower(span) <= p_now AND ts_not_after(span) <= p_now
    ORDER BY lower(span) LIMIT p_limit),
    '{CONFIRMED}', 'UNDELIVERABLE', 'the plant did not accept the order in time', p_now);
END $$;

-- Gives up on up to p_limit bookings of which the plant never said how they went, p_grace after their end.
CREATE FUNCTION ts_overdue(p_limit int, p_grace interval, p_now timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_reason constant text := 'the plant never said how it went';
  v_late   constant text[] := ARRAY(
    SELECT id FROM claim WHERE state IN ('DISPATCHED', 'RUNNING') AND lower(span) <= p_now AND upper(span) <= p_now - p_grace
    ORDER BY lower(span) LIMIT p_limit);
BEGIN
  RETURN ts_end_all(v_late, '{DISPATCHED}', 'UNDELIVERABLE', v_reason, p_now)
       + ts_end_all(v_late, '{RUNNING}', 'ABORTED', v_reason, p_now);
END $$;
GRANT EXECUTE ON FUNCTION ts_undeliverable(int, timestamptz), ts_overdue(int, interval, timestamptz) TO ts_ingest;
