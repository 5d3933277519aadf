"""The steps of config, options and repair flows, grouped by subject."""
