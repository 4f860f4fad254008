"""What `syncline init` writes: templates, and how they are put together."""
