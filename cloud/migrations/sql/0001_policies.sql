-- Row-level security: the API sees the rows of the transaction's tenant (set_config('ts.tenant', ID, true)) and no other.
-- Ingest serves every plant, so its policies admit all rows and its grants name what it may touch.
DO $$
DECLARE
  v_table text;
  v_rule  text;
  v_check text;
  v_tenant constant text := '(SELECT current_setting(''ts.tenant'', true))';
  v_rules constant jsonb := jsonb_build_object(
    'enterprise', 'id = T', 'api_key', 'enterprise_id = T', 'partner', 'provider_id = T OR partner_id = T',
    'site', 'enterprise_id = T', 'agent', 'enterprise_id = T', 'machine', 'enterprise_id = T',
    'service', 'enterprise_id = T', 'service_machine', 'service_id IN (SELECT id FROM public.service)',
    'statement', 'M', 'offer_span', 'M', 'ledger', 'M', 'state_history', 'M', 'gap', 'M',
    'access_token', 'key_id IN (SELECT id FROM public.api_key)', 'webhook', 'enterprise_id = T', 'feed', 'enterprise_id = T', 'delivery', 'webhook_id IN (SELECT id FROM public.webhook)',
    'bundle', 'booker_id = T', 'waiting', 'booker_id = T', 'claim', 'provider_id = T OR booker_id = T',
    'claim_history', 'EXISTS (SELECT FROM public.claim c WHERE c.id = claim_id)',
    'idempotency', 'enterprise_id = T', 'event', 'enterprise_id = T', 'parked', 'enterprise_id = T',
    'outgoing', 'A', 'link_position', 'A', 'link_loss', 'A');
BEGIN
  FOR v_table, v_rule IN SELECT key, value FROM jsonb_each_text(v_rules) LOOP
    v_rule := CASE v_rule
      WHEN 'M' THEN 'machine_id IN (SELECT id FROM public.machine)'
      WHEN 'A' THEN 'agent_id IN (SELECT id FROM public.agent)'
      ELSE regexp_replace(v_rule, '\mT\M', v_tenant, 'g') END;
    -- Only the provider may call somebody its partner.
    v_check := CASE v_table WHEN 'partner' THEN 'provider_id = ' || v_tenant ELSE v_rule END;
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', v_table);
    EXECUTE format('CREATE POLICY tenant ON public.%I TO ts_api USING (%s) WITH CHECK (%s)', v_table, v_rule, v_check);
    EXECUTE format('CREATE POLICY ingest ON public.%I TO ts_ingest USING (true) WITH CHECK (true)', v_table);
  END LOOP;
END $$;

GRANT SELECT ON enterprise, partner, site, agent, machine, service, service_machine, statement, offer_span, bundle,
  waiting, claim, claim_history, legal_move, ledger, idempotency, event, parked, outgoing, link_position, link_loss,
  state_history, gap TO ts_api;
GRANT SELECT, INSERT, UPDATE ON api_key, webhook TO ts_api;
GRANT SELECT, UPDATE ON delivery TO ts_api;
GRANT SELECT, INSERT, DELETE ON feed TO ts_api;
GRANT SELECT, UPDATE ON webhook TO ts_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON delivery TO ts_ingest;
GRANT INSERT, UPDATE ON partner, site, agent, service TO ts_api;
GRANT INSERT, UPDATE, DELETE ON service_machine TO ts_api;
GRANT DELETE ON partner TO ts_api;
GRANT INSERT ON idempotency, event TO ts_api;

GRANT SELECT ON enterprise, site, agent, machine, service, service_machine, statement, offer_span, claim, claim_history,
  legal_move, ledger, event, parked, outgoing, link_position, link_loss, state_history, gap TO ts_ingest;
GRANT UPDATE (last_receipt_at, clock_offset_s) ON agent TO ts_ingest;
GRANT INSERT, UPDATE ON machine, state_history, outgoing TO ts_ingest;
GRANT INSERT, UPDATE, DELETE ON link_position TO ts_ingest;
GRANT INSERT ON link_loss, parked, gap, event, ledger TO ts_ingest;
-- For what is kept for a while only.
GRANT DELETE ON idempotency, event, outgoing TO ts_ingest;
GRANT SELECT (enterprise_id, key, created_at) ON idempotency TO ts_ingest;
