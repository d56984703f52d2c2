-- Every machine's guard, which knows in short what is offered and what is sold.
INSERT INTO statement (machine_id, version, start_at, end_at, issued_at, received_at, valid_until, open_1, open_2, open_3, open_4, open_5, sold)
SELECT o.machine_id, 1, o.opens, o.ends, :begin, :begin, :begin::timestamptz + interval '30 days', o.o1, o.o2, o.o3, o.o4, o.o5,
  coalesce((SELECT range_agg(c.span) FROM claim c WHERE c.machine_id = o.machine_id AND c.live), '{}')
FROM (
  SELECT machine_id, min(lower(span)) AS opens, max(upper(span)) AS ends,
    coalesce(range_agg(span) FILTER (WHERE type = 'Available' AND confidence >= 1), '{}') AS o1,
    coalesce(range_agg(span) FILTER (WHERE type = 'Available' AND confidence >= 2), '{}') AS o2,
    coalesce(range_agg(span) FILTER (WHERE type = 'Available' AND confidence >= 3), '{}') AS o3,
    coalesce(range_agg(span) FILTER (WHERE type = 'Available' AND confidence >= 4), '{}') AS o4,
    coalesce(range_agg(span) FILTER (WHERE type = 'Available' AND confidence >= 5), '{}') AS o5
  FROM offer_span GROUP BY machine_id
) AS o;
