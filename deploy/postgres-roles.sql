-- The two roles of a production deployment on PostgreSQL, run once by an administrator in the database made for Usher:
--
--   psql -v ON_ERROR_STOP=1 -d usher -f deploy/postgres-roles.sql
--   \password usher_owner
--   \password usher_app
--
-- usher_owner owns the tables:   USHER__DATABASE__URL=postgres://usher_owner:…@host/usher usher migrate
-- usher_app serves requests:     USHER__DATABASE__URL=postgres://usher_app:…@host/usher usher serve
--
-- usher_app is no superuser, has no BYPASSRLS and owns nothing, so row-level security binds it (the server warns at
-- start when it does not). What usher_owner creates later, usher_app may read and write: migrations need no GRANT.
-- A deployment with one role works as well: the policies are forced on the owner too.

CREATE ROLE usher_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
CREATE ROLE usher_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO usher_owner;
GRANT USAGE ON SCHEMA public TO usher_app;

ALTER DEFAULT PRIVILEGES FOR ROLE usher_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO usher_app;
ALTER DEFAULT PRIVILEGES FOR ROLE usher_owner IN SCHEMA public GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO usher_app;
