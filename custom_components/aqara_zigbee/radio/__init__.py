"""The radio: the core's radio port on zigpy and zigpy-znp. Only this package imports zigpy.

``adapter`` implements the port for our own coordinator, ``guest`` for ZHA's; ``device`` reads raw
frames, ``network`` opens ports and forms networks.
"""
