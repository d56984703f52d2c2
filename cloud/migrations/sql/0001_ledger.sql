-- What is offered, what is claimed, and the append-only accounts of both. The accounts, the pieces of an offer and the sides
-- of a claim have no foreign keys: the functions that write them have read the rows they speak of, which nobody deletes, and
-- each key would lock, and so write to, the parent's row for every line; that of a busy booker, from all sides at once.
CREATE TABLE statement (
  machine_id  text PRIMARY KEY REFERENCES machine,
  version     int8 NOT NULL,
  start_at    timestamptz NOT NULL,
  end_at      timestamptz NOT NULL,
  issued_at   timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  valid_until timestamptz NOT NULL,
  open_1      tstzmultirange NOT NULL DEFAULT '{}',
  open_2      tstzmultirange NOT NULL DEFAULT '{}',
  open_3      tstzmultirange NOT NULL DEFAULT '{}',
  open_4      tstzmultirange NOT NULL DEFAULT '{}',
  open_5      tstzmultirange NOT NULL DEFAULT '{}',
  sold        tstzmultirange NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50, toast_tuple_target = 8000);
COMMENT ON TABLE statement IS
  'The last capacity statement of a machine. Its row is the machine''s guard: whoever admits a claim or changes the '
  'offer locks it first (FOR NO KEY UPDATE, in order of machine_id), and never after a row of claim.';
COMMENT ON COLUMN statement.open_1 IS
  'Where anything is offered with confidence 1 or better, gross, as offer_span has it in full: by these five, search passes '
  'over a machine without opening its offer. What lies a week back may be left out.';
COMMENT ON COLUMN statement.sold IS
  'What confirmed bookings take of a machine of one unit (claim_sold, claim_resold), so that search need not ask for each.';

CREATE TABLE offer_span (
  machine_id text NOT NULL,
  span       tstzrange NOT NULL CHECK (NOT isempty(span) AND lower_inc(span) AND NOT upper_inc(span)),
  type       text NOT NULL CHECK (type IN ('Committed', 'Unattainable', 'Available')),
  quantity   int NOT NULL CHECK (quantity >= 0),
  reason     text NOT NULL,
  confidence int2 NOT NULL CHECK (confidence BETWEEN 1 AND 5),
  detail     text,
  version    int8 NOT NULL,
  chance     float8 CHECK (chance BETWEEN 0.01 AND 1),
  fading     float8 CHECK (fading >= 0),
  said_at    timestamptz NOT NULL
);
COMMENT ON TABLE offer_span IS 'The pieces in force, gross: before any claim. Available pieces over one instant add up.';
COMMENT ON COLUMN offer_span.detail IS 'For the owner alone.';
COMMENT ON COLUMN offer_span.said_at IS 'When the plant''s word for it came, by our clock.';
COMMENT ON COLUMN offer_span.chance IS 'That it is idle at an instant; of that, an hour more keeps exp(-fading).';
CREATE INDEX offer_span_when ON offer_span (machine_id, lower(span), upper(span));

CREATE TABLE bundle (
  id         text PRIMARY KEY CHECK (id LIKE 'bnd\_%'),
  booker_id  text NOT NULL REFERENCES enterprise,
  whole      boolean NOT NULL,
  created_at timestamptz NOT NULL
);
COMMENT ON TABLE bundle IS 'Bookings that were made together: the legs of a chain, or the occurrences of a series.';
COMMENT ON COLUMN bundle.whole IS 'All or none were wanted; otherwise those that fit.';
CREATE INDEX bundle_booker ON bundle (booker_id, created_at, id);

