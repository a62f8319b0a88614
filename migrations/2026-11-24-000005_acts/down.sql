ALTER TABLE notices DROP COLUMN correction_reason;
