-- An app whose feed has begun another epoch has nothing of it before it has read a snapshot, although its old position stands at the
-- head. epoch_at: when the epoch began, in milliseconds since 1970; NULL for the first one. snapshot_mark: the epoch in which the app has
-- read a snapshot to its end.
ALTER TABLE feed ADD COLUMN epoch_at bigint;
ALTER TABLE feed ADD COLUMN snapshot_mark text;
