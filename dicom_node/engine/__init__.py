"""What drives the work: assembly ticks, the job runner and the outbox sender."""
