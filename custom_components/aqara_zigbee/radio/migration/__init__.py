"""Reads the networks of ZHA and Zigbee2MQTT, so that they can be migrated."""
