-- What the plant says of its hours. Called by ingest alone.

-- A Statement: replaces the offer in [start, end), and flags what no longer fits. A repeat, or one that was overtaken by a
-- newer one, changes nothing. An edge that lost its disk counts from 1 again, so a later issue beats a lower version.
CREATE FUNCTION ts_apply_statement(p_machine text, p_statement jsonb, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT told FROM ts_apply_statements(ARRAY[p_machine], ARRAY[p_statement], p_now));
END $$;

-- Many of them, and what became of each, by its place. The first of every machine take effect together, then the second: most
-- of what a statement costs is what PostgreSQL does before it comes to the first row.
CREATE FUNCTION ts_apply_statements(p_machines text[], p_statements jsonb[], p_now timestamptz)
RETURNS TABLE (place bigint, told jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  v_turn  record;
  v_newer text[];
  v_said  jsonb[];
  v_flags jsonb;
BEGIN
  FOR v_turn IN
    SELECT array_agg(machine ORDER BY machine) AS machines, array_agg(said ORDER BY machine) AS said,
           array_agg(place ORDER BY machine) AS places
    FROM (SELECT *, row_number() OVER (PARTITION BY machine ORDER BY place) AS turn
          FROM unnest(p_machines, p_statements) WITH ORDINALITY AS told (machine, said, place)) AS told
    GROUP BY turn ORDER BY turn
  LOOP
    v_newer := ts_put_in_force(v_turn.machines, v_turn.said, p_now);
    -- In the order in which the plant said them, so that its owner is told of them, and the ledger has them, in that.
    SELECT coalesce(array_agg(machine ORDER BY place), '{}'), array_agg(said ORDER BY place) INTO v_newer, v_said
    FROM unnest(v_turn.machines, v_turn.said, v_turn.places) AS told (machine, said, place) WHERE machine = ANY (v_newer);
    v_flags := '{}';
    IF v_newer <> '{}' THEN
      PERFORM ts_replace_offers(v_newer, v_said, p_now);
      PERFORM ts_account_statements(v_newer, v_said, p_now);
      v_flags := ts_reassess_stated(v_newer, p_now);
    END IF;
    RETURN QUERY
    SELECT places.place, CASE WHEN places.machine = ANY (v_newer)
      THEN '{"outcome": "applied", "detail": null}' || coalesce(v_flags -> places.machine, '{"at_risk": [], "cleared": []}')
      ELSE '{"outcome": "ignored", "detail": "a newer statement is in force"}'::jsonb END
    FROM unnest(v_turn.machines, v_turn.places) AS places (machine, place);
  END LOOP;
END $$;

-- The guards' rows, of machines in the order in which guards are locked; those whose statement is the newest, in that order.
-- A query of its own: whatever comes after it sees all that was said and booked before the guards were had.
CREATE FUNCTION ts_put_in_force(p_machines text[], p_said jsonb[], p_now timestamptz) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  v_long_ago constant tstzrange := tstzrange(NULL, p_now - interval '168 hours');
  v_newer    text[];
BEGIN
  WITH newer AS (
    INSERT INTO statement AS known (machine_id, version, start_at, end_at, issued_at, received_at, valid_until,
                                    open_1, open_2, open_3, open_4, open_5)
    SELECT told.machine, (said ->> 'version')::int8, (said ->> 'start')::timestamptz, (said ->> 'end')::timestamptz,
           (said ->> 'issued_at')::timestamptz, p_now, (said ->> 'valid_until')::timestamptz, coalesce(open.o1, '{}'),
           coalesce(open.o2, '{}'), coalesce(open.o3, '{}'), coalesce(open.o4, '{}'), coalesce(open.o5, '{}')
    FROM unnest(p_machines, p_said) WITH ORDINALITY AS told (machine, said, place)
    CROSS JOIN LATERAL (
      SELECT range_agg(span) AS o1, range_agg(span) FILTER (WHERE confidence >= 2) AS o2,
             range_agg(span) FILTER (WHERE confidence >= 3) AS o3, range_agg(span) FILTER (WHERE confidence >= 4) AS o4,
             range_agg(span) FILTER (WHERE confidence >= 5) AS o5
      FROM (SELECT coalesce(confidence, 5) AS confidence, tstzrange(start, "end") AS span
            FROM jsonb_to_recordset(said -> 'spans')
                 AS piece (start timestamptz, "end" timestamptz, type text, quantity int, confidence int)
            WHERE type = 'Available' AND quantity > 0) AS piece
    ) AS open
    ORDER BY told.place
    ON CONFLICT (machine_id) DO UPDATE SET (version, start_at, end_at, issued_at, received_at, valid_until) =
      (excluded.version, excluded.start_at, excluded.end_at, excluded.issued_at, excluded.received_at, excluded.valid_until),
      open_1 = (known.open_1 - tstzmultirange(tstzrange(excluded.start_at, excluded.end_at), v_long_ago)) + excluded.open_1,
      open_2 = (known.open_2 - tstzmultirange(tstzrange(excluded.start_at, excluded.end_at), v_long_ago)) + excluded.open_2,
      open_3 = (known.open_3 - tstzmultirange(tstzrange(excluded.start_at, excluded.end_at), v_long_ago)) + excluded.open_3,
      open_4 = (known.open_4 - tstzmultirange(tstzrange(excluded.start_at, excluded.end_at), v_long_ago)) + excluded.open_4,
      open_5 = (known.open_5 - tstzmultirange(tstzrange(excluded.start_at, excluded.end_at), v_long_ago)) + excluded.open_5
    WHERE excluded.version > known.version OR excluded.issued_at > known.issued_at
    RETURNING machine_id
  )
  SELECT coalesce(array_agg(machine_id ORDER BY machine_id), '{}') INTO v_newer FROM newer;
  RETURN v_newer;
END $$;

-- What reaches into a statement's window keeps its parts outside; what lies a week back is history for the ledger alone.
-- Each statement starts a little later than the last and so leaves a slice of it behind: alike slices become one. Each late
-- one takes one early one at most: alike pieces over one instant add up, so none may vanish or be lengthened twice.
CREATE FUNCTION ts_replace_offers(p_machines text[], p_said jsonb[], p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  WITH told AS MATERIALIZED (
    SELECT machine, said, (said ->> 'version')::int8 AS version, (said ->> 'start')::timestamptz AS opens,
           (said ->> 'end')::timestamptz AS ends
    FROM unnest(p_machines, p_said) AS told (machine, said)
  ), forgotten AS (
    DELETE FROM offer_span o USING told
    WHERE o.machine_id = told.machine AND lower(o.span) < p_now - interval '168 hours' AND upper(o.span) < p_now - interval '168 hours'
      AND NOT ts_meets(o.span, tstzrange(told.opens, told.ends))
  ), cut AS (
    DELETE FROM offer_span o USING told
    WHERE o.machine_id = told.machine AND lower(o.span) < told.ends AND upper(o.span) > told.opens
    RETURNING o.*, told.opens, told.ends
  ), late AS MATERIALIZED (
    SELECT *, lower(span) AS edge,
           row_number() OVER (PARTITION BY machine_id, lower(span), type, quantity, reason, confidence, detail) AS nth
    FROM cut WHERE lower(span) < opens
  ), early AS (
    SELECT o.ctid AS row, o.machine_id, lower(o.span) AS since, edge, o.type, o.quantity, o.reason, o.confidence, o.detail,
           row_number() OVER (PARTITION BY o.machine_id, edge, o.type, o.quantity, o.reason, o.confidence, o.detail) AS nth
    FROM (SELECT DISTINCT machine_id, edge FROM late) AS edges
    JOIN offer_span o ON o.machine_id = edges.machine_id AND upper(o.span) = edge AND lower(o.span) < edge
  ), joined AS MATERIALIZED (
    SELECT late.*, early.row, early.since
    FROM late LEFT JOIN early ON (early.machine_id, early.edge, early.type, early.quantity, early.reason, early.confidence, early.nth)
                               = (late.machine_id, late.edge, late.type, late.quantity, late.reason, late.confidence, late.nth)
      AND early.detail IS NOT DISTINCT FROM late.detail
  ), taken_up AS (
    DELETE FROM offer_span o USING joined WHERE o.ctid = joined.row
  )
  INSERT INTO offer_span (machine_id, span, type, quantity, reason, confidence, detail, version, chance, fading, said_at)
  SELECT machine_id, tstzrange(coalesce(since, edge), opens), type, quantity, reason, confidence, detail, version, chance, fading, said_at
  FROM joined
  UNION ALL
  SELECT machine_id, tstzrange(ends, upper(span)), type, quantity, reason, confidence, detail, version, chance, fading, said_at
  FROM cut WHERE upper(span) > ends
  UNION ALL
  SELECT told.machine, tstzrange(piece.start, piece."end"), piece.type, piece.quantity, piece.reason, coalesce(piece.confidence, 5),
         piece.detail, told.version, piece.chance, piece.fading, p_now
  FROM told, jsonb_to_recordset(told.said -> 'spans') AS piece
       (start timestamptz, "end" timestamptz, type text, quantity int, reason text, confidence int2, detail text,
        chance float8, fading float8);
END $$;

CREATE FUNCTION ts_account_statements(p_machines text[], p_said jsonb[], p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  WITH kept AS (
    INSERT INTO ledger (at, machine_id, kind, data)
    SELECT p_now, machine, 'statement', said FROM unnest(p_machines, p_said) WITH ORDINALITY AS told (machine, said, place)
    ORDER BY told.place
  )
  INSERT INTO event (at, enterprise_id, type, data)
  SELECT p_now, m.enterprise_id, 'capacity.changed', jsonb_build_object('machine_id', m.id, 'name', m.name,
    'version', (said ->> 'version')::int8, 'start', ts_time((said ->> 'start')::timestamptz),
    'end', ts_time((said ->> 'end')::timestamptz), 'valid_until', ts_time((said ->> 'valid_until')::timestamptz))
  FROM unnest(p_machines, p_said) WITH ORDINALITY AS told (machine, said, place) JOIN machine m ON m.id = told.machine
  ORDER BY told.place;
END $$;

-- By machine, whom the statements put at risk and whom they cleared; only of machines where either may be.
CREATE FUNCTION ts_reassess_stated(p_machines text[], p_now timestamptz) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_machine text;
  v_changed record;
  v_flags   jsonb := '{}';
BEGIN
  FOR v_machine IN
    SELECT st.machine_id
    FROM statement st
    CROSS JOIN LATERAL (SELECT tstzrange(greatest(p_now, st.start_at), greatest(p_now, st.end_at)) AS span) AS stated
    WHERE st.machine_id = ANY (p_machines)
      -- Of a machine of one unit no two claims overlap: what is offered at all is all that they need.
      AND EXISTS (SELECT FROM ts_taking(st.machine_id, stated.span, p_now) AS c
                  WHERE NOT c.exclusive OR st.open_1 @> (c.span * stated.span) = (c.at_risk AND c.at_risk_reason <> 'stale-data'))
  LOOP
    SELECT * INTO v_changed FROM ts_reassess(v_machine, p_now);
    v_flags := v_flags || jsonb_build_object(v_machine, to_jsonb(v_changed));
  END LOOP;
  RETURN v_flags;
END $$;

GRANT EXECUTE ON FUNCTION ts_apply_statement(text, jsonb, timestamptz), ts_apply_statements(text[], jsonb[], timestamptz)
  TO ts_ingest;
