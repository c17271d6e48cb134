CREATE TABLE IF NOT EXISTS seen (
    destination TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    since REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS firing (
    alert TEXT NOT NULL,
    destination TEXT NOT NULL,
    since REAL NOT NULL,
    reason TEXT NOT NULL,
    told_at REAL NOT NULL,
    PRIMARY KEY (alert, destination)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY,
    alert TEXT NOT NULL,
    notify TEXT NOT NULL,
    body BLOB NOT NULL,
    made_at REAL NOT NULL,
    attempts INTEGER NOT NULL,
    due_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS told (
    alert TEXT PRIMARY KEY,
    at REAL,
    problem TEXT NOT NULL
) WITHOUT ROWID;
