-- What a caller could book, narrowed by what the database can decide; cloud/market/match.py decides the rest.
CREATE TYPE ts_ask AS (
  tenant text, now timestamptz, start timestamptz, until timestamptz, duration interval, whole interval, kind text,
  processes text[], quantity int, confidence int, currency text, rate numeric, service text, latitude float8, longitude float8,
  km float8, materials text[], long_mm float8, middle_mm float8, short_mm float8, mass_kg float8, grade int, fine_mm float8,
  certificates text[], loose boolean, exact text[], exact_km float8, providers text[], pooled text[]);
COMMENT ON TYPE ts_ask IS
  'A search: whole in stretches of at least duration within [start, until), at no more than rate per hour and unit. `loose`: '
  'what lacks just one: of process (`exact`, where `processes` come near), place (`exact_km`), material, room, fineness and '
  'certificate. `providers`: whose partner the tenant is, and `pooled`: services of its alliances, filled in by ts_search.';

-- The great circle's length.
CREATE FUNCTION ts_km(p_latitude float8, p_longitude float8, p_to_latitude float8, p_to_longitude float8) RETURNS float8
LANGUAGE sql IMMUTABLE AS $$
  SELECT 12742.0 * asin(sqrt(least(1, power(sin(radians(p_latitude - p_to_latitude) / 2), 2)
    + cos(radians(p_to_latitude)) * cos(radians(p_latitude)) * power(sin(radians(p_longitude - p_to_longitude) / 2), 2))))
$$;

-- How many of the things that were asked for it can not do.
CREATE FUNCTION ts_lacks(l listing, a ts_ask) RETURNS int LANGUAGE sql STABLE AS $$
  SELECT (a.exact IS NOT NULL AND coalesce(l.process <> ALL (a.exact), true))::int
    + (a.exact_km IS NOT NULL
       AND coalesce(public.ts_km(l.latitude, l.longitude, a.latitude, a.longitude) > a.exact_km, true))::int
    + (a.materials IS NOT NULL AND l.materials <> '{}' AND NOT l.materials @> a.materials)::int
    + (a.long_mm IS NOT NULL
       AND coalesce(l.long_mm < a.long_mm OR l.middle_mm < a.middle_mm OR l.short_mm < a.short_mm, true))::int
    + (a.mass_kg IS NOT NULL AND coalesce(l.mass_kg < a.mass_kg, true))::int
    + (a.grade IS NOT NULL AND coalesce(l.grade > a.grade, true))::int
    + (a.fine_mm IS NOT NULL AND coalesce(l.fine_mm > a.fine_mm, true))::int
    + (a.certificates IS NOT NULL AND NOT l.certificates @> a.certificates)::int
$$;

-- Whether the caller may see it, and it is of the kind, at the place and able to do what was asked for; loosely, but for one.
-- cloud/market/capability.py decides; null, which is what was not said, is no.
CREATE FUNCTION ts_is_asked(l listing, a ts_ask) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT (l.visibility = 'open' OR l.provider_id = a.tenant
      OR l.provider_id = ANY (a.providers) AND (l.visibility = 'partners' OR l.partner_id = a.tenant)
      OR l.service_id = ANY (a.pooled))
    AND (a.kind IS NULL OR l.kind = a.kind)
    AND (a.km IS NULL OR public.ts_km(l.latitude, l.longitude, a.latitude, a.longitude) <= a.km)
    AND (a.processes IS NULL OR l.process = ANY (a.processes))
    AND CASE WHEN a.loose THEN public.ts_lacks(l, a) = 1 ELSE
      (a.materials IS NULL OR l.materials = '{}' OR l.materials @> a.materials)
      AND (a.long_mm IS NULL OR l.long_mm >= a.long_mm AND l.middle_mm >= a.middle_mm AND l.short_mm >= a.short_mm)
      AND (a.mass_kg IS NULL OR l.mass_kg >= a.mass_kg)
      AND (a.grade IS NULL OR l.grade <= a.grade)
      AND (a.fine_mm IS NULL OR l.fine_mm <= a.fine_mm)
      AND (a.certificates IS NULL OR l.certificates @> a.certificates) END
