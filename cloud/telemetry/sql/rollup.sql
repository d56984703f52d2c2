-- Rollups are made anew from their source wherever a mark lies, so doing it twice, or late, changes nothing. Marks are rows
-- of a log that is only appended to and taken from: what commits while we work leaves a mark for the next round.

-- Rolls up the samples of at most p_most marks, oldest first; how many. Marks of before p_since are thrown away: their
-- samples are about to be dropped, and the hours that were made of them stay.
CREATE FUNCTION ts_roll_samples(p_most int, p_since timestamptz) RETURNS int
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_taken  int;
  v_series int[];
  v_hours  timestamptz[];
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('thirdshift roll samples', 0)) THEN
    RETURN 0;
  END IF;
  -- One statement, one snapshot: a mark that is seen was committed with its samples, so these are seen too.
  WITH taken AS (
    DELETE FROM sample_due WHERE id IN (SELECT id FROM sample_due ORDER BY id LIMIT p_most)
    RETURNING series_id, from_at, to_at
  ), pieces AS (
    SELECT one AS series_id, unnest(range_agg(tstzrange(date_trunc('minute', greatest(from_at, p_since), 'UTC'),
                                                        date_trunc('minute', to_at, 'UTC') + interval '1 minute'))) AS span
    FROM taken, unnest(taken.series_id) AS one WHERE to_at >= p_since GROUP BY one
  ), minutes AS (
    INSERT INTO sample_rollup AS r (series_id, width, start_at, count, numbers, least, most, total, last)
    SELECT series_id, 'minute', minute, count(*), count(number), min(number), max(number), sum(number),
           -- The number of the latest time, without sorting.
           (max(ARRAY[extract(epoch FROM at)::float8, number]) FILTER (WHERE number IS NOT NULL))[2]
    FROM (SELECT p.series_id, date_trunc('minute', s.at, 'UTC') AS minute, s.at,
                 CASE WHEN s.value > '-Infinity' AND s.value < 'Infinity' THEN s.value END AS number
          -- Piece by piece, through the index: joined at large, it would one day be a walk over every sample there is.
          FROM pieces p CROSS JOIN LATERAL (
            SELECT at, value FROM sample
            WHERE series_id = p.series_id AND at >= lower(p.span) AND at < upper(p.span) OFFSET 0) AS s) AS s
    GROUP BY series_id, minute
    ON CONFLICT (series_id, width, start_at) DO UPDATE SET count = excluded.count, numbers = excluded.numbers,
      least = excluded.least, most = excluded.most, total = excluded.total, last = excluded.last
    RETURNING r.series_id, r.start_at
  ), hours AS (
    SELECT DISTINCT series_id, date_trunc('hour', start_at, 'UTC') AS hour FROM minutes
  )
  SELECT (SELECT count(*) FROM taken), array_agg(series_id), array_agg(hour) INTO v_taken, v_series, v_hours FROM hours;
  PERFORM ts_roll_up(v_series, v_hours, 'minute', 'hour');
  SELECT array_agg(series_id), array_agg(day) INTO v_series, v_hours FROM (
    SELECT DISTINCT series_id, date_trunc('day', hour, 'UTC') AS day FROM unnest(v_series, v_hours) AS t (series_id, hour)
  ) AS days;
  PERFORM ts_roll_up(v_series, v_hours, 'hour', 'day');
  RETURN v_taken;
END $$;

-- Makes rollups of p_width out of the narrower ones of p_of.
CREATE FUNCTION ts_roll_up(p_series int[], p_starts timestamptz[], p_of text, p_width text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
  INSERT INTO sample_rollup (series_id, width, start_at, count, numbers, least, most, total, last)
  SELECT t.series_id, p_width, t.start_at, r.*
  FROM unnest(p_series, p_starts) AS t (series_id, start_at) CROSS JOIN LATERAL (
    SELECT sum(count), sum(numbers), min(least), max(most), sum(total),
           (array_agg(last ORDER BY start_at DESC) FILTER (WHERE last IS NOT NULL))[1]
    FROM sample_rollup WHERE series_id = t.series_id AND width = p_of AND start_at >= t.start_at
      AND start_at < t.start_at + ('1 ' || p_width)::interval
    HAVING count(*) > 0) AS r
  ON CONFLICT (series_id, width, start_at) DO UPDATE SET count = excluded.count, numbers = excluded.numbers,
    least = excluded.least, most = excluded.most, total = excluded.total, last = excluded.last
$$;

-- Rolls up what is marked of at most p_most machines, up to the last full minute; how many. Minutes of before p_since are
-- left out: they would be pruned at once.
CREATE FUNCTION ts_roll_machines(p_most int, p_since timestamptz, p_now timestamptz) RETURNS int
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_until timestamptz := date_trunc('minute', p_now, 'UTC');
  v_zone  text;
  v_due   record;
  v_piece tstzrange;
  v_width text;
  v_done  int := 0;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('thirdshift roll machines', 0)) THEN
    RETURN 0;
  END IF;
  FOR v_due IN
    SELECT machine_id, kind, range_agg(span) AS spans, array_agg(id) AS ids FROM machine_due
    WHERE lower(span) < v_until GROUP BY machine_id, kind ORDER BY min(id) LIMIT p_most
  LOOP
    DELETE FROM machine_due WHERE id = ANY (v_due.ids);
    INSERT INTO machine_due (machine_id, kind, span)
    SELECT v_due.machine_id, v_due.kind, rest
    FROM unnest(v_due.spans * tstzmultirange(tstzrange(v_until, NULL))) AS rest;
    SELECT s.zone INTO v_zone FROM machine m JOIN site s ON s.id = m.site_id WHERE m.id = v_due.machine_id;
    FOR v_piece IN SELECT unnest(v_due.spans * tstzmultirange(tstzrange(NULL, v_until))) LOOP
      FOREACH v_width IN ARRAY '{minute,hour,day}'::text[] LOOP
        IF v_width = 'minute' THEN
          CONTINUE WHEN upper(v_piece) <= p_since;
          PERFORM ts_roll_machine(v_due.machine_id, v_due.kind, v_width, 'UTC', greatest(lower(v_piece), p_since),
                                  upper(v_piece), v_until);
        ELSE
          PERFORM ts_roll_machine(v_due.machine_id, v_due.kind, v_width, CASE v_width WHEN 'day' THEN v_zone ELSE 'UTC' END,
                                  lower(v_piece), upper(v_piece), v_until);
        END IF;
      END LOOP;
    END LOOP;
    v_done := v_done + 1;
  END LOOP;
  RETURN v_done;
