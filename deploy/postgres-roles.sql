-- The roles of a production deployment on PostgreSQL, made once by an administrator in the database for Usher; running it again
-- changes nothing:
--
--   psql -v ON_ERROR_STOP=1 -d usher -f deploy/postgres-roles.sql
--   \password usher_owner
--   \password usher_app
--   \password usher_admin
--   \password usher_backup
--
-- usher_owner owns the tables:     USHER__ENVIRONMENT=production USHER__DATABASE__URL=postgres://usher_owner:…@host/usher usher migrate
-- usher_app serves requests:       USHER__DATABASE__URL=postgres://usher_app:…@host/usher usher serve
-- usher_admin is for operators:    USHER__DATABASE__URL=postgres://usher_admin:…@host/usher usher tenant create …
-- usher_backup is for pg_dump:     pg_dump … postgres://usher_backup:…@host/usher (docs/operations.md, Backup)
--
-- None is a superuser. usher_backup alone has BYPASSRLS, because a backup holds every tenant's rows, and may change nothing. The
-- others are bound by row-level security: usher_app and usher_admin own nothing, and the policies are forced on the owner too. What
-- each may do is said table by table in migrations/sql/grants/, which `usher migrate` runs after the migrations, each time; what
-- usher_owner makes is nobody else's until those files say so. A deployment with one role works as well.

DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['usher_owner', 'usher_app', 'usher_admin'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', role_name);
        END IF;
    END LOOP;
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO usher_owner;
GRANT USAGE ON SCHEMA public TO usher_app, usher_admin;

-- Last and alone: an administrator who is no superuser, as on most managed servers, may not give BYPASSRLS. The other roles are
-- made there all the same.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'usher_backup') THEN
        CREATE ROLE usher_backup LOGIN NOSUPERUSER BYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
    GRANT USAGE ON SCHEMA public TO usher_backup;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'the role usher_backup was not made: %. Back up without it as docs/operations.md says (Backup)', SQLERRM;
END
$$;
