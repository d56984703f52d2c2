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

-- The first start in p_window at which the machine has an opening: something is offered with that confidence and, of a machine
-- of one unit, not taken for p_duration at a stretch. Of a machine with several units some may be taken: what is found may
-- prove too little.
CREATE FUNCTION ts_opening(p_machine text, p_units int, p_window tstzrange, p_confidence int, p_duration interval, p_now timestamptz)
RETURNS TABLE (first timestamptz) LANGUAGE sql STABLE AS $$
  SELECT min(lower(run))
  FROM (
    SELECT CASE p_confidence WHEN 1 THEN st.open_1 WHEN 2 THEN st.open_2 WHEN 3 THEN st.open_3 WHEN 4 THEN st.open_4 ELSE st.open_5 END
      * tstzmultirange(p_window) - CASE WHEN p_units = 1 THEN st.sold ELSE '{}' END AS open
    FROM public.statement st WHERE st.machine_id = p_machine OFFSET 0
  ) AS hours
  CROSS JOIN LATERAL (
    SELECT range_agg(c.span) AS spans FROM public.claim c
    WHERE p_units = 1 AND hours.open <> '{}' AND c.machine_id = p_machine AND c.state IN ('HELD', 'REQUESTED') AND c.expires_at > p_now
  ) AS pending
  CROSS JOIN LATERAL unnest(hours.open - coalesce(pending.spans, '{}')) AS run
  WHERE upper(run) - lower(run) >= p_duration
$$;

-- Which listings to look at in full: p_count after the first p_skip, by price, then by their first opening. Walks by price
-- (currencies apart) to the first that is one too many and on to the end of its price, so that the earliest of equals is among
-- them, and past no more than p_most. Unless p_open, terms and openings are not asked for. `complete`: there are no others.
-- One text makes a function for each way to find listings, for each has a plan of its own, which reads no further than it walks.
-- What is open, one's own, what is for partners, for one partner and for an alliance are found apart, in order, and merged: so
-- who searches passes by nothing that he may not see, and his search takes no time that would tell of it.
DO $do$
DECLARE
  v_way  record;
  v_seen text;
  v_by   constant text := 'l.provider_id = ANY (a.providers) AND l.provider_id <> a.tenant';
