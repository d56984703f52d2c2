"""Where the named signals' samples are kept, behind one small protocol; what charts and key figures make of them."""
