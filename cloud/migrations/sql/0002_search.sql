-- What a caller could book, narrowed by what the database can decide; cloud/market/match.py decides the rest.
CREATE TYPE ts_ask AS (
  tenant text, now timestamptz, start timestamptz, until timestamptz, duration interval, kind text, process text,
  quantity int, confidence int, currency text, rate numeric, service text, latitude float8, longitude float8, km float8,
  providers text[]);
COMMENT ON TYPE ts_ask IS
  'A search: duration somewhere in [start, until), at no more than rate per hour and unit. `providers`: whose partner the '
  'tenant is, filled in by ts_search.';

-- The great circle's length.
CREATE FUNCTION ts_km(p_latitude float8, p_longitude float8, p_to_latitude float8, p_to_longitude float8) RETURNS float8
LANGUAGE sql IMMUTABLE AS $$
  SELECT 12742.0 * asin(sqrt(least(1, power(sin(radians(p_latitude - p_to_latitude) / 2), 2)
    + cos(radians(p_to_latitude)) * cos(radians(p_latitude)) * power(sin(radians(p_longitude - p_to_longitude) / 2), 2))))
$$;

-- Whether the caller may see it, and it is of the kind and at the place that was asked for.
CREATE FUNCTION ts_is_asked(l listing, a ts_ask) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT (l.visibility = 'open' OR l.provider_id = a.tenant OR l.visibility = 'partners' AND l.provider_id = ANY (a.providers))
    AND (a.kind IS NULL OR l.kind = a.kind)
    AND (a.process IS NULL OR l.process = a.process)
    AND (a.km IS NULL OR public.ts_km(l.latitude, l.longitude, a.latitude, a.longitude) <= a.km)
$$;

-- Whether its terms may be kept: what match.py asks, but for hours and the fee.
CREATE FUNCTION ts_terms_admit(l listing, a ts_ask) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT l.min_duration <= a.duration AND (l.max_duration IS NULL OR l.max_duration >= a.duration)
    AND (a.currency IS NULL OR l.price_currency = a.currency AND l.least_price <= a.rate)
$$;

-- The first start in p_window at which something is offered and, of an exclusive machine, not taken for so long at a stretch;
-- null: there is none. Of a machine with several units some may be taken: what this finds may prove too little.
CREATE FUNCTION ts_opens(st statement, p_exclusive boolean, p_window tstzrange, p_confidence int, p_duration interval,
                         p_now timestamptz) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_open  tstzmultirange := CASE p_confidence WHEN 1 THEN st.open_1 WHEN 2 THEN st.open_2 WHEN 3 THEN st.open_3
                                              WHEN 4 THEN st.open_4 ELSE st.open_5 END * tstzmultirange(p_window);
  v_taken tstzmultirange;
  v_first timestamptz;
BEGIN
  SELECT min(lower(run)) INTO v_first FROM unnest(v_open) AS run WHERE upper(run) - lower(run) >= p_duration;
  IF v_first IS NULL OR NOT p_exclusive THEN
    RETURN v_first;
  END IF;
  SELECT range_agg(span) INTO v_taken FROM public.ts_taking(st.machine_id, p_window, p_now);
  IF v_taken IS NOT NULL THEN
    SELECT min(lower(run)) INTO v_first FROM unnest(v_open - v_taken) AS run WHERE upper(run) - lower(run) >= p_duration;
  END IF;
  RETURN v_first;
END $$;

-- The listings that are asked for, the cheapest first (currencies apart): by the index that leads to the fewest.
CREATE FUNCTION ts_walk(a ts_ask) RETURNS refcursor LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_cells constant int[] := CASE WHEN a.km IS NOT NULL THEN public.ts_cells(a.latitude, a.longitude, a.km) END;
  v_walk  refcursor;
BEGIN
  IF a.service IS NOT NULL THEN
    OPEN v_walk FOR SELECT l.* FROM public.listing l WHERE l.service_id = a.service AND public.ts_is_asked(l, a)
      ORDER BY l.price_currency, l.least_price, l.service_id, l.position, l.machine_id;
  ELSIF v_cells IS NOT NULL AND a.process IS NOT NULL THEN
    OPEN v_walk FOR SELECT l.* FROM public.listing l
      WHERE l.cell = ANY (v_cells) AND l.process = a.process AND public.ts_is_asked(l, a)
      ORDER BY l.price_currency, l.least_price, l.service_id, l.position, l.machine_id;
  ELSIF v_cells IS NOT NULL THEN
    OPEN v_walk FOR SELECT l.* FROM public.listing l WHERE l.cell = ANY (v_cells) AND public.ts_is_asked(l, a)
      ORDER BY l.price_currency, l.least_price, l.service_id, l.position, l.machine_id;
  ELSIF a.process IS NOT NULL THEN
    OPEN v_walk FOR SELECT l.* FROM public.listing l WHERE l.process = a.process AND public.ts_is_asked(l, a)
      ORDER BY l.price_currency, l.least_price, l.service_id, l.position, l.machine_id;
  ELSE
    OPEN v_walk FOR SELECT l.* FROM public.listing l WHERE public.ts_is_asked(l, a)
      ORDER BY l.price_currency, l.least_price, l.service_id, l.position, l.machine_id;
  END IF;
  RETURN v_walk;
