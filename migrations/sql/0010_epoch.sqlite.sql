-- What the database is, and what its feeds need on a bad day (ADR 0039): see 0010_epoch.postgres.sql. database_identity is drawn
-- at random when a process first gives out positions, and stands in the file beside the database as well
-- (crates/store/src/tables/deployment.rs).
CREATE TABLE deployment (
    one integer PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    id text NOT NULL,
    environment text,
    database_identity text
);
INSERT INTO deployment (id) VALUES (lower(hex(randomblob(16))));

-- A column that is added cannot have a random default: each statement that adds a feed names its mark.
ALTER TABLE feed ADD COLUMN epoch_number integer NOT NULL DEFAULT 1;
ALTER TABLE feed ADD COLUMN epoch_mark text NOT NULL DEFAULT '';
UPDATE feed SET epoch_mark = lower(hex(randomblob(6)));
ALTER TABLE feed ADD COLUMN epoch_start integer NOT NULL DEFAULT 0;
ALTER TABLE feed ADD COLUMN take_over integer NOT NULL DEFAULT 0;
ALTER TABLE feed ADD COLUMN state text NOT NULL DEFAULT 'http';
ALTER TABLE feed ADD COLUMN why text;
ALTER TABLE feed ADD COLUMN state_at integer;
ALTER TABLE feed ADD COLUMN state_by text;

ALTER TABLE feed_group ADD COLUMN delivered integer NOT NULL DEFAULT 0;
UPDATE feed_group SET delivered = pos;
