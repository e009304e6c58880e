"""Point pattern: do projects gather, and are they near, against random siting."""
