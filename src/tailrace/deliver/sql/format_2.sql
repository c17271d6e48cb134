-- What was last said to the tool, and what it answered; shared by all events of one request.
CREATE TABLE exchanges (id INTEGER PRIMARY KEY AUTOINCREMENT, text BLOB NOT NULL);

-- `tried` is a JSON array of attempts, the first ones and the last ones; `exchange` is the last one.
ALTER TABLE parked ADD COLUMN edited INTEGER NOT NULL DEFAULT 0;
ALTER TABLE parked ADD COLUMN tried BLOB;
ALTER TABLE parked ADD COLUMN exchange INTEGER;
ALTER TABLE dead_letters ADD COLUMN edited INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dead_letters ADD COLUMN tried BLOB;
ALTER TABLE dead_letters ADD COLUMN exchange INTEGER;

CREATE INDEX parked_message ON parked (message_id);
CREATE INDEX parked_exchange ON parked (exchange) WHERE exchange IS NOT NULL;
CREATE INDEX dead_letters_exchange ON dead_letters (exchange) WHERE exchange IS NOT NULL;

-- An exchange goes with the last event that it belongs to.
CREATE TRIGGER parked_gone AFTER DELETE ON parked WHEN old.exchange IS NOT NULL BEGIN
    DELETE FROM exchanges WHERE id = old.exchange
    AND NOT EXISTS (SELECT 1 FROM parked WHERE exchange = old.exchange)
    AND NOT EXISTS (SELECT 1 FROM dead_letters WHERE exchange = old.exchange);
END;
CREATE TRIGGER parked_changed AFTER UPDATE OF exchange ON parked
WHEN old.exchange IS NOT NULL AND old.exchange IS NOT new.exchange BEGIN
    DELETE FROM exchanges WHERE id = old.exchange
    AND NOT EXISTS (SELECT 1 FROM parked WHERE exchange = old.exchange)
    AND NOT EXISTS (SELECT 1 FROM dead_letters WHERE exchange = old.exchange);
END;
CREATE TRIGGER dead_letters_gone AFTER DELETE ON dead_letters WHEN old.exchange IS NOT NULL BEGIN
    DELETE FROM exchanges WHERE id = old.exchange
    AND NOT EXISTS (SELECT 1 FROM parked WHERE exchange = old.exchange)
    AND NOT EXISTS (SELECT 1 FROM dead_letters WHERE exchange = old.exchange);
END;

-- A sample of the last deliveries: each row stands for so many of its kind.
CREATE TABLE recent (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    subscription TEXT NOT NULL,
    message_id TEXT NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    status INTEGER NOT NULL,
    took_ms REAL NOT NULL,
    attempts INTEGER NOT NULL,
    edited INTEGER NOT NULL,
    stands_for REAL NOT NULL
);

UPDATE meta SET value = '2' WHERE name = 'format';
