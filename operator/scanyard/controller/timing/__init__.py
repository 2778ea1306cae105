"""What the clock alone makes due: windows and retention."""
