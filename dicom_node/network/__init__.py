"""The only room with pynetdicom: who talks to us, and whom we send to."""
