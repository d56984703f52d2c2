"""All SQL of the outbox, named."""

VERSION = 1

OPEN = """
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA cache_size = -512;
"""

CREATE = f"""
BEGIN IMMEDIATE;
CREATE TABLE epoch (
    stream TEXT NOT NULL, number INTEGER NOT NULL, after_epoch INTEGER, after_seq INTEGER, next INTEGER NOT NULL,
    PRIMARY KEY (stream, number)
) WITHOUT ROWID;
CREATE TABLE item (
    stream TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, last INTEGER NOT NULL, at REAL NOT NULL,
    key TEXT, reason TEXT, payload BLOB,
    PRIMARY KEY (stream, epoch, last)
);
CREATE INDEX item_key ON item (stream, key, epoch, last) WHERE key IS NOT NULL;
CREATE INDEX item_tombstone ON item (stream, epoch, last) WHERE payload IS NULL;
CREATE TABLE document (
    kind TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, name)
) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
COMMIT;
"""

EPOCHS = """
SELECT epoch.number, coalesce(min(item.seq), epoch.next), epoch.next, epoch.after_epoch, epoch.after_seq
FROM epoch LEFT JOIN item ON item.stream = epoch.stream AND item.epoch = epoch.number
WHERE epoch.stream = ? GROUP BY epoch.number ORDER BY epoch.number
"""
BACKLOG = "SELECT count(payload), coalesce(sum(length(payload)), 0) FROM item WHERE stream = ?"
INSERT_EPOCH = "INSERT INTO epoch (stream, number, after_epoch, after_seq, next) VALUES (?, ?, ?, ?, 1)"
SET_NEXT = "UPDATE epoch SET next = ? WHERE stream = ? AND number = ?"
DELETE_EPOCHS = "DELETE FROM epoch WHERE stream = ? AND number < ?"
INSERT_ITEM = """
INSERT INTO item (stream, epoch, seq, last, at, key, reason, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
READ = """
SELECT seq, last, payload, reason FROM item WHERE stream = ? AND epoch = ? AND last >= ? ORDER BY last LIMIT ?
"""
# Each of these bounds an index range; one statement with OR in it would scan the whole backlog for every packet.
COUNT_WITHIN = """
SELECT count(payload), coalesce(sum(length(payload)), 0) FROM item WHERE stream = ? AND epoch = ? AND last <= ?
"""
COUNT_BEFORE = "SELECT count(payload), coalesce(sum(length(payload)), 0) FROM item WHERE stream = ? AND epoch < ?"
DELETE_WITHIN = "DELETE FROM item WHERE stream = ? AND epoch = ? AND last <= ?"
DELETE_BEFORE = "DELETE FROM item WHERE stream = ? AND epoch < ?"
SHORTEN = """
UPDATE item SET seq = ?3 + 1 WHERE stream = ?1 AND epoch = ?2 AND seq <= ?3 AND last = (
    SELECT min(last) FROM item WHERE stream = ?1 AND epoch = ?2 AND last > ?3
)
"""

OLDEST = """
SELECT epoch, seq, at, length(payload) FROM item
WHERE stream = ? AND payload IS NOT NULL ORDER BY epoch, last
"""
OLDEST_AT = "SELECT at FROM item WHERE stream = ? AND payload IS NOT NULL ORDER BY epoch, last LIMIT 1"
BURY_THROUGH = """
UPDATE item SET payload = NULL, key = NULL, reason = ?4
WHERE stream = ?1 AND payload IS NOT NULL AND (epoch, last) <= (?2, ?3)
"""
SUPERSEDE = """
UPDATE item SET payload = NULL, key = NULL, reason = 'superseded'
WHERE stream = ?1 AND key IS NOT NULL AND EXISTS (
    SELECT 1 FROM item AS later WHERE later.stream = ?1 AND later.key = item.key
    AND (later.epoch, later.last) > (item.epoch, item.last)
)
"""
TOMBSTONES = "SELECT epoch, seq, last, reason, at FROM item WHERE stream = ? AND payload IS NULL ORDER BY epoch, last"
DELETE_RUN = "DELETE FROM item WHERE stream = ? AND epoch = ? AND seq >= ? AND last <= ?"

PUT = "INSERT INTO document (kind, name, body) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body"
GET = "SELECT body FROM document WHERE kind = ? AND name = ?"
ALL = "SELECT name, body FROM document WHERE kind = ? ORDER BY name"
REMOVE = "DELETE FROM document WHERE kind = ? AND name = ?"