END $$;

-- Which of them to look at in full: p_count after the first p_skip, ordered by price, then by their first opening. With
-- p_open only those whose hours and terms may do. Walks on to the end of a price, so that the earliest of equals is among
-- them, and past no more than p_most listings. `complete`: there are no others.
CREATE FUNCTION ts_narrow(a ts_ask, p_open boolean, p_skip int, p_count int, p_most int,
                          OUT services text[], OUT machines text[], OUT complete boolean) LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_walk    constant refcursor := public.ts_walk(a);
  v_from    timestamptz;
  v_opens   timestamptz[] := '{}';
  v_ranks   int[] := '{}';
  v_rank    int := 0;
  v_price   text := '';
  v_found   int := 0;
  v_first   timestamptz;
  l         public.listing;
BEGIN
  services := '{}';
  machines := '{}';
  complete := true;
  FOR v_looked IN 1 .. p_most + 1 LOOP
    FETCH v_walk INTO l;
    EXIT WHEN NOT FOUND;
    IF v_price <> l.price_currency || l.least_price THEN
      v_price := l.price_currency || l.least_price;
      v_rank := v_rank + 1;
    END IF;
    IF v_looked > p_most OR v_found >= p_skip + p_count AND v_rank > v_ranks[v_found] THEN
      complete := false;
      EXIT;
    END IF;
    v_first := a.now;
    IF p_open THEN
      CONTINUE WHEN NOT public.ts_terms_admit(l, a);
      v_from := greatest(a.start, a.now + l.notice);
      CONTINUE WHEN v_from >= a.until;
      SELECT public.ts_opens(st, m.quantity = 1, tstzrange(v_from, a.until), greatest(a.confidence, l.min_confidence), a.duration, a.now)
      INTO v_first FROM public.statement st JOIN public.machine m ON m.id = st.machine_id
      WHERE st.machine_id = l.machine_id AND m.quantity >= a.quantity;
      CONTINUE WHEN v_first IS NULL;
    END IF;
    v_found := v_found + 1;
    services[v_found] := l.service_id;
    machines[v_found] := l.machine_id;
    v_ranks[v_found] := v_rank;
    v_opens[v_found] := v_first;
  END LOOP;
  CLOSE v_walk;
  complete := complete AND v_found <= p_skip + p_count;
  SELECT coalesce(array_agg(service ORDER BY place), '{}'), coalesce(array_agg(machine ORDER BY place), '{}') INTO services, machines
  FROM (SELECT service, machine, row_number() OVER (ORDER BY rank, opens, nth) AS place
        FROM unnest(services, machines, v_ranks, v_opens) WITH ORDINALITY AS found (service, machine, rank, opens, nth)) AS found
  WHERE place > p_skip AND place <= p_skip + p_count;
END $$;

-- A row per service and machine that ts_narrow chose, in its order; one without a service where it chose none. With what is
-- offered there from the start to p_beyond after the end, and what live claims take of it, whoever's they are (they stay in
-- the registry): cloud/market/left.py subtracts the one from the other.
CREATE FUNCTION ts_search(a ts_ask, p_open boolean, p_beyond interval, p_skip int, p_count int, p_most int)
RETURNS TABLE (
  complete boolean, service_id text, service_name text, provider_id text, provider_name text, machine_id text, instant boolean,
  price_amount numeric, price_currency text, setup_fee_amount numeric, notice interval, min_duration interval,
  max_duration interval, min_confidence int2, price_bands jsonb, zone text, valid_until timestamptz, last_receipt_at timestamptz,
  km float8, units int, starts timestamptz[], ends timestamptz[], quantities int[], confidences int2[], chances float8[],
  fadings float8[], taken_from timestamptz[], taken_until timestamptz[], taken int[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  v_span constant tstzrange := tstzrange(a.start, a.until + p_beyond);
  v      record;
BEGIN
  a.providers := ARRAY(SELECT provider_id FROM partner WHERE partner_id = a.tenant);
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
    m.quantity, offered.*, claimed.*
  FROM unnest(v.services, v.machines) WITH ORDINALITY AS chosen (service_id, machine_id, place)
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
