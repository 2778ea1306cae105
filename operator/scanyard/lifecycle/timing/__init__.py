"""Windows, schedules, retention: what depends on the clock of people."""
