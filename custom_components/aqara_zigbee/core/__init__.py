"""The core: frames in, property changes out, and back.

Pure: it imports only the standard library, and reads no clock and opens no port. Time is an
argument, bytes are sent through the `radio.Radio` port. Read in this order: ``zcl`` (frames),
``source`` and ``quantity`` (values), ``property`` (rows), ``definition`` (a device's table),
``models`` and ``devices/`` (the tables), ``device`` and ``gateway`` (state).
"""
