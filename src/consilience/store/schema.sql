-- Workspace schema, version 1. Statements are kept as their JSON; the columns beside it are for look-up only.
-- A reading is one pass over a document with one set of rules; only the newest of a document is current.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE document (
  sha256 TEXT PRIMARY KEY,
  reading INTEGER NOT NULL,
  json BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE reading (
  id INTEGER PRIMARY KEY,
  document TEXT NOT NULL,
  rules TEXT NOT NULL,
  context TEXT NOT NULL,
  observations INTEGER NOT NULL,
  first_row INTEGER NOT NULL DEFAULT 0, -- the statements that this reading made first stand in one run of rows
  last_row INTEGER NOT NULL DEFAULT -1
);

CREATE TABLE source (id TEXT PRIMARY KEY, json BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE statement (
  row INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE, -- the SHA-256 in the statement's id
  predicate TEXT NOT NULL,
  subject TEXT NOT NULL,
  object TEXT NOT NULL,
  source TEXT NOT NULL,
  json BLOB NOT NULL
);

-- Later readings that made a statement again.
CREATE TABLE repeated (
  reading INTEGER NOT NULL,
  statement INTEGER NOT NULL,
  PRIMARY KEY (reading, statement)
) WITHOUT ROWID;

CREATE VIEW current_statement AS
  SELECT document.sha256 AS document, statement.*
  FROM document JOIN reading ON reading.id = document.reading
  JOIN statement ON statement.row BETWEEN reading.first_row AND reading.last_row
  UNION ALL
  SELECT document.sha256, statement.*
  FROM document JOIN repeated ON repeated.reading = document.reading JOIN statement ON statement.row = repeated.statement;

CREATE TABLE passage (
  row INTEGER PRIMARY KEY,
  document TEXT NOT NULL,
  pointer TEXT NOT NULL,
  lang TEXT NOT NULL,
  text TEXT NOT NULL,
  UNIQUE (document, pointer)
);

-- Where each object of a STIX bundle stands in the raw document: a JSON array of [id, type, start, length].
CREATE TABLE stix_object (document TEXT PRIMARY KEY, json BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE issue (
  reading INTEGER NOT NULL,
  place TEXT NOT NULL,
  reason TEXT NOT NULL,
  lost INTEGER NOT NULL
);

CREATE TABLE observation_part (name TEXT PRIMARY KEY, rows INTEGER NOT NULL, sha256 TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE judgement (row INTEGER PRIMARY KEY, statement TEXT NOT NULL, json BLOB NOT NULL);

-- Full text is indexed when somebody searches, from where the last search stopped: adding stays fast.
CREATE VIRTUAL TABLE statement_words USING fts5(
  quote, subject, object, content='', tokenize='unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE passage_words USING fts5(text, content='', tokenize='unicode61 remove_diacritics 2');