$$;

-- The listings that are asked for, the cheapest first (currencies apart), p_count after the first p_skip: by the index that
-- leads to the fewest.
CREATE FUNCTION ts_walk(a ts_ask, p_cells int[], p_skip int, p_count int) RETURNS SETOF listing LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF a.service IS NOT NULL THEN
    RETURN QUERY SELECT l.* FROM public.listing l WHERE l.service_id = a.service AND public.ts_is_asked(l, a)
      ORDER BY l.price_currency, l.least_price, l.service_id, l.position, l.machine_id OFFSET p_skip LIMIT p_count;
  ELSIF p_cells IS NOT NULL AND a.processes IS NOT NULL THEN
    RETURN QUERY SELECT l.* FROM public.listing l
      WHERE l.cell = ANY (p_cells) AND l.process = ANY (a.processes) AND public.ts_is_asked(l, a)
      ORDER BY l.price_currency, l.least_price, l.service_id, l.position, l.machine_id OFFSET p_skip LIMIT p_count;
  ELSIF p_cells IS NOT NULL THEN
    RETURN QUERY SELECT l.* FROM public.listing l WHERE l.cell = ANY (p_cells) AND public.ts_is_asked(l, a)
      ORDER BY l.price_currency, l.least_price, l.service_id, l.position, l.machine_id OFFSET p_skip LIMIT p_count;
  ELSIF cardinality(a.processes) = 1 THEN
    RETURN QUERY SELECT l.* FROM public.listing l WHERE l.process = a.processes[1] AND public.ts_is_asked(l, a)
      ORDER BY l.price_currency, l.least_price, l.service_id, l.position, l.machine_id OFFSET p_skip LIMIT p_count;
  ELSE
    RETURN QUERY SELECT l.* FROM public.listing l WHERE public.ts_is_asked(l, a)
      ORDER BY l.price_currency, l.least_price, l.service_id, l.position, l.machine_id OFFSET p_skip LIMIT p_count;
  END IF;
END $$;

-- Some of the walk, p_count after the first p_skip: how many there were, the price that was come to, and, in their order,
-- those whose terms may be kept and whose machine has an opening: the first start in the window at which something is
-- offered and, of a machine of one unit, not taken for so long at a stretch. Of a machine with several units some may be
-- taken: what is found may prove too little. Unless p_open, all of them.
CREATE FUNCTION ts_openings(a ts_ask, p_cells int[], p_open boolean, p_skip int, p_count int, OUT looked int, OUT last_price text,
                            OUT services text[], OUT machines text[], OUT prices text[], OUT opens timestamptz[])
