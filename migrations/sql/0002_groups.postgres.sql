-- Groups, and who is in them (docs/architecture.md). Words and rules as in 0001_foundation.postgres.sql.

-- What a row of the log is about: User or Group; rows from before there were groups have none and mean User.
ALTER TABLE provisioning_log ADD COLUMN resource_type text;
