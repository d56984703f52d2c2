"""Where partners find hours: SQL narrows, one pure function decides, ranks and explains."""
