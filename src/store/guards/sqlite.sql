-- What the database itself refuses, whoever asks. Applied after every migration; repeatable.
CREATE TRIGGER IF NOT EXISTS events_refuse_update BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END;
CREATE TRIGGER IF NOT EXISTS events_refuse_delete BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'evidence is never deleted'); END;
CREATE TRIGGER IF NOT EXISTS receipts_refuse_update BEFORE UPDATE ON receipts
BEGIN SELECT RAISE(ABORT, 'a receipt is never changed'); END;
CREATE TRIGGER IF NOT EXISTS receipts_refuse_delete BEFORE DELETE ON receipts
BEGIN SELECT RAISE(ABORT, 'a receipt is never deleted'); END;
CREATE TRIGGER IF NOT EXISTS deliveries_stay_acknowledged
BEFORE UPDATE OF acknowledged_at, receipt_id ON deliveries
WHEN OLD.acknowledged_at IS NOT NULL
    AND (NEW.acknowledged_at, NEW.receipt_id) IS NOT (OLD.acknowledged_at, OLD.receipt_id)
BEGIN SELECT RAISE(ABORT, 'an acknowledgement is never taken back'); END;
CREATE TRIGGER IF NOT EXISTS deliveries_refuse_delete BEFORE DELETE ON deliveries
BEGIN SELECT RAISE(ABORT, 'a delivery is never deleted'); END;
CREATE TRIGGER IF NOT EXISTS messages_refuse_delete BEFORE DELETE ON messages
BEGIN SELECT RAISE(ABORT, 'a message is never deleted'); END;
CREATE TRIGGER IF NOT EXISTS confirmed_marks_refuse_update BEFORE UPDATE ON confirmed_marks
BEGIN SELECT RAISE(ABORT, 'a confirmation is never changed'); END;
CREATE TRIGGER IF NOT EXISTS confirmed_marks_refuse_delete BEFORE DELETE ON confirmed_marks
BEGIN SELECT RAISE(ABORT, 'a confirmation is never deleted'); END;
CREATE TRIGGER IF NOT EXISTS file_vouchers_refuse_update BEFORE UPDATE ON file_vouchers
BEGIN SELECT RAISE(ABORT, 'who looked is never changed'); END;
CREATE TRIGGER IF NOT EXISTS file_vouchers_refuse_delete BEFORE DELETE ON file_vouchers
BEGIN SELECT RAISE(ABORT, 'who looked is never deleted'); END;
