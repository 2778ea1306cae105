"""Telling the waiting where they stand, and answering who asks."""
