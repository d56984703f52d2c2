"""Claims on machine hours: the states that a booking passes through, the rules of admission, the SQL that holds them."""
