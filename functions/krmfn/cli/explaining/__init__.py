"""What `krmfn explain` works with: decisions as values, and values as pages."""
