"""What agents may use: joins the tool servers in the store with the live ones."""
