DROP INDEX delegations_of_notice;
DROP INDEX messages_of_notice_alone;
