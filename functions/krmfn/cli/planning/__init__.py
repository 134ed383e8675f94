"""What `krmfn plan` works with: a changed package, and the difference of two decisions."""
