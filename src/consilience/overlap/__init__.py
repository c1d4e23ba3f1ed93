"""Who shares what with whom, against chance and in time, and what kind of link it may be."""
