-- Of one free piece in ten the last two hours; of the cheapest of one process at one place, all that there is.
WITH full_up AS (
  SELECT machine_id FROM listing WHERE process = '1.1.1' AND visibility = 'open' ORDER BY price_currency, least_price LIMIT 200
), taken AS (
  SELECT o.machine_id, CASE WHEN f.machine_id IS NOT NULL THEN o.span
                            ELSE tstzrange(upper(o.span) - interval '2 hours', upper(o.span)) END AS span
  FROM offer_span o
  JOIN bench_shift s ON s.machine_id = o.machine_id
  LEFT JOIN full_up f ON f.machine_id = o.machine_id
  WHERE o.type = 'Available' AND s.template <> 0
    AND (f.machine_id IS NOT NULL OR upper(o.span) - lower(o.span) >= interval '2 hours'
         AND hashtext(o.machine_id || lower(o.span)) % 10 = 0)
)
INSERT INTO claim (id, machine_id, service_id, provider_id, booker_id, span, quantity, exclusive, state, work, price_amount,
                   price_currency, created_at, updated_at)
SELECT 'bkg_w' || row_number() OVER (), t.machine_id, 'svc' || substr(t.machine_id, 4), m.enterprise_id, 'ent_buyer', t.span, 1, true,
       'CONFIRMED', '{}', 60, 'EUR', :begin, :begin
FROM taken t JOIN machine m ON m.id = t.machine_id;
