"""The radio: zigpy and zigpy-znp behind the core's port. The only package that imports zigpy.

``adapter`` fills the port, ``device`` reads raw frames, ``network`` opens ports and forms networks,
``virtual`` is a coordinator that is not there.
"""
