-- What a stretch of a machine costs, and how likely all of it is idle: by the confidence and the hour of each part of it.
-- cloud/market/quote.py says the same of what search found; a property test holds the two together.

-- The list price, whatever the confidence: hours x price per hour and unit x quantity + units made x price per unit + set-up
-- fee, rounded half up to cents. The cast keeps the division exact enough: thirty digits behind the point.
CREATE FUNCTION ts_price(p_service service, p_span tstzrange, p_quantity int, p_units int) RETURNS numeric
LANGUAGE sql STABLE AS $$
  SELECT round((p_service.price_amount * p_quantity * extract(epoch FROM upper(p_span) - lower(p_span)))::numeric(60, 30)
               / 3600 + p_service.unit_price * p_units + p_service.setup_fee_amount, 2)
$$;

-- The least that a band promises (gateway.capacity.Confidence), and never nothing at all.
CREATE FUNCTION ts_floor(p_confidence int2) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
  SELECT (ARRAY[0.01, 0.5, 0.75, 0.9, 0.97])[p_confidence]
$$;

-- Over each stretch of p_span on which nothing changes: the highest confidence at which p_quantity is left (null: at none),
-- and the odds of all that is offered there with it or better. What is offered without odds is worth its band's floor.
CREATE FUNCTION ts_graded(p_machine text, p_span tstzrange, p_quantity int, p_now timestamptz, p_without text)
RETURNS TABLE (at timestamptz, until timestamptz, confidence int, chance float8, fading float8) LANGUAGE sql STABLE AS $$
  WITH piece AS (
    SELECT o.span * p_span AS span, o.quantity AS offered, o.confidence::int, 0 AS taken, o.quantity > 0 AS counts,
           ln(coalesce(o.chance, ts_floor(o.confidence))) AS chance, coalesce(o.fading, 0) AS fading
    FROM offer_span o
    WHERE o.machine_id = p_machine AND ts_meets(o.span, p_span) AND o.type = 'Available'
    UNION ALL
    SELECT c.span * p_span, 0, 0, c.quantity, false, 0, 0
    FROM ts_taking(p_machine, p_span, p_now) AS c WHERE c.id IS DISTINCT FROM p_without
  ), border AS (
    SELECT lower(span) AS at FROM piece UNION SELECT upper(span) FROM piece
    UNION SELECT lower(p_span) UNION SELECT upper(p_span)
  ), step AS (
    SELECT border.at, lead(border.at) OVER (ORDER BY border.at) AS until FROM border
  )
  SELECT step.at, step.until, best.confidence, best.chance, best.fading
  FROM step
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(piece.taken), 0) AS taken FROM piece WHERE piece.span @> step.at
  ) AS claimed
  LEFT JOIN LATERAL (
    SELECT band.confidence, exp(sum(piece.chance)) AS chance, sum(piece.fading) AS fading
    FROM generate_series(1, 5) AS band (confidence)
    JOIN piece ON piece.span @> step.at AND piece.counts AND piece.confidence >= band.confidence
    GROUP BY band.confidence
    HAVING least(sum(piece.offered), (SELECT quantity FROM machine WHERE id = p_machine)) - claimed.taken >= p_quantity
    ORDER BY band.confidence DESC LIMIT 1
  ) AS best ON true
  WHERE step.until IS NOT NULL
$$;

-- Price per hour and unit of a quarter hour that begins at p_local on the plant's clock: that of the first band that it is
-- in, else the service's own. A window that ends before it begins goes on after midnight, and belongs to the day of its start.
CREATE FUNCTION ts_rate(p_service service, p_confidence int, p_local timestamp) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce((
    SELECT (band ->> 'price')::numeric
    FROM jsonb_array_elements(p_service.price_bands) WITH ORDINALITY AS bands (band, position),
         LATERAL (SELECT (band ->> 'start')::int AS opens, (band ->> 'end')::int AS ends, extract(isodow FROM p_local)::int AS day,
                         (extract(hour FROM p_local) * 60 + extract(minute FROM p_local))::int AS minute) AS asked
    WHERE p_confidence BETWEEN (band ->> 'least')::int AND (band ->> 'most')::int
      AND CASE WHEN opens < ends THEN minute >= opens AND minute < ends AND band -> 'days' @> to_jsonb(day)
          ELSE minute >= opens AND band -> 'days' @> to_jsonb(day)
            OR minute < ends AND band -> 'days' @> to_jsonb((day + 5) % 7 + 1) END
    ORDER BY position LIMIT 1), p_service.price_amount)
