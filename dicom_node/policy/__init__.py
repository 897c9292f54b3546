"""Pure decisions: is a series complete, who gets it, when to try again."""
