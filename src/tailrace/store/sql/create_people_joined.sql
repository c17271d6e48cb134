CREATE OR REPLACE DICTIONARY people_joined
(
    user UInt64,
    person UInt64
)
PRIMARY KEY user
SOURCE(CLICKHOUSE({login}DB {database} TABLE 'joined_users'))
LAYOUT(HASHED())
LIFETIME(0)
