"""Wireshark's program for a terminal, with our dissector."""
