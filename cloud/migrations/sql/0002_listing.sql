-- What search walks over: one row per active service and machine, with all by which it narrows, in the order of its answer.
-- Kept by the triggers below; only ts_search reads it.
CREATE TABLE listing (
  service_id      text NOT NULL,
  machine_id      text NOT NULL,
  position        int NOT NULL,
  provider_id     text NOT NULL,
  visibility      text NOT NULL,
  kind            text NOT NULL,
  process         text,
  price_currency  text NOT NULL,
  least_price     numeric(18, 4) NOT NULL,
  min_confidence  int2 NOT NULL,
  notice          interval NOT NULL,
  min_duration    interval NOT NULL,
  max_duration    interval,
  latitude        float8,
  longitude       float8,
  cell            int,
  partner_id      text,
  materials       text[] NOT NULL,
  long_mm         float8,
  middle_mm       float8,
  short_mm        float8,
  mass_kg         float8,
  grade           int2,
  fine_mm         float8,
  certificates    text[] NOT NULL,
  certified_until timestamptz,
  units           int NOT NULL,
  PRIMARY KEY (service_id, machine_id)
);
COMMENT ON TABLE listing IS 'A copy, in one row, of what search asks of a service and a machine before it looks at hours.';
COMMENT ON COLUMN listing.least_price IS 'Per hour and unit, in the cheapest of its price bands.';
COMMENT ON COLUMN listing.materials IS 'With small letters, A to Z; empty: any.';
COMMENT ON COLUMN listing.long_mm IS 'The longest edge of the largest workpiece; middle_mm, short_mm: the others. Null: not said.';
COMMENT ON COLUMN listing.grade IS 'The finest grade of ISO 286-1: 7 is IT7, -1 is IT01.';
COMMENT ON COLUMN listing.certificates IS 'Their names with small letters, A to Z.';
COMMENT ON COLUMN listing.certified_until IS 'When the first of them ends: no work may end later.';
COMMENT ON COLUMN listing.units IS 'The machine''s quantity.';
COMMENT ON COLUMN listing.cell IS 'One degree by one degree of the map (ts_cell); null: its site has no place.';
ALTER TABLE listing ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE INDEX listing_machine ON listing (machine_id);
-- What is not open is found by whose it is, or for whom: nobody's search passes by what he may not see, and takes its time.
CREATE INDEX listing_price ON listing (price_currency, least_price, service_id, position, machine_id) WHERE visibility = 'open';
CREATE INDEX listing_process ON listing (process, price_currency, least_price, service_id, position, machine_id)
  WHERE visibility = 'open';
CREATE INDEX listing_cell ON listing (cell, process) WHERE visibility = 'open';
CREATE INDEX listing_own ON listing (provider_id, visibility, partner_id) WHERE visibility <> 'open';

-- Row by row from the south pole, each from 180 degrees west; 180 degrees east is 180 degrees west.
CREATE FUNCTION ts_cell(p_latitude float8, p_longitude float8) RETURNS int LANGUAGE sql IMMUTABLE AS $$
  SELECT (floor(p_latitude)::int + 90) * 360 + (floor(p_longitude)::int + 180 + 360) % 360
$$;

