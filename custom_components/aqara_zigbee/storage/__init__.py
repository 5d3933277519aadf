"""Files of the integration: device states, backups, and what must survive a power failure."""
