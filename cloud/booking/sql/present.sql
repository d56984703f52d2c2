-- How claims and refusals look to whoever asks.

-- RFC 3339 in UTC, with microseconds only where there are some.
CREATE FUNCTION ts_time(p_at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT replace(to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '.000000', '') || 'Z'
$$;

CREATE FUNCTION ts_claim_json(c claim) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'id', c.id, 'state', c.state, 'machine_id', c.machine_id, 'service_id', c.service_id,
    'provider_id', c.provider_id, 'booker_id', c.booker_id,
    'start', ts_time(lower(c.span)), 'end', ts_time(upper(c.span)), 'quantity', c.quantity,
    'price', jsonb_build_object('amount', to_char(c.price_amount, 'FM999999999999990.00'), 'currency', c.price_currency),
    'unit_price', CASE WHEN c.unit_price > 0 THEN jsonb_build_object('amount', trim_scale(c.unit_price)::text, 'currency', c.price_currency) END,
    'work_quantity', c.units, 'work', c.work, 'hold_id', c.hold_id, 'bundle_id', c.bundle_id, 'agreement_id', c.agreement_id, 'quote_id', c.quote_id, 'expires_at', ts_time(c.expires_at), 'revision', c.revision,
    'cancel_asked_at', ts_time(c.cancel_asked_at),
    'free_until', ts_time(c.free_until), 'cancel_share', c.cancel_share::float8,
    'cancel_fee', to_char(c.cancel_fee, 'FM999999999999990.00'), 'healing', c.healing, 'heals', c.heals, 'healed_by', c.healed_by, 'proposal', c.proposal,
    'chance', c.chance, 'at_risk', c.at_risk, 'at_risk_reason', c.at_risk_reason, 'meter', c.meter, 'settlement', c.settlement,
    'created_at', ts_time(c.created_at), 'updated_at', ts_time(c.updated_at))
$$;

CREATE FUNCTION ts_accepted(p_claim jsonb, p_status int) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('outcome', 'ok', 'status', p_status, 'claim', p_claim)
$$;

CREATE FUNCTION ts_refused(p_code text, p_status int, p_facts jsonb DEFAULT '{}') RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('outcome', 'refused', 'status', p_status, 'refusal', p_facts || jsonb_build_object('code', p_code))
$$;

-- A length in seconds: a day is 24 hours, whatever the session's time zone does that night.
CREATE FUNCTION ts_exact(p_length interval) RETURNS interval LANGUAGE sql IMMUTABLE AS $$
  SELECT make_interval(secs => extract(epoch FROM p_length)::float8)
$$;
