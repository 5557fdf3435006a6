-- What the planner needs to find a tenant's rows under row-level security (ADR 0029).

-- A policy asks for the setting once a statement (an InitPlan) and compares it as a uuid. IS NOT DISTINCT FROM is never a
-- condition of an index: what finds the rows is the WHERE that every statement carries. Otherwise the policy alone
-- opens the primary key, whose rows of a whole tenant look as cheap as one while tables are small or never analysed.
-- A column that is NOT NULL is always distinct from a setting that is not there.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['directory', 'token', 'identity', 'groups', 'membership', 'outbox', 'provisioning_log'] LOOP
        EXECUTE format('ALTER POLICY tenant ON %I USING '
            '((SELECT nullif(current_setting(''usher.tenant'', true), '''')::uuid) IS NOT DISTINCT FROM tenant_id)', t);
    END LOOP;
END $$;
ALTER POLICY presented ON token
    USING ((SELECT current_setting('usher.token', true)) IS NOT DISTINCT FROM id);
ALTER POLICY usage ON token
    USING ((SELECT current_setting('usher.door', true)) = 'usage');
ALTER POLICY outbox ON outbox
    USING ((SELECT current_setting('usher.door', true)) = 'outbox');
ALTER POLICY outbox ON provisioning_log
    USING ((SELECT current_setting('usher.door', true)) = 'outbox');

-- What is old, for pruning; the log's is also a tenant's rows since a time.
CREATE INDEX outbox_old ON outbox (created_at) WHERE stamped;
CREATE INDEX provisioning_log_at ON provisioning_log (tenant_id, at, id);
