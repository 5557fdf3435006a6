-- See 0017_snapshot_read.postgres.sql.
ALTER TABLE feed ADD COLUMN epoch_at integer;
ALTER TABLE feed ADD COLUMN snapshot_mark text;
