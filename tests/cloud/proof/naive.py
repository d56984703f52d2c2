"""The naive ways of others, as SQL that takes the registry's guards away: controls show the proofs catching them."""

CHECK_THEN_WRITE = """
CREATE OR REPLACE FUNCTION ts_lock_machines(p_machines text[]) RETURNS boolean
LANGUAGE plpgsql AS $$ BEGIN RETURN true; END $$;
CREATE OR REPLACE FUNCTION ts_expire_dead(p_machine text, p_span tstzrange, p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4711); PERFORM pg_sleep(0.02); END $$;
ALTER TABLE claim DROP CONSTRAINT claim_sold_once;
"""
"""No machine is guarded, time passes between looking and writing, and no constraint stands behind that."""

READ_THEN_CHANGE = """
CREATE OR REPLACE FUNCTION ts_locked_claim(p_tenant text, p_claim text, p_prefix text) RETURNS claim
LANGUAGE plpgsql AS $$
DECLARE c claim;
BEGIN
  SELECT * INTO c FROM claim WHERE id = p_claim;
  PERFORM pg_advisory_xact_lock_shared(4711);
  RETURN c;
END $$;
"""
"""A claim's state is read, and changed a while later."""

HOLDS_IGNORED = """
DO $$ BEGIN
  EXECUTE replace(pg_get_functiondef('ts_taking'::regproc), 'c.live', 'c.live AND c.state <> ''HELD''');
END $$;
ALTER TABLE claim DROP CONSTRAINT claim_sold_once;
"""
"""What is held counts as free."""

SHUT, OPEN = "SELECT pg_advisory_lock(4711)", "SELECT pg_advisory_unlock(4711)"
"""A gate in the midst of the first two: who has looked, and not yet written, waits there while it is shut."""

WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'
"""
