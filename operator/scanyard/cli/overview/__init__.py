"""Commands that show the whole: live, in figures, by node."""
