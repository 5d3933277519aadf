"""The MT commands that the coordinator answers: one function each, grouped as TI groups them.

A function gets the coordinator and the request and returns the synchronous response, a bare status
where that is all the response carries, or None where real firmware sends no response. Other
commands are answered with RPCError.CommandNotRecognized.
"""

from . import application, device, system, utility
from .table import HANDLERS, find

__all__ = ["HANDLERS", "application", "device", "find", "system", "utility"]
