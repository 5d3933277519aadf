"""The MQTT mirror: the core's devices on Zigbee2MQTT's topics.

Pure: the standard library and ``core``. The MQTT client, the clock and Home Assistant are behind
the protocols in ``ports``. Read in this order: ``topics`` and ``names``, ``payload`` (values),
``exposes`` with ``z2m_texts`` (definitions), ``settings``, ``device_publisher`` (the messages of
one device), ``commands`` (the messages to one device), ``devices`` (all of them), ``bridge`` and
``requests`` (the network), ``mirror`` with ``other_bridge`` (connection and start).

"Protocol 6" in these files is what Zigbee2MQTT documents and does on its topics; ``docs/mqtt.md``
describes it, with the places where this mirror differs on purpose.
"""
