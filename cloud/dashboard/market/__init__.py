"""The page on which hours are looked for, held and booked."""
