DROP TABLE delegation_links;
