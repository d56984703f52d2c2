"""The plant's one door: carries the post between the plant's broker and the cloud's, and lets out what policy admits.

It never acknowledges. It keeps copies of what agents sent, so that they are at hand when the line comes back; all of it
may be lost at any moment, because every agent keeps its own until the registry has it.
"""
