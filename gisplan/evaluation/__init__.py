"""Mid-term evaluation: how far the project library and the targets have come."""
