-- One row per object of the schema, as the text that creates or describes it, in an order that never changes.
WITH own AS (
    SELECT c.oid, c.relname, c.relkind, c.reloptions, c.relacl
      FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace
       AND c.relkind IN ('r', 'p', 'v')
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
), described AS (
    SELECT 1 AS section, relname AS name, 0::bigint AS part,
           format(E'CREATE TABLE %I (\n%s\n)%s;', relname,
               (SELECT string_agg(
                    format('    %I %s%s%s%s%s', attname, format_type(atttypid, atttypmod),
                        CASE WHEN attcollation = 'pg_catalog."C"'::regcollation AND atttypid <> 'name'::regtype
                             THEN ' COLLATE "C"' ELSE '' END,
                        CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END,
                        coalesce(' DEFAULT ' || pg_get_expr(adbin, adrelid), ''),
                        CASE attidentity WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY' ELSE '' END),
                    E',\n' ORDER BY attnum)
                  FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
                 WHERE attrelid = own.oid AND attnum > 0 AND NOT attisdropped),
               coalesce(' WITH (' || array_to_string(reloptions, ', ') || ')', '')) AS ddl
      FROM own WHERE relkind IN ('r', 'p')
    UNION ALL
    SELECT 2, hypertable_name, dimension_number,
           format('SELECT create_hypertable(%L, by_range(%L, INTERVAL %L));', hypertable_name, column_name, time_interval)
      FROM timescaledb_information.dimensions WHERE hypertable_schema = 'public'
    UNION ALL
    SELECT 3, own.relname, row_number() OVER (PARTITION BY own.oid ORDER BY contype DESC, conname),
           format('ALTER TABLE %I ADD CONSTRAINT %I %s;', own.relname, conname, pg_get_constraintdef(c.oid))
      FROM pg_constraint c JOIN own ON own.oid = c.conrelid WHERE contype <> 'n'
    UNION ALL
    SELECT 4, own.relname, row_number() OVER (PARTITION BY own.oid ORDER BY i.indexrelid::regclass::text),
           pg_get_indexdef(i.indexrelid) || ';'
      FROM pg_index i JOIN own ON own.oid = i.indrelid
     WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)
    UNION ALL
    SELECT 5, own.relname, 0, format(E'CREATE VIEW %I AS\n%s', own.relname, pg_get_viewdef(own.oid))
      FROM own WHERE relkind = 'v'
    UNION ALL
    SELECT 6, proname, 0, rtrim(pg_get_functiondef(p.oid), E'\n') || ';'
      FROM pg_proc p
     WHERE p.pronamespace = 'public'::regnamespace
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT 7, own.relname, row_number() OVER (PARTITION BY own.oid ORDER BY tgname), pg_get_triggerdef(t.oid) || ';'
      FROM pg_trigger t JOIN own ON own.oid = t.tgrelid WHERE NOT tgisinternal AND tgname <> 'ts_insert_blocker'
    UNION ALL
    SELECT 8, own.relname, coalesce(attnum, 0),
           format('COMMENT ON %s %I%s IS %L;', CASE WHEN attnum IS NULL THEN 'TABLE' ELSE 'COLUMN' END, own.relname,
                  coalesce('.' || quote_ident(attname), ''), description)
      FROM pg_description d JOIN own ON own.oid = d.objoid AND d.classoid = 'pg_class'::regclass
      LEFT JOIN pg_attribute ON attrelid = own.oid AND attnum = d.objsubid AND d.objsubid > 0
    UNION ALL
    SELECT 9, own.relname, row_number() OVER (PARTITION BY own.oid ORDER BY acl.grantee::regrole::text),
           format('GRANT %s ON %I TO %I;', string_agg(acl.privilege_type, ', ' ORDER BY acl.privilege_type),
                  own.relname, acl.grantee::regrole)
      FROM own, aclexplode(own.relacl) acl
     WHERE acl.grantee::regrole::text ~ '^quantrac_' AND acl.grantee <> acl.grantor
     GROUP BY own.oid, own.relname, acl.grantee
    UNION ALL
    SELECT 10, own.relname, row_number() OVER (PARTITION BY own.oid ORDER BY acl.grantee::regrole::text, acl.privilege_type),
           format('GRANT %s (%s) ON %I TO %I;', acl.privilege_type,
                  string_agg(quote_ident(attname), ', ' ORDER BY attnum), own.relname, acl.grantee::regrole)
      FROM own JOIN pg_attribute ON attrelid = own.oid AND attnum > 0, aclexplode(attacl) acl
     GROUP BY own.oid, own.relname, acl.grantee, acl.privilege_type
    UNION ALL
    SELECT 11, proname, row_number() OVER (PARTITION BY p.oid ORDER BY acl.grantee::regrole::text),
           format('GRANT EXECUTE ON FUNCTION %s TO %s;', p.oid::regprocedure,
                  CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE acl.grantee::regrole::text END)
      FROM pg_proc p, aclexplode(p.proacl) acl
     WHERE p.pronamespace = 'public'::regnamespace AND acl.grantee <> p.proowner
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
)
SELECT ddl FROM described ORDER BY section, name COLLATE "C", part
