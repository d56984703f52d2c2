-- Room for what is copied in; indexes are made when everything is there.
CREATE UNLOGGED TABLE bench_template (template int, number int, start_s int, end_s int, type text, reason text,
                                      confidence int2, chance float8, fading float8);
CREATE UNLOGGED TABLE bench_shift (machine_id text, template int, shift_s int);
DROP INDEX offer_span_when;
ALTER TABLE claim DROP CONSTRAINT claim_sold_once;
