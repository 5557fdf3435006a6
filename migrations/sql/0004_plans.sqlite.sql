-- The indexes of 0004_plans.postgres.sql, which says why. Policies are PostgreSQL's alone.
CREATE INDEX outbox_old ON outbox (created_at) WHERE stamped;
CREATE INDEX provisioning_log_at ON provisioning_log (tenant_id, at, id);
