"""masscan: its command line, its JSON, its progress."""
