"""Where the named signals' samples are kept, behind one small protocol."""
