-- Who takes part, and with what: enterprises, keys, sites, agents, machines, services.
CREATE TABLE enterprise (
  id         text PRIMARY KEY CHECK (id LIKE 'ent\_%'),
  name       text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL
);
COMMENT ON TABLE enterprise IS 'A tenant: offers machine hours, books them, or both.';

CREATE TABLE api_key (
  id            text PRIMARY KEY CHECK (id LIKE 'key\_%'),
  enterprise_id text NOT NULL REFERENCES enterprise,
  name          text NOT NULL,
  prefix        text NOT NULL,
  hash          bytea NOT NULL UNIQUE,
  scopes        text[] NOT NULL,
  created_at    timestamptz NOT NULL,
  revoked_at    timestamptz,
  most_holds    int CHECK (most_holds >= 1)
);
COMMENT ON COLUMN api_key.most_holds IS 'How many holds it may have at once; null: as many as any key.';
COMMENT ON COLUMN api_key.hash IS 'SHA-256 of the whole key; keys are 256 random bits, so a fast hash is right.';
CREATE INDEX api_key_enterprise ON api_key (enterprise_id);

CREATE TABLE access_token (
  hash       bytea PRIMARY KEY,
  key_id     text NOT NULL REFERENCES api_key,
  scopes     text[] NOT NULL,
  expires_at timestamptz NOT NULL
);
COMMENT ON TABLE access_token IS 'OAuth 2 access tokens that keys were exchanged for; they die with their key. Hashed as keys are.';
CREATE INDEX access_token_expiry ON access_token (expires_at);

CREATE TABLE feed (
  id            text PRIMARY KEY CHECK (id LIKE 'fed\_%'),
  enterprise_id text NOT NULL REFERENCES enterprise,
  hash          bytea NOT NULL UNIQUE,
  created_at    timestamptz NOT NULL
);
COMMENT ON TABLE feed IS 'Addresses that show an enterprise''s bookings as a calendar; the secret part hashed as keys are.';

CREATE TABLE partner (
  provider_id text NOT NULL REFERENCES enterprise,
  partner_id  text NOT NULL REFERENCES enterprise,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (provider_id, partner_id)
);
COMMENT ON TABLE partner IS 'The provider lets this partner see its services of visibility "partners" and "partner".';

CREATE TABLE site (
  id            text PRIMARY KEY CHECK (id LIKE 'site\_%'),
  enterprise_id text NOT NULL REFERENCES enterprise,
  name          text NOT NULL,
  zone          text NOT NULL,
  latitude      float8 CHECK (latitude BETWEEN -90 AND 90),
  longitude     float8 CHECK (longitude BETWEEN -180 AND 180),
  created_at    timestamptz NOT NULL,
  UNIQUE (enterprise_id, name)
);
COMMENT ON COLUMN site.zone IS 'IANA time zone of the plant.';

CREATE TABLE agent (
  id              text PRIMARY KEY CHECK (id LIKE 'agt\_%'),
  enterprise_id   text NOT NULL REFERENCES enterprise,
  site_id         text NOT NULL REFERENCES site,
  name            text NOT NULL,
  key_id          text NOT NULL,
  key             bytea NOT NULL,
  created_at      timestamptz NOT NULL,
  last_receipt_at timestamptz,
  clock_offset_s  float8,
  UNIQUE (enterprise_id, name)
);
COMMENT ON COLUMN agent.key IS 'The secret that both sides sign the post with (HMAC).';

CREATE TABLE machine (
  id              text PRIMARY KEY CHECK (id LIKE 'mch\_%'),
  enterprise_id   text NOT NULL REFERENCES enterprise,
  site_id         text NOT NULL REFERENCES site,
  agent_id        text NOT NULL REFERENCES agent,
  name            text NOT NULL,
  profile         text NOT NULL,
  manufacturer    text,
  model           text,
  serial          text,
  quantity        int NOT NULL DEFAULT 1 CHECK (quantity >= 1),
  created_at      timestamptz NOT NULL,
  last_receipt_at timestamptz,
  item_state      text,
  operation_mode  text,
  state_origin    text,
  state_since     timestamptz,
  UNIQUE (enterprise_id, name)
) WITH (fillfactor = 70);
COMMENT ON COLUMN machine.last_receipt_at IS 'Business time of the last message about it, by the cloud''s clock.';
COMMENT ON COLUMN machine.state_origin IS '"plant", or the booking that it runs.';
CREATE INDEX machine_agent ON machine (agent_id);

