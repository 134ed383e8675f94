"""What `krmfn reach` reads, asks and tells."""
