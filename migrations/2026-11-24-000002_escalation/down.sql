DROP TABLE alarms;
DROP TABLE engine_marks;
DROP TABLE deadline_changes;
DROP TABLE gap_explanations;
DROP TABLE chase_stops;
DROP TABLE notice_ends;
DROP TABLE calls;
DROP TABLE call_tasks;
