"""What `krmfn analyze` is made of: reading objects from files, and telling what was found."""
