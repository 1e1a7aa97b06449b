"""What the public literature on request smuggling tries, as data: one module for each family of attacks."""