CREATE TABLE claim (
  id             text PRIMARY KEY CHECK (id ~ '^(hld|bkg)_'),
  machine_id     text NOT NULL,
  service_id     text NOT NULL,
  provider_id    text NOT NULL,
  booker_id      text NOT NULL,
  span           tstzrange NOT NULL CHECK (NOT isempty(span) AND lower_inc(span) AND NOT upper_inc(span)),
  quantity       int NOT NULL CHECK (quantity >= 1),
  exclusive      boolean NOT NULL,
  state          text NOT NULL,
  live           boolean NOT NULL GENERATED ALWAYS AS
                   (state IN ('HELD', 'REQUESTED', 'CONFIRMED', 'DISPATCHED', 'RUNNING')) STORED,
  expires_at     timestamptz,
  hold_id        text REFERENCES claim,
  bundle_id      text REFERENCES bundle,
  agreement_id   text,
  quote_id       text,
  extended       boolean NOT NULL DEFAULT false,
  made_by        text,
  free_until     timestamptz,
  cancel_share   numeric(4, 3) NOT NULL DEFAULT 0,
  cancel_fee     numeric(18, 4),
  late_price     numeric(18, 4),
  pooled         boolean NOT NULL DEFAULT false,
  healing        jsonb,
  heal_at        timestamptz,
  heals          text REFERENCES claim,
  healed_by      text,
  proposal       jsonb,
  work           jsonb,
  price_amount   numeric(18, 4) NOT NULL,
  price_currency text NOT NULL,
  unit_price     numeric(18, 4) NOT NULL DEFAULT 0,
  units          int NOT NULL DEFAULT 0,
  chance         float8,
  revision       int NOT NULL DEFAULT 1,
  at_risk        boolean NOT NULL DEFAULT false,
  at_risk_reason text,
  cancel_asked_at timestamptz,
  report         jsonb,
  meter          jsonb,
  settlement     jsonb,
  settle_at      timestamptz,
  created_at     timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL,
  seq            bigint GENERATED ALWAYS AS IDENTITY,
  CHECK ((state IN ('HELD', 'REQUESTED')) <= (expires_at IS NOT NULL)),
  CHECK ((state = 'METERED') <= (meter IS NOT NULL)),
  CHECK ((state IN ('METERED', 'SETTLED', 'DISPUTED')) <= (settlement IS NOT NULL)),
  CHECK (id LIKE 'hld\_%' OR work IS NOT NULL),
  CONSTRAINT claim_sold_once EXCLUDE USING gist (machine_id WITH =, span WITH &&) WHERE (live AND exclusive)
) WITH (fillfactor = 80);
COMMENT ON TABLE claim IS 'Holds (hld_), requests and bookings (bkg_). Admission is decided by ts_hold and ts_book.';
COMMENT ON COLUMN claim.provider_id IS 'The service''s enterprise.';
COMMENT ON COLUMN claim.exclusive IS 'The machine''s quantity is 1; claim_sold_once is the backstop of such claims.';
COMMENT ON COLUMN claim.bundle_id IS 'For the booker alone.';
COMMENT ON COLUMN claim.agreement_id IS 'The agreement that it is called off by: its rate, its quota.';
COMMENT ON COLUMN claim.quote_id IS 'The quote that was taken: its price.';
COMMENT ON COLUMN claim.extended IS 'A hold is extended once; a held hour must not be hoarded.';
COMMENT ON COLUMN claim.made_by IS 'Of a hold: the key or account that made it, or waited for it; for the quota of each.';
COMMENT ON COLUMN claim.free_until IS 'Until then its booker calls it off for nothing, later for cancel_share of its price: as agreed when it was booked.';
COMMENT ON COLUMN claim.late_price IS 'The price that cancel_share is of, once an amendment came too late to lower it; null: price_amount.';
COMMENT ON COLUMN claim.pooled IS 'Its booker named no machine: until the plant has its order, it may move to another of the service.';
COMMENT ON COLUMN claim.healing IS 'The booker''s consent to being moved, {consent, max_price?}; for the booker alone.';
COMMENT ON COLUMN claim.heal_at IS 'Since when it waits for equal capacity elsewhere; null: it does not.';
COMMENT ON COLUMN claim.heals IS 'The booking whose place it takes.';
COMMENT ON COLUMN claim.proposal IS 'Equal capacity elsewhere that its booker may accept; for the booker alone.';
COMMENT ON COLUMN claim.price_amount IS 'For all of it: the hours, the units, the fee.';
COMMENT ON COLUMN claim.units IS 'How many units its work makes, as far as they are in its price.';
COMMENT ON COLUMN claim.unit_price IS 'Of that price, what each of the units costs.';
COMMENT ON COLUMN claim.chance IS 'As it was quoted: that the whole span is idle but for this claim.';
COMMENT ON COLUMN claim.live IS 'It takes its quantity over its span.';
COMMENT ON COLUMN claim.cancel_asked_at IS 'When somebody called the running job off; it ends once the plant reports.';
COMMENT ON COLUMN claim.report IS 'The plant''s last report on the job (gateway.messages.JobReport), for the meter.';
COMMENT ON COLUMN claim.settlement IS 'What is owed for it, and what its sides say to that: see settlement.sql.';
COMMENT ON COLUMN claim.settle_at IS 'When silence settles it; null: it does not.';
COMMENT ON COLUMN claim.seq IS 'Order of admission: the newest of claims that no longer fit is the one at risk.';
-- A machine's claims beside one another: a third of what the constraint's own index takes to look at.
CREATE INDEX claim_when ON claim (machine_id, lower(span), upper(span)) WHERE live;
-- The few that may lapse any moment, and so are not in statement.sold.
CREATE INDEX claim_pending ON claim (machine_id) WHERE state IN ('HELD', 'REQUESTED');
CREATE INDEX claim_ailing ON claim (heal_at) WHERE heal_at IS NOT NULL;
CREATE INDEX claim_unsettled ON claim (settle_at) WHERE settle_at IS NOT NULL;
CREATE INDEX claim_bundle ON claim (bundle_id) WHERE bundle_id IS NOT NULL;
CREATE INDEX claim_booker ON claim (booker_id, created_at, id);
CREATE INDEX claim_provider ON claim (provider_id, created_at, id);
CREATE INDEX claim_at_risk ON claim (machine_id) WHERE live AND at_risk;
CREATE INDEX claim_held ON claim (booker_id, expires_at) INCLUDE (made_by) WHERE state = 'HELD';
CREATE INDEX claim_expiry ON claim (expires_at) WHERE state IN ('HELD', 'REQUESTED');

