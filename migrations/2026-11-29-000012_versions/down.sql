DROP TABLE release_debts;
DROP TABLE gap_issues;