BEGIN
  -- What a service or a place has is found as a whole (OFFSET 0) and then sorted: in the order of its price the planner would
  -- rather walk by all the others. Who sees nothing but what is open asks for nothing else: to begin a plan takes time too.
  FOR v_way IN
    SELECT way.name || extent.name AS name, way.found_by, way.fence, extent.plain
    FROM (VALUES ('service', 'l.service_id = a.service', 'OFFSET 0'),
                 ('cells_process', 'l.cell = ANY (p_cells) AND l.process = ANY (a.processes)', 'OFFSET 0'),
                 ('cells', 'l.cell = ANY (p_cells)', 'OFFSET 0'), ('process', 'l.process = a.processes[1]', ''), ('price', 'true', ''))
           AS way (name, found_by, fence),
         (VALUES ('', false), ('_open', true)) AS extent (name, plain)
  LOOP
    SELECT string_agg(format('(SELECT l.* FROM (SELECT l.* FROM listing l WHERE %s AND %s AND ts_is_asked(l, a) %s) AS l
      ORDER BY price_currency, least_price, service_id, position, machine_id LIMIT p_most)', shown, v_way.found_by, v_way.fence), ' UNION ALL ')
    INTO v_seen FROM (VALUES
      ($$l.visibility = 'open'$$), ($$l.visibility <> 'open' AND l.provider_id = a.tenant$$),
      ($$l.visibility = 'partners' AND $$ || v_by), ($$l.visibility = 'partner' AND l.partner_id = a.tenant AND $$ || v_by),
      -- Said so that only the services themselves lead there, not the index of all that is not open.
      ($$coalesce(l.visibility, 'open') <> 'open' AND l.service_id = ANY (a.pooled) AND l.provider_id <> a.tenant
         AND (l.provider_id = ANY (a.providers) AND (l.visibility = 'partners' OR l.partner_id = a.tenant)) IS NOT TRUE$$)
    ) AS seen (shown) WHERE NOT v_way.plain OR shown = $$l.visibility = 'open'$$;
    EXECUTE format($function$
CREATE FUNCTION ts_narrow_by_%1$s(a ts_ask, p_cells int[], p_open boolean, p_skip int, p_wanted int, p_most int,
                                OUT services text[], OUT machines text[], OUT complete boolean) LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF NOT p_open THEN
    SELECT array_agg(service_id ORDER BY nth) FILTER (WHERE nth > p_skip AND nth <= p_wanted),
           array_agg(machine_id ORDER BY nth) FILTER (WHERE nth > p_skip AND nth <= p_wanted),
           count(*) <= p_wanted AND count(*) < p_most
    INTO services, machines, complete
    FROM (SELECT service_id, machine_id, row_number() OVER () AS nth
          FROM (SELECT l.* FROM (%2$s) AS l
                ORDER BY price_currency, least_price, service_id, position, machine_id LIMIT least(p_most, p_wanted + 1)) AS l) AS l;
    RETURN;
  END IF;
  WITH open AS (
    SELECT l.service_id, l.machine_id, l.price_currency, l.least_price, l.nth, opening.first
    FROM (
      -- Numbered in the order that it has already: so the planner knows that those who come after need not sort it.
      SELECT l.*, row_number() OVER (ORDER BY price_currency, least_price, service_id, position, machine_id) AS nth
      FROM (SELECT l.* FROM (%2$s) AS l
            ORDER BY price_currency, least_price, service_id, position, machine_id LIMIT p_most) AS l
    ) AS l
    CROSS JOIN LATERAL (SELECT greatest(a.start, a.now + l.notice) AS earliest, least(a.until, l.certified_until) AS latest) AS terms
    LEFT JOIN LATERAL ts_opening(l.machine_id, l.units, CASE WHEN terms.earliest < terms.latest THEN tstzrange(terms.earliest, terms.latest) END,
                                 greatest(a.confidence, l.min_confidence), a.duration, a.now) AS opening
      ON terms.earliest < terms.latest AND l.units >= a.quantity AND l.min_duration <= a.whole
        AND (l.max_duration IS NULL OR l.max_duration >= a.duration)
        AND (a.currency IS NULL OR l.price_currency = a.currency AND l.least_price <= a.rate)
    WHERE opening.first IS NOT NULL OR l.nth = p_most
    ORDER BY l.price_currency, l.least_price FETCH FIRST (p_wanted + 1) ROWS WITH TIES
  ), ranked AS (
    SELECT *, row_number() OVER (ORDER BY price_currency, least_price, first, nth) AS place FROM open WHERE first IS NOT NULL
  )
  SELECT array_agg(service_id ORDER BY place) FILTER (WHERE place > p_skip AND place <= p_wanted),
         array_agg(machine_id ORDER BY place) FILTER (WHERE place > p_skip AND place <= p_wanted),
         count(*) <= p_wanted AND NOT EXISTS (SELECT FROM open WHERE nth = p_most)
  INTO services, machines, complete FROM ranked;
END $$ $function$, v_way.name, v_seen);
  END LOOP;
END $do$;

-- The same by the way that leads to the fewest listings.
CREATE FUNCTION ts_narrow(a ts_ask, p_open boolean, p_skip int, p_count int, p_most int,
                          OUT services text[], OUT machines text[], OUT complete boolean) LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_cells  constant int[] := CASE WHEN a.km IS NOT NULL THEN ts_cells(a.latitude, a.longitude, a.km) END;
  v_wanted constant int := p_skip + p_count;
  v_plain  constant boolean := a.providers = '{}' AND coalesce(a.pooled, '{}') = '{}'
    AND NOT EXISTS (SELECT FROM listing WHERE provider_id = a.tenant AND visibility <> 'open');
  v        record;
BEGIN
  IF a.service IS NOT NULL AND v_plain THEN
    v := ts_narrow_by_service_open(a, v_cells, p_open, p_skip, v_wanted, p_most);
  ELSIF a.service IS NOT NULL THEN
    v := ts_narrow_by_service(a, v_cells, p_open, p_skip, v_wanted, p_most);
  ELSIF v_cells IS NOT NULL AND a.processes IS NOT NULL AND v_plain THEN
    v := ts_narrow_by_cells_process_open(a, v_cells, p_open, p_skip, v_wanted, p_most);
  ELSIF v_cells IS NOT NULL AND a.processes IS NOT NULL THEN
    v := ts_narrow_by_cells_process(a, v_cells, p_open, p_skip, v_wanted, p_most);
  ELSIF v_cells IS NOT NULL AND v_plain THEN
    v := ts_narrow_by_cells_open(a, v_cells, p_open, p_skip, v_wanted, p_most);
  ELSIF v_cells IS NOT NULL THEN
    v := ts_narrow_by_cells(a, v_cells, p_open, p_skip, v_wanted, p_most);
  ELSIF cardinality(a.processes) = 1 AND v_plain THEN
    v := ts_narrow_by_process_open(a, v_cells, p_open, p_skip, v_wanted, p_most);
  ELSIF cardinality(a.processes) = 1 THEN
    v := ts_narrow_by_process(a, v_cells, p_open, p_skip, v_wanted, p_most);
  ELSIF v_plain THEN
    v := ts_narrow_by_price_open(a, v_cells, p_open, p_skip, v_wanted, p_most);
  ELSE
    v := ts_narrow_by_price(a, v_cells, p_open, p_skip, v_wanted, p_most);
  END IF;
  services := coalesce(v.services, '{}');
  machines := coalesce(v.machines, '{}');
  complete := v.complete;
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
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
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