-- The cells that may hold a place within p_km; null where they are more than two hundred, or reach round a pole.
CREATE FUNCTION ts_cells(p_latitude float8, p_longitude float8, p_km float8) RETURNS int[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  v_arc  constant float8 := p_km / 6371 + 1e-6;
  v_high constant float8 := degrees(v_arc);
  v_wide float8;
BEGIN
  IF p_km > 1500 OR abs(p_latitude) + v_high >= 89 THEN
    RETURN NULL;
  END IF;
  v_wide := degrees(asin(sin(v_arc) / cos(radians(p_latitude)))) + 1e-6;
  IF (2 * v_high + 2) * (2 * v_wide + 2) > 200 THEN
    RETURN NULL;
  END IF;
  RETURN ARRAY(SELECT ts_cell(latitude, longitude)
               FROM generate_series(floor(p_latitude - v_high)::int, floor(p_latitude + v_high)::int) AS latitude,
                    generate_series(floor(p_longitude - v_wide)::int, floor(p_longitude + v_wide)::int) AS longitude);
END $$;

-- With small letters for A to Z, whatever the database's locale (cloud/registry/capability.py, fold).
CREATE FUNCTION ts_small(p_texts text[]) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT array_agg(lower(each COLLATE "C") ORDER BY place) FROM unnest(p_texts) WITH ORDINALITY AS texts (each, place)
$$;

-- Lists the pairs of these services, machines or sites anew (null: whichever).
CREATE FUNCTION ts_list(p_service text, p_machine text, p_site text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO listing
  SELECT s.id, m.id, sm.position, s.enterprise_id, s.visibility, s.kind, s.process, s.price_currency,
    least(s.price_amount, (SELECT min((band ->> 'price')::numeric) FROM jsonb_array_elements(s.price_bands) AS band)),
    s.min_confidence, s.notice, s.min_duration, s.max_duration,
    l.latitude, l.longitude, ts_cell(l.latitude, l.longitude), s.partner_id, coalesce(ts_small(s.materials), '{}'),
    greatest(box.x, box.y, box.z), greatest(least(box.x, box.y), least(greatest(box.x, box.y), box.z)),
    least(box.x, box.y, box.z), (s.envelope ->> 'mass_kg')::float8,
    CASE s.tolerance ->> 'grade' WHEN 'IT01' THEN -1 ELSE substr(s.tolerance ->> 'grade', 3)::int2 END,
    (s.tolerance ->> 'mm')::float8, held.names, held.until, m.quantity
  FROM service s
  CROSS JOIN LATERAL (
    SELECT (s.envelope ->> 'x_mm')::float8 AS x, (s.envelope ->> 'y_mm')::float8 AS y, (s.envelope ->> 'z_mm')::float8 AS z
  ) AS box
  CROSS JOIN LATERAL (
    SELECT coalesce(ts_small(array_agg(c ->> 'name')), '{}') AS names, min((c ->> 'valid_until')::timestamptz) AS until
    FROM jsonb_array_elements(s.certificates) AS c
  ) AS held
  JOIN service_machine sm ON sm.service_id = s.id
  JOIN machine m ON m.id = sm.machine_id
  JOIN site l ON l.id = m.site_id
  WHERE s.active AND (p_service IS NULL OR s.id = p_service) AND (p_machine IS NULL OR m.id = p_machine)
    AND (p_site IS NULL OR l.id = p_site);
END $$;

CREATE FUNCTION ts_listing_follows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  CASE TG_TABLE_NAME
  WHEN 'service_machine' THEN
    IF TG_OP <> 'INSERT' THEN
      DELETE FROM listing WHERE service_id = OLD.service_id AND machine_id = OLD.machine_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
      PERFORM ts_list(NEW.service_id, NEW.machine_id, NULL);
    END IF;
  WHEN 'service' THEN
    DELETE FROM listing WHERE service_id = NEW.id;
    PERFORM ts_list(NEW.id, NULL, NULL);
  WHEN 'machine' THEN
    DELETE FROM listing WHERE machine_id = NEW.id;
    PERFORM ts_list(NULL, NEW.id, NULL);
  WHEN 'site' THEN
    DELETE FROM listing WHERE machine_id IN (SELECT id FROM machine WHERE site_id = NEW.id);
    PERFORM ts_list(NULL, NULL, NEW.id);
  END CASE;
  RETURN NULL;
END $$;
CREATE TRIGGER listed AFTER INSERT OR UPDATE OR DELETE ON service_machine
  FOR EACH ROW EXECUTE FUNCTION ts_listing_follows();
CREATE TRIGGER listed AFTER UPDATE ON service FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
  EXECUTE FUNCTION ts_listing_follows();
CREATE TRIGGER listed AFTER UPDATE OF site_id, quantity ON machine FOR EACH ROW
  WHEN ((OLD.site_id, OLD.quantity) <> (NEW.site_id, NEW.quantity))
  EXECUTE FUNCTION ts_listing_follows();
CREATE TRIGGER listed AFTER UPDATE OF latitude, longitude ON site FOR EACH ROW
  EXECUTE FUNCTION ts_listing_follows();
SELECT ts_list(NULL, NULL, NULL);
