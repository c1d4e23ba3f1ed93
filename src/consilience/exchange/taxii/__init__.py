"""A TAXII 2.1 server (OASIS Standard, 10 June 2021) over SQLite or PostgreSQL. Section numbers in here are its."""
