"""Independent readers and writers of what goes over the wire.

Nothing here uses the code under test, nor any library outside Python's own.
"""
