"""Zigbee2MQTT's words over the core: what devices say as MQTT messages, and messages as wishes.

Pure: the standard library and ``core``. A broker, a clock and what only Home Assistant can do enter
through the ports in ``ports``. Read in this order: ``topics`` and ``names`` (who is spoken of),
``payload`` (values), ``exposes`` with ``words`` (what a device is said to be), ``settings``, ``voice``
(one device speaks), ``commands`` (one device is spoken to), ``members`` (all of them), ``bridge`` and
``requests`` (the network), ``mirror`` with ``neighbour`` (the conversation).

"Contract 6" in these files is what Zigbee2MQTT documents and does on its topics; ``docs/mqtt.md``
tells it, with the places where this mirror departs from it on purpose.
"""
