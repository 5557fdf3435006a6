-- What the database is, and what its feeds need on a bad day (ADR 0039).
--
-- deployment, one row. id: drawn here once, goes with a dump; two deployments that share a Redis are told apart by it.
-- environment: written by the first `usher migrate` (or by `usher serve` on SQLite) from the setting of that name; serve and
-- CLI refuse another one. database_identity: where the tables were when positions were last given out, see the function;
-- NULL before the first time.
CREATE TABLE deployment (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    id text NOT NULL,
    environment text,
    database_identity text
);
INSERT INTO deployment (id) VALUES (replace(gen_random_uuid()::text, '-', ''));

-- Server, timeline, database and table: changes when a replica is promoted, when a backup is restored to another server or
-- database, and when the tables are made anew from a dump. A server that does not tell its timeline has '-' in its place.
CREATE FUNCTION database_identity() RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    server text := '-';
BEGIN
    BEGIN
        server := (SELECT system_identifier::text FROM pg_control_system()) || '/'
            || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8);
    EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_function THEN
        NULL;
    END;
    RETURN server || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())
        || '/' || to_regclass('feed')::oid;
END
$$;

-- epoch_number and epoch_mark: the feed's epoch, written "1-5f0c9a72b3d4". It changes when the database came back older, or
-- by `usher feed renew`; positions and events of different epochs must not be compared. epoch_start: the head when it began.
-- take_over: an operator said that the stream is this feed's, whoever filled it before (`usher feed renew`).
-- state, why, state_at, state_by: what the relay last noted, since when, and on which instance; the same for every reader.
ALTER TABLE feed ADD COLUMN epoch_number bigint NOT NULL DEFAULT 1;
ALTER TABLE feed ADD COLUMN epoch_mark text NOT NULL DEFAULT right(gen_random_uuid()::text, 12);
ALTER TABLE feed ADD COLUMN epoch_start bigint NOT NULL DEFAULT 0;
ALTER TABLE feed ADD COLUMN take_over boolean NOT NULL DEFAULT false;
ALTER TABLE feed ADD COLUMN state text NOT NULL DEFAULT 'http';
ALTER TABLE feed ADD COLUMN why text;
ALTER TABLE feed ADD COLUMN state_at bigint;
ALTER TABLE feed ADD COLUMN state_by text;

-- The last position that was delivered to a consumer of the group, acknowledged or not.
ALTER TABLE feed_group ADD COLUMN delivered bigint NOT NULL DEFAULT 0;
UPDATE feed_group SET delivered = pos;