LANGUAGE sql STABLE AS $$
  WITH walked AS MATERIALIZED (
    SELECT w.*, row_number() OVER () AS nth, greatest(a.start, a.now + w.notice) AS earliest,
      w.price_currency || to_char(w.least_price, 'FM00000000000000.0000') AS price
    FROM ts_walk(a, p_cells, p_skip, p_count) AS w
  ), opening AS MATERIALIZED (
    SELECT l.nth, l.service_id, l.machine_id, l.price,
      CASE WHEN NOT p_open THEN a.now WHEN taken.spans IS NULL THEN gross.first ELSE (
        SELECT min(lower(run)) FROM unnest(hours.open - taken.spans) AS run WHERE upper(run) - lower(run) >= a.duration) END AS first
    FROM walked l
    LEFT JOIN statement st ON p_open AND st.machine_id = l.machine_id
    LEFT JOIN machine m ON p_open AND m.id = l.machine_id
    CROSS JOIN LATERAL (
      SELECT CASE WHEN m.quantity >= a.quantity AND l.earliest < least(a.until, l.certified_until)
        AND l.min_duration <= a.whole AND (l.max_duration IS NULL OR l.max_duration >= a.duration)
        AND (a.currency IS NULL OR l.price_currency = a.currency AND l.least_price <= a.rate)
        THEN tstzrange(l.earliest, least(a.until, l.certified_until)) ELSE 'empty' END AS span
    ) AS bounds
    CROSS JOIN LATERAL (
      SELECT CASE greatest(a.confidence, l.min_confidence) WHEN 1 THEN st.open_1 WHEN 2 THEN st.open_2 WHEN 3 THEN st.open_3
        WHEN 4 THEN st.open_4 ELSE st.open_5 END * tstzmultirange(bounds.span) AS open OFFSET 0
    ) AS hours
    CROSS JOIN LATERAL (
      SELECT min(lower(run)) AS first FROM unnest(hours.open) AS run WHERE upper(run) - lower(run) >= a.duration
    ) AS gross
    CROSS JOIN LATERAL (
      SELECT range_agg(c.span) AS spans FROM claim c
      WHERE gross.first IS NOT NULL AND m.quantity = 1 AND c.machine_id = l.machine_id AND ts_meets(c.span, bounds.span)
        AND c.live AND (c.state NOT IN ('HELD', 'REQUESTED') OR c.expires_at > a.now)
    ) AS taken
  )
  SELECT count(*)::int, max(price), array_agg(service_id ORDER BY nth) FILTER (WHERE first IS NOT NULL),
    array_agg(machine_id ORDER BY nth) FILTER (WHERE first IS NOT NULL), array_agg(price ORDER BY nth) FILTER (WHERE first IS NOT NULL),
    array_agg(first ORDER BY nth) FILTER (WHERE first IS NOT NULL)
  FROM opening
$$;

-- Which listings to look at in full: p_count after the first p_skip, by price, then by their first opening. Walks on to the
-- end of a price, so that the earliest of equals is among them, and past no more than p_most. `complete`: there are no others.
CREATE FUNCTION ts_narrow(a ts_ask, p_open boolean, p_skip int, p_count int, p_most int,
                          OUT services text[], OUT machines text[], OUT complete boolean) LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_cells  constant int[] := CASE WHEN a.km IS NOT NULL THEN public.ts_cells(a.latitude, a.longitude, a.km) END;
  v_wanted constant int := p_skip + p_count;
  v_step   int := least(p_most, 2 * v_wanted);
  v_looked int := 0;
  v_prices text[] := '{}';
  v_opens  timestamptz[] := '{}';
  v        record;
BEGIN
  services := '{}';
  machines := '{}';
  LOOP
    SELECT * INTO v FROM public.ts_openings(a, v_cells, p_open, v_looked, v_step);
    v_looked := v_looked + v.looked;
    services := services || v.services;
    machines := machines || v.machines;
    v_prices := v_prices || v.prices;
    v_opens := v_opens || v.opens;
    complete := v.looked < v_step;
    EXIT WHEN complete OR v_looked >= p_most OR v.last_price > v_prices[v_wanted];
    v_step := least(p_most - v_looked, 2 * v_step, 500);
  END LOOP;
  complete := complete AND cardinality(services) <= v_wanted;
  SELECT coalesce(array_agg(service ORDER BY place), '{}'), coalesce(array_agg(machine ORDER BY place), '{}') INTO services, machines
  FROM (SELECT service, machine, row_number() OVER (ORDER BY price, opens, nth) AS place
        FROM unnest(services, machines, v_prices, v_opens) WITH ORDINALITY AS found (service, machine, price, opens, nth)) AS found
  WHERE place > p_skip AND place <= v_wanted;
END $$;

