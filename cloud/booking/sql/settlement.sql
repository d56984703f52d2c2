-- What the two sides say to a meter: accepted by both, or by silence, it is settled; disputed, it waits until one side takes
-- what the other proposes. claim.settlement: {due, settle_by, accepted: [sides], dispute?: {by, reason, at, due?}, settled?,
-- settled_at?, how?}; amounts in the claim's currency, as texts.

CREATE FUNCTION ts_amount(p_amount numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT to_char(p_amount, 'FM999999999999990.00')
$$;

-- A metered booking's first settlement: what is due by its meter, and until when somebody may say no.
CREATE FUNCTION ts_open_settlement(p_due numeric, p_settle_by timestamptz) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('due', ts_amount(p_due), 'settle_by', ts_time(p_settle_by), 'accepted', '[]'::jsonb)
$$;

CREATE FUNCTION ts_close(c claim, p_settled text, p_how text, p_reason text, p_actor text, p_now timestamptz) RETURNS claim
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE claim SET settle_at = NULL, settlement = c.settlement
    || jsonb_build_object('settled', p_settled, 'settled_at', ts_time(p_now), 'how', p_how) WHERE id = c.id;
  RETURN ts_move(c.id, 'SETTLED', p_reason, p_actor, p_now);
END $$;

-- The sides on which the tenant stands; who booked with itself stands on both.
CREATE FUNCTION ts_sides(c claim, p_tenant text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT array_remove(ARRAY[CASE WHEN c.booker_id = p_tenant THEN 'booker' END,
                            CASE WHEN c.provider_id = p_tenant THEN 'provider' END], NULL)
$$;

-- One side accepts what is due: with the other's word it is settled. Of a disputed one, it takes what the other side proposed, and
-- says what that is (p_due), or a proposal that crossed its word would be what it accepted.
CREATE FUNCTION ts_settle(p_tenant text, p_key text, p_body_hash bytea, p_claim text, p_due numeric, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_taken record;
  c       claim;
  v_said  jsonb;
BEGIN
  SELECT * INTO v_taken FROM ts_taken_up(p_tenant, p_key, p_body_hash, p_claim);
  c := v_taken.booking;
  IF v_taken.answer IS NOT NULL THEN
    RETURN v_taken.answer;
  ELSIF c.state = 'DISPUTED' THEN
    IF c.settlement #>> '{dispute,by}' = ANY (ts_sides(c, p_tenant)) AND cardinality(ts_sides(c, p_tenant)) = 1
       OR c.settlement #> '{dispute,due}' IS NULL THEN
      RETURN ts_refused('settlement.not_yours', 409, jsonb_build_object('by', c.settlement #> '{dispute,by}'));
    ELSIF p_due IS DISTINCT FROM (c.settlement #>> '{dispute,due}')::numeric THEN
      RETURN ts_refused('settlement.changed', 409, jsonb_build_object('due', c.settlement #> '{dispute,due}'));
    END IF;
    c := ts_close(c, c.settlement #>> '{dispute,due}', 'agreed', 'the dispute was settled', p_tenant, p_now);
  ELSIF c.state <> 'METERED' THEN
    RETURN ts_refused('claim.state', 409, jsonb_build_object('state', c.state));
  ELSIF p_due <> (c.settlement ->> 'due')::numeric THEN
    RETURN ts_refused('settlement.changed', 409, jsonb_build_object('due', c.settlement -> 'due'));
  ELSE
    SELECT jsonb_agg(side ORDER BY side) INTO v_said FROM (
      SELECT jsonb_array_elements_text(c.settlement -> 'accepted') UNION SELECT unnest(ts_sides(c, p_tenant))) AS said (side);
    UPDATE claim SET settlement = settlement || jsonb_build_object('accepted', v_said), updated_at = p_now
    WHERE id = c.id RETURNING * INTO STRICT c;
    IF jsonb_array_length(v_said) = 2 THEN
      c := ts_close(c, c.settlement ->> 'due', 'agreed', 'both sides accepted', p_tenant, p_now);
    ELSE
      PERFORM ts_record(c, 'accepted', p_tenant, p_now);
    END IF;
  END IF;
  RETURN ts_keep(p_tenant, p_key, p_body_hash, ts_claim_json(c), 200, p_now);
END $$;

-- One side says no, why, and what would be right (null: it names no amount). While it is disputed, either may propose anew.
CREATE FUNCTION ts_dispute(p_tenant text, p_key text, p_body_hash bytea, p_claim text, p_reason text, p_due numeric,
                           p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_taken record;
  c       claim;
BEGIN
  SELECT * INTO v_taken FROM ts_taken_up(p_tenant, p_key, p_body_hash, p_claim);
  c := v_taken.booking;
  IF v_taken.answer IS NOT NULL THEN
    RETURN v_taken.answer;
  ELSIF c.state NOT IN ('METERED', 'DISPUTED') THEN
    RETURN ts_refused('claim.state', 409, jsonb_build_object('state', c.state));
  ELSIF c.state = 'METERED' AND c.settlement -> 'accepted' ?| ts_sides(c, p_tenant) THEN
    RETURN ts_refused('settlement.accepted', 409);
  END IF;
  UPDATE claim SET settle_at = NULL, updated_at = p_now, settlement = settlement || jsonb_build_object('dispute', jsonb_strip_nulls(
    jsonb_build_object('by', (ts_sides(c, p_tenant))[1], 'reason', p_reason, 'at', ts_time(p_now), 'due', ts_amount(p_due))))
  WHERE id = c.id RETURNING * INTO STRICT c;
  IF c.state = 'METERED' THEN
    c := ts_move(c.id, 'DISPUTED', p_reason, p_tenant, p_now);
  ELSE
    PERFORM ts_record(c, p_reason, p_tenant, p_now);
  END IF;
  RETURN ts_keep(p_tenant, p_key, p_body_hash, ts_claim_json(c), 200, p_now);
END $$;

-- Settles up to p_limit bookings to which nobody said no in time; how many. Not those whose meter contradicts itself: there
-- silence is no consent, and both sides have to accept.
CREATE FUNCTION ts_settle_due(p_limit int, p_now timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_ids  constant text[] := ARRAY(SELECT id FROM claim WHERE settle_at <= p_now ORDER BY settle_at LIMIT p_limit);
  v_done int := 0;
  c      claim;
BEGIN
  PERFORM ts_lock_machines(ARRAY(SELECT machine_id FROM claim WHERE id = ANY (v_ids)));
  FOR c IN SELECT * FROM claim WHERE id = ANY (v_ids) AND state = 'METERED' AND settle_at <= p_now ORDER BY machine_id, id
           FOR NO KEY UPDATE LOOP
    PERFORM ts_close(c, c.settlement ->> 'due', 'lapsed', 'nobody said no in time', 'registry', p_now);
    v_done := v_done + 1;
  END LOOP;
  RETURN v_done;
END $$;

GRANT EXECUTE ON FUNCTION ts_settle(text, text, bytea, text, numeric, timestamptz),
  ts_dispute(text, text, bytea, text, text, numeric, timestamptz) TO ts_api;
GRANT EXECUTE ON FUNCTION ts_settle_due(int, timestamptz) TO ts_ingest;