CREATE TABLE waiting (
  id         text PRIMARY KEY CHECK (id LIKE 'wtg\_%'),
  booker_id  text NOT NULL REFERENCES enterprise,
  service_id text NOT NULL REFERENCES service,
  machine_id text REFERENCES machine,
  agreement_id text,
  span       tstzrange NOT NULL,
  duration   interval NOT NULL,
  quantity   int NOT NULL CHECK (quantity >= 1),
  state      text NOT NULL CHECK (state IN ('WAITING', 'OFFERED', 'TAKEN', 'LAPSED', 'EXPIRED', 'LEFT')),
  hold_id    text REFERENCES claim,
  made_by    text,
  created_at timestamptz NOT NULL,
  tried_at   timestamptz,
  tried_seq  bigint,
  seq        bigint GENERATED ALWAYS AS IDENTITY
);
COMMENT ON TABLE waiting IS 'Who waits for hours of a service to come free; served in order of seq, the first whose wish fits.';
COMMENT ON COLUMN waiting.agreement_id IS 'By which agreement what comes free is to be held.';
COMMENT ON COLUMN waiting.made_by IS 'The key or account that waits: what comes free is held on its quota.';
COMMENT ON COLUMN waiting.tried_seq IS 'The last line of the ledger of the service''s machines when nothing fitted.';
CREATE INDEX waiting_line ON waiting (seq) WHERE state IN ('WAITING', 'OFFERED');
CREATE INDEX waiting_booker ON waiting (booker_id, created_at, id);

CREATE TABLE claim_history (
  claim_id text NOT NULL,
  at       timestamptz NOT NULL,
  state    text NOT NULL,
  reason   text,
  actor    text NOT NULL,
  seq      bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (claim_id, seq)
);
COMMENT ON TABLE claim_history IS 'Each state a claim entered; append-only. The actor is an enterprise, an agent or "registry".';

CREATE TABLE ledger (
  seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at         timestamptz NOT NULL,
  machine_id text NOT NULL,
  claim_id   text,
  kind       text NOT NULL,
  data       jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE ledger IS 'The account of a machine''s hours: what was offered, taken and given back; append-only.';
CREATE INDEX ledger_machine ON ledger (machine_id, seq);

CREATE TABLE idempotency (
  enterprise_id text NOT NULL,
  key           text NOT NULL,
  body_hash     bytea NOT NULL,
  status        int NOT NULL,
  answer        jsonb NOT NULL,
  created_at    timestamptz NOT NULL,
  PRIMARY KEY (enterprise_id, key)
);
COMMENT ON TABLE idempotency IS 'Answers of writes that succeeded, so that a repeated call gets the same one.';

CREATE TABLE event (
  tx            xid8 NOT NULL DEFAULT pg_current_xact_id(),
  seq           bigint GENERATED ALWAYS AS IDENTITY,
  at            timestamptz NOT NULL,
  enterprise_id text NOT NULL,
  type          text NOT NULL,
  data          jsonb NOT NULL,
  PRIMARY KEY (tx, seq) INCLUDE (enterprise_id)
);
COMMENT ON TABLE event IS 'What an enterprise is told, one row per audience. Read with ts_events.';
COMMENT ON COLUMN event.tx IS
  'Writers commit out of the order of seq, so a reader that remembers a seq would miss events; (tx, seq) below the oldest '
  'running transaction is an order in which nothing can appear later.';
CREATE INDEX event_audience ON event (enterprise_id, tx, seq);

CREATE TABLE webhook (
  id            text PRIMARY KEY CHECK (id LIKE 'whk\_%'),
  enterprise_id text NOT NULL REFERENCES enterprise,
  url           text NOT NULL,
  types         text[] NOT NULL,
  secret        bytea NOT NULL,
  cursor        text NOT NULL,
  created_at    timestamptz NOT NULL,
  removed       boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE webhook IS 'Who wants events sent. The secret signs them, so it is kept as it is.';
COMMENT ON COLUMN webhook.cursor IS 'Up to which event deliveries were made of them.';
CREATE INDEX webhook_enterprise ON webhook (enterprise_id);

CREATE TABLE delivery (
  id           text PRIMARY KEY CHECK (id LIKE 'dlv\_%'),
  webhook_id   text NOT NULL REFERENCES webhook,
  type         text NOT NULL,
  body         jsonb NOT NULL,
  state        text NOT NULL CHECK (state IN ('DUE', 'DELIVERED', 'FAILED')),
  attempts     int NOT NULL DEFAULT 0,
  next_at      timestamptz,
  status       int,
  error        text,
  created_at   timestamptz NOT NULL,
  delivered_at timestamptz
);
COMMENT ON COLUMN delivery.next_at IS 'When it is tried next; while it is being tried, when another may.';
CREATE INDEX delivery_due ON delivery (next_at) WHERE state = 'DUE';
CREATE INDEX delivery_webhook ON delivery (webhook_id, created_at, id);
