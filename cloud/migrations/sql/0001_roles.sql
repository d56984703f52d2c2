-- The three roles. Roles belong to the server, not to one database, so another database may have made them already.
DO $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('thirdshift roles', 0));
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ts_owner') THEN
    CREATE ROLE ts_owner NOLOGIN NOSUPERUSER BYPASSRLS;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ts_api') THEN
    CREATE ROLE ts_api LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ts_ingest') THEN
    CREATE ROLE ts_ingest LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
  END IF;
  IF NOT pg_has_role(current_user, 'ts_owner', 'MEMBER') THEN
    EXECUTE format('GRANT ts_owner TO %I', current_user);
  END IF;
END $$;

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO ts_owner;
GRANT USAGE ON SCHEMA public TO ts_api, ts_ingest;
-- A definer function that anybody may call is a hole; each is granted by name.
ALTER DEFAULT PRIVILEGES FOR ROLE ts_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
