"""The revisions; each is named by the number that `PRAGMA user_version` then shows."""
