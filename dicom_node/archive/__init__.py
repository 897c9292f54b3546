"""Durable files of instances, and the database that indexes them; the file is the truth."""
