DROP TABLE rule_versions;
DROP TABLE bounces;
DROP TABLE address_verifications;
DROP TABLE verification_rounds;
