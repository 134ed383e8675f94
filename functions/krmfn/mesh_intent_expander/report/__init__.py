"""What the objects of a mesh mean together: who reaches what, and what of it is in vain."""