$$;

-- The chance of what was admitted, where one piece of the offer follows the other: the usual case, and cheap, for then
-- nothing hangs on how much of which piece others took. Null where pieces lie over one another or leave a hole.
CREATE FUNCTION ts_plain_chance(p_machine text, p_span tstzrange) RETURNS float8 LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN sum(length) = upper(p_span) - lower(p_span) THEN min(likely * exp(-rest)) END
  FROM (
    SELECT length, likely, sum(fading * extract(epoch FROM length)::float8 / 3600) OVER (ORDER BY at DESC) AS rest
    FROM (
      SELECT lower(o.span) AS at, coalesce(o.chance, ts_floor(o.confidence)) AS likely, coalesce(o.fading, 0) AS fading,
             least(upper(o.span), upper(p_span)) - greatest(lower(o.span), lower(p_span)) AS length
      FROM offer_span o
      WHERE o.machine_id = p_machine AND ts_meets(o.span, p_span) AND o.type = 'Available' AND o.quantity > 0
    ) AS piece
  ) AS piece
$$;

CREATE FUNCTION ts_graded_quote(p_service service, p_machine text, p_span tstzrange, p_quantity int, p_now timestamptz,
                                p_without text, p_units int, OUT price numeric, OUT chance float8) LANGUAGE plpgsql STABLE AS $$
BEGIN
  WITH graded AS MATERIALIZED (
    SELECT g.at, g.until, coalesce(g.confidence, 1) AS confidence, coalesce(g.chance, ts_floor(1::int2)) AS chance,
           coalesce(g.fading, 0) * extract(epoch FROM g.until - g.at)::float8 / 3600 AS fades
    FROM ts_graded(p_machine, p_span, p_quantity, p_now, p_without) AS g
  ), worth AS (
    SELECT min(graded.chance * exp(-rest)) AS chance
    FROM (SELECT *, sum(fades) OVER (ORDER BY at DESC) AS rest FROM graded) AS graded
  ), paid AS (
    SELECT sum(ts_rate(p_service, graded.confidence, quarter AT TIME ZONE p.zone)
               * extract(epoch FROM least(graded.until, quarter + interval '15 minutes') - greatest(graded.at, quarter))) AS sum
    FROM graded, (SELECT s.zone FROM machine m JOIN site s ON s.id = m.site_id WHERE m.id = p_machine) AS p,
         LATERAL generate_series(date_bin('15 minutes', graded.at, 'epoch'), graded.until, '15 minutes') AS quarter
    WHERE p_service.price_bands <> '[]' AND quarter < graded.until
  )
  SELECT round((paid.sum * p_quantity)::numeric(60, 30) / 3600 + p_service.unit_price * p_units
                 + p_service.setup_fee_amount, 2), worth.chance
  INTO price, chance FROM worth, paid;
END $$;

-- The price: the integral over the span, each quarter hour at its own rate, times quantity, plus what the p_units made cost,
-- plus the fee, rounded half up to cents. The chance: as likely as at its first instant, fading, and nowhere more likely than where a worse part begins. A
-- part with too little left counts as of the lowest confidence: so it is where a booking is cut down to what it has.
CREATE FUNCTION ts_quote(p_service service, p_machine text, p_span tstzrange, p_quantity int, p_now timestamptz,
                         p_without text, p_units int, OUT price numeric, OUT chance float8) LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF p_service.price_bands = '[]' THEN
    price := ts_price(p_service, p_span, p_quantity, p_units);
    chance := ts_plain_chance(p_machine, p_span);
  END IF;
  IF chance IS NULL THEN
    SELECT coalesce(ts_quote.price, graded.price), graded.chance INTO price, chance
    FROM ts_graded_quote(p_service, p_machine, p_span, p_quantity, p_now, p_without, p_units) AS graded;
  END IF;
  chance := round(chance::numeric, 4);
END $$;
