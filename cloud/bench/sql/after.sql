-- What was left out for the copying's sake.
CREATE INDEX offer_span_when ON offer_span (machine_id, lower(span), upper(span));
ALTER TABLE offer_span OWNER TO ts_owner;
ALTER TABLE claim ADD CONSTRAINT claim_sold_once EXCLUDE USING gist (machine_id WITH =, span WITH &&) WHERE (live AND exclusive);
DROP TABLE bench_template, bench_shift;
