"""The audit trail: what happened to whose data, as PS3.15 A.5 wants it told, kept and sent."""
