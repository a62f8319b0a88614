DROP INDEX calls_by_notice;
DROP INDEX calls_by_time;
DROP TABLE delegation_reports;
DROP TABLE duty_tonight;
