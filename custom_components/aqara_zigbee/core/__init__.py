"""What the devices say and how to answer them: frames in, property changes out, and back.

Pure: nothing but the standard library is imported here, and nothing reads a clock or touches a
port. Time enters as an argument, bytes leave through the `radio.Radio` port. Read in this order:
``zcl`` (frames), ``codec`` and ``quantity`` (values), ``property`` (rows), ``definition`` (a
device's table), ``devices/`` (the five tables), ``device`` and ``gateway`` (live things).
"""
