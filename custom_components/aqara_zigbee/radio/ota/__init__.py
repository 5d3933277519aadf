"""Firmware updates over the air (ZCL 11): the OTA server for devices that query images."""
