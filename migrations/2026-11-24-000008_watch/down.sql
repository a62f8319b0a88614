DROP INDEX rungs_fired;
