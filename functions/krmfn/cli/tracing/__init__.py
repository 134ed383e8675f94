"""What `krmfn trace` is made of: reading the package, and telling what happens."""
