CREATE OR REPLACE VIEW linked_users AS
SELECT id, tupleElement(first, 2) AS user
FROM links FINAL
