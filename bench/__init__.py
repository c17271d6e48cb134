"""Measurements that anyone can repeat: `make bench`, or `python -m bench collection sustained`."""
