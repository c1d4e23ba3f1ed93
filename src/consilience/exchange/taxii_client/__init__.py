"""A TAXII 2.1 client (OASIS, 2021) for servers as they are: what deviates is read all the same where it can be.

``connection`` asks and asks again, ``resources`` reads answers, ``discovery`` finds collections, ``crawl`` goes through
a collection, ``inbox`` keeps what came, ``adding`` gives objects to a server, ``remotes`` says which servers there are.
"""
