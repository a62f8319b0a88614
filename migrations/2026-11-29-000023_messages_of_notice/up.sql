-- A notice finds its messages by its deliveries. The few that have none, about the notice as a
-- whole, are found by an index of their own, which no other message is written into.
CREATE INDEX messages_of_notice_alone ON messages (notice_id) WHERE delivery_id IS NULL;
CREATE INDEX delegations_of_notice ON delegations (notice_id);
