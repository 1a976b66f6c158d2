/**
 * Leaves the tables of a migrated database as they were after the migration: all rows go, numbers begin anew. The migrations
 * take most of a second, this takes some ms, so a test file applies them once and empties the tables for each test.
 */
export const emptyTables = `
  SET session_replication_role = replica;
  DO $$
  DECLARE
    name TEXT;
  BEGIN
    FOR name IN SELECT quote_ident(tablename) FROM pg_tables
      WHERE schemaname = 'public' AND tablename <> 'schema_migrations'
    LOOP
      EXECUTE 'DELETE FROM ' || name;
    END LOOP;
    FOR name IN SELECT quote_ident(sequencename) FROM pg_sequences
      WHERE schemaname = 'public' AND last_value IS NOT NULL
    LOOP
      EXECUTE 'ALTER SEQUENCE ' || name || ' RESTART';
    END LOOP;
  END $$;
  RESET session_replication_role`;
