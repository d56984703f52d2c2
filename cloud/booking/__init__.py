"""Claims on machine hours: the states that a booking has, the rules of admission, the SQL that holds them."""
