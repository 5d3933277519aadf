"""Zigbee2MQTT's ``bridge/request/…`` topics."""
