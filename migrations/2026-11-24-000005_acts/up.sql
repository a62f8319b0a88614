-- 更正: why the older notice is replaced. Kept beside the draft until its issue tells it.
ALTER TABLE notices ADD COLUMN correction_reason TEXT;
