-- What is left: the offer in force minus the live claims, as stairs over time. The pure model is cloud/booking/rules.py.
-- These have no search_path of their own, so that the planner may inline them; only definer functions call them.

-- Whether a piece of an offer, or a claim, and a window overlap, said so that their indexes serve: p_piece && p_window.
CREATE FUNCTION ts_meets(p_piece tstzrange, p_window tstzrange) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT lower(p_piece) < coalesce(upper(p_window), 'infinity') AND upper(p_piece) > coalesce(lower(p_window), '-infinity')
    AND NOT isempty(p_window)
$$;

-- The claims that take something over p_span: a hold or request past its expiry takes nothing.
CREATE FUNCTION ts_taking(p_machine text, p_span tstzrange, p_now timestamptz) RETURNS SETOF claim LANGUAGE sql STABLE AS $$
  SELECT c.* FROM public.claim c
  WHERE c.machine_id = p_machine AND public.ts_meets(c.span, p_span) AND c.live
    AND (c.state NOT IN ('HELD', 'REQUESTED') OR c.expires_at > p_now)
$$;
GRANT EXECUTE ON FUNCTION ts_taking(text, tstzrange, timestamptz), ts_meets(tstzrange, tstzrange) TO ts_api;

-- Offered and free quantity over each stretch of p_span on which neither changes; neighbours may be alike. Only pieces of at
-- least p_confidence count as offered, and no more than the machine has; a hold or request past its expiry, and the claim
-- p_without, take nothing.
CREATE FUNCTION ts_stairs(p_machine text, p_span tstzrange, p_confidence int, p_now timestamptz, p_without text)
RETURNS TABLE (at timestamptz, until timestamptz, offered bigint, free bigint) LANGUAGE sql STABLE AS $$
  WITH piece AS (
    SELECT o.span * p_span AS span, o.quantity AS offered, 0 AS taken
    FROM offer_span o
    WHERE o.machine_id = p_machine AND ts_meets(o.span, p_span) AND o.type = 'Available' AND o.confidence >= p_confidence
    UNION ALL
    SELECT c.span * p_span, 0, c.quantity FROM ts_taking(p_machine, p_span, p_now) AS c WHERE c.id IS DISTINCT FROM p_without
  ), step AS (
    SELECT lower(span) AS at, offered, taken FROM piece
    UNION ALL SELECT upper(span), -offered, -taken FROM piece
    UNION ALL SELECT lower(p_span), 0, 0
    UNION ALL SELECT upper(p_span), 0, 0
  ), stair AS (
    SELECT step.at, lead(step.at) OVER w AS until,
           (sum(sum(step.offered)) OVER w)::bigint AS offered, (sum(sum(step.taken)) OVER w)::bigint AS taken
    FROM step GROUP BY step.at WINDOW w AS (ORDER BY step.at)
  )
  SELECT stair.at, stair.until, least(stair.offered, m.quantity), least(stair.offered, m.quantity) - stair.taken
  FROM stair, machine m
  WHERE stair.until IS NOT NULL AND m.id = p_machine
$$;

CREATE FUNCTION ts_fits(p_machine text, p_span tstzrange, p_quantity int, p_confidence int, p_now timestamptz,
                        p_without text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT min(free) >= p_quantity FROM ts_stairs(p_machine, p_span, p_confidence, p_now, p_without));
END $$;

-- The start nearest to p_span's own within p_within at which its whole length would fit; the earlier of two.
CREATE FUNCTION ts_nearest(p_machine text, p_span tstzrange, p_within tstzrange, p_quantity int, p_confidence int,
                           p_now timestamptz, p_without text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  WITH stair AS (
    SELECT at, until, free >= p_quantity AS enough, count(*) FILTER (WHERE free < p_quantity) OVER (ORDER BY at) AS island
    FROM ts_stairs(p_machine, p_within, p_confidence, p_now, p_without)
  ), room AS (
    SELECT min(at) AS opens, max(until) - (upper(p_span) - lower(p_span)) AS last
    FROM stair WHERE enough GROUP BY island
  ), candidate AS (
    SELECT least(greatest(lower(p_span), opens), last) AS start FROM room WHERE last >= opens
  )
  SELECT start FROM candidate
  ORDER BY greatest(start - lower(p_span), lower(p_span) - start), start LIMIT 1
$$;

-- Why p_span does not fit on the first of p_machines, and the nearest span that would do on any of them; or null. The tightest
-- stretch is told as a whole: where one piece of the offer or one claim meets a like one is nothing to the caller, nor
-- whether the plant does not offer it or somebody else has it.
CREATE FUNCTION ts_explain(p_machines text[], p_span tstzrange, p_quantity int, p_confidence int, p_earliest timestamptz,
                           p_now timestamptz, p_without text) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_stair   record;
  v_code    text;
  v_near    jsonb;
  v_within  tstzrange := tstzrange(greatest(p_earliest, lower(p_span) - interval '168 hours'),
                                   greatest(p_earliest, upper(p_span) + interval '168 hours'));
BEGIN
  WITH stair AS (
    SELECT at, greatest(free, 0) AS left FROM ts_stairs(p_machines[1], p_span, p_confidence, p_now, p_without)
  ), worst AS (
    SELECT * FROM stair WHERE stair.left < p_quantity ORDER BY stair.left, at LIMIT 1
  )
  SELECT worst.at, worst.left, coalesce(min(other.at), upper(p_span)) AS until INTO v_stair
  FROM worst LEFT JOIN stair AS other ON other.at > worst.at AND other.left <> worst.left
  GROUP BY worst.at, worst.left;
  v_code := CASE
    WHEN p_confidence > 1 AND ts_fits(p_machines[1], p_span, p_quantity, 1, p_now, p_without) THEN 'confidence.too_low'
    ELSE 'capacity.insufficient' END;
  IF NOT isempty(v_within) THEN
    SELECT jsonb_build_object('machine_id', m.id, 'start', ts_time(near.start),
                              'end', ts_time(near.start + (upper(p_span) - lower(p_span))))
    INTO v_near
    FROM unnest(p_machines) WITH ORDINALITY AS m (id, position),
         LATERAL ts_nearest(m.id, p_span, v_within, p_quantity, p_confidence, p_now, p_without) AS near (start)
    WHERE near.start IS NOT NULL
    ORDER BY greatest(near.start - lower(p_span), lower(p_span) - near.start), near.start, m.position LIMIT 1;
  END IF;
  RETURN ts_refused(v_code, 409, jsonb_build_object(
    'span', jsonb_build_object('start', ts_time(v_stair.at), 'end', ts_time(v_stair.until)),
    'left', v_stair.left, 'asked', p_quantity, 'nearest', v_near));
END $$;
