-- Groups, and who is in them (docs/architecture.md). The same tables as 0002_groups.postgres.sql, which says why.

-- What a row of the log is about: User or Group; rows from before there were groups have none and mean User.
ALTER TABLE provisioning_log ADD COLUMN resource_type text;
