CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Every event of the records from `begun` on, up to `next`, is in `counts` or in `parked`.
CREATE TABLE positions (
    partition INTEGER PRIMARY KEY,
    begun INTEGER NOT NULL,
    next INTEGER NOT NULL
);

CREATE TABLE counts (
    subscription TEXT NOT NULL,
    source TEXT NOT NULL,
    minute INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    events INTEGER NOT NULL,
    PRIMARY KEY (subscription, source, minute, outcome, reason)
) WITHOUT ROWID;

-- Events that wait out of line: tried again one by one while those after them go on.
CREATE TABLE parked (
    id INTEGER PRIMARY KEY,
    subscription TEXT NOT NULL,
    message_id TEXT NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    source TEXT NOT NULL,
    minute INTEGER NOT NULL,
    event BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    first_at REAL NOT NULL,
    last_at REAL NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    status INTEGER NOT NULL,
    due_at REAL NOT NULL
);
CREATE INDEX parked_due ON parked (due_at);
CREATE INDEX parked_key ON parked (subscription, key, id);

CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription TEXT NOT NULL,
    message_id TEXT NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    source TEXT NOT NULL,
    minute INTEGER NOT NULL,
    event BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    first_at REAL NOT NULL,
    last_at REAL NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    status INTEGER NOT NULL
);
CREATE INDEX dead_letters_reason ON dead_letters (reason, id);
CREATE INDEX dead_letters_message ON dead_letters (message_id);

INSERT INTO meta VALUES ('format', '1');