CREATE TABLE service (
  id               text PRIMARY KEY CHECK (id LIKE 'svc\_%'),
  enterprise_id    text NOT NULL REFERENCES enterprise,
  name             text NOT NULL,
  kind             text NOT NULL CHECK (kind IN ('processing', 'transport', 'storage', 'finance', 'engineering')),
  process          text,
  materials        text[] NOT NULL DEFAULT '{}',
  envelope         jsonb,
  tolerance        jsonb,
  instant          boolean NOT NULL,
  visibility       text NOT NULL CHECK (visibility IN ('open', 'partners', 'partner', 'internal')),
  partner_id       text REFERENCES enterprise,
  price_amount     numeric(18, 4) NOT NULL CHECK (price_amount >= 0),
  price_currency   text NOT NULL CHECK (price_currency ~ '^[A-Z]{3}$'),
  unit_price       numeric(18, 4) NOT NULL DEFAULT 0 CHECK (unit_price >= 0),
  setup_fee_amount numeric(18, 4) NOT NULL DEFAULT 0 CHECK (setup_fee_amount >= 0),
  price_bands      jsonb NOT NULL DEFAULT '[]',
  notice           interval NOT NULL DEFAULT '0',
  min_duration     interval NOT NULL DEFAULT '0',
  max_duration     interval,
  min_confidence   int2 NOT NULL DEFAULT 1 CHECK (min_confidence BETWEEN 1 AND 5),
  work_masters     text[] NOT NULL DEFAULT '{}',
  free_cancellation interval NOT NULL DEFAULT '0',
  cancellation_share numeric(4, 3) NOT NULL DEFAULT 0 CHECK (cancellation_share BETWEEN 0 AND 1),
  certificates     jsonb NOT NULL DEFAULT '[]',
  created_at       timestamptz NOT NULL,
  active           boolean NOT NULL DEFAULT true,
  CHECK ((visibility = 'partner') = (partner_id IS NOT NULL))
);
COMMENT ON COLUMN service.process IS 'A code of DIN 8580 (cloud/registry/din8580.csv).';
COMMENT ON COLUMN service.materials IS 'Empty: any.';
COMMENT ON COLUMN service.envelope IS '{x_mm, y_mm, z_mm, mass_kg?}: the largest workpiece; null: not said.';
COMMENT ON COLUMN service.tolerance IS '{grade?, mm?}: how fine; the grade of ISO 286-1. Null: not said.';
COMMENT ON COLUMN service.partner_id IS 'The one partner that sees it, as long as it is one.';
COMMENT ON COLUMN service.unit_price IS 'Per unit that the work makes.';
COMMENT ON COLUMN service.free_cancellation IS 'So long before its start a booking is called off for nothing; later for the share of its price.';
COMMENT ON COLUMN service.certificates IS '[{name, valid_until}]: work that ends later than one of them may not be booked.';
COMMENT ON COLUMN service.price_amount IS 'Per hour and unit of quantity, where no band holds.';
COMMENT ON COLUMN service.price_bands IS
  '[{price, least, most, days, start, end}]: prices by confidence (1 to 5), ISO weekdays and minutes of the plant''s day; '
  'the first that holds counts.';
COMMENT ON COLUMN service.work_masters IS 'What may be ordered; empty admits any work master.';
CREATE INDEX service_enterprise ON service (enterprise_id);

CREATE TABLE service_machine (
  service_id text NOT NULL REFERENCES service,
  machine_id text NOT NULL REFERENCES machine,
  position   int NOT NULL DEFAULT 0,
  PRIMARY KEY (service_id, machine_id)
);
COMMENT ON COLUMN service_machine.position IS 'A booking that names no machine gets the first free one in this order.';
CREATE INDEX service_machine_machine ON service_machine (machine_id);
