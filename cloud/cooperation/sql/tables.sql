-- Agreements between two enterprises; inquiries for capacity, who was asked, and the quotes that came. Written by the functions
-- of this room alone; read under row-level security.
CREATE TABLE agreement (
  id            text PRIMARY KEY CHECK (id LIKE 'agr\_%'),
  name          text NOT NULL,
  provider_id   text NOT NULL REFERENCES enterprise,
  booker_id     text NOT NULL REFERENCES enterprise CHECK (booker_id <> provider_id),
  proposed_by   text NOT NULL CHECK (proposed_by IN (provider_id, booker_id)),
  state         text NOT NULL,
  service_ids   text[] NOT NULL CHECK (cardinality(service_ids) >= 1),
  rate_amount   numeric(18, 4) NOT NULL CHECK (rate_amount >= 0),
  rate_currency text NOT NULL CHECK (rate_currency ~ '^[A-Z]{3}$'),
  quota_hours   numeric(12, 3) NOT NULL CHECK (quota_hours > 0),
  period        text NOT NULL CHECK (period IN ('week', 'month')),
  zone          text NOT NULL,
  notice        interval,
  priority      int2 NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 9),
  valid         tstzrange NOT NULL CHECK (NOT isempty(valid) AND lower_inc(valid) AND NOT upper_inc(valid)),
  note          text,
  reason        text,
  created_at    timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL
);
COMMENT ON TABLE agreement IS 'Hours of a provider''s services that one booker may call off, at an agreed rate, so many a period.';
COMMENT ON COLUMN agreement.rate_amount IS 'Per hour and unit of quantity, in place of the services'' own price and price bands.';
COMMENT ON COLUMN agreement.quota_hours IS 'Hours times quantity a period. What was called off is summed from claim, and kept nowhere else.';
COMMENT ON COLUMN agreement.zone IS 'On whose calendar weeks (from Monday) and months begin.';
COMMENT ON COLUMN agreement.notice IS 'In place of the services'' own; null: theirs.';
COMMENT ON COLUMN agreement.priority IS 'The higher is served first on the waiting list; without an agreement it is 0.';
COMMENT ON COLUMN agreement.reason IS 'Why it was declined or ended.';
CREATE INDEX agreement_provider ON agreement (provider_id, created_at, id);
CREATE INDEX agreement_booker ON agreement (booker_id, created_at, id);
CREATE INDEX agreement_due ON agreement (upper(valid)) WHERE state IN ('PROPOSED', 'ACTIVE');
CREATE INDEX claim_agreement ON claim (agreement_id, lower(span)) WHERE agreement_id IS NOT NULL;

CREATE TABLE inquiry (
  id         text PRIMARY KEY CHECK (id LIKE 'inq\_%'),
  asker_id   text NOT NULL REFERENCES enterprise,
  state      text NOT NULL,
  everyone   boolean NOT NULL,
  span       tstzrange NOT NULL CHECK (NOT isempty(span)),
  need       jsonb NOT NULL,
  work       jsonb NOT NULL,
  note       text,
  expires_at timestamptz NOT NULL,
  booking_id text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
COMMENT ON TABLE inquiry IS 'Capacity that somebody did not find, or wants a price for.';
COMMENT ON COLUMN inquiry.everyone IS 'Asked of every provider of such services that the asker may see, not of named ones.';
COMMENT ON COLUMN inquiry.booking_id IS 'The booking that the taken quote became.';
CREATE INDEX inquiry_asker ON inquiry (asker_id, created_at, id);
CREATE INDEX inquiry_due ON inquiry (expires_at) WHERE state = 'OPEN';

CREATE TABLE inquiry_asked (
  inquiry_id  text NOT NULL REFERENCES inquiry,
  provider_id text NOT NULL REFERENCES enterprise,
  asker_id    text NOT NULL,
  PRIMARY KEY (inquiry_id, provider_id)
);
COMMENT ON TABLE inquiry_asked IS 'Who sees an inquiry besides its asker; none of them sees who else does.';
CREATE INDEX inquiry_asked_provider ON inquiry_asked (provider_id);

CREATE TABLE inquiry_quote (
  id             text PRIMARY KEY CHECK (id LIKE 'quo\_%'),
  inquiry_id     text NOT NULL REFERENCES inquiry,
  asker_id       text NOT NULL,
  provider_id    text NOT NULL REFERENCES enterprise,
  state          text NOT NULL,
  service_id     text NOT NULL REFERENCES service,
  machine_id     text REFERENCES machine,
  span           tstzrange NOT NULL CHECK (NOT isempty(span)),
  quantity       int NOT NULL CHECK (quantity >= 1),
  price_amount   numeric(18, 4) NOT NULL CHECK (price_amount >= 0),
  price_currency text NOT NULL CHECK (price_currency ~ '^[A-Z]{3}$'),
  valid_until    timestamptz NOT NULL,
  note           text,
  booking_id     text,
  created_at     timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL
);
COMMENT ON TABLE inquiry_quote IS 'What a provider would do it for. It reserves nothing; taking it books, if the hours are still there.';
COMMENT ON COLUMN inquiry_quote.price_amount IS 'For all of it.';
CREATE INDEX inquiry_quote_inquiry ON inquiry_quote (inquiry_id);
CREATE INDEX inquiry_quote_provider ON inquiry_quote (provider_id);
CREATE INDEX inquiry_quote_due ON inquiry_quote (valid_until) WHERE state = 'OFFERED';

DO $$
DECLARE
  v_table text;
  v_rule  text;
  v_tenant constant text := '(SELECT current_setting(''ts.tenant'', true))';
BEGIN
  FOR v_table, v_rule IN VALUES
    ('agreement', 'provider_id = T OR booker_id = T'),
    ('inquiry', 'asker_id = T OR EXISTS (SELECT FROM public.inquiry_asked a WHERE a.inquiry_id = inquiry.id)'),
    ('inquiry_asked', 'provider_id = T OR asker_id = T'),
    ('inquiry_quote', 'provider_id = T OR asker_id = T')
  LOOP
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', v_table);
    EXECUTE format('CREATE POLICY tenant ON public.%I FOR SELECT TO ts_api USING (%s)', v_table,
                   regexp_replace(v_rule, '\mT\M', v_tenant, 'g'));
    EXECUTE format('GRANT SELECT ON public.%I TO ts_api', v_table);
  END LOOP;
END $$;
