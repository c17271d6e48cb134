CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- `fed` events were read from the store so far, and `place` is where reading goes on.
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    destination TEXT NOT NULL,
    state TEXT NOT NULL,
    problem TEXT NOT NULL,
    asked TEXT NOT NULL,
    selected INTEGER,
    fed INTEGER NOT NULL,
    is_fed INTEGER NOT NULL,
    place TEXT NOT NULL,
    created_at REAL NOT NULL,
    created_by TEXT NOT NULL,
    ended_at REAL
);
CREATE INDEX jobs_destination ON jobs (destination, id);
CREATE INDEX jobs_state ON jobs (state);

-- Events [first, next) of a job that were read and are not dealt with yet, and their bytes unpacked.
CREATE TABLE pages (
    job INTEGER NOT NULL,
    first INTEGER NOT NULL,
    next INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    events BLOB NOT NULL,
    PRIMARY KEY (job, first)
);

INSERT INTO meta VALUES ('format', '1');
