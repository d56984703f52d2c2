-- Ends what ran out by business time: up to p_limit of each kind; how many. Nothing depends on it, for every call looks at the time
-- itself: this is to tell people.
CREATE FUNCTION ts_end_cooperation(p_limit int, p_now timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_done int := 0;
  a      agreement;
  i      inquiry;
  q      inquiry_quote;
BEGIN
  FOR a IN SELECT * FROM agreement WHERE state IN ('PROPOSED', 'ACTIVE') AND upper(valid) <= p_now
           ORDER BY id LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED LOOP
    PERFORM ts_move_agreement(a, 'ENDED', 'its time is over', p_now);
    v_done := v_done + 1;
  END LOOP;
  FOR i IN SELECT * FROM inquiry WHERE state = 'OPEN' AND expires_at <= p_now
           ORDER BY id LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED LOOP
    PERFORM ts_close_inquiry(i, 'EXPIRED', 'EXPIRED', NULL, p_now);
    v_done := v_done + 1;
  END LOOP;
  FOR i IN SELECT x.* FROM inquiry x WHERE x.state = 'OPEN' AND EXISTS (
             SELECT FROM inquiry_quote o WHERE o.inquiry_id = x.id AND o.state = 'OFFERED' AND o.valid_until <= p_now)
           ORDER BY x.id LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED LOOP
    FOR q IN UPDATE inquiry_quote SET state = 'EXPIRED', updated_at = p_now
             WHERE inquiry_id = i.id AND state = 'OFFERED' AND valid_until <= p_now RETURNING * LOOP
      PERFORM ts_tell_quote(q, p_now);
      v_done := v_done + 1;
    END LOOP;
  END LOOP;
  RETURN v_done;
END $$;
GRANT EXECUTE ON FUNCTION ts_end_cooperation(int, timestamptz) TO ts_api;