-- A row per service and machine that ts_narrow chose, in its order; one without a service where it chose none. With what is
-- offered there from the start to p_beyond after the end, and what live claims take of it, whoever's they are (they stay in
-- the registry): cloud/market/left.py subtracts the one from the other.
CREATE FUNCTION ts_search(a ts_ask, p_open boolean, p_beyond interval, p_skip int, p_count int, p_most int)
RETURNS TABLE (
  complete boolean, service_id text, service_name text, provider_id text, provider_name text, machine_id text, instant boolean,
  price_amount numeric, price_currency text, setup_fee_amount numeric, notice interval, min_duration interval,
  max_duration interval, min_confidence int2, price_bands jsonb, zone text, valid_until timestamptz, last_receipt_at timestamptz,
  km float8, latitude float8, longitude float8, units int, starts timestamptz[], ends timestamptz[], quantities int[], confidences int2[], chances float8[],
  fadings float8[], taken_from timestamptz[], taken_until timestamptz[], taken int[],
  unit_price numeric, process text, materials text[], long_mm float8, middle_mm float8, short_mm float8, mass_kg float8, grade int2,
  fine_mm float8, certificates jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  v_span constant tstzrange := tstzrange(greatest(a.now, a.start - p_beyond), a.until + p_beyond);
  v      record;
BEGIN
  a.providers := ARRAY(SELECT provider_id FROM partner WHERE partner_id = a.tenant);
  a.pooled := ts_all_pooled(a.tenant);
  SELECT * INTO v FROM ts_narrow(a, p_open, p_skip, p_count, p_most);
  IF v.services = '{}' THEN
    complete := v.complete;
    RETURN NEXT;
    RETURN;
  END IF;
  RETURN QUERY
  SELECT v.complete, s.id, s.name, s.enterprise_id, e.name, m.id, s.instant, s.price_amount, s.price_currency,
    s.setup_fee_amount, s.notice, s.min_duration, s.max_duration, s.min_confidence, s.price_bands, l.zone, st.valid_until,
    m.last_receipt_at, CASE WHEN a.latitude IS NOT NULL THEN ts_km(l.latitude, l.longitude, a.latitude, a.longitude) END,
    l.latitude, l.longitude, m.quantity, offered.*, claimed.*, s.unit_price, s.process, s.materials, g.long_mm, g.middle_mm,
    g.short_mm, g.mass_kg, g.grade, g.fine_mm, s.certificates
  FROM unnest(v.services, v.machines) WITH ORDINALITY AS chosen (service_id, machine_id, place)
  JOIN listing g ON g.service_id = chosen.service_id AND g.machine_id = chosen.machine_id
  JOIN service s ON s.id = chosen.service_id
  JOIN enterprise e ON e.id = s.enterprise_id
  JOIN machine m ON m.id = chosen.machine_id
  JOIN site l ON l.id = m.site_id
  LEFT JOIN statement st ON st.machine_id = m.id
  CROSS JOIN LATERAL (
    SELECT array_agg(greatest(lower(o.span), lower(v_span))), array_agg(least(upper(o.span), upper(v_span))),
      array_agg(o.quantity), array_agg(o.confidence), array_agg(coalesce(o.chance, ts_floor(o.confidence))),
      array_agg(coalesce(o.fading, 0))
    FROM offer_span o WHERE o.machine_id = m.id AND o.type = 'Available' AND ts_meets(o.span, v_span)
  ) AS offered
  CROSS JOIN LATERAL (
    SELECT array_agg(greatest(lower(c.span), lower(v_span))), array_agg(least(upper(c.span), upper(v_span))), array_agg(c.quantity)
    FROM ts_taking(m.id, v_span, a.now) AS c
  ) AS claimed
  ORDER BY chosen.place;
END $$;
GRANT EXECUTE ON FUNCTION ts_search(ts_ask, boolean, interval, int, int, int) TO ts_api;

-- The names of those enterprises with which the tenant has a claim in common: who books or provides is no secret to the
-- other side.
CREATE FUNCTION ts_names(p_tenant text, p_ids text[]) RETURNS TABLE (id text, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT e.id, e.name FROM public.enterprise e
  WHERE e.id = ANY (p_ids) AND (e.id = p_tenant
    OR EXISTS (SELECT FROM public.claim c WHERE c.booker_id = p_tenant AND c.provider_id = e.id)
    OR EXISTS (SELECT FROM public.claim c WHERE c.provider_id = p_tenant AND c.booker_id = e.id))
$$;
GRANT EXECUTE ON FUNCTION ts_names(text, text[]) TO ts_api;
