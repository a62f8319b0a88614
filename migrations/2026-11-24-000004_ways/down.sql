DROP INDEX attempt_outcomes_lately;
DROP TABLE short_codes;
