"""nmap: its command line, its XML, its progress."""
