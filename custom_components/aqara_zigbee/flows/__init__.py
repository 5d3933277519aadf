"""The steps of the config flow and the options flow, a file for each thing they are about."""