END $$;

-- Makes those rollups of a machine anew that touch [p_from, p_to), of what happened before p_until.
CREATE FUNCTION ts_roll_machine(p_machine text, p_kind text, p_width text, p_zone text, p_from timestamptz,
                                p_to timestamptz, p_until timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_step constant interval    := ('1 ' || p_width)::interval;
  v_from constant timestamptz := date_trunc(p_width, p_from, p_zone);
  v_end  constant timestamptz := (date_trunc(p_width, (p_to - interval '1 microsecond') AT TIME ZONE p_zone) + v_step)
                                 AT TIME ZONE p_zone;
  v_to   constant timestamptz := least(v_end, p_until);
BEGIN
  IF p_kind = 'state' THEN
    DELETE FROM state_rollup WHERE machine_id = p_machine AND width = p_width AND start_at >= v_from AND start_at < v_end;
    INSERT INTO state_rollup (machine_id, width, start_at, state, mode, booked, seconds, entered)
    SELECT p_machine, p_width, b.start_at, c.state, c.mode, c.origin <> 'plant',
           sum(extract(epoch FROM least(c.until, b.end_at) - greatest(c.at, b.start_at))),
           count(*) FILTER (WHERE c.at >= b.start_at)
    FROM (SELECT at, state, mode, origin, coalesce(least(lead(at) OVER (ORDER BY at, epoch, seq), v_to), v_to) AS until
          FROM state_history WHERE machine_id = p_machine AND at < v_to AND at >= coalesce(
            (SELECT max(at) FROM state_history WHERE machine_id = p_machine AND at <= v_from), v_from)) AS c,
         ts_buckets(greatest(c.at, v_from), c.until, p_width, p_zone) AS b
    WHERE c.until > greatest(c.at, v_from)
    GROUP BY b.start_at, c.state, c.mode, c.origin <> 'plant';
    RETURN;
  END IF;
  DELETE FROM ledger_rollup WHERE machine_id = p_machine AND width = p_width AND start_at >= v_from AND start_at < v_end;
  INSERT INTO ledger_rollup (machine_id, width, start_at, kind, name, seconds, begun)
  SELECT p_machine, p_width, b.start_at, said.kind, said.name,
         sum(said.quantity * extract(epoch FROM least(upper(said.span), b.end_at, v_to) - greatest(lower(said.span), b.start_at))),
         count(*) FILTER (WHERE lower(said.span) >= b.start_at)
  FROM (SELECT 'offer' AS kind, type AS name, quantity, span FROM offer_span
        WHERE machine_id = p_machine AND span && tstzrange(v_from, v_to)
        UNION ALL
        SELECT 'claim', state, quantity, span FROM claim
        WHERE machine_id = p_machine AND span && tstzrange(v_from, v_to)) AS said,
       ts_buckets(greatest(lower(said.span), v_from), least(upper(said.span), v_to), p_width, p_zone) AS b
  GROUP BY b.start_at, said.kind, said.name;
END $$;

-- The minutes, hours or days of a zone that touch [p_from, p_to).
CREATE FUNCTION ts_buckets(p_from timestamptz, p_to timestamptz, p_width text, p_zone text)
RETURNS TABLE (start_at timestamptz, end_at timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT local AT TIME ZONE p_zone, (local + ('1 ' || p_width)::interval) AT TIME ZONE p_zone
  FROM generate_series(date_trunc(p_width, p_from AT TIME ZONE p_zone), (p_to - interval '1 microsecond') AT TIME ZONE p_zone,
                       ('1 ' || p_width)::interval) AS local
$$;

-- From and to which samples of a series in [p_from, p_to) came that are not rolled up yet; nulls where there are none.
CREATE FUNCTION ts_samples_fresh(p_series int, p_from timestamptz, p_to timestamptz)
RETURNS TABLE (start_at timestamptz, end_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT min(from_at), max(to_at) FROM sample_due WHERE p_series = ANY (series_id) AND to_at >= p_from AND from_at < p_to
$$;
GRANT EXECUTE ON FUNCTION ts_samples_fresh(int, timestamptz, timestamptz) TO ts_api, ts_ingest;

GRANT EXECUTE ON FUNCTION ts_roll_samples(int, timestamptz), ts_roll_up(int[], timestamptz[], text, text),
  ts_roll_machines(int, timestamptz, timestamptz),
  ts_roll_machine(text, text, text, text, timestamptz, timestamptz, timestamptz),
  ts_buckets(timestamptz, timestamptz, text, text) TO ts_ingest;
