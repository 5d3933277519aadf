"""The definitions, one file each; `core.models` lists them."""
