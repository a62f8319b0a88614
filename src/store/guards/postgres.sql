-- What the database itself refuses, whoever asks. Applied after every migration; repeatable.

-- Text is compared byte by byte, as on SQLite and in the program, whatever locale the database was
-- created with: a locale may order the paths of the tree otherwise, and compares several times
-- slower. Finds nothing to do but after a migration that brought a column.
DO $$
DECLARE changed record;
BEGIN
    FOR changed IN
        SELECT c.oid::regclass AS name,
            -- In one order: the indexes are made anew in it, and while a table is empty the
            -- planner goes by that order among equals.
            string_agg(format('ALTER COLUMN %I TYPE text COLLATE "C"', a.attname), ', '
                ORDER BY a.attnum DESC) AS what
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
            AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'text'::regtype
            AND a.attcollation <> 'pg_catalog."C"'::regcollation
        GROUP BY c.oid
    LOOP
        EXECUTE format('ALTER TABLE %s %s', changed.name, changed.what);
    END LOOP;
END $$;

-- Facts come to a delivery one by one, each as a new version of its row. With room for it on the
-- same page, no index has to follow where it was handed over, fetched, opened or downloaded, and an
-- answer touches one page of the table instead of two. What an operator has set stays.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_class, unnest(reloptions) AS known
        WHERE oid = 'deliveries'::regclass AND known LIKE 'fillfactor=%') THEN
        ALTER TABLE deliveries SET (fillfactor = 60);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % refused: %', lower(TG_OP), TG_TABLE_NAME, TG_ARGV[0];
END $$;
CREATE OR REPLACE TRIGGER events_refuse_change BEFORE UPDATE OR DELETE ON events
FOR EACH ROW EXECUTE FUNCTION refuse_change('evidence is never changed or deleted');
CREATE OR REPLACE TRIGGER events_refuse_truncate BEFORE TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('evidence is never deleted');
CREATE OR REPLACE TRIGGER receipts_refuse_change BEFORE UPDATE OR DELETE ON receipts
FOR EACH ROW EXECUTE FUNCTION refuse_change('a receipt is never changed or deleted');
CREATE OR REPLACE TRIGGER receipts_refuse_truncate BEFORE TRUNCATE ON receipts
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a receipt is never deleted');
CREATE OR REPLACE TRIGGER deliveries_stay_acknowledged BEFORE UPDATE ON deliveries
FOR EACH ROW WHEN (OLD.acknowledged_at IS NOT NULL
    AND (NEW.acknowledged_at, NEW.receipt_id)
    IS DISTINCT FROM (OLD.acknowledged_at, OLD.receipt_id))
EXECUTE FUNCTION refuse_change('an acknowledgement is never taken back');
CREATE OR REPLACE TRIGGER deliveries_refuse_delete BEFORE DELETE ON deliveries
FOR EACH ROW EXECUTE FUNCTION refuse_change('a delivery is never deleted');
CREATE OR REPLACE TRIGGER messages_refuse_delete BEFORE DELETE ON messages
FOR EACH ROW EXECUTE FUNCTION refuse_change('a message is never deleted');
CREATE OR REPLACE TRIGGER confirmed_marks_refuse_change BEFORE UPDATE OR DELETE ON confirmed_marks
FOR EACH ROW EXECUTE FUNCTION refuse_change('a confirmation is never changed or deleted');
CREATE OR REPLACE TRIGGER file_vouchers_refuse_change BEFORE UPDATE OR DELETE ON file_vouchers
FOR EACH ROW EXECUTE FUNCTION refuse_change('who looked is never changed or deleted');
