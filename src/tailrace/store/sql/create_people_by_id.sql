CREATE OR REPLACE DICTIONARY people_by_id
(
    id UInt64,
    user UInt64
)
PRIMARY KEY id
SOURCE(CLICKHOUSE({login}DB {database} TABLE 'linked_users'))
LAYOUT(HASHED())
LIFETIME(0)
